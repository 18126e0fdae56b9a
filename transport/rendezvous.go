package transport

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"
)

// A RelayRemote is a relay and what lets us in there. Without Secret and Pass we
// are a guest, who may only join.
type RelayRemote struct {
	Address string      // host:port
	Key     Fingerprint // pinned; zero: not known yet, the relay proves that it knows Secret
	Secret  Secret      // a token of the relay's, or none
	Pass    string      // a token that somebody signed for this machine's key (JWT), or ""
}

// guest tells whether nothing is shown to the relay.
func (r RelayRemote) guest() bool { return r.Secret.IsZero() && r.Pass == "" }

// RoomOptions say how a room is hosted.
type RoomOptions struct {
	For       time.Duration   // how long at most; 0: as long as the relay allows, and then anew
	Joins     int             // how many may join in all; 0: any number
	Admission *Admission      // who is let in there; nil: as on the endpoint
	Patient   bool            // a relay that cannot be reached at first is no error: it is tried again
	Changed   func(RoomState) // hears of each change, from one goroutine; it must not block. nil: nobody does
}

// A RoomState is how it stands with a room that we host.
type RoomState struct {
	Open  bool
	Relay Fingerprint // the relay's key, as it was seen; of one that is open
	Until time.Time   // when the relay will close it
	Err   error       // why it is not open; of the last try
}

// How often it is tried to have a room open again.
const (
	reopenSoon  = 100 * time.Millisecond // after it was open
	reopenFirst = time.Second
	reopenMost  = 4 * time.Second
	reopenNo    = time.Minute      // where the relay said no, and would do so again
	reopenHint  = 10 * time.Minute // where it said for how long
)

// A reopenPace says when to try again; the zero one is of a room that was open.
type reopenPace struct{ last time.Duration }

// wait returns how long not to try, after err.
func (p *reopenPace) wait(err error) time.Duration {
	most := reopenMost
	if errors.Is(err, ErrAuth) || errors.Is(err, ErrRoomOpen) {
		most = reopenNo
	}
	switch {
	case p.last == 0:
		p.last = reopenSoon
	default:
		p.last = min(max(2*p.last, reopenFirst), most)
	}
	if errors.Is(err, ErrRoomOpen) { // it may be closed long before its time
		return p.last
	}
	return max(p.last, min(waitOf(err), reopenHint))
}

// A Hosted is a room that is kept open at a relay. It has a goroutine of the
// endpoint's until Close, or until the ctx of Host ends.
type Hosted struct {
	from   *Endpoint
	relay  RelayRemote
	name   RoomName
	o      RoomOptions
	cancel context.CancelFunc
	over   chan struct{}

	holder []byte    // by which the relay knows that we are the same on a newer link
	until  time.Time // when RoomOptions.For is over; zero: never
	joined int

	mu    sync.Mutex
	state RoomState
}

// Host opens a room at a relay and keeps it open: when the link to the relay is
// lost, it is made again. Who joins and is let in comes out of Accept, as if it had
// dialled e, with Peer.Room set; it goes on directly by itself. The link to the
// relay is on e's own socket, so that the address the relay sees is the one where a
// direct lane can come to.
//
// It returns when the room is open, with an error where it cannot be: at once if
// trying again would not help, see RoomOptions.Patient. ctx bounds the room's life,
// not only the opening; links live on without the room.
func (e *Endpoint) Host(ctx context.Context, r RelayRemote, name RoomName, o RoomOptions) (*Hosted, error) {
	if o.Admission == nil {
		o.Admission = e.admits.Load()
	}
	if o.Admission == nil {
		return nil, errors.New("host a room: there is no Admission")
	}
	if o.Changed == nil {
		o.Changed = func(RoomState) {}
	}
	if err := e.takeLanes(); err != nil {
		return nil, fmt.Errorf("host a room: %w", err)
	}
	if !e.begin() {
		return nil, fail(ErrClosed, "host a room: the endpoint was closed")
	}
	h := &Hosted{from: e, relay: r, name: name, o: o, over: make(chan struct{}), holder: make([]byte, 16)}
	rand.Read(h.holder) // never fails
	if o.For > 0 {
		h.until = time.Now().Add(o.For)
	}
	ctx, h.cancel = context.WithCancel(ctx)
	stop := context.AfterFunc(e.ctx, h.cancel)
	first := make(chan error, 1)
	go func() {
		defer e.wait.Done()
		defer close(h.over)
		defer stop()
		tried := func(err error) {
			select {
			case first <- err:
			default: // it was not the first time
			}
		}
		h.keep(ctx, tried)
		tried(context.Cause(ctx)) // where it was over before it was tried
	}()
	if o.Patient {
		return h, nil
	}
	if err := <-first; err != nil {
		h.Close()
		return nil, fmt.Errorf("host a room: %w", err)
	}
	return h, nil
}

