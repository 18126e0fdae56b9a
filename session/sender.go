package session

import (
	"bufio"
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/transport"
)

// A sender walks what is to be sent, announces it, and sends what the receiver
// wants. Either end of a link may be one; see transfer.proto for what is said.
//
// One goroutine walks, one reads the manifest stream, one writes it, two serve
// each data stream (chunks out, acknowledgements in), one reads files for claims
// and digests, and one compares files with the receiver's old ones. s.mu guards
// the table, a file's own lock its chunks.
type sender struct {
	senderConfig
	out      *outbox
	work     *chores
	scans    *chores // of files that are compared with old ones
	pool     *pool
	room     *room // for chunks that are not acknowledged
	zip      *compressor
	window   chan struct{} // a place for each entry that is not over and waits for nobody's decision
	flying   atomic.Int64  // chunks that are not acknowledged yet
	cutsTold atomic.Int64  // of old files, for files that are not over
	ready    atomic.Bool   // the receiver's first word came
	st       transport.Stream
	ctx      context.Context // ends with the transfer
	told     *throttle       // by the receiver
	next     chan struct{}   // held by the stream that is next to pass the limits
	direct   *wire.Direct    // where the receiver may be met; set before met is closed
	landings atomic.Int64    // chunks that were acknowledged on the way straight there

	mu     sync.Mutex
	dirs   map[*Dir]*heldDirs  // of each tree that is sent from
	files  map[uint64]*outFile // announced and not over
	lastID uint64
	books  int           // bytes of the bookkeeping of wanted files
	as     string        // the name that the top entry gets, if not its own; of the manifest's reader
	names  namesOut      // of the walk
	met    chan struct{} // closed when the receiver's first word came
	done   chan struct{} // closed when the transfer is over
	cause  error
	over   bool
	walked bool // all was announced
}

// senderConfig says what and how.
type senderConfig struct {
	sources []source
	options Options
	policy  ServerConfig // sizes
	ledger  *ledger      // nil or light at the end that was asked
	limits  throttles    // of what is sent, but for told
	local   bool         // who asked is on this machine
	dest    Path         // what the receiver was asked to take the entries to, for people

	// ask decides a conflict and calls back, from any goroutine, once. It is
	// nil at the end that was asked.
	ask func(Question, func(Conflict))

	// onChunk sees each chunk before it is sent; its error ends the stream. It may
	// be nil.
	onChunk func(p Path, offset int64, data []byte) error
}

// maxUnanswered is how many entries are announced and not over, at the most
// (transfer.proto): so the memory of both ends does not grow with the tree.
const maxUnanswered = 4096

func newSender(cfg senderConfig) *sender {
	s := &sender{
		senderConfig: cfg,
		out:          newOutbox(),
		work:         newChores(),
		scans:        newChores(),
		pool:         newPool(),
		room:         newRoom(roomLeast),
		told:         newThrottle(0),
		next:         make(chan struct{}, 1),
		zip:          newCompressor(cfg.options.Compress),
		window:       make(chan struct{}, maxUnanswered),
		dirs:         map[*Dir]*heldDirs{},
		files:        map[uint64]*outFile{},
		done:         make(chan struct{}),
		ctx:          context.Background(),
		met:          make(chan struct{}),
	}
	s.limits = append(throttles{s.told}, cfg.limits...)
	return s
}

// run sends until the transfer is over, and returns why, if not because all
// entries are. It ends st.
func (s *sender) run(ctx context.Context, st transport.Stream) error {
	s.st = st
	lent := chunkStock.lend()
	defer chunkStock.giveBack(lent)
	s.room.bound(lent)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := context.AfterFunc(ctx, func() { st.Abort(abortCodeOf(context.Cause(ctx))) })
	defer stop()
	s.ctx = ctx

	var loops sync.WaitGroup
	loops.Go(func() { s.work.run(ctx) })
	loops.Go(func() { s.scans.run(ctx) })
	speaking := speak(ctx, s.out, st)
	if s.policy.Straight.Dial != nil {
		loops.Go(func() { s.goStraight(ctx) })
	}
	loops.Go(func() {
		if err := s.walk(ctx); err != nil && ctx.Err() == nil {
			s.fail(err)
		}
	})
	err := s.readManifest(bufio.NewReaderSize(st, flushAt))
	if ctx.Err() != nil {
		err = context.Cause(ctx) // what the stream says is only the consequence
	}
	if err != nil && s.out.isClosed() {
		<-s.done // the receiver obeys our last word before whoever spoke it got as far as to say why
	}
	if s.end(err); s.out.isClosed() {
		speaking.finish() // what is left to say, such as why
	}
	err = s.failure()
	st.Abort(abortCodeOf(err)) // after the end of our direction it only stops reading
	cancel(err)
	<-speaking.done
	s.work.close()
	s.scans.close()
	loops.Wait()
	s.closeFiles()
	return err
}

