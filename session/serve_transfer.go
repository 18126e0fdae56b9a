package session

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/transport"
)

// transfers are those that peers have asked a server for and that are not
// over, so that data streams find theirs.
type transfers struct {
	mu     sync.Mutex
	byID   map[transferKey]*underway
	drafts map[transport.Link]int // files open for writing
	live   int                    // halves that are not over
	none   chan struct{}          // closed when there is none of them; nil: nobody waits
}

// A transferKey tells transfers of different links apart, so that no peer can
// get at another's.
type transferKey struct {
	link transport.Link
	id   string
}

// An underway is a served transfer. It waits for its data streams, or they for it: which of the
// streams arrives first is up to the network.
type underway struct {
	half    half
	ctx     context.Context // ends with the transfer
	known   chan struct{}   // closed when half is set
	streams map[int]bool    // the numbers of its data streams
	waiting int
	over    bool
}

// dataPatience is how long a data stream waits for its transfer.
const dataPatience = 10 * time.Second

func (t *transfers) entry(k transferKey) *underway {
	if t.byID == nil {
		t.byID = map[transferKey]*underway{}
	}
	e := t.byID[k]
	if e == nil {
		e = &underway{known: make(chan struct{}), streams: map[int]bool{}}
		t.byID[k] = e
	}
	return e
}

// add makes h known under k, unless there is one already.
func (t *transfers) add(ctx context.Context, k transferKey, h half) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.entry(k)
	if e.half != nil {
		return false
	}
	e.half, e.ctx = h, ctx
	t.live++
	close(e.known)
	return true
}

// remove tells that the transfer k is over. That is remembered for a while: a
// data stream that comes late must not wait for it.
func (t *transfers) remove(k transferKey) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.byID[k].over = true
	if t.live--; t.live == 0 && t.none != nil {
		close(t.none)
		t.none = nil
	}
	time.AfterFunc(dataPatience, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.byID, k)
	})
}

// wait waits until no transfer is being carried out.
func (t *transfers) wait() {
	t.mu.Lock()
	if t.live == 0 {
		t.mu.Unlock()
		return
	}
	if t.none == nil {
		t.none = make(chan struct{})
	}
	none := t.none
	t.mu.Unlock()
	<-none
}

// draft notes that a file is open for writing over l, until over is called.
func (t *transfers) draft(l transport.Link) (over func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.drafts == nil {
		t.drafts = map[transport.Link]int{}
	}
	t.drafts[l]++
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.drafts[l]--; t.drafts[l] == 0 {
			delete(t.drafts, l)
		}
	}
}

// receiving lists the links over which transfers are being received or drafts
// written, but for one.
func (t *transfers) receiving(but transport.Link) (links []transport.Link) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for k, e := range t.byID {
		if _, ok := e.half.(*receiver); ok && !e.over && k.link != but && !slices.Contains(links, k.link) {
			links = append(links, k.link)
		}
	}
	for l := range t.drafts {
		if l != but && !slices.Contains(links, l) {
			links = append(links, l)
		}
	}
	return links
}

