package session

import (
	"bytes"
	"context"
	"slices"
	"sort"
	"strings"
	"sync"
)

// A syncRun is a sync under way. The goroutine that called Sync owns it, but for
// result and told, which Job.Observe comes to as well.
type syncRun struct {
	engine           *Engine // nil: nobody has a queue
	from, to         Tree
	progress         func(Transfer) // without an engine; may be nil
	job              SyncJob
	src, dst         syncSide
	root, dstRoot    Entry
	srcLost, dstLost <-chan struct{}
	releases         []func()
	choice           syncChoice
	plan             *syncPlan
	twins            []syncTwin
	way              map[Path]bool // what transfers were told to announce, and the directories on the way there

	mu     sync.Mutex
	result SyncResult
	due    map[Path]syncDue // what is being copied
	set    []syncChange     // what was told of, and has the same content: it gets its mode and time
	late   []syncChange     // likewise, and still to be told of
	linked bool             // something was copied without being sent: it may be another name of what is in set
}

// A syncDue is what was foretold of something that is copied.
type syncDue struct {
	syncChange
	sign    SyncChange
	suspect bool // it may turn out to be the same
}

// tell tells of a difference that was settled.
func (r *syncRun) tell(it SyncItem) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := &r.result
	n.Sent += it.Sent
	n.Reused += it.Reused
	switch {
	case it.Err != nil:
		n.Failed++
		it.Change = SyncFailed
	case it.Change == SyncAdded:
		n.Added++
		if !it.From.IsRoot() {
			n.Moved++
		}
	case it.Change == SyncChanged:
		n.Changed++
	case it.Change == SyncRemoved:
		n.Removed++
	}
	if r.job.Observe != nil {
		r.job.Observe(it)
	}
}

func (r *syncRun) failures() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.result.Failed
}

// findMoves looks for what only has another name at the destination by now. That it
// is the same is seen from its digest, at both sides.
func (r *syncRun) findMoves(ctx context.Context) error {
	p := r.plan
	if len(p.extras) == 0 || len(p.adds) == 0 {
		return nil
	}
	pairs := p.pairMoves()
	same := make([]bool, len(pairs))
	slots := make(chan struct{}, 8)
	var looking sync.WaitGroup
	for i, m := range pairs {
		slots <- struct{}{}
		if ctx.Err() != nil {
			break
		}
		looking.Go(func() {
			defer func() { <-slots }()
			same[i] = r.alike(ctx, m)
		})
	}
	looking.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	kept := pairs[:0]
	for i, m := range pairs {
		if same[i] {
			kept = append(kept, m)
		}
	}
	p.moveAs(kept, r.choice.modeDiffers)
	r.twins = p.takeTwins()
	return nil
}

func (r *syncRun) alike(ctx context.Context, m syncMove) bool {
	theirs := make(chan []byte, 1)
	go func() {
		b, err := r.dst.hash(ctx, m.from)
		if err != nil {
			b = nil
		}
		theirs <- b
	}()
	ours, err := r.src.hash(ctx, m.to)
	b := <-theirs
	return err == nil && len(b) > 0 && bytes.Equal(ours, b)
}

// pretend tells of all that would be done.
func (r *syncRun) pretend(ctx context.Context) error {
	p := r.plan
	for _, it := range p.failed {
		r.tell(SyncItem{Path: it.Path, Kind: it.Kind, Err: it.Err})
	}
	for _, m := range p.cases {
		r.tellMove(m)
	}
	for _, c := range p.clears {
		r.tell(SyncItem{Change: SyncRemoved, Path: c.path, Kind: c.dst.Kind})
	}
	for _, m := range p.moves {
		r.tellMove(m)
	}
	for _, c := range p.adds {
		r.tell(SyncItem{Change: SyncAdded, Path: c.path, Kind: c.src.Kind, Size: c.src.Size})
	}
	for _, c := range p.changes {
		r.tell(SyncItem{Change: SyncChanged, Path: c.path, Kind: c.src.Kind, Size: c.src.Size})
	}
	if len(p.suspect) > 0 {
		if err := r.copy(ctx, nil, nil, p.suspect); err != nil {
			return err
		}
	}
	moved := p.movedTo()
	for _, c := range p.metas {
		if !moved[c.path] {
			r.tell(SyncItem{Change: SyncChanged, Path: c.path, Kind: c.src.Kind, Size: c.src.Size})
		}
	}
	if r.failures() > 0 {
		r.result.Kept += int64(len(p.extras) + len(r.twins))
		return nil
	}
	for _, c := range slices.Concat(p.extras, extrasOf(r.twins)) {
		r.tell(SyncItem{Change: SyncRemoved, Path: c.path, Kind: c.dst.Kind})
	}
	return nil
}

