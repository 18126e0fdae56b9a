package session

import (
	"errors"
	"iter"
	"slices"
)

// This file holds two scans against each other and says what makes the second tree
// like the first. It knows no disk, no network and no clock.

// A syncChange is something below the root that both sides do not have alike.
type syncChange struct {
	path Path      // as it is to be called at the destination
	src  Entry     // Kind Gone where the source has none
	dst  scanEntry // Kind Gone where the destination has none
}

// A syncMove gives something at the destination the name that it has at the source.
type syncMove struct {
	from, to Path
	was      scanEntry
	folded   bool // they differ in upper and lower case only
}

// A syncPlan is what is to be done, each list in the order of the scans.
type syncPlan struct {
	cases   []syncMove   // names in another case: first of all
	clears  []syncChange // in the way of what is to come
	adds    []syncChange // nothing of the kind is at the destination
	changes []syncChange // another content
	suspect []syncChange // files of the same size that have to be compared
	metas   []syncChange // another mode or time only
	dirs    []syncChange // directories whose time differs; that is no change worth telling
	extras  []syncChange // only at the destination
	moves   []syncMove   // of extras that are adds
	failed  []Item       // what cannot be done
	skipped int64        // files that are neither files, directories nor links, at the source
	same    int64        // files and links that are alike, with bytes of them
	bytes   int64
	files   int64 // at the source
	inDirs  int64
	size    int64
	touched map[Path]Entry // directories of the source in which something is to be done
	kept    map[Path]bool  // directories at the destination in which something is left out
	broken  bool           // not all of the source could be read
}

// syncChoice is what a plan depends on besides what is there.
type syncChoice struct {
	delete   bool // what only the destination has is to go, also what is in the way
	checksum bool
	mode     bool
	times    bool
	links    bool
	dst      scanHead
	root     Entry // of the source
}

// A syncJoin makes a plan of two scans.
type syncJoin struct {
	syncChoice
	plan    syncPlan
	cmp     func(a, b string) int
	blocked map[Path]bool   // what is below these at the source has no place
	cleared map[Path]bool   // directories at the destination that make way
	ignored map[Path]bool   // directories at the destination that stay, since they cannot make way
	ahead   map[Path]Entry  // directories of the source that are to come
	names   map[Path]string // of directories at the destination that get another name: the new one
}

// errUnfolded: a destination that seemed to fold names does not everywhere.
var errUnfolded = errors.New("names that differ in upper and lower case only lie side by side")

// joinScans makes a plan. An error of either scan ends it.
func joinScans(c syncChoice, src, dst iter.Seq2[scannedDir, error]) (*syncPlan, error) {
	j := &syncJoin{syncChoice: c, cmp: foldCompare, blocked: map[Path]bool{}, cleared: map[Path]bool{}, ignored: map[Path]bool{}, names: map[Path]string{}}
	if c.dst.folds {
		j.cmp = foldOnly
	}
	j.plan.kept, j.plan.touched, j.ahead = map[Path]bool{}, map[Path]Entry{}, map[Path]Entry{{}: c.root}
	nextSrc, stopSrc := iter.Pull2(src)
	defer stopSrc()
	nextDst, stopDst := iter.Pull2(dst)
	defer stopDst()
	s, serr, sok := nextSrc()
	d, derr, dok := nextDst()
	for sok || dok {
		if serr != nil {
			return nil, atSource(Path{}, serr)
		}
		if derr != nil {
			return nil, atDestination(Path{}, derr)
		}
		if sok && j.isBlocked(s.path) {
			s, serr, sok = nextSrc()
			continue
		}
		order := 0
		switch {
		case !dok:
			order = -1
		case !sok:
			order = 1
		default:
			order = comparePaths(s.path, d.path, j.cmp)
		}
		switch {
		case order < 0:
			j.both(&s, &scannedDir{path: s.path})
			s, serr, sok = nextSrc()
		case order > 0:
			j.extra(&d)
			d, derr, dok = nextDst()
		case c.dst.folds && hasTwins(d.entries):
			return nil, errUnfolded
		default:
			j.both(&s, &d)
			s, serr, sok = nextSrc()
			d, derr, dok = nextDst()
		}
	}
	return &j.plan, nil
}

