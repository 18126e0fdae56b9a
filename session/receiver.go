package session

import (
	"bufio"
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/transport"
)

// A receiver takes what a sender announces into a directory: it answers the
// manifest, verifies chunks, keeps partials and commits whole files. Either end
// of a link may be one; see transfer.proto for what is said.
//
// One goroutine reads the manifest stream, one writes it, one reads each data
// stream, one reads claimed chunks and existing files again, one cuts old files,
// and three look for files in the tree and copy them. r.mu guards
// the tables; a file's own lock guards its assembly. No lock is held during
// disk or network access but for a file's partial being opened or committed.
type receiver struct {
	receiverConfig
	dirs     *heldDirs
	out      *outbox
	work     *chores
	cutter   *chores             // tells what old files are made of
	reuse    *reuse              // knows what else is in the tree
	indexing sync.WaitGroup      // the goroutine that finds that out
	cutsLeft *semaphore.Weighted // how many cuts may be told of files that are not over
	room     *room               // for chunks that are read
	linked   namesIn
	st       transport.Stream // the manifest stream
	ofRoot   atomic.Bool      // the sender sends the root of its tree
	ctx      context.Context  // ends with the transfer
	flow     flow

	sounding sounding

	mu        sync.Mutex
	files     map[uint64]*inFile // announced and not over
	burden    burden             // of what is on it
	metas     dirList            // directories, in the order of the manifest
	swept     map[Path]bool      // directories that were swept, the last ones
	picked    map[Path]bool      // of picks, with the directories that they are in
	names     map[Path]bool      // destinations taken in this transfer, for CONFLICT_RENAME
	lastID    uint64
	ended     bool // the walk is over
	replacing bool // an entry is being announced anew, and not on the table
	settling  bool // all entries are over, and the directories get their times
	finished  bool
	cause     error // why the transfer failed
	done      chan struct{}
}

// receiverConfig says where to and how.
type receiverConfig struct {
	into    *Dir            // the directory that takes the entries: what is announced lies below it
	as      string          // the name that the one top entry gets; "": its own
	shown   Path            // the path of into in its tree, for people
	origin  func(Path) Path // where an announced path is at the source, for people
	only    map[string]bool // top names that were asked for; nil: any
	picks   []Path          // what was asked for below the one source, if not nil
	options Options
	policy  ServerConfig // sizes
	inflow  inflow       // how fast
	ledger  *ledger      // nil or light at the end that was asked

	others int // peers that are putting something here, too

	direct *wire.Direct // how the sender is let in that brings the data itself; nil: it is not

	// lanes describes the lanes of the link. It may be nil.
	lanes func() []transport.LaneStats

	// vouched: the values of chunks are taken for right, since they come from memory
	// of this process.
	vouched bool

	// contest ends what holds a destination without being alive, and reports
	// whether there was such a thing. It may be nil.
	contest func(context.Context) bool

	// ask decides a conflict and calls back, from any goroutine, once. nil: the
	// sender decides.
	ask func(Question, func(Conflict))

	// onChunk sees each chunk that was verified before it is stored; its error ends
	// the transfer. It may be nil.
	onChunk func(p Path, offset int64, data []byte) error
}

func newReceiver(cfg receiverConfig) *receiver {
	r := &receiver{
		receiverConfig: cfg,
		dirs:           newHeldDirs(cfg.into),
		out:            newOutbox(),
		work:           newChores(),
		room:           newRoom(roomLeast),
		cutter:         newChores(),
		reuse:          newReuse(),
		cutsLeft:       semaphore.NewWeighted(maxCuts),
		flow:           flow{brake: newThrottle(0)},
		files:          map[uint64]*inFile{},
		names:          map[Path]bool{},
		swept:          map[Path]bool{},
		done:           make(chan struct{}),
		ctx:            context.Background(),
	}
	if !cfg.options.DryRun {
		r.dirs.opened = r.sweep
	}
	return r
}

// Of a transfer's directories the first sweepsAll are swept, and one in sweepsOf of the
// others, any: to read a thousand directories for what is left in them would take longer
// than to change a file in each, and what stays comes to its turn in a later transfer.
const (
	maxSweeps = 1024 // are remembered, and wait, at the most
	sweepsAll = 64
	sweepsOf  = 16
)

// sweep removes stale partials from a directory that the transfer comes to,
// when there is nothing else to be done. One that it comes to again while it is
// remembered is not swept again, and with many to be swept most are left for another
// time.
func (r *receiver) sweep(p Path) {
	r.mu.Lock()
	again := r.swept[p]
	if len(r.swept) >= maxSweeps {
		clear(r.swept)
	}
	r.swept[p] = true
	later := len(r.swept) > sweepsAll && rand.IntN(sweepsOf) != 0
	r.mu.Unlock()
	if again || later || r.work.waiting() > maxSweeps {
		return
	}
	r.work.add(func(context.Context) {
		if d, err := r.dirs.hold(p); err == nil {
			sweepPartials(d.root, r.policy.partialTTL(), time.Now())
			r.dirs.release(d)
		}
	})
}