// end ends the transfer, because of err or nil; the first call counts, and
// returns true.
func (s *sender) end(err error) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return false
	}
	s.over, s.cause = true, err
	close(s.done)
	s.pool.close()
	s.room.close()
	if err == nil {
		s.out.close()
	}
	return true
}

// fail ends the transfer because of err, and tells the receiver.
func (s *sender) fail(err error) {
	s.out.sendLast(&wire.ToReceiver{Say: &wire.ToReceiver_Error{Error: toWire(err)}})
	if s.end(err) {
		s.st.SetReadDeadline(time.Now().Add(dataPatience)) // it has to end its direction now
	}
}

func (s *sender) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cause
}

// readManifest handles the receiver's messages until it says that all is over.
func (s *sender) readManifest(br *bufio.Reader) error {
	for {
		var m wire.ToSender
		err := wire.Read(br, &m)
		if err != nil {
			err = meaning(err)
		} else {
			var over bool
			if over, err = s.handle(&m); over {
				return err
			}
		}
		switch KindOf(err) {
		case Protocol, Limit, ChunkSize:
			s.fail(err)
		}
		if err != nil {
			return err
		}
	}
}

// handle handles one message, and reports whether it was the last.
func (s *sender) handle(m *wire.ToSender) (over bool, err error) {
	if say, ok := m.Say.(*wire.ToSender_Error); ok {
		e := fromWire(say.Error)
		e.Side = Destination
		return true, e
	}
	if say, ok := m.Say.(*wire.ToSender_Ready); ok {
		return false, s.greeted(say.Ready)
	}
	if !s.ready.Load() {
		return false, newError(Protocol, Path{}, "the receiver did not begin with Ready")
	}
	switch say := m.Say.(type) {
	case *wire.ToSender_Claims:
		return false, s.claimed(say.Claims)
	case *wire.ToSender_Cuts:
		return false, s.cutsCame(say.Cuts)
	case *wire.ToSender_Answer:
		return false, s.answered(say.Answer)
	case *wire.ToSender_Need:
		return false, s.needed(say.Need)
	case *wire.ToSender_Result:
		return false, s.resulted(say.Result)
	case *wire.ToSender_Pace:
		s.heed(say.Pace, false)
		return false, nil
	case *wire.ToSender_Picks:
		return false, s.picked(say.Picks)
	case *wire.ToSender_Finished:
		if err := s.finished(); err != nil {
			return false, err
		}
		return true, nil
	}
	return false, newError(Protocol, Path{}, "a manifest message that says nothing known")
}

// greeted handles the receiver's first word.
func (s *sender) greeted(r *wire.Ready) error {
	if s.ready.Load() {
		return newError(Protocol, Path{}, "Ready, twice")
	}
	s.as = string(r.GetAs())
	if s.as != "" && checkName(s.as) != nil {
		return newError(Protocol, Path{}, "the destination has a name that is none")
	}
	s.ledger.among(int(r.GetOthers()))
	s.zip.allow(r.GetZstd())
	s.heed(r.GetPace(), true)
	s.room.lower(int(r.GetRoom()))
	s.meet(r.GetDirect())
	s.ready.Store(true)
	close(s.met)
	if s.options.KeepXattrs && !r.GetXattrs() {
		return &Error{Kind: Refused, Side: Destination, Path: s.dest, Err: errors.New("it keeps no extended attributes; leave xattrs out")}
	}
	return nil
}

// finished holds the receiver's word that all is over against what is open here.
func (s *sender) finished() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.walked || len(s.files) > 0 {
		return newError(Protocol, Path{}, "the receiver says that all is over, and %d entries are not", len(s.files))
	}
	return nil
}