// join returns the transfer k and the number of a new data stream of it, of
// which it has at most most, with numbers behind behind. It waits for the transfer for a while.
func (t *transfers) join(ctx context.Context, k transferKey, behind, most int) (*underway, int) {
	t.mu.Lock()
	e := t.entry(k)
	e.waiting++
	t.mu.Unlock()
	patience := time.NewTimer(dataPatience)
	defer patience.Stop()
	select {
	case <-e.known:
	case <-patience.C:
	case <-ctx.Done():
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	e.waiting--
	if e.half == nil {
		if e.waiting == 0 && t.byID[k] == e {
			delete(t.byID, k)
		}
		return nil, 0
	}
	if e.over {
		return e, 0
	}
	return e, e.number(behind, most)
}

// number returns the lowest number behind behind that no stream of the transfer has,
// and takes it; 0 if most are taken.
func (e *underway) number(behind, most int) int {
	for n := behind + 1; n <= behind+most; n++ {
		if !e.streams[n] {
			e.streams[n] = true
			return n
		}
	}
	return 0
}

// leave gives a stream's number back.
func (t *transfers) leave(e *underway, n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(e.streams, n)
}

// serveSend answers Request{send}: the asker announces and sends, we receive
// into the served tree. It owns the stream.
func (s *Server) serveSend(ctx context.Context, v *visit, st transport.Stream, req *wire.Send) {
	r, closeDir, err := s.receiverFor(v.link, req)
	if err != nil {
		refuseTransfer(st, &wire.ToSender{Say: &wire.ToSender_Error{Error: toWire(err)}})
		return
	}
	defer closeDir()
	over := func(error) {}
	if s.cfg.Observe != nil && !r.options.DryRun {
		r.ledger, over = v.account(DeedLeft, r.shown, nil)
	}
	defer s.expect(ctx, v.link, req, r)()
	over(s.half(ctx, v.link, st, req.GetTransfer(), r))
}

func (s *Server) receiverFor(l transport.Link, req *wire.Send) (*receiver, func(), error) {
	if s.cfg.ReadOnly {
		return nil, nil, newError(Refused, Path{}, "it is served read-only")
	}
	options := optionsFromWire(req.GetOptions())
	if err := s.cfg.checkChunkSize(options.ChunkSize); err != nil {
		return nil, nil, err
	}
	dest, err := s.path(req.GetDestination())
	if err != nil {
		return nil, nil, err
	}
	into, shown, as, err := resolve(s.cfg.Tree, dest, req.GetInto(), req.GetExact())
	if err != nil {
		return nil, nil, err
	}
	r := newReceiver(receiverConfig{
		into: into, as: as, shown: shown, origin: func(p Path) Path { return p }, options: options, policy: s.cfg,
		inflow: inflow{paced: req.GetOptions().GetFlow(), share: s.in},
		lanes:  l.Lanes, others: s.others(l), vouched: s.cfg.vouched,
		contest: func(ctx context.Context) bool { return s.contest(ctx, l) },
	})
	return r, func() { into.Close() }, nil
}

// resolve finds the directory that takes what is sent to dest, its path, and
// the name that the one thing sent gets there: "" where it keeps its own.
func resolve(tree *Dir, dest Path, into, exact bool) (dir *Dir, at Path, as string, err error) {
	if !exact || dest.IsRoot() {
		root, err := tree.open(dest)
		if err == nil {
			return newDir(root), dest, "", nil
		}
		if into || KindOf(err) != NotFound && KindOf(err) != NotADirectory {
			return nil, Path{}, "", err
		}
	}
	parent, name := dest.Split()
	root, err := tree.open(parent)
	if err != nil {
		return nil, Path{}, "", err
	}
	return newDir(root), parent, name, nil
}

// probeWait is how long a peer that holds a destination has to answer a ping
// when another one wants it.
const probeWait = time.Second

// contest is called when a destination that mine wants is held by another
// transfer. It pings the peers of all others and closes the links of those
// that do not answer: a program that was killed leaves its link behind, which
// would go on holding its destination for as long as a link may be silent. It
// reports whether there was one.
func (s *Server) contest(ctx context.Context, mine transport.Link) bool {
	var probing sync.WaitGroup
	var dead atomic.Bool
	for _, l := range s.transfers.receiving(mine) {
		ctx, cancel := context.WithTimeout(ctx, probeWait+2*rtt(l))
		defer cancel()
		probing.Go(func() { transport.Suspect(ctx, l) }) // the host may know sooner than the silence shows
		probing.Go(func() {
			if _, err := NewRemote(l).Ping(ctx); err != nil && (ctx.Err() != nil || l.Err() != nil) {
				dead.Store(true)
				l.Close("no answer, and another transfer wants the destination")
			}
		})
	}
	probing.Wait()
	return dead.Load()
}

func rtt(l transport.Link) (longest time.Duration) {
	for _, lane := range l.Lanes() {
		longest = max(longest, lane.RTT)
	}
	return longest
}

// serveFetch answers Request{fetch}: we send what the asker named.
func (s *Server) serveFetch(ctx context.Context, v *visit, st transport.Stream, req *wire.Fetch) {
	cfg, err := s.senderFor(req)
	cfg.local = isLocal(v.link)
	over := func(error) {}
	switch o := s.cfg.Offer; {
	case err != nil:
	case o == nil:
		if s.cfg.Observe != nil && !cfg.options.DryRun {
			cfg.ledger, over = v.account(DeedTook, Path{}, cfg.sources)
		}
	case cfg.options.DryRun: // it only looks
		err = o.told(v.link)
	default:
		cfg.ledger, over, err = o.fetching(v.link, len(cfg.sources) >= len(o.items))
	}
	if err != nil {
		refuseTransfer(st, &wire.ToReceiver{Say: &wire.ToReceiver_Error{Error: toWire(err)}})
		return
	}
	over(s.half(ctx, v.link, st, req.GetTransfer(), newSender(cfg)))
}

func (s *Server) senderFor(req *wire.Fetch) (senderConfig, error) {
	cfg := senderConfig{options: optionsFromWire(req.GetOptions()), policy: s.cfg, limits: throttles{s.out}}
	if s.cfg.WriteOnly {
		return cfg, newError(Refused, Path{}, "it is served write-only")
	}
	if err := checkGlobs(&cfg.options); err != nil {
		return cfg, err
	}
	if err := s.cfg.checkChunkSize(cfg.options.ChunkSize); err != nil {
		return cfg, err
	}
	if req.GetPicked() && (len(req.GetPaths()) != 1 || s.cfg.Tree == nil) {
		return cfg, newError(Invalid, Path{}, "a choice of what is in several directories, or of an offer")
	}
	for _, raw := range req.GetPaths() {
		p, err := s.path(raw)
		if err != nil {
			return cfg, err
		}
		if s.cfg.Offer == nil {
			src := source{tree: s.cfg.Tree, path: p, shown: p}
			if req.GetPicked() {
				src.picks = &picks{more: make(chan struct{}, 1)}
			}
			cfg.sources = append(cfg.sources, src)
			continue
		}
		offered, err := s.cfg.Offer.sources(p)
		if err != nil {
			return cfg, err
		}
		if cfg.sources = append(cfg.sources, offered...); len(cfg.sources) > MaxOffered {
			return cfg, newError(Limit, Path{}, "more than %d things to send at once", MaxOffered)
		}
	}
	return cfg, nil
}

// half runs our half of a transfer, and returns why it did not come to its end.
func (s *Server) half(ctx context.Context, l transport.Link, st transport.Stream, id []byte, h half) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	k := transferKey{l, string(id)}
	if len(id) != 16 || !s.transfers.add(ctx, k, h) {
		st.Abort(abortFailed)
		return newError(Protocol, Path{}, "a transfer with an id that is none, or of another one")
	}
	defer s.transfers.remove(k)
	return h.run(ctx, st) // its error was told to the asker, or came from there
}