func (r *syncRun) tellMove(m syncMove) {
	r.tell(SyncItem{Change: SyncAdded, Path: m.to, Kind: m.was.Kind, Size: m.was.Size, From: m.from})
	r.tell(SyncItem{Change: SyncRemoved, Path: m.from, Kind: m.was.Kind})
}

func extrasOf(twins []syncTwin) (out []syncChange) {
	for _, t := range twins {
		out = append(out, t.extra)
	}
	return out
}

// carryOut does what the plan says: first what makes way, then what is moved, then
// what is copied, and only when all of that is well, what is to go.
func (r *syncRun) carryOut(ctx context.Context) error {
	p := r.plan
	for _, it := range p.failed {
		r.tell(SyncItem{Path: it.Path, Kind: it.Kind, Err: it.Err})
	}
	if err := r.move(ctx, p.cases); err != nil {
		return err
	}
	if err := r.remove(ctx, p.clears); err != nil {
		return err
	}
	if len(p.moves) > 0 {
		if err := r.makeParents(ctx); err != nil {
			return err
		}
		if err := r.move(ctx, p.moves); err != nil {
			return err
		}
	}
	if err := r.copy(ctx, p.adds, p.changes, p.suspect); err != nil {
		return err
	}
	if err := r.removeExtras(ctx); err != nil {
		return err
	}
	return r.settle(ctx)
}

// steps has the destination do steps, and tells of each what told makes of it; those
// that cannot be told of are nil.
func (r *syncRun) steps(ctx context.Context, steps []syncStep, told func(i int, err error)) error {
	if len(steps) == 0 {
		return nil
	}
	done, err := r.dst.amend(ctx, steps, r.job.Options.Fsync)
	for i, err := range done {
		told(i, err)
	}
	if err != nil {
		return atDestination(r.job.Destination, err)
	}
	return nil
}

func (r *syncRun) move(ctx context.Context, moves []syncMove) error {
	steps := make([]syncStep, len(moves))
	for i, m := range moves {
		steps[i] = syncStep{kind: stepMove, path: m.from, to: m.to, was: m.was}
	}
	return r.steps(ctx, steps, func(i int, err error) {
		if err != nil {
			r.tell(SyncItem{Path: moves[i].to, Kind: moves[i].was.Kind, Err: atDestination(moves[i].to, err)})
			return
		}
		r.tellMove(moves[i])
	})
}

// makeParents makes the directories that moves lead to; they are told of when the
// transfer comes to them.
func (r *syncRun) makeParents(ctx context.Context) error {
	missing, wanted := map[Path]bool{}, map[Path]bool{}
	for _, c := range r.plan.adds {
		if c.src.Kind == Directory {
			missing[c.path] = true
		}
	}
	var steps []syncStep
	for _, m := range r.plan.moves {
		for at := range m.to.Parent().steps() {
			if missing[at] && !wanted[at] {
				wanted[at] = true
				steps = append(steps, syncStep{kind: stepMake, path: at})
			}
		}
	}
	return r.steps(ctx, steps, func(i int, err error) {
		if err != nil {
			r.tell(SyncItem{Path: steps[i].path, Kind: Directory, Err: atDestination(steps[i].path, err)})
		}
	})
}

// remove removes what is in list, which is in the order of a scan: backwards a
// directory comes after all that is in it.
func (r *syncRun) remove(ctx context.Context, list []syncChange) error {
	steps := make([]syncStep, 0, len(list))
	for _, c := range slices.Backward(list) {
		steps = append(steps, syncStep{kind: stepRemove, path: c.path, was: c.dst})
	}
	return r.steps(ctx, steps, func(i int, err error) {
		it := SyncItem{Change: SyncRemoved, Path: steps[i].path, Kind: steps[i].was.Kind}
		if err != nil {
			it.Err = atDestination(it.Path, err)
		}
		r.tell(it)
	})
}

// removeExtras removes what only the destination has, if all else is well and nobody
// else has come to hold the destination.
func (r *syncRun) removeExtras(ctx context.Context) error {
	p := r.plan
	all := len(p.extras) + len(r.twins)
	if all == 0 {
		return nil
	}
	if r.failures() > 0 {
		r.result.Kept += int64(all)
		return nil
	}
	if isClosed(r.dstLost) { // the link was, and is another one by now
		if err := r.hold(ctx, r.dst, false, &r.dstLost); err != nil {
			return atDestination(r.job.Destination, err)
		}
	}
	apart, err := r.apart(ctx)
	if err != nil {
		return err
	}
	if len(apart) > 0 {
		apart = append(apart, p.extras...)
		sort.Slice(apart, func(i, j int) bool { return comparePaths(apart[i].path, apart[j].path, foldCompare) < 0 })
		return r.remove(ctx, apart)
	}
	return r.remove(ctx, p.extras)
}

