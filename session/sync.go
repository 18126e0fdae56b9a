package session

import (
	"context"
	"errors"
	"iter"
	"slices"
	"time"
)

// A SyncJob makes one directory like another. What is alike by size and time is not
// looked into (but see Options.Checksum), what differs is copied as by a Job, and what
// only the destination has stays, unless Delete.
type SyncJob struct {
	From        PlaceID
	Source      Path
	To          PlaceID
	Destination Path // made, if only its parent is there

	// Delete has what the source does not have removed, and what is in the way of
	// something of another kind. Nothing is removed that is left out by a filter,
	// that is not as it was when both sides were compared, or that comes up
	// meanwhile; and nothing at all if not all of the source could be read, or not
	// all that is to be copied could be.
	Delete bool

	// MaxDelete, if not 0, is how many things may be removed: if there are more,
	// none is, and the sync fails with Limit.
	MaxDelete int

	Exclude []string // lines as in a .gitignore; the last one that fits counts
	Include []string // patterns of that kind; files and links have to fit one, if there are any

	// Options are those of the copying; Include, Exclude, OnConflict and Recursive
	// are of no account. With DryRun nothing is changed, and all is told as if.
	Options Options

	// Observe, if not nil, is told of each difference when it is settled, one call
	// at a time; Planned before that of what there is to do; Copies of transfers
	// that begin.
	Observe func(SyncItem)
	Planned func(SyncPlanned)
	Copies  func(TransferID)
}

// A SyncItem is a difference that was settled, or with Err, was not.
type SyncItem struct {
	Change SyncChange
	Path   Path // below the source and the destination
	Kind   EntryKind
	Size   int64
	From   Path   // where it was at the destination, if it only had to be moved; the root: it was nowhere
	Result Result // of what was copied; "" for what did not have to be
	Sent   int64  // bytes that crossed the link
	Reused int64  // bytes that did not have to, of a partial
	Digest []byte // BLAKE3, where it was copied
	Err    error
}

// A SyncChange says how the destination differed, by the sign that the command
// line prints.
type SyncChange byte

// The differences. What was moved at the destination is an addition with From, and a
// removal.
const (
	SyncAdded   SyncChange = '+'
	SyncChanged SyncChange = '~' // content, mode or time
	SyncRemoved SyncChange = '-'
	SyncFailed  SyncChange = '!' // nothing was done: Err says why
)

// SyncPlanned is what a sync has found out before it changes anything.
type SyncPlanned struct {
	Files, Dirs int64 // at the source
	Bytes       int64
	Copy        int64 // files and links to be sent, or compared
	CopyBytes   int64
	Add         int64 // entries that the destination does not have
	Remove      int64 // entries that only it has, and that are to go
	Move        int64 // of both, files that are the same
}

// SyncResult is what a sync came to.
type SyncResult struct {
	SyncPlanned
	Added, Changed, Removed, Moved int64
	Sent, Reused                   int64 // bytes
	Skipped                        int64 // neither files, directories nor links
	Failed                         int64 // items; Observe was told of each
	Kept                           int64 // of Remove: not removed because something failed
}

// Sync makes the destination like the source, and returns when that is done. What
// fails as an item is told to Observe and counted; the error is why the whole did
// not come to its end. Run again it goes on where it was. A second sync of the same
// destination, or in the other direction, is refused (Busy) while one runs.
func (e *Engine) Sync(ctx context.Context, j SyncJob) (SyncResult, error) {
	if err := e.checkSync(&j); err != nil {
		return SyncResult{}, err
	}
	r := &syncRun{engine: e, job: j}
	var err error
	if r.from, err = e.Tree(j.From); err != nil {
		return SyncResult{}, err
	}
	if r.to, err = e.Tree(j.To); err != nil {
		return SyncResult{}, err
	}
	return r.run(ctx)
}

// run does the whole of it.
func (r *syncRun) run(ctx context.Context) (SyncResult, error) {
	defer r.release()
	if err := r.open(ctx); err != nil {
		return r.result, err
	}
	if err := r.compare(ctx); err != nil {
		return r.result, err
	}
	if r.job.Planned != nil {
		r.job.Planned(r.result.SyncPlanned)
	}
	if r.job.Options.DryRun {
		return r.result, r.pretend(ctx)
	}
	err := r.carryOut(ctx)
	if err == nil && r.linked && len(r.set)+len(r.late) > 0 {
		err = r.lookAgain(ctx)
	}
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return r.result, err
}