// serveData answers Request{data}: it hands the stream to its transfer.
func (s *Server) serveData(ctx context.Context, l transport.Link, st transport.Stream, req *wire.Data) {
	s.takeData(ctx, transferKey{l, string(req.GetTransfer())}, st, 0)
}

// takeData hands a data stream to the transfer k, as one of those with numbers from
// behind that one on.
func (s *Server) takeData(ctx context.Context, k transferKey, st transport.Stream, behind int) {
	t, n := s.transfers.join(ctx, k, behind, s.cfg.maxStreams())
	switch {
	case t == nil: // its manifest may only be late, and another stream may find it
		st.Abort(abortInterrupted)
		return
	case n == 0:
		st.Abort(abortFailed)
		return
	}
	defer s.transfers.leave(t, n)
	stop := context.AfterFunc(t.ctx, func() { st.Abort(abortInterrupted) })
	defer stop()
	// When the stream dies, the asker opens another one.
	if t.half.carry(st, n) != nil {
		st.Abort(abortInterrupted)
	}
}

// refuseTransfer says why a transfer does not begin, and ends the stream.
func refuseTransfer(st transport.Stream, m proto.Message) {
	st.SetWriteDeadline(time.Now().Add(dataPatience))
	if wire.Write(st, m) != nil {
		st.Abort(abortFailed)
		return
	}
	st.Close()
}

// checkChunkSize holds a chunk size that was asked for against the range.
func (c ServerConfig) checkChunkSize(n int) error {
	if n != 0 && (n < c.minChunk() || n > c.maxChunk()) {
		return newError(ChunkSize, Path{}, "chunks of %d bytes are asked for, and only %d to %d are allowed", n, c.minChunk(), c.maxChunk())
	}
	return nil
}

func (c ServerConfig) minChunk() int { return max(c.MinChunkSize, minChunkSize) }

func (c ServerConfig) maxChunk() int {
	if c.MaxChunkSize == 0 {
		return maxChunkSize
	}
	return min(c.MaxChunkSize, maxChunkSize)
}

func (c ServerConfig) partialTTL() time.Duration {
	if c.PartialTTL == 0 {
		return 30 * 24 * time.Hour
	}
	return c.PartialTTL
}

func (c ServerConfig) maxStreams() int {
	if c.MaxStreams == 0 {
		return 255
	}
	return min(c.MaxStreams, 255)
}
