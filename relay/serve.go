package relay

import (
	"bufio"
	"context"
	"net/netip"
	"sync"
	"time"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/transport"
)

// How much of a peer is borne, and for how long.
const (
	mostAsked   = 64               // requests of a link at a time; the next is aborted
	askWait     = 10 * time.Second // for a request, from the stream's opening
	joinsQueued = 16               // that an opener has not heard of yet; the next is told to wait
)

// abortBusy is the code of a stream that is one too many.
const abortBusy = 1

// An opener is who keeps a room open.
type opener struct {
	token  string         // id of the token that admitted it
	at     netip.AddrPort // of its link, see Plane.Carry
	source netip.Prefix
	holder [16]byte // of whose rooms this is one; zero: nobody's
	joined chan *wire.SessionLeg
	over   chan struct{} // closed when another link has taken the room over
}

func newOpener(token string, at netip.AddrPort, holder []byte) *opener {
	o := &opener{token: token, at: at, source: sourceOf(at), joined: make(chan *wire.SessionLeg, joinsQueued), over: make(chan struct{})}
	copy(o.holder[:], holder)
	return o
}

// gaveWayTo tells whether another one is the same, on a newer link, and if so tells
// this one that its room is over.
func (o *opener) gaveWayTo(other *opener) bool {
	if o.holder == ([16]byte{}) || o.holder != other.holder || o.token != other.token {
		return false
	}
	close(o.over)
	return true
}

// serve answers the requests of a peer until its link is over.
func (r *Relay) serve(ctx context.Context, l transport.Link) {
	defer l.Close("the relay ends")
	if at, err := addressOf(l); err == nil {
		defer r.cfg.Plane.vouch(at)()
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var g *guest
	if l.Peer().Guest {
		if g = r.admit(l); g == nil {
			return
		}
		defer r.leave(g)
		go r.limit(ctx, l, g)
	}
	if r.cfg.Good != nil && !l.Peer().Guest {
		if err := r.cfg.Good(l.Peer().Grant); err != nil {
			l.Close(err.Error())
			return
		}
	}
	if expires := l.Peer().Grant.Expires; !expires.IsZero() {
		defer time.AfterFunc(expires.Sub(r.now()), func() { l.Close("the pass expired") }).Stop()
	}
	var asked sync.WaitGroup
	defer asked.Wait()
	var web webStreams
	places := make(chan struct{}, mostAsked)
	for {
		st, err := l.AcceptStream(ctx)
		if err != nil {
			return
		}
		select {
		case places <- struct{}{}:
		default:
			st.Abort(abortBusy)
			continue
		}
		asked.Go(func() {
			defer func() { <-places }()
			r.answer(ctx, l, g, &web, st)
		})
	}
}

// addressOf is where a link comes from, as the Plane knows it.
func addressOf(l transport.Link) (at netip.AddrPort, err error) {
	address, zone := cutZone(l.Peer().Address)
	at, err = netip.ParseAddrPort(address)
	if err == nil && l.Peer().Path == transport.PathTCP {
		return carriedAddr(at), nil
	}
	return zoned(at, zone), err
}

// observed is where others can come to who is at an address: not over TCP.
func observed(at netip.AddrPort) string {
	if isCarried(at) {
		return ""
	}
	return plain(at).String()
}

// answer reads a request and carries it out. A peer that says what is no request
// loses the stream.
func (r *Relay) answer(ctx context.Context, l transport.Link, g *guest, web *webStreams, st transport.Stream) {
	defer st.Abort(0)
	stop := context.AfterFunc(ctx, func() { st.Abort(0) })
	defer stop()
	late := time.AfterFunc(r.askWait, func() { st.Abort(abortBusy) })
	in := bufio.NewReaderSize(st, 1024)
	var ask wire.RelayRequest
	err := wire.Read(in, &ask)
	late.Stop()
	if err != nil {
		return
	}
	switch {
	case ask.GetOpen() != nil:
		r.keepOpen(ctx, l, st, in, ask.GetOpen())
	case ask.GetJoin() != nil:
		r.join(ctx, l, st, ask.GetJoin())
	case ask.GetStatus() != nil:
		r.status(l, st)
	case ask.GetWeb() != nil:
		r.converse(l, g, st, in, ask.GetWeb(), web)
	}
}

// keepOpen keeps a room open as long as its opener's stream.
func (r *Relay) keepOpen(ctx context.Context, l transport.Link, st transport.Stream, in *bufio.Reader, ask *wire.OpenRoom) {
	at, err := addressOf(l)
	if err != nil {
		return // no way that packets take to a relay
	}
	o := newOpener(l.Peer().Grant.Origin, at, ask.Holder)
	until, refused := r.open(l, o, ask)
	if refused != nil {
		r.note(l.Peer().Address, refused)
		_ = wire.Write(st, &wire.RoomEvent{Event: &wire.RoomEvent_Closed{Closed: refused.message()}})
		st.Close()
		return
	}
	name := roomName(ask.Room)
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.rooms.end(name, o)
	}()
	left := until.Sub(r.now())
	if wire.Write(st, &wire.RoomEvent{Event: &wire.RoomEvent_Opened{Opened: &wire.RoomOpened{Seconds: uint32(left / time.Second)}}}) != nil {
		return
	}
	gone := make(chan struct{})
	var words sync.WaitGroup
	defer words.Wait()
	defer st.Abort(0) // wakes the reader
	words.Go(func() {
		defer close(gone)
		var w wire.RoomWord
		for wire.Read(in, &w) == nil {
			if w.Welcome != 0 {
				r.welcome(w.Welcome, o.token)
				continue
			}
			r.reject(w.Reject, o.token, w.Wrong)
		}
	})
	over := time.NewTimer(left)
	defer over.Stop()
	for {
		select {
		case leg := <-o.joined:
			if wire.Write(st, &wire.RoomEvent{Event: &wire.RoomEvent_Joined{Joined: leg}}) != nil {
				return
			}
		case <-over.C:
			_ = wire.Write(st, &wire.RoomEvent{Event: &wire.RoomEvent_Closed{Closed: refuse(whyExpired, "the room's time is over", 0).message()}})
			st.Close()
			return
		case <-o.over:
			_ = wire.Write(st, &wire.RoomEvent{Event: &wire.RoomEvent_Closed{Closed: refuse(whyExists, "the room was opened again by a newer link", 0).message()}})
			st.Close()
			return
		case <-gone:
			return
		case <-ctx.Done():
			return
		}
	}
}