// both compares a directory of the source with that of the destination, which may
// be an empty one that is not there yet.
func (j *syncJoin) both(s, d *scannedDir) {
	was, self := j.plan.toDo(), j.ahead[s.path]
	delete(j.ahead, s.path)
	defer func() {
		if j.plan.toDo() > was {
			j.plan.touched[s.path] = self
		}
	}()
	j.readable(s)
	if d.err != nil {
		j.fail(s.path, Directory, atDestination(s.path, d.err)) // what is in it is not known
		return
	}
	if d.hidden {
		j.plan.kept[s.path] = true
	}
	a, b := s.entries, d.entries
	for len(a) > 0 || len(b) > 0 {
		switch {
		case len(b) == 0 || len(a) > 0 && j.cmp(a[0].Name, b[0].Name) < 0:
			j.pair(s.path, &a[0], nil)
			a = a[1:]
		case len(a) == 0 || j.cmp(a[0].Name, b[0].Name) > 0:
			j.extraEntry(s.path, &b[0], &j.plan.extras)
			b = b[1:]
		default:
			a = j.twins(s.path, a, &b[0])
			b = b[1:]
		}
	}
}

// twins pairs the entry b with that of a which has its name, and refuses others that
// the destination would take for the same.
func (j *syncJoin) twins(dir Path, a []scanEntry, b *scanEntry) []scanEntry {
	n := 1
	for n < len(a) && j.cmp(a[n].Name, b.Name) == 0 {
		n++
	}
	best := 0
	for i := range n {
		if a[i].Name == b.Name {
			best = i
		}
	}
	for i := range n {
		if i == best {
			j.pair(dir, &a[i], b)
			continue
		}
		p := dir.Append(Path{a[i].Name})
		j.fail(p, a[i].Kind, &Error{Kind: BadName, Side: Destination, Path: p, Err: errFolds})
	}
	return a[n:]
}

var errFolds = newError(BadName, Path{}, "differs from another name in upper and lower case only, and the destination cannot tell them apart").Err

// toDo is how much the plan changes in directories.
func (p *syncPlan) toDo() int {
	return len(p.cases) + len(p.clears) + len(p.adds) + len(p.changes) + len(p.suspect) + len(p.extras)
}

// readable notes that a directory of the source is not known as a whole.
func (j *syncJoin) readable(s *scannedDir) {
	if s.err != nil {
		j.plan.broken = true
		j.fail(s.path, Directory, atSource(s.path, s.err))
	}
}

func (j *syncJoin) fail(p Path, k EntryKind, err error) {
	j.plan.failed = append(j.plan.failed, Item{Path: p, Name: p, Kind: k, Result: Failed, Err: err})
	if k == Directory {
		j.blocked[p] = true
	}
}

func (j *syncJoin) isBlocked(p Path) bool { return len(j.blocked) > 0 && withinAny(p, j.blocked) }

// hasTwins tells whether two names differ in upper and lower case only.
func hasTwins(sorted []scanEntry) bool {
	for i := 1; i < len(sorted); i++ {
		if foldOnly(sorted[i-1].Name, sorted[i].Name) == 0 {
			return true
		}
	}
	return false
}

// pair compares an entry of the source with the one that has its place, which may be
// nil.
func (j *syncJoin) pair(dir Path, a, b *scanEntry) {
	c := syncChange{path: dir.Append(Path{a.Name}), src: a.Entry, dst: scanEntry{Entry: Entry{Kind: Gone}}}
	if b != nil {
		c.dst = *b
	}
	switch {
	case a.Kind == Directory:
		j.plan.inDirs++
		j.ahead[c.path] = a.Entry
	case a.Kind == Other || a.Kind == Link && !j.links:
		j.plan.skipped++
		if b != nil && b.Kind == Directory {
			j.ignored[c.path] = true // it is no extra: the source has the name
		}
		return
	default:
		j.plan.files++
		j.plan.size += a.Size
	}
	if b != nil && b.Name != a.Name {
		j.plan.cases = append(j.plan.cases, syncMove{from: dir.Append(Path{b.Name}), to: c.path, was: *b, folded: true})
		if b.Kind == Directory {
			j.names[dir.Append(Path{b.Name})] = a.Name
		}
	}
	switch {
	case b == nil:
		j.plan.adds = append(j.plan.adds, c)
	case (a.Kind == Directory) != (b.Kind == Directory):
		j.clash(c)
	case a.Kind == Directory:
		j.sameDir(c)
	default:
		j.sameName(c)
	}
}

// clash handles a directory in the place of something else, or the other way round:
// what is there has to go first, and goes only where deleting was asked for.
func (j *syncJoin) clash(c syncChange) {
	isDir := c.dst.Kind == Directory
	if !j.delete {
		why := newError(Exists, c.path, "a directory is in the way; --delete removes it").Err
		if !isDir {
			why = newError(Exists, c.path, "something that is no directory is in the way; --delete removes it").Err
		}
		if isDir {
			j.ignored[c.path] = true
		}
		j.fail(c.path, c.src.Kind, &Error{Kind: Exists, Side: Destination, Path: c.path, Err: why})
		return
	}
	if isDir {
		j.cleared[c.path] = true
	}
	j.plan.clears = append(j.plan.clears, syncChange{path: c.path, src: Entry{Kind: Gone}, dst: c.dst})
	c.dst = scanEntry{Entry: Entry{Kind: Gone}}
	j.plan.adds = append(j.plan.adds, c)
}