// known is file for an id that the receiver names: one that was never announced
// is an error, one that came to its end here meanwhile is nil.
func (s *sender) known(id uint64) (*outFile, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if id == 0 || id > s.lastID {
		return nil, newError(Protocol, Path{}, "entry %d was never announced", id)
	}
	return s.files[id], nil
}

// announce puts f on the table and tells the receiver. replaces is the id it
// had before it changed, or 0.
func (s *sender) announce(f *outFile, replaces uint64) {
	s.mu.Lock()
	defer s.mu.Unlock() // so that ids go out in their order
	s.lastID++
	f.id = s.lastID
	s.files[f.id] = f
	a := &wire.Announce{Id: f.id, Path: []byte(f.rel.raw), Entry: entryToWire(f.entry), Replaces: replaces, Parts: s.hasParts(f)}
	if s.options.KeepLinks && f.names > 1 {
		a.Names, a.Link = f.names, f.link
	}
	a.Xattrs, f.xattrs = f.xattrs, nil
	if f.sparse {
		a.Data = proto.Uint64(uint64(f.data))
	}
	s.out.send(&wire.ToReceiver{Say: &wire.ToReceiver_Entry{Entry: a}})
}

// answered acts on the verdict about an entry.
func (s *sender) answered(a *wire.Answer) error {
	f, err := s.known(a.GetId())
	if f == nil {
		return err
	}
	if v := a.GetVerdict(); v < 0 || v > wire.Verdict_VERDICT_LINKED || f.heard.has(v) {
		return newError(Protocol, f.rel, "an answer about entry %d that was not due", f.id)
	}
	f.heard.add(a.GetVerdict())
	if a.GetVerdict() == wire.Verdict_VERDICT_CONFLICT {
		s.freePlace(f) // a person may take long, and the rest must not wait
	}
	switch a.GetVerdict() {
	case wire.Verdict_VERDICT_WANT:
		f.holes = f.sparse && a.GetHoles()
		return s.wanted(f, int(a.GetChunkSize()), int(a.GetAverageCut()))
	case wire.Verdict_VERDICT_HAVE:
		it := Item{Result: Unchanged}
		if a.GetCopied() {
			it.Result, it.Digest, it.Name = Copied, f.toldDigest(), s.renamed(f, a.GetName())
		}
		s.settle(f, it)
	case wire.Verdict_VERDICT_SKIP:
		it := Item{Result: Skipped}
		if a.Error != nil {
			it.Err = fromWire(a.Error)
		}
		s.settle(f, it)
	case wire.Verdict_VERDICT_LINKED:
		if f.link == 0 {
			return newError(Protocol, f.rel, "it was announced as no link")
		}
		s.settle(f, Item{Result: Copied, Name: s.renamed(f, a.GetName())})
	case wire.Verdict_VERDICT_REFUSE:
		s.settle(f, Item{Result: Failed, Err: s.refusal(f, a.GetError())})
	case wire.Verdict_VERDICT_DIGEST:
		if f.entry.Kind != RegularFile {
			return newError(Protocol, f.rel, "it has no digest")
		}
		s.work.add(func(ctx context.Context) { s.tellDigest(ctx, f) })
	case wire.Verdict_VERDICT_CONFLICT:
		return s.askAbout(f, a)
	}
	return nil
}

// freePlace gives back f's place in the window, once.
func (s *sender) freePlace(f *outFile) {
	if f.placed.CompareAndSwap(true, false) {
		<-s.window
	}
}

func (s *sender) refusal(f *outFile, we *wire.Error) *Error {
	e := fromWire(we)
	e.Side, e.Path = Destination, f.shown
	return e
}

// askAbout has a conflict decided where the transfer was asked for: here.
func (s *sender) askAbout(f *outFile, a *wire.Answer) error {
	if s.ask == nil {
		return newError(Protocol, f.rel, "a question to the side that did not ask for the transfer")
	}
	if s.options.OnConflict != Ask {
		return newError(Protocol, f.rel, "a question that the options answered")
	}
	old, err := entryFromWire(a.GetExisting())
	if err != nil {
		return newError(Protocol, f.rel, "%w", err)
	}
	old.Name = f.entry.Name
	q := Question{Path: f.shown, Name: s.nameOf(f), Source: f.entry, Existing: old}
	s.ask(q, func(d Conflict) {
		s.out.send(&wire.ToReceiver{Say: &wire.ToReceiver_Decide{Decide: &wire.Decide{Id: f.id, Decision: wire.Conflict(d)}}})
	})
	return nil
}

