package transport

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/bargee/bargee/internal/wire"
)

// A Leg is our side of a session at a relay, as the relay named it.
type Leg struct {
	Relay   string // host:port
	Session uint64
	Number  uint8  // 0 for the side that opened the session, 1 for the other
	Key     []byte // 32 bytes, a secret between us and the relay

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
	if direct != nil {
		direct.Join(e)
	}
	k := &legKeeper{transport: e.transport, relay: at, binder: newLegBinder(leg, time.Now()), bound: make(chan struct{})}
	e.last = k.leave
	e.wait.Go(func() { k.listen(e.ctx) })
	e.wait.Go(func() { k.run(e.ctx) })
	ctx, cancel := context.WithTimeout(ctx, e.cfg.HandshakeTimeout)
	defer cancel()
	select {
	case <-k.bound:
		return e, nil
	case <-ctx.Done():
		e.Close()
		return nil, fail(ErrUnreachable, "no answer from the relay %s", leg.Relay)
	}
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
	transport *quic.Transport
	relay     net.Addr

	mu     sync.Mutex
	binder *legBinder
	bound  chan struct{} // closed when it was the first time
	once   sync.Once
}

// run sends what is due until ctx ends, and then leaves.
func (k *legKeeper) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-ctx.Done():
			return
		}
		k.mu.Lock()
		out, next := k.binder.due(time.Now())
		k.mu.Unlock()
		k.send(out)
		timer.Reset(time.Until(next))
	}
}

// leave frees the leg, when all else was said.
func (k *legKeeper) leave() {
	k.mu.Lock()
	out := k.binder.leave()
	k.mu.Unlock()
	k.send(out)
}

// listen takes in what the relay says until ctx ends.
func (k *legKeeper) listen(ctx context.Context) {
	b := make([]byte, 1500)
	for {
		n, _, err := k.transport.ReadNonQUICPacket(ctx, b)
		if err != nil {
			return
		}
		k.mu.Lock()
		out := k.binder.hear(b[:n], time.Now())
		bound := k.binder.state == legBound
		k.mu.Unlock()
		k.send(out)
		if bound {
			k.once.Do(func() { close(k.bound) })
		}
	}
}

// send sends a datagram; one that cannot be sent is a lost one.
func (k *legKeeper) send(b []byte) {
	if b != nil {
		_, _ = k.transport.WriteTo(b, k.relay)
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
		tick := time.NewTicker(keepEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				_, _ = e.transport.WriteTo(hello, at) // lost, as packets are
			case <-e.ctx.Done():
				return
			}
		}
	})
	return e, nil
}