// lookAgain finishes what was copied as another name of a file that then got its mode
// and time: that made the two files, and only one of them has these. What is done now
// was told already.
func (r *syncRun) lookAgain(ctx context.Context) error {
	again := &syncRun{engine: r.engine, from: r.from, to: r.to, progress: r.progress, job: r.job, src: r.src, dst: r.dst, root: r.root, dstRoot: r.dstRoot, dstLost: r.dstLost}
	again.job.Observe = func(it SyncItem) {
		if it.Err != nil {
			r.tell(it)
		}
	}
	again.job.Delete = false
	if err := again.compare(ctx); err != nil {
		return err
	}
	again.plan.failed = nil // told already
	return again.carryOut(ctx)
}

// checkSync refuses what makes no sense.
func (e *Engine) checkSync(j *SyncJob) error {
	if err := j.check(); err != nil {
		return err
	}
	if j.From == j.To {
		src, dst := j.Source, j.Destination
		if j.From == Here {
			src, dst = e.host.behind(src), e.host.behindParent(dst)
		}
		if err := apart(src, dst); err != nil {
			return err
		}
	}
	copying := Job{From: j.From, Sources: []Path{j.Source}, To: j.To, Destination: j.Destination, Into: true, only: []Path{}, Options: j.Options}
	return e.checkJob(&copying)
}

// check refuses what makes no sense wherever the directories are.
func (j *SyncJob) check() error {
	if err := checkRules(j.Exclude, j.Include); err != nil {
		return err
	}
	if j.MaxDelete < 0 {
		return newError(Invalid, Path{}, "at most %d removals", j.MaxDelete)
	}
	o := &j.Options
	o.OnConflict, o.Recursive, o.Include, o.Exclude = Overwrite, true, nil, nil
	return nil
}

// apart refuses to sync two directories of a tree of which one is in the other.
func apart(src, dst Path) error {
	switch {
	case src == dst:
		return newError(Invalid, dst, "the source is the destination itself")
	case dst.Within(src):
		return newError(Invalid, dst, "the destination lies within the source")
	case src.Within(dst):
		return newError(Invalid, src, "the source lies within the destination")
	}
	return nil
}

// behindParent is behind for a path that may not be there yet.
func (h *Host) behindParent(p Path) Path {
	if q := h.behind(p); q != p || p.IsRoot() {
		return q
	}
	dir, name := p.Split()
	return h.behind(dir).Append(Path{name})
}

// open opens both sides and holds them, so that no other sync is at them.
func (r *syncRun) open(ctx context.Context) (err error) {
	j, dry := &r.job, r.job.Options.DryRun
	if r.src, r.root, err = syncSideOf(ctx, r.from, j.Source, false, dry); err != nil {
		return atSource(j.Source, err)
	}
	if r.dst, r.dstRoot, err = syncSideOf(ctx, r.to, j.Destination, true, dry); err != nil {
		return atDestination(j.Destination, err)
	}
	if dry {
		return nil
	}
	if err = r.hold(ctx, r.src, true, &r.srcLost); err != nil {
		return atSource(j.Source, err)
	}
	if err = r.hold(ctx, r.dst, false, &r.dstLost); err != nil {
		return atDestination(j.Destination, err)
	}
	return nil
}

// holdPatience is how long a sync waits for another one to let go.
const holdPatience = time.Second

