package transport

import (
	"context"
	"fmt"
	"net"
	"time"
)

// DialRoom makes a link to who hosts a room at a relay. It joins, dials through the
// relay, and has the link go on directly as soon as that is possible; to.Addresses
// is not used. It takes no longer than Config.HandshakeTimeout. Errors are those of
// Dial, and ErrNoRoom and ErrRoomBusy.
func (e *Endpoint) DialRoom(ctx context.Context, r RelayRemote, name RoomName, to Remote) (Link, error) {
	if !e.begin() {
		return nil, fail(ErrClosed, "dial through %s: the endpoint was closed", r.Address)
	}
	defer e.wait.Done()
	ctx, cancel := context.WithTimeoutCause(ctx, e.cfg.HandshakeTimeout,
		fail(ErrUnreachable, "no answer through the relay %s within %v", r.Address, e.cfg.HandshakeTimeout))
	defer cancel()
	stop := context.AfterFunc(e.ctx, cancel)
	defer stop()
	l, err := e.dialRoom(ctx, r, name, to)
	if err != nil {
		return nil, fmt.Errorf("dial through %s: %w", r.Address, err)
	}
	return l, nil
}

func (e *Endpoint) dialRoom(ctx context.Context, r RelayRemote, name RoomName, to Remote) (Link, error) {
	relay, err := e.linkRelay(ctx, r)
	if err != nil {
		return nil, err
	}
	leg, err := joinRoom(ctx, relay, name, to.patience(ctx))
	relay.Close("joined")
	if err != nil {
		return nil, err
	}
	cfg := e.cfg
	cfg.Admission, cfg.room = nil, name
	via, err := listenByRelay(ctx, leg, cfg, e)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if !e.begin() {
		via.Close()
		return nil, fail(ErrClosed, "the endpoint was closed")
	}
	var l Link
	dialled := make(chan struct{})
	go func() {
		defer e.wait.Done()
		defer via.Close()
		select {
		case <-dialled:
		case <-via.leg.lost:
			cancel(fail(ErrUnreachable, "the relay %s has ended the session", r.Address))
			<-dialled
		}
		if l == nil {
			return
		}
		select {
		case <-l.Done():
		case <-e.ctx.Done():
		}
	}()
	to.Addresses = []string{leg.Relay}
	if found, derr := via.Dial(ctx, to); derr == nil {
		l = found
	} else {
		err = derr
	}
	close(dialled)
	return l, err
}

// patience is how long a peer is waited for that is not in its room: one that is
// known may just be coming back.
func (r Remote) patience(ctx context.Context) time.Duration {
	if until, ok := ctx.Deadline(); ok && r.Wait {
		return time.Until(until) - time.Second
	}
	return 0
}

// linkTo makes a link to a relay, whose own listener hears e for as long as the link
// lives.
func (e *Endpoint) linkTo(ctx context.Context, at *net.UDPAddr, r RelayRemote) (Link, error) {
	hello := e.hello()
	// Before the first packet of the dial, which goes out after it.
	if _, err := e.transport.WriteTo(hello, at); err != nil {
		return nil, fail(ErrUnreachable, "the relay %s: %w", r.Address, err)
	}
	stop := e.sayHello(at)
	l, err := e.Dial(ctx, Remote{Addresses: []string{at.String()}, Key: r.Key, Secret: r.Secret, Pass: r.Pass, Guest: r.guest(), Early: true,
		As: e.self().Key.ForRelay(r.Address)})
	stop()
	if err != nil {
		return nil, fmt.Errorf("the relay: %w", err)
	}
	if !e.begin() {
		return nil, fail(ErrClosed, "the endpoint was closed")
	}
	go func() {
		defer e.wait.Done()
		e.lookAfter(l, at)
	}()
	return l, nil
}

// sayHello says hello to a relay again and again until stop: one may be lost, or
// forgotten where many say it, and without it the relay hears nothing of a dial.
func (e *Endpoint) sayHello(relay net.Addr) (stop func()) {
	over, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for wait := helloFirst; ; wait = min(2*wait, helloMost) {
			select {
			case <-time.After(wait):
				_, _ = e.transport.WriteTo(e.hello(), relay)
			case <-over:
				return
			case <-e.ctx.Done():
				return
			}
		}
	}()
	return func() { close(over); <-ended }
}

// How soon a hello is said again while there is no link; then after twice that.
const (
	helloFirst = 150 * time.Millisecond
	helloMost  = time.Second
)