func (j *syncJoin) sameDir(c syncChange) {
	switch {
	case j.modeDiffers(c):
		j.plan.metas = append(j.plan.metas, c)
	case j.times && !c.src.Modified.Equal(c.dst.Modified):
		j.plan.dirs = append(j.plan.dirs, c)
	}
}

func (j *syncChoice) modeDiffers(c syncChange) bool {
	return j.mode && c.src.Kind != Link && (c.src.Mode^c.dst.Mode)&j.dst.modes != 0
}

// sameName compares what is no directory.
func (j *syncJoin) sameName(c syncChange) {
	late := j.times && !c.src.Modified.Equal(c.dst.Modified)
	switch {
	case c.src.Kind != c.dst.Kind:
		j.plan.changes = append(j.plan.changes, c)
	case c.src.Kind == Link && c.src.Target != c.dst.Target:
		j.plan.changes = append(j.plan.changes, c)
	case c.src.Kind == Link && late:
		j.plan.metas = append(j.plan.metas, c)
	case c.src.Kind == Link:
		j.plan.same++
	case c.src.Size != c.dst.Size || late:
		j.plan.changes = append(j.plan.changes, c)
	case j.checksum || !j.times && !c.src.Modified.Equal(c.dst.Modified):
		j.plan.suspect = append(j.plan.suspect, c)
	case j.modeDiffers(c):
		j.plan.metas = append(j.plan.metas, c)
	default:
		j.plan.same++
		j.plan.bytes += c.src.Size
	}
}

// extra handles a directory that only the destination has.
func (j *syncJoin) extra(d *scannedDir) {
	p := j.renamed(d.path)
	parent := p.Parent()
	switch {
	case j.isBlocked(p), j.ignored[p], j.ignored[parent] && !p.IsRoot():
		j.ignored[p] = true
		return
	}
	list := &j.plan.extras
	if j.cleared[p] || j.cleared[parent] && !p.IsRoot() {
		j.cleared[p] = true
		list = &j.plan.clears
	}
	if d.err != nil {
		j.plan.failed = append(j.plan.failed, Item{Path: p, Name: p, Kind: Directory, Result: Failed, Err: atDestination(p, d.err)})
	}
	if d.hidden || d.err != nil {
		j.plan.kept[p] = true
	}
	for i := range d.entries {
		j.extraEntry(p, &d.entries[i], list)
	}
}

func (j *syncJoin) extraEntry(dir Path, e *scanEntry, list *[]syncChange) {
	*list = append(*list, syncChange{path: dir.Append(Path{e.Name}), src: Entry{Kind: Gone}, dst: *e})
}

// renamed returns what a directory at the destination is called once the names have
// their case.
func (j *syncJoin) renamed(p Path) Path {
	if len(j.names) == 0 {
		return p
	}
	out := Path{}
	for _, name := range p.steps() {
		if now, ok := j.names[out.Append(Path{name})]; ok {
			name = now
		}
		out = out.Append(Path{name})
	}
	return out
}

// keepHidden takes from the extras, and what has to make way, directories in which
// the filters leave something out, and those above them: they are not empty when
// all else is gone.
func (p *syncPlan) keepHidden() {
	if len(p.kept) == 0 {
		return
	}
	stays := map[Path]bool{}
	for at := range p.kept {
		for !at.IsRoot() && !stays[at] {
			stays[at] = true
			at = at.Parent()
		}
	}
	p.extras = slices.DeleteFunc(p.extras, func(c syncChange) bool { return c.dst.Kind == Directory && stays[c.path] })
	lost := map[Path]bool{}
	p.clears = slices.DeleteFunc(p.clears, func(c syncChange) bool {
		stay := c.dst.Kind == Directory && stays[c.path]
		if stay {
			lost[c.path] = true
		}
		return stay
	})
	if len(lost) == 0 {
		return
	}
	// What should have had its place has none, and what is in it need not go.
	p.clears = slices.DeleteFunc(p.clears, func(c syncChange) bool { return withinAny(c.path, lost) })
	p.adds = slices.DeleteFunc(p.adds, func(c syncChange) bool {
		if !lost[c.path] {
			return false
		}
		e := &Error{Kind: Exists, Side: Destination, Path: c.path, Err: newError(Exists, c.path, "a directory is in the way in which something is excluded").Err}
		p.failed = append(p.failed, Item{Path: c.path, Name: c.path, Kind: c.src.Kind, Result: Failed, Err: e})
		return true
	})
}

func withinAny(p Path, dirs map[Path]bool) bool {
	for !p.IsRoot() {
		if dirs[p] {
			return true
		}
		p = p.Parent()
	}
	return false
}