func (r *syncRun) hold(ctx context.Context, s syncSide, shared bool, lost *<-chan struct{}) error {
	release, gone, err := s.hold(ctx, shared)
	for until := time.Now().Add(holdPatience); KindOf(err) == Busy && time.Now().Before(until); {
		select { // one that has ended may be about to let go
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		release, gone, err = s.hold(ctx, shared)
	}
	if shared && KindOf(err) != Busy && err != nil {
		return nil // a source that cannot be locked can be read
	}
	if err != nil {
		return err
	}
	*lost = gone
	r.releases = append(r.releases, release)
	return nil
}

func (r *syncRun) release() {
	for _, f := range slices.Backward(r.releases) {
		f()
	}
	r.releases = nil
	for _, s := range []syncSide{r.src, r.dst} {
		if s != nil {
			s.close()
		}
	}
}

// compare scans both sides and makes the plan.
func (r *syncRun) compare(ctx context.Context) error {
	p, err := r.join(ctx, false)
	if errors.Is(err, errUnfolded) {
		p, err = r.join(ctx, true)
	}
	if err != nil {
		return err
	}
	r.plan = p
	p.keepHidden()
	if !r.job.Delete {
		p.extras = nil
	}
	if p.broken {
		r.result.Kept += int64(len(p.extras))
		p.extras = nil
	}
	r.compareRoots()
	if most := r.job.MaxDelete; most > 0 && len(p.extras)+len(p.clears) > most {
		n := len(p.extras) + len(p.clears)
		return &Error{Kind: Limit, Side: Destination, Path: r.job.Destination, Err: newError(Limit, Path{}, "%d things would be removed, and at most %d may be: nothing was done", n, most).Err}
	}
	removals := int64(len(p.extras) + len(p.clears))
	if err := r.findMoves(ctx); err != nil {
		return err
	}
	r.count(removals)
	return nil
}

// join scans both sides at a time and makes the plan of them.
func (r *syncRun) join(ctx context.Context, unfolded bool) (*syncPlan, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	j := &r.job
	_, src, err := r.src.scan(ctx, &scanAsk{out: j.Exclude, only: j.Include})
	if err != nil {
		return nil, atSource(j.Source, err)
	}
	head, dst, err := r.dst.scan(ctx, &scanAsk{out: j.Exclude, only: j.Include, identity: true})
	if err != nil {
		return nil, atDestination(j.Destination, err)
	}
	if unfolded {
		head.folds = false
	}
	r.choice = syncChoice{
		delete: j.Delete, checksum: j.Options.Checksum, root: r.root, dst: head,
		mode: j.Options.KeepMode, times: j.Options.KeepTimes, links: j.Options.KeepLinks,
	}
	inSource := suspects{of: r.dstRoot, name: baseAt(r.to, j.Destination)}
	inDestination := suspects{of: r.root, name: baseAt(r.from, j.Source)}
	ahead, stop := readAhead(ctx, src)
	defer stop()
	other, stopOther := readAhead(ctx, dst)
	defer stopOther()
	p, err := joinScans(r.choice, inSource.watch(ahead), inDestination.watch(other))
	if err == nil {
		err = r.refuseCycle(ctx, inSource, inDestination)
	}
	return p, err
}

// readAhead has a scan run ahead of who looks at it, by some directories.
func readAhead(ctx context.Context, scan iter.Seq2[scannedDir, error]) (ahead iter.Seq2[scannedDir, error], stop func()) {
	type one struct {
		d   scannedDir
		err error
	}
	ch, over := make(chan one, 64), make(chan struct{})
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		defer close(over)
		defer close(ch)
		for d, err := range scan {
			select {
			case ch <- one{d, err}:
			case <-ctx.Done():
				return
			}
		}
	}()
	ahead = func(yield func(scannedDir, error) bool) {
		for o := range ch {
			if !yield(o.d, o.err) {
				return
			}
		}
		if err := context.Cause(ctx); err != nil {
			yield(scannedDir{}, err) // else the end of a scan that was cut would be taken for its whole
		}
	}
	return ahead, func() {
		cancel()
		<-over
	}
}

// compareRoots notes that the directories themselves differ. What a peer serves
// stays as it is itself.
func (r *syncRun) compareRoots() {
	if r.job.Destination.IsRoot() {
		delete(r.plan.touched, Path{})
		return
	}
	mode := r.choice.modeDiffers(syncChange{src: r.root, dst: scanEntry{Entry: r.dstRoot}})
	if mode || r.choice.times && !r.root.Modified.Equal(r.dstRoot.Modified) {
		r.plan.touched[Path{}] = r.root
	}
}

// count says what there is to do.
func (r *syncRun) count(removals int64) {
	p, n := r.plan, &r.result.SyncPlanned
	*n = SyncPlanned{Files: p.files, Dirs: p.inDirs, Bytes: p.size, Remove: removals, Move: int64(len(p.moves)), Add: int64(len(p.adds) + len(p.moves))}
	r.result.Skipped = p.skipped
	for _, list := range [][]syncChange{p.adds, p.changes, p.suspect} {
		for _, c := range list {
			if c.src.Kind != Directory {
				n.Copy++
				n.CopyBytes += c.src.Size
			}
		}
	}
}