// passage is what is known of the way from the sender.
func (r *receiver) passage() passage {
	if r.lanes == nil {
		return passage{}
	}
	return r.sounding.see(time.Now(), r.lanes())
}

// run receives until the transfer is over, and returns why, if not because all
// entries are. It ends st.
func (r *receiver) run(ctx context.Context, st transport.Stream) error {
	r.st = st
	lent := chunkStock.lend()
	defer chunkStock.giveBack(lent)
	r.room.bound(lent)
	defer r.joinFlow()()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	// A stream that is aborted wakes its reader and writer.
	stop := context.AfterFunc(ctx, func() { st.Abort(abortCodeOf(context.Cause(ctx))) })
	defer stop()
	r.ctx = ctx

	var working, loops sync.WaitGroup
	working.Go(func() { r.work.run(ctx) })
	loops.Go(func() { r.cutter.run(ctx) })
	loops.Go(func() { r.reuse.seeks.run(ctx) })
	loops.Go(func() { r.reuse.copies.run(ctx) })
	loops.Go(func() { r.pacing(ctx) })
	speaking := speak(ctx, r.out, st)
	r.out.send(&wire.ToSender{Say: &wire.ToSender_Ready{Ready: r.greeting(lent)}})
	if r.picks != nil {
		r.picked = pickedOf(r.picks)
		for _, m := range picksOf(r.picks) {
			r.out.send(&wire.ToSender{Say: &wire.ToSender_Picks{Picks: m}})
		}
	}
	err := r.readManifest(bufio.NewReaderSize(st, flushAt))
	if ctx.Err() != nil {
		err = context.Cause(ctx) // what the stream says is only the consequence
	}
	if r.isFinished() {
		speaking.finish() // what is left to say, such as why
	}
	st.Abort(abortCodeOf(err)) // after the end of our direction it only stops reading
	r.work.close()
	if err == nil {
		working.Wait() // partials are still to be swept, perhaps
	}
	cancel(err)
	<-speaking.done
	for _, c := range []*chores{r.cutter, r.reuse.seeks, r.reuse.copies} {
		c.close()
	}
	loops.Wait()
	r.indexing.Wait()
	working.Wait()
	r.abandon(errors.Is(err, Cancelled))
	return err
}

// greeting is our first word. What not every asker knows is said to those that do.
func (r *receiver) greeting(lent int) *wire.Ready {
	m := &wire.Ready{MaxStreams: uint32(r.policy.maxStreams()), As: []byte(r.as), Xattrs: hasXattrs && r.options.KeepXattrs, Zstd: r.options.Compress != CompressOff}
	if r.inflow.paced {
		m.Room, m.Pace = uint64(lent), &wire.Pace{Rate: uint64(r.flow.said)}
		m.Others = uint32(min(r.others, 65535))
	}
	m.Direct = r.direct
	return m
}

// readManifest handles messages until the transfer is over.
func (r *receiver) readManifest(br *bufio.Reader) error {
	for {
		var m wire.ToReceiver
		if err := wire.Read(br, &m); err != nil {
			return r.why(err)
		}
		if err := r.handle(&m); err != nil {
			r.fail(err)
			return err
		}
		if r.isFinished() {
			return r.failure()
		}
	}
}

// why turns the end of the manifest stream into the reason of it.
func (r *receiver) why(err error) error {
	// The sender may have ended its direction in answer to our last word before
	// whoever spoke it got as far as to say that all is over.
	if r.out.isClosed() {
		<-r.done
	}
	if r.isFinished() {
		return r.failure()
	}
	err = meaning(err)
	if KindOf(err) == Protocol || KindOf(err) == Limit {
		r.fail(err)
	}
	return err
}

func (r *receiver) handle(m *wire.ToReceiver) error {
	switch say := m.Say.(type) {
	case *wire.ToReceiver_Entry:
		return r.announced(say.Entry)
	case *wire.ToReceiver_Complete:
		return r.completed(say.Complete)
	case *wire.ToReceiver_Failed:
		return r.sourceFailed(say.Failed)
	case *wire.ToReceiver_Digest:
		return r.digested(say.Digest)
	case *wire.ToReceiver_Decide:
		return r.decidedBySender(say.Decide)
	case *wire.ToReceiver_End:
		return r.walkOver()
	case *wire.ToReceiver_Pace:
		return r.heeds(say.Pace)
	case *wire.ToReceiver_Error:
		e := fromWire(say.Error)
		e.Side = Source
		r.end(e)
	default:
		return newError(Protocol, Path{}, "a manifest message that says nothing known")
	}
	return nil
}

// walkOver handles the end of the walk.
func (r *receiver) walkOver() error {
	r.ledger.counted()
	r.mu.Lock()
	twice := r.ended
	r.ended = true
	r.mu.Unlock()
	if twice {
		return newError(Protocol, Path{}, "the walk ended twice")
	}
	r.finishIfOver()
	return nil
}

