package session

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/transport"
)

// ServerConfig says what a Server serves and what it lets its peers do.
type ServerConfig struct {
	Tree         *Dir   // nil: nothing is served, and only Ping is answered
	Offer        *Offer // served in place of a Tree
	Home         *Path  // what "~" as the first name of a path stands for; nil: itself
	ReadOnly     bool   // nothing in the tree is changed
	WriteOnly    bool   // nothing of the tree is told: only Make, Send and Ping are answered
	MaxFileSize  int64  // bytes, both directions; 0: no limit
	MinChunkSize int    // bytes; 0: 64 KiB
	MaxChunkSize int    // bytes; 0: 16 MiB
	MaxStreams   int    // data streams of one transfer; 0: 255
	Limit        int64  // bytes a second on data streams, of all peers together, each way; 0: any number

	// PortableNames refuses new names that one of the systems that bargee runs on
	// cannot keep, with BadName. What is there under such a name stays as it is.
	PortableNames bool

	// Straight lets data of copies between us and another peer, which a third one asks
	// for, go straight between the two.
	Straight Straight

	// PartialTTL is how long a partial that nobody touches is kept; 0: 30 days.
	PartialTTL time.Duration

	// Greeting is what peers are told of us, for their persons to read.
	Greeting Greeting

	// Quotas, if not nil, returns what a peer with that grant is held against when it
	// sends; it is asked once for each link.
	Quotas func(transport.Grant) []*Quota

	quotas  []*Quota // of one peer
	vouched bool     // what is sent comes from memory of this process, with the right values

	// Observe, if not nil, is told what peers did, when it is over; from several
	// goroutines, which wait for it.
	Observe func(Deed)

	// Keep, if not nil, stores a grant for the peer's key, on its request.
	Keep func(transport.Peer) error
}

// A Server answers the requests of peers against one tree.
type Server struct {
	cfg       ServerConfig
	gone      error // why there is nothing that this peer may see
	open      opening
	transfers *transfers
	out       *throttle // what is sent
	in        *share    // what is received
	guests    *guests
}

// NewServer returns a server for cfg.Tree or cfg.Offer, which must stay open while
// it serves.
func NewServer(cfg ServerConfig) *Server {
	s := &Server{cfg: cfg, transfers: new(transfers), out: newSharedThrottle(cfg.Limit), in: new(share), guests: new(guests)}
	s.in.set(cfg.Limit)
	return s
}

// path reads a path of a request.
func (s *Server) path(raw []byte) (Path, error) {
	p, err := parseClean(string(raw))
	if err != nil || s.cfg.Home == nil {
		return p, err
	}
	if below, ok := strings.CutPrefix(p.raw+"/", "~/"); ok {
		return s.cfg.Home.Append(Path{strings.TrimSuffix(below, "/")}), nil
	}
	return p, nil
}

// How much of a link's peer is borne, and for how long.
const (
	maxRequests  = 256              // being answered at once; the next is told Busy
	maxRefusals  = 16               // being told Busy at once; the next is aborted
	maxTransfers = 2048             // streams of transfers at once
	maxWatches   = 16               // directories that are watched
	maxWalks     = 8                // trees that are measured or searched at once
	maxDrafts    = 64               // files that are open for writing
	requestWait  = 10 * time.Second // for the Request, from the stream's opening
	writeWait    = 30 * time.Second // for the peer to take anything more of an answer
)

// ServeLink answers the requests that arrive on l until l is closed, ctx ends or
// Close is called, and all answers with it; it returns why. It does not close l, unless the
// peer speaks no bargee, or the time of its grant is over. It may be called for many
// links at a time.
//
// Whatever the ServerConfig allows, the peer may do no more than the grant that let
// its link in (transport.Peer): its Mode, its Path, until it Expires.
func (s *Server) ServeLink(ctx context.Context, l transport.Link) error {
	ctx, leave, err := s.open.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	seen, over, err := s.seenBy(l.Peer().Grant)
	if err != nil {
		return err
	}
	defer over()
	defer untilExpiry(l)()
	var running sync.WaitGroup
	defer running.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	v := &visit{
		s: seen, link: l, since: time.Now(), at: jailOf(l.Peer().Grant),
		requests:  make(chan struct{}, maxRequests),
		refusals:  make(chan struct{}, maxRefusals),
		transfers: make(chan struct{}, maxTransfers),
		watches:   make(chan struct{}, maxWatches),
		walks:     make(chan struct{}, maxWalks),
		drafts:    make(chan struct{}, maxDrafts),
	}
	if s.cfg.Observe != nil {
		v.opens.tell = v.tell
	}
	s.guests.arrive(v)
	defer s.guests.leave(v)
	defer v.opens.close() // before that nobody reads any more
	defer running.Wait()
	defer cancel()
	if o := s.cfg.Offer; o != nil {
		o.arrive(l)
		defer o.leave(l)
	}
	for {
		st, err := l.AcceptStream(ctx)
		if err != nil {
			if s.open.isClosed() {
				return ErrServerClosed
			}
			if lerr := l.Err(); lerr != nil {
				err = lerr
			}
			return about(Path{}, err)
		}
		switch {
		case take(v.requests):
			running.Go(func() { v.answer(ctx, st) })
		case take(v.refusals):
			running.Go(func() {
				defer give(v.refusals)
				e := &exchange{st: st}
				e.refuse(newError(Busy, Path{}, "more than %d requests at once", maxRequests))
				st.Abort(0)
			})
		default:
			st.Abort(codeOf(Busy))
		}
	}
}