// apart returns those of the twins that the destination lists beside what they are
// twins of.
func (r *syncRun) apart(ctx context.Context) (list []syncChange, err error) {
	listed := map[Path]map[string]bool{}
	for _, t := range r.twins {
		dir, a, b := forkOf(t.extra.path, t.add)
		if listed[dir] == nil {
			names := map[string]bool{}
			for e, err := range r.dst.names(ctx, dir) {
				if err != nil {
					return nil, atDestination(dir, err)
				}
				names[e.Name] = true
			}
			listed[dir] = names
		}
		if listed[dir][a] && listed[dir][b] {
			list = append(list, t.extra)
		} else {
			r.result.Kept++
		}
	}
	return list, nil
}

// forkOf returns the directory in which the ways to a and b part, and their names
// there.
func forkOf(a, b Path) (dir Path, x, y string) {
	p, q := a.raw, b.raw
	for {
		var more, moreToo bool
		x, p, more = strings.Cut(p, "/")
		y, q, moreToo = strings.Cut(q, "/")
		if x != y || !more || !moreToo {
			return dir, x, y
		}
		dir = dir.Append(Path{x})
	}
}

// settle gives modes and times to what has its content already, and to directories
// in which something was done: the deepest first, since each of them changes the one
// that it is in.
func (r *syncRun) settle(ctx context.Context) error {
	o, p := &r.job.Options, r.plan
	var files, dirs []syncStep
	var told []SyncItem
	add := func(c syncChange, isNews bool) {
		s := syncStep{kind: stepSet, path: c.path, was: c.dst, be: c.src, mode: o.KeepMode && c.src.Kind != Link, modified: o.KeepTimes}
		if c.src.Kind == Directory {
			s.was = scanEntry{Entry: Entry{Kind: Directory}}
			dirs = append(dirs, s)
			delete(p.touched, c.path)
		} else {
			files = append(files, s)
		}
		it := SyncItem{Change: SyncChanged, Path: c.path, Kind: c.src.Kind, Size: c.src.Size}
		if !isNews {
			it.Change = 0
		}
		told = append(told, it)
	}
	for _, c := range r.set {
		add(c, false) // it was told of when it was found to be the same
	}
	for _, c := range r.late {
		add(c, true)
	}
	moved := p.movedTo()
	for _, c := range p.metas {
		if c.src.Kind != Directory {
			add(c, !moved[c.path])
		}
	}
	news := told
	if err := r.steps(ctx, files, func(i int, err error) { r.tellSet(news[i], err) }); err != nil {
		return err
	}
	told = nil
	for _, c := range p.metas {
		if c.src.Kind == Directory {
			add(c, true)
		}
	}
	for _, c := range p.dirs {
		add(c, false)
	}
	if o.KeepMode || o.KeepTimes {
		r.forgetSettled()
		for at, e := range p.touched {
			add(syncChange{path: at, src: e}, false)
		}
	}
	order := make([]int, len(dirs))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return comparePaths(dirs[b].path, dirs[a].path, foldCompare) })
	sorted := make([]syncStep, len(dirs))
	for i, n := range order {
		sorted[i] = dirs[n]
	}
	return r.steps(ctx, sorted, func(i int, err error) { r.tellSet(told[order[i]], err) })
}

// forgetSettled takes from the directories that are touched those that the transfers
// gave their modes and times in the end, if nothing was done in them after that.
func (r *syncRun) forgetSettled() {
	p := r.plan
	since := map[Path]bool{}
	for _, list := range [][]syncChange{p.extras, extrasOf(r.twins), p.metas, r.set, r.late} {
		for _, c := range list {
			since[c.path.Parent()] = true
		}
	}
	for at := range p.touched {
		if r.way[at] && !since[at] {
			delete(p.touched, at)
		}
	}
}

func (r *syncRun) tellSet(it SyncItem, err error) {
	switch {
	case isGoneError(err) && it.Kind == Directory && it.Change == 0:
		return // it could not be made, and that was told
	case err != nil:
		it.Err = atDestination(it.Path, err)
	case it.Change == 0:
		return
	}
	r.tell(it)
}