// tellDigest answers VERDICT_DIGEST.
func (s *sender) tellDigest(ctx context.Context, f *outFile) {
	v, err := f.digest(ctx)
	if err != nil {
		s.trouble(f, err)
		return
	}
	f.mu.Lock()
	f.digestTold = v
	f.mu.Unlock()
	s.out.send(&wire.ToReceiver{Say: &wire.ToReceiver_Digest{Digest: &wire.Digest{Id: f.id, Digest: v[:]}}})
}

// resulted handles the end of a wanted file.
func (s *sender) resulted(m *wire.Result) error {
	f, err := s.known(m.GetId())
	if f == nil {
		return err
	}
	if !f.heard.has(wire.Verdict_VERDICT_WANT) {
		return newError(Protocol, f.rel, "a result of what was not wanted")
	}
	if m.Error != nil {
		s.refused(f, s.refusal(f, m.Error))
		return nil
	}
	if !f.sent() {
		return newError(Protocol, f.rel, "a result of what was not sent yet")
	}
	it := Item{Result: Copied, Digest: f.sum()}
	if f.claims > 0 {
		it.Result = Resumed
	}
	it.Name = s.renamed(f, m.Name)
	s.settle(f, it)
	return nil
}

// renamed returns where f is at the destination under another name, which is no
// path if it has none.
func (s *sender) renamed(f *outFile, name []byte) (p Path) {
	if len(name) > 0 && checkName(string(name)) == nil {
		p, _ = s.nameOf(f).Parent().Join(string(name))
	}
	return p
}

// refused handles a result that is an error. After one of Integrity the
// receiver waits for what we make of it.
func (s *sender) refused(f *outFile, e *Error) {
	switch {
	case e.Kind == Integrity && f.tries < maxTries:
		s.again(f)
		return
	case e.Kind == Integrity:
		s.out.send(&wire.ToReceiver{Say: &wire.ToReceiver_Failed{Failed: &wire.Failed{Id: f.id, Error: toWire(e)}}})
	}
	s.settle(f, Item{Result: Failed, Err: e})
}

// settle takes f off the table and reports it, unless another goroutine has.
func (s *sender) settle(f *outFile, it Item) bool {
	s.mu.Lock()
	ours := s.crossOut(f)
	s.mu.Unlock()
	if !ours {
		return false
	}
	f.close()
	s.freePlace(f)
	it.Path, it.Kind, it.Size, it.modified = f.shown, f.entry.Kind, f.entry.Size, f.entry.Modified
	if it.Name.IsRoot() {
		it.Name = s.nameOf(f)
	}
	s.ledger.over(f.id, it)
	return true
}

// sourceFailed reports a file that cannot be read, or that changed too often.
func (s *sender) sourceFailed(f *outFile, err error) {
	if s.ctx.Err() != nil {
		return // given up with the transfer: another attempt will see
	}
	e := *about(f.shown, err)
	e.Side, e.Path = Source, f.shown
	// Off the table first: told of the last file's end, the receiver may say at
	// once that all is over.
	if s.settle(f, Item{Result: Failed, Err: &e}) {
		s.out.send(&wire.ToReceiver{Say: &wire.ToReceiver_Failed{Failed: &wire.Failed{Id: f.id, Error: toWire(&e)}}})
	}
}

func (s *sender) closeFiles() {
	s.mu.Lock()
	files := s.files
	s.files = map[uint64]*outFile{}
	s.mu.Unlock()
	for _, f := range files {
		f.close()
	}
	for _, d := range s.dirs {
		d.close()
	}
}

// held returns the open directories of tree.
func (s *sender) held(tree *Dir) *heldDirs {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.dirs[tree]
	if d == nil {
		d = newHeldDirs(tree)
		s.dirs[tree] = d
	}
	return d
}
