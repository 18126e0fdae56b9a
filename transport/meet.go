package transport

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/bargee/bargee/internal/wire"
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
	leg, err := JoinRoom(ctx, relay, name)
	relay.Close("joined")
	if err != nil {
		return nil, err
	}
	cfg := e.cfg
	cfg.Admission, cfg.room = nil, name
	via, err := ListenByRelay(ctx, leg, cfg, e)
	if err != nil {
		return nil, err
	}
	to.Addresses = []string{leg.Relay}
	l, err := via.Dial(ctx, to)
	if err != nil {
		via.Close()
		return nil, err
	}
	if !e.begin() {
		via.Close()
		return nil, fail(ErrClosed, "the endpoint was closed")
	}
	go func() {
		defer e.wait.Done()
		select {
		case <-l.Done():
		case <-e.ctx.Done():
		}
		via.Close()
	}()
	return l, nil
}

// linkTo makes a link to a relay, whose own listener hears e for as long as the link
// lives.
func (e *Endpoint) linkTo(ctx context.Context, at *net.UDPAddr, r RelayRemote) (Link, error) {
	hello := []byte{byte(wire.DatagramHello)}
	// Before the first packet of the dial, which goes out after it.
	if _, err := e.transport.WriteTo(hello, at); err != nil {
		return nil, fail(ErrUnreachable, "the relay %s: %w", r.Address, err)
	}
	l, err := e.Dial(ctx, Remote{Addresses: []string{at.String()}, Key: r.Key, Secret: r.Secret, Pass: r.Pass, Guest: r.guest(),
		As: e.cfg.Identity.ForRelay(r.Address)})
	if err != nil {
		return nil, fmt.Errorf("the relay: %w", err)
	}
	if !e.begin() {
		return nil, fail(ErrClosed, "the endpoint was closed")
	}
	go func() {
		defer e.wait.Done()
		tick := time.NewTicker(keepEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				_, _ = e.transport.WriteTo(hello, at) // lost, as packets are
			case <-l.Done():
				return
			}
		}
	}()
	return l, nil
}