// open opens a room for a peer that has a token.
func (r *Relay) open(l transport.Link, o *opener, ask *wire.OpenRoom) (until time.Time, refused *refusal) {
	switch {
	case l.Peer().Guest:
		return until, refuse(whyToken, "to open a room needs a token of this relay", 0)
	case len(ask.Room) != len(roomName{}):
		return until, refuse(whyInvalid, "a room has a name of 32 bytes", 0)
	}
	if refused = r.cfg.Ledger.mayOpen(o.token, o.source, r.now()); refused != nil {
		return until, refused
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.draining {
		return until, refuse(whyDraining, "the relay is about to end", 0)
	}
	if l.Err() != nil { // it was cut off, and its rooms were closed
		return until, refuse(whyToken, "the link is over", 0)
	}
	return r.rooms.begin(roomName(ask.Room), o, time.Duration(ask.Seconds)*time.Second, int(ask.Joins), r.now())
}

// join brings a peer into a room, and tells both sides their legs.
func (r *Relay) join(ctx context.Context, l transport.Link, st transport.Stream, ask *wire.JoinRoom) {
	leg, refused := r.joinRoom(ctx, l, ask)
	reply := &wire.RelayReply{Answer: &wire.RelayReply_Joined{Joined: leg}}
	if refused != nil {
		r.note(l.Peer().Address, refused)
		reply.Answer = &wire.RelayReply_Refused{Refused: refused.message()}
	}
	if wire.Write(st, reply) == nil {
		st.Close()
	}
}

func (r *Relay) joinRoom(ctx context.Context, l transport.Link, ask *wire.JoinRoom) (*wire.SessionLeg, *refusal) {
	at, err := addressOf(l)
	if err != nil || len(ask.Room) != len(roomName{}) {
		return nil, refuse(whyInvalid, "a room has a name of 32 bytes", 0)
	}
	name := roomName(ask.Room)
	r.mu.Lock()
	refused := r.rooms.count(sourceOf(at), r.now())
	r.mu.Unlock()
	if refused != nil {
		return nil, refused
	}
	late := time.NewTimer(time.Duration(ask.Seconds) * time.Second)
	defer late.Stop()
	for {
		joins, refused := r.joinNow(name, at)
		if refused == nil || refused.why != whyNoRoom || ask.Seconds == 0 {
			return joins, refused
		}
		if !r.awaitRoom(ctx, l, name, late.C) {
			if ask.Seconds >= leastWaited && ctx.Err() == nil && l.Err() == nil {
				r.mu.Lock()
				r.rooms.waited(sourceOf(at))
				r.mu.Unlock()
			}
			return nil, refused
		}
	}
}

// leastWaited is for how many seconds one has to have waited for a room for the join
// not to count.
const leastWaited = 5

// awaitRoom waits until a room is opened; false: it was not, in time.
func (r *Relay) awaitRoom(ctx context.Context, l transport.Link, name roomName, late <-chan time.Time) bool {
	r.mu.Lock()
	if _, open := r.rooms.open[name]; open {
		r.mu.Unlock()
		return true
	}
	opened := r.rooms.await(name)
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.rooms.leave(name, opened)
	}()
	select {
	case <-opened:
		return true
	case <-late:
	case <-l.Done():
	case <-ctx.Done():
	}
	return false
}

func (r *Relay) joinNow(name roomName, at netip.AddrPort) (*wire.SessionLeg, *refusal) {
	o, opens, joins, refused := r.match(name, at)
	if refused != nil {
		return nil, refused
	}
	select {
	case o.joined <- opens:
		return joins, nil
	default:
		r.reject(joins.Session, o.token, false)
		return nil, refuse(whyLimit, "too many join at once", time.Second)
	}
}
