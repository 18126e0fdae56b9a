package session

import "time"

// amended tells of what the steps of a sync removed and renamed below base.
func (e *exchange) amended(base Path, steps []syncStep, outcomes []error) {
	if e.s.cfg.Observe == nil {
		return
	}
	now := time.Now()
	for _, d := range deedsOf(base, steps, outcomes) {
		d.Peer, d.Began, d.Ended = e.v.link.Peer(), now, now
		e.v.tell(d)
	}
}

// deedsOf is what was done: of a directory that went with all that was in it, that one;
// of very many, how many.
func deedsOf(base Path, steps []syncStep, outcomes []error) (deeds []Deed) {
	gone := map[Path]*Deed{} // directories
	var removed []Path
	for i := range steps {
		s := &steps[i]
		switch {
		case outcomes[i] != nil:
		case s.kind == stepMove:
			deeds = append(deeds, Deed{What: DeedMoved, Path: base.Append(s.path), To: base.Append(s.to)})
		case s.kind == stepRemove:
			removed = append(removed, s.path)
			if s.was.Kind == Directory {
				gone[s.path] = nil
			}
		}
	}
	if n := len(deeds); n > maxDeeds {
		deeds = []Deed{{What: DeedMoved, Path: base, To: base, Files: int64(n), Within: true}}
	}
	var outermost []*Deed
	files := int64(0)
	for _, p := range removed {
		top := outermostOf(p, gone)
		_, dir := gone[p]
		if !dir {
			files++
		}
		d := gone[top]
		if d == nil {
			d = &Deed{What: DeedRemoved, Path: base.Append(top)}
			outermost = append(outermost, d)
			if _, dir := gone[top]; dir {
				gone[top] = d
			}
		}
		if top != p && !dir {
			d.Files++
		}
	}
	if len(outermost) > maxDeeds {
		return append(deeds, Deed{What: DeedRemoved, Path: base, Files: files, Within: true})
	}
	for _, d := range outermost {
		deeds = append(deeds, *d)
	}
	return deeds
}

// outermostOf is the highest directory in gone that p is in, or p.
func outermostOf(p Path, gone map[Path]*Deed) Path {
	top := p
	for at := p; !at.IsRoot(); {
		at = at.Parent()
		if _, ok := gone[at]; ok {
			top = at
		}
	}
	return top
}