// end ends the transfer because of err, and reports false if it is over already.
func (r *receiver) end(err error) bool {
	r.mu.Lock()
	first := !r.finished
	if first {
		r.finished, r.cause = true, err
		close(r.done)
	}
	r.mu.Unlock()
	if first {
		r.room.close()
		r.out.close()
	}
	return first
}

// fail ends the transfer because of err, and tells the sender.
func (r *receiver) fail(err error) {
	r.out.sendLast(&wire.ToSender{Say: &wire.ToSender_Error{Error: toWire(err)}})
	if r.end(err) {
		r.st.SetReadDeadline(time.Now().Add(dataPatience)) // it has to end its direction now
	}
}

func (r *receiver) isFinished() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.finished
}

func (r *receiver) failure() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.cause
}

// finishIfOver ends the transfer if the walk and all entries are over.
func (r *receiver) finishIfOver() {
	r.mu.Lock()
	over := r.ended && !r.replacing && len(r.files) == 0 && !r.finished && !r.settling
	if over {
		r.settling = true
	}
	r.mu.Unlock()
	if !over {
		return
	}
	r.settleDirs() // the walk is over: no more are added
	r.out.sendLast(&wire.ToSender{Say: &wire.ToSender_Finished{Finished: &wire.Finished{}}})
	r.end(nil)
	// Now only the sender's end of the stream is awaited.
	r.st.SetReadDeadline(time.Now().Add(dataPatience))
}

// settleDirs gives directories their modes and times, the deepest first, now
// that nothing in them changes any more.
func (r *receiver) settleDirs() {
	for m := range r.metas.backward() {
		if err := r.settleDir(m); err != nil {
			r.ledger.over(0, Item{Path: m.path, Kind: Directory, Result: Failed, Err: about(m.path, err)})
		}
	}
}

func (r *receiver) settleDir(m dirMeta) error {
	if done, err := r.settleFrom(m); done || err != nil {
		return err
	}
	d, err := r.dirs.hold(m.path)
	if err != nil {
		return err
	}
	defer r.dirs.release(d)
	f, err := d.root.Open(".")
	if err != nil {
		return err
	}
	defer f.Close()
	if r.options.KeepMode {
		if err := setMode(f, m.entry.Mode.Perm()&^umask()); err != nil {
			return err
		}
	}
	if r.options.KeepTimes {
		if err := setTime(d.root, ".", f, m.entry.Modified); err != nil {
			return err
		}
	}
	if r.options.Fsync {
		return syncFile(f)
	}
	return nil
}

// settleFrom is settleDir for a directory that needs no more than its time, which it
// gets by its name in the one above it, without being opened.
func (r *receiver) settleFrom(m dirMeta) (done bool, err error) {
	if r.options.Fsync {
		return false, nil
	}
	parent, name := m.path.Split()
	d, err := r.dirs.hold(parent)
	if err != nil {
		return false, err
	}
	defer r.dirs.release(d)
	fi, err := d.root.Lstat(name)
	if err != nil || !fi.IsDir() || r.options.KeepMode && fi.Mode()&^fs.ModeDir != m.entry.Mode.Perm()&^umask() {
		return false, err
	}
	if !r.options.KeepTimes || fi.ModTime().Equal(m.entry.Modified) {
		return true, nil
	}
	return true, d.setModified(name, m.entry.Modified)
}

// abandon closes what is open; partials stay, unless discard.
func (r *receiver) abandon(discard bool) {
	r.mu.Lock()
	files := r.files
	r.files = map[uint64]*inFile{}
	if !r.finished {
		r.finished = true
		close(r.done)
	}
	r.mu.Unlock()
	r.room.close()
	for _, f := range files {
		f.drop(discard)
		r.settle(f, false)
		r.dirs.release(f.dir)
	}
	r.dirs.close()
}

// file returns the file of that id, nil if it is over or was never announced.
func (r *receiver) file(id uint64) *inFile {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.files[id]
}

// known is file for an id that the sender names: one that was never announced
// is an error, one that came to its end here meanwhile is nil.
func (r *receiver) known(id uint64) (*inFile, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if id == 0 || id > r.lastID {
		return nil, newError(Protocol, Path{}, "entry %d was never announced", id)
	}
	return r.files[id], nil
}

// over takes f off the table and reports it; the caller has answered the
// sender. If another goroutine was first, nothing happens.
func (r *receiver) over(f *inFile, it Item) {
	r.mu.Lock()
	ours := r.crossOut(f)
	r.mu.Unlock()
	if !ours {
		return
	}
	r.settle(f, !r.options.DryRun && (it.Result == Copied || it.Result == Resumed))
	r.endBase(f, false)
	r.nameEnded(f, it.Result)
	r.dirs.release(f.dir)
	it.Path, it.Name, it.Kind, it.Size = r.origin(f.path), r.shown.Append(f.target()), f.entry.Kind, f.entry.Size
	it.modified = f.entry.Modified
	r.ledger.over(f.id, it)
	r.finishIfOver()
}