// State says how it stands now.
func (h *Hosted) State() RoomState {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.state
}

// Close closes the room and waits until it is; links live on.
func (h *Hosted) Close() {
	h.cancel()
	<-h.over
}

// keep has the room open again and again, until ctx ends, its time is over, or as
// many have joined as may. tried hears what came of each time, nil as soon as it is
// open.
func (h *Hosted) keep(ctx context.Context, tried func(error)) {
	defer h.cancel()
	var pace reopenPace
	for ctx.Err() == nil {
		left, joins, over := h.left(time.Now())
		if over {
			h.became(RoomState{Err: fail(ErrNoRoom, "its time is over, or as many have joined as may")})
			return
		}
		opened, err := h.openOnce(ctx, left, joins, func() { tried(nil) })
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		h.became(RoomState{Err: err})
		tried(err)
		if opened {
			pace = reopenPace{}
		}
		select {
		case <-time.After(pace.wait(err)):
		case <-ctx.Done():
		}
	}
}

// left is how long the room may be open still, and how many may join.
func (h *Hosted) left(now time.Time) (left time.Duration, joins int, over bool) {
	if !h.until.IsZero() {
		left = h.until.Sub(now)
		over = left <= 0
	}
	if h.o.Joins > 0 {
		joins = h.o.Joins - h.joined
		over = over || joins <= 0
	}
	return left, joins, over
}

func (h *Hosted) became(s RoomState) {
	h.mu.Lock()
	h.state = s
	h.mu.Unlock()
	h.o.Changed(s)
}

// openOnce opens the room and takes in who joins, until it is closed. opened
// tells whether it got so far.
func (h *Hosted) openOnce(ctx context.Context, left time.Duration, joins int, open func()) (opened bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	l, err := h.from.linkRelay(ctx, h.relay)
	if err != nil {
		return false, err
	}
	defer l.Close("the room is closed")
	room, err := openRoom(ctx, l, h.name, left, joins, h.holder)
	if err != nil {
		return false, err
	}
	defer room.Close()
	h.became(RoomState{Open: true, Relay: l.Peer().Key, Until: room.Until})
	open()
	for {
		leg, err := room.Next()
		if err != nil {
			return true, cause(ctx, err)
		}
		h.joined++
		if h.from.begin() {
			go func() {
				defer h.from.wait.Done()
				h.take(room, leg)
			}()
		}
	}
}

// take lets in who joined, and forwards for it until its links are over.
func (h *Hosted) take(room *Room, leg Leg) {
	e := h.from
	wrong, alone, welcome := make(chan struct{}, 1), make(chan struct{}, 1), make(chan struct{}, 1)
	cfg := e.cfg
	cfg.Admission, cfg.room, cfg.accepted = h.o.Admission, h.name, e.accepted
	cfg.wrong, cfg.alone, cfg.welcome = func() { signal(wrong) }, func() { signal(alone) }, func() { signal(welcome) }
	via, err := listenByRelay(e.ctx, leg, cfg, e)
	if err != nil {
		e.cfg.Report(leg.Relay, fmt.Errorf("who joined: %w", err))
		_ = room.Reject(leg, false) // it is over anyway
		return
	}
	defer via.Close()
	late := time.NewTimer(2 * e.cfg.HandshakeTimeout)
	defer late.Stop()
	for {
		select {
		case <-welcome:
			_ = room.welcome(leg) // as for wrong
		case <-alone:
			if len(via.Links()) == 0 {
				return
			}
		case <-late.C:
			if len(via.Links()) == 0 {
				return
			}
		case <-wrong:
			_ = room.Reject(leg, true) // where the room is closed, it is over anyway
			return
		case <-via.leg.lost:
			// Is it still the relay that has our room? See lookAfter.
			_, _ = e.transport.WriteTo(e.hello(), via.leg.relay)
			return
		case <-e.ctx.Done():
			return
		}
	}
}

// signal wakes who waits for c, or will.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
