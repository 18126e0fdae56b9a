package transport

import (
	"context"
	"errors"
	"slices"
	"time"
)

// headStart is what UDP has before TCP is tried as well: that takes two round trips
// more, and costs the relay a handshake for nothing where UDP gets through.
const headStart = 100 * time.Millisecond

// linkRelay makes a link to a relay: over UDP, on e's own socket, or over TCP,
// whichever is there first. A network that drops UDP without a word costs no more
// than the head start.
func (e *Endpoint) linkRelay(ctx context.Context, r RelayRemote) (Link, error) {
	if !e.begin() {
		return nil, fail(ErrClosed, "the endpoint was closed")
	}
	defer e.wait.Done()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type result struct {
		l   Link
		err error
		udp bool
	}
	results := make(chan result, 2)
	failed := make(chan struct{})
	e.wait.Go(func() {
		l, err := e.linkOverUDP(ctx, r)
		if err != nil {
			close(failed)
		}
		results <- result{l, err, true}
	})
	e.wait.Go(func() {
		select {
		case <-time.After(headStart):
		case <-failed:
		case <-ctx.Done():
		}
		l, err := e.keepTryingTCP(ctx, r, failed)
		results <- result{l, err, false}
	})
	first := <-results
	if first.err == nil || conclusive(first.err) {
		e.wait.Go(func() { // which returns soon: its ctx has ended
			if late := <-results; late.l != nil {
				late.l.Close("another way was faster")
			}
		})
		return first.l, first.err
	}
	second := <-results
	if second.err == nil || conclusive(second.err) || second.udp {
		return second.l, second.err
	}
	return nil, first.err // what is said of UDP says more
}

// How often TCP is tried while UDP has no answer yet: a relay that is about to be back
// refuses one at once, and says nothing to the other.
const (
	tcpAgain     = 200 * time.Millisecond
	tcpAgainMost = time.Second
)

// keepTryingTCP is linkOverTCP, again and again until UDP has failed or ctx ends.
func (e *Endpoint) keepTryingTCP(ctx context.Context, r RelayRemote, failed <-chan struct{}) (Link, error) {
	for pause := tcpAgain; ; pause = min(2*pause, tcpAgainMost) {
		l, err := e.linkOverTCP(ctx, r)
		if err == nil || conclusive(err) {
			return l, err
		}
		select {
		case <-time.After(pause):
		case <-failed:
			return nil, err
		case <-ctx.Done():
			return nil, err
		}
	}
}

// conclusive tells whether a dial failed by what the other side said, which it would
// say on any way.
func conclusive(err error) bool {
	for _, kind := range []error{ErrAuth, ErrVersion, ErrBusy, ErrProtocol} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

func (e *Endpoint) linkOverUDP(ctx context.Context, r RelayRemote) (Link, error) {
	found, err := resolve(ctx, []string{r.Address})
	if err != nil {
		return nil, fail(ErrUnreachable, "the relay %s: %w", r.Address, err)
	}
	// Its IPv4 address, if it has one: what both sides have.
	n := max(0, slices.IndexFunc(found, func(c candidate) bool { return c.udp.IP.To4() != nil }))
	return e.linkTo(ctx, found[n].udp, r)
}

// linkOverTCP makes a link on a connection of its own, which ends with it.
func (e *Endpoint) linkOverTCP(ctx context.Context, r RelayRemote) (Link, error) {
	conn, way, err := e.carry(ctx, r.Address, r.Key)
	if err != nil {
		return nil, err
	}
	c, err := NewEndpoint(conn, Config{
		Identity: e.cfg.Identity, Keyring: e.cfg.Keyring, Agent: e.cfg.Agent, Versions: e.cfg.Versions, Report: e.cfg.Report,
		HandshakeTimeout: e.cfg.HandshakeTimeout, IdleTimeout: e.cfg.IdleTimeout,
		path: PathTCP, way: way,
	})
	if err != nil {
		return nil, err
	}
	l, err := c.linkTo(ctx, conn.relay, r)
	if err == nil && !e.begin() {
		err = fail(ErrClosed, "the endpoint was closed")
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	go func() {
		defer e.wait.Done()
		select {
		case <-l.Done():
		case <-e.ctx.Done():
		}
		c.Close()
	}()
	return l, nil
}
