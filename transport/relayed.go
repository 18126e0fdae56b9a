package transport

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/bargee/bargee/internal/wire"
)

// A Leg is our side of a session at a relay, as the relay named it.
type Leg struct {
	Relay   string // host:port
	Session uint64
	Number  uint8  // 0 for the side that opened the session, 1 for the other
	Key     []byte // 32 bytes, a secret between us and the relay

	Quick bool // the relay may bind it at once

	// Observed is where the relay sees the socket that our link to it is on,
	// host:port; "" if it did not say.
	Observed string

	way *carriage // of our link to the relay, over TCP; nil: over UDP
}

// ListenByRelay is Listen on a socket whose packets all go to the other leg of a
// session: the relay's address stands for the other peer, to be dialled by it and
// seen as its source. It returns when the relay has confirmed our address, and
// keeps it confirmed until Close.
//
// With direct, an endpoint of the same Identity (the one that our link to the relay
// is on), links go on directly as soon as both sides have reached each other, and
// by way of the relay when they do not any more.
func ListenByRelay(ctx context.Context, leg Leg, cfg Config, direct *Endpoint) (*Endpoint, error) {
	e, err := listenByRelay(ctx, leg, cfg, direct)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, e.cfg.HandshakeTimeout)
	defer cancel()
	select {
	case <-e.leg.bound:
		return e, nil
	case <-e.leg.lost:
	case <-ctx.Done():
	}
	e.Close()
	return nil, fail(ErrUnreachable, "no answer from the relay %s", leg.Relay)
}

// listenByRelay is ListenByRelay without waiting for the relay: the bind has gone
// out before it returns, and what is sent then goes out behind it.
func listenByRelay(ctx context.Context, leg Leg, cfg Config, direct *Endpoint) (*Endpoint, error) {
	at, err := net.ResolveUDPAddr("udp", leg.Relay)
	if err != nil {
		return nil, fail(ErrUnreachable, "the relay %s: %w", leg.Relay, err)
	}
	cfg.path, cfg.direct, cfg.local = PathRelay, direct, at.IP.IsLoopback()
	if direct != nil {
		cfg.announced = direct.addresses(leg.Observed, cfg.local)
	}
	e, err := listenTo(ctx, leg.way, cfg)
	if err != nil {
		return nil, err
	}
	e.leg = newLegKeeper(e, leg, at)
	if direct != nil {
		direct.Join(e)
	}
	e.leg.sayDue()
	e.wait.Go(func() { e.leg.listen(e.ctx) })
	e.wait.Go(func() { e.leg.run(e.ctx) })
	return e, nil
}

// listenTo opens an endpoint whose packets go to a relay, over TCP if there is a way.
func listenTo(ctx context.Context, way *carriage, cfg Config) (*Endpoint, error) {
	if way == nil {
		return Listen(":0", cfg)
	}
	c, _, err := carryTo(ctx, way.at, way.key)
	if err != nil {
		return nil, err
	}
	cfg.path, cfg.way = PathTCP, way
	return NewEndpoint(c, cfg)
}

// A legKeeper runs a legBinder over the socket of an endpoint.
type legKeeper struct {
	endpoint *Endpoint
	relay    *net.UDPAddr

	mu     sync.Mutex
	binder *legBinder
	wake   chan struct{} // something is due earlier than run thinks
	bound  chan struct{} // closed when it was the first time
	lost   chan struct{} // closed when the relay knows no such session
	first  sync.Once
	last   sync.Once
}

func newLegKeeper(e *Endpoint, leg Leg, relay *net.UDPAddr) *legKeeper {
	return &legKeeper{endpoint: e, relay: relay, binder: newLegBinder(leg, time.Now()),
		wake: make(chan struct{}, 1), bound: make(chan struct{}), lost: make(chan struct{})}
}

// run sends what is due until ctx ends.
func (k *legKeeper) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-k.wake:
		case <-ctx.Done():
			return
		}
		timer.Reset(time.Until(k.sayDue()))
	}
}

// sayDue sends what is due, and returns when to be called again.
func (k *legKeeper) sayDue() (next time.Time) {
	k.mu.Lock()
	out, next := k.binder.due(time.Now())
	k.mu.Unlock()
	k.send(out)
	return next
}

// nudge has the relay asked at once whether the leg is still bound: a lane is
// silent.
func (k *legKeeper) nudge() {
	k.mu.Lock()
	k.binder.nudge(time.Now())
	k.mu.Unlock()
	signal(k.wake)
}

// leave frees the leg, when all else was said.
func (k *legKeeper) leave() {
	k.mu.Lock()
	out := k.binder.leave()
	k.mu.Unlock()
	k.send(out)
}

// listen takes in what the relay says, and the peer beside its links, until ctx
// ends.
func (k *legKeeper) listen(ctx context.Context) {
	b := make([]byte, 1500)
	for {
		n, _, err := k.endpoint.transport.ReadNonQUICPacket(ctx, b)
		if err != nil {
			return
		}
		if isCall(b[:n]) {
			k.endpoint.heard(b[:n])
			continue
		}
		k.mu.Lock()
		out := k.binder.hear(b[:n], time.Now())
		state := k.binder.state
		k.mu.Unlock()
		k.send(out)
		switch state {
		case legBound:
			k.first.Do(func() { close(k.bound) })
		case legLost:
			k.last.Do(func() {
				close(k.lost)
				k.endpoint.giveUp(fail(ErrUnreachable, "the relay %s knows the session no more: it was restarted, or has ended it", k.relay))
			})
		}
	}
}

// send sends a datagram; one that cannot be sent is a lost one.
func (k *legKeeper) send(b []byte) {
	if b != nil {
		_, _ = k.endpoint.transport.WriteTo(b, k.relay)
	}
}

// ListenToRelay is Listen on a socket that says hello to a relay now and then: a
// relay's own listener hears nobody else, see wire.Datagram. Dial the relay with
// it.
func ListenToRelay(addr string, cfg Config, relay string) (*Endpoint, error) {
	at, err := net.ResolveUDPAddr("udp", relay)
	if err != nil {
		return nil, fail(ErrUnreachable, "the relay %s: %w", relay, err)
	}
	e, err := Listen(addr, cfg)
	if err != nil {
		return nil, err
	}
	hello := []byte{byte(wire.DatagramHello)}
	// Before the first packet of a dial, which goes out after it.
	if _, err := e.transport.WriteTo(hello, at); err != nil {
		e.Close()
		return nil, fail(ErrUnreachable, "the relay %s: %w", relay, err)
	}
	e.wait.Go(func() {
		for wait := helloFirst; ; wait = min(2*wait, keepEvery) { // the first may be lost, and a dial waits for it
			select {
			case <-time.After(wait):
				_, _ = e.transport.WriteTo(hello, at)
			case <-e.ctx.Done():
				return
			}
		}
	})
	return e, nil
}
