package session

// A place is named by its target: the word of this process that Reach.Dial
// takes. A queue that outlasts the process names it by what means the same peer
// elsewhere: see LastingReach.

// addPlace adds a place that is not connected; e.mu is held.
func (e *Engine) addPlace(target string) *place {
	e.lastPlace++
	p := &place{id: e.lastPlace, target: target, reach: e.cfg.Reach, engine: e, stop: func() {}, changed: make(chan struct{})}
	p.info = Place{ID: p.id, Target: target, Name: Display(target), State: PlaceIdle}
	e.places = append(e.places, p)
	return p
}

// dormant returns the place of a target that has no link and looks for none;
// e.mu is held.
func (e *Engine) dormant(target string) *place {
	address := e.lastingTarget(target)
	for _, p := range e.places {
		if s := p.state(); e.lastingTarget(p.target) == address && (s == PlaceIdle || s == PlaceClosed) {
			return p
		}
	}
	return nil
}

// Expect adds the peer that target names as a place that is dialled when a
// transfer needs it, unless there is one; it need not be there now. What was
// submitted for it waits until it is.
func (e *Engine) Expect(target, secret string) (PlaceID, error) {
	if e.cfg.Reach == nil {
		return 0, newError(Unreachable, Path{}, "only this machine can be reached")
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	id := e.placeOf(e.lastingTarget(target))
	for _, p := range e.places {
		if p.id == id && secret != "" {
			p.mu.Lock()
			p.secret = secret
			p.mu.Unlock()
		}
	}
	return id, nil
}

// placeOf returns the place of an address, which is dialled when it is needed;
// e.mu is held.
func (e *Engine) placeOf(address string) PlaceID {
	if address == "" {
		return Here
	}
	var at *place
	for _, p := range e.places {
		if e.lastingTarget(p.target) == address && (at == nil || p.state() == PlaceConnected) {
			at = p
		}
	}
	if at == nil {
		target := address
		if r, ok := e.cfg.Reach.(LastingReach); ok {
			target = r.Recall(address)
		}
		at = e.addPlace(target)
	}
	return at.id
}

// lastingTarget returns what a target is called in the store.
func (e *Engine) lastingTarget(target string) string {
	if r, ok := e.cfg.Reach.(LastingReach); ok && target != "" {
		return r.Lasting(target)
	}
	return target
}

// lasting returns what a place is called in the store, "" for Here; e.mu is
// held.
func (e *Engine) lasting(id PlaceID) string { return e.lastingTarget(e.targetOf(id)) }

// targetOf returns what a place was connected as, "" for Here; e.mu is held.
func (e *Engine) targetOf(id PlaceID) string {
	for _, p := range e.places {
		if p.id == id {
			return p.target
		}
	}
	return ""
}

// isCalled tells whether a place has that name; e.mu is held.
func (e *Engine) isCalled(id PlaceID, name string) bool {
	target := e.targetOf(id)
	return target == name || e.lastingTarget(target) == e.lastingTarget(name)
}
