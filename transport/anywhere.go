package transport

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/bargee/bargee/transport/lan"
)

// Whereabouts are where a peer may be.
type Whereabouts struct {
	Addresses []string
	Relay     RelayRemote  // without an Address: none
	LAN       *lan.Options // nil: not to be looked for there
	Room      RoomName     // of the peer, at the relay and on the local network
}

// lanHeadStart is what addresses and a relay have before the local network is asked:
// where they are good nobody there need hear of it.
const lanHeadStart = 200 * time.Millisecond

// DialAnywhere makes a link to a peer where it is met first: at one of its addresses,
// at a relay, from where it goes on directly by itself, or on the local network, which
// is asked a little later. to.Addresses is not used. It takes no longer than
// Config.HandshakeTimeout, and where nobody else is there the local network is looked
// at for 1.5 s. Errors are those of Dial and DialRoom; what the peer itself said comes
// before that it was not found.
func (e *Endpoint) DialAnywhere(ctx context.Context, at Whereabouts, to Remote) (Link, error) {
	to.Addresses = at.Addresses
	if at.Relay.Address == "" && at.LAN == nil {
		return e.Dial(ctx, to)
	}
	if !e.begin() {
		return nil, fail(ErrClosed, "dial: the endpoint was closed")
	}
	defer e.wait.Done()
	ctx, cancel := context.WithTimeoutCause(ctx, e.cfg.HandshakeTimeout, fail(ErrUnreachable, "no answer within %v", e.cfg.HandshakeTimeout))
	defer cancel()
	stop := context.AfterFunc(e.ctx, cancel)
	defer stop()
	to.turn = newTurn()
	s := &search{Endpoint: e, at: at, to: to, stop: cancel, alone: make(chan struct{}), late: make(patience)}
	l, err := firstLink(ctx, s.ways())
	if err != nil && errors.Is(err, errFaster) {
		err = fail(ErrUnreachable, "no answer from any of its addresses")
	}
	return l, err
}

// A search is a DialAnywhere under way.
type search struct {
	*Endpoint
	at    Whereabouts
	to    Remote
	stop  context.CancelFunc
	left  atomic.Int32  // ways beside the local network that may succeed yet
	alone chan struct{} // closed when there are none
	late  patience      // of the local network, from then on
}

func (s *search) ways() (ways []func(context.Context) (Link, error)) {
	if s.at.Relay.Address != "" {
		ways = append(ways, s.watched(func(ctx context.Context) (Link, error) { return s.DialRoom(ctx, s.at.Relay, s.at.Room, s.to) },
			func(error) bool { return s.to.turn.lost() })) // else it may be the relay that says so
	}
	if len(s.at.Addresses) > 0 {
		ways = append(ways, s.watched(func(ctx context.Context) (Link, error) { return s.Dial(ctx, s.to) },
			func(err error) bool { return conclusive(err) && !errors.Is(err, ErrKeyChanged) }))
	}
	if s.left.Store(int32(len(ways))); len(ways) == 0 {
		s.lonely()
	}
	if s.at.LAN != nil {
		ways = append(ways, s.nearby)
	}
	return ways
}

// watched is a way whose end the search hears of; found tells by its error whether the
// peer was there.
func (s *search) watched(way func(context.Context) (Link, error), found func(error) bool) func(context.Context) (Link, error) {
	return func(ctx context.Context) (Link, error) {
		l, err := way(ctx)
		switch {
		case err == nil:
		case found(err):
			s.stop()
		case s.left.Add(-1) == 0:
			s.lonely()
		}
		return l, err
	}
}

// lonely says that only the local network is left.
func (s *search) lonely() {
	close(s.alone)
	s.late.begin()
}

// nearby looks for the peer on the local network.
func (s *search) nearby(ctx context.Context) (Link, error) {
	select {
	case <-time.After(lanHeadStart):
	case <-s.alone:
	case <-ctx.Done():
		return nil, errFaster
	}
	return s.dialFound(ctx, *s.at.LAN, s.at.Room, s.to, s.late)
}