// A visit is a peer on a link, with the slots that its streams take.
type visit struct {
	s                             *Server
	link                          transport.Link
	requests, refusals, transfers chan struct{}
	watches, walks, drafts        chan struct{}
	since                         time.Time
	at                            Path  // where the peer's root is in the served tree
	opens                         opens // files that are read

	mu       sync.Mutex
	accounts map[*account]bool // of transfers under way
}

// take takes one of the slots, if one is free; give gives it back.
func take(slots chan struct{}) bool {
	select {
	case slots <- struct{}{}:
		return true
	default:
		return false
	}
}

func give(slots chan struct{}) { <-slots }

// answer reads the Request of a stream and answers it. The stream holds a slot
// of the requests until it is known to be of a transfer: those may last, and
// have slots of their own.
func (v *visit) answer(ctx context.Context, raw transport.Stream) {
	release := sync.OnceFunc(func() { give(v.requests) })
	defer release()
	stop := context.AfterFunc(ctx, func() { raw.Abort(codeOf(Interrupted)) })
	defer func() { stop() }()

	req, st, err := readRequest(raw)
	e := &exchange{v: v, s: v.s, st: st}
	switch {
	case err != nil:
		v.misspoke(e, err)
		return
	case isTransfer(req) && !take(v.transfers):
		err = newError(Busy, Path{}, "more than %d streams of transfers at once", maxTransfers)
	default:
		err = v.s.allows(req)
	}
	switch {
	case err != nil:
		e.refuseAs(req, err)
	case req.GetDraft() != nil:
		if !take(v.drafts) {
			e.refuse(newError(Busy, Path{}, "more than %d files open for writing at once", maxDrafts))
			return
		}
		defer give(v.drafts)
		release() // it may lie open for long
		e.draft(ctx, req.GetDraft())
	case isTransfer(req):
		defer give(v.transfers)
		release()
		stop()
		stop = context.AfterFunc(ctx, func() { st.Abort(abortInterrupted) })
		e.transfer(ctx, req)
	default:
		ctx, stop := untilAbort(ctx, st)
		defer stop()
		e.answer(ctx, req)
	}
}

func isTransfer(req *wire.Request) bool {
	switch req.Ask.(type) {
	case *wire.Request_Send, *wire.Request_Fetch, *wire.Request_Data:
		return true
	}
	return false
}

// A buffered stream reads through r, which holds what came after the Request.
type buffered struct {
	transport.Stream
	r *bufio.Reader
}

func (b *buffered) Read(p []byte) (int, error) { return b.r.Read(p) }

// readRequest returns the Request that st begins with, and the rest of st.
func readRequest(st transport.Stream) (*wire.Request, transport.Stream, error) {
	b := &buffered{st, bufio.NewReader(st)}
	req := new(wire.Request)
	if err := st.SetReadDeadline(time.Now().Add(requestWait)); err != nil {
		return nil, b, err
	}
	if err := wire.Read(b.r, req); err != nil {
		return nil, b, err
	}
	return req, b, st.SetReadDeadline(time.Time{})
}

// misspoke ends a stream that began with no Request. Who sends what is no
// message at all speaks no bargee, and loses the link.
func (v *visit) misspoke(e *exchange, err error) {
	switch {
	case errors.Is(err, wire.ErrInvalid):
		e.st.Abort(codeOf(Protocol))
		v.link.Close("protocol: " + err.Error())
	case errors.Is(err, wire.ErrLimit):
		e.refuse(newError(Limit, Path{}, "%w", err))
		e.st.Abort(0)
	default:
		e.st.Abort(codeOf(KindOf(err)))
	}
}

// untilAbort returns a context that ends with ctx, or when the asker aborts
// its stream: only reading shows that while an answer is being worked out.
// stop gives the stream up, once the answer is closed.
func untilAbort(ctx context.Context, st transport.Stream) (_ context.Context, stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		var b [1]byte
		if n, err := st.Read(b[:]); n > 0 || !errors.Is(err, io.EOF) {
			cancel()
		}
	}()
	return ctx, func() {
		st.Abort(0)
		<-watched
		cancel()
	}
}
