package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// whereabouts are where t may be: at its addresses, and in its room on the local
// network and at a relay.
func (r *reach) whereabouts(t target, to transport.Remote) (at transport.Whereabouts, err error) {
	at.Addresses = to.Addresses
	switch t.kind {
	case ticketTarget:
		at.Room = transport.RoomOfToken(t.pass.Token.Public())
		at.Relay = transport.RelayRemote{Address: t.pass.Relay, Key: t.pass.RelayKey}
	case knownTarget:
		known, err := r.home.known()
		if err != nil {
			return at, err
		}
		if p, err := known.Lookup(t.name); err == nil && !p.Rendezvous().IsZero() {
			at.Relay = transport.RelayRemote{Address: p.Relay, Key: p.RelayKey}
			at.Room = transport.RoomOfDay(p.Room, time.Now())
		}
	}
	if at.Room != (transport.RoomName{}) {
		at.LAN, err = r.lan()
	}
	return at, err
}

// dialAnywhere makes a link to t where it is met first. A relay that takes no guests
// is shown what was added for it.
func (r *reach) dialAnywhere(ctx context.Context, ep *transport.Endpoint, t target, secret string, to transport.Remote) (transport.Link, error) {
	at, err := r.whereabouts(t, to)
	if err != nil {
		return nil, err
	}
	to.Early = r.isEarly(t, secret)
	to.Wait = r.lasting(t)
	l, err := ep.DialAnywhere(ctx, at, to)
	if err != nil && at.Relay.Address != "" && errors.Is(err, transport.ErrAuth) {
		if own, ok, oerr := r.relayAt(at.Relay.Address); oerr == nil && ok && (!own.Secret.IsZero() || own.Pass != "") {
			own.Key = at.Relay.Key
			at.Relay = own
			l, err = ep.DialAnywhere(ctx, at, to)
		}
	}
	if err != nil {
		return nil, r.offline(t, at, err)
	}
	r.mu.Lock()
	r.linked[t.peer()] = true
	r.mu.Unlock()
	return l, nil
}

// lasting tells whether there was a link to t already: then the peer is one that may
// be on its way back, and not one that is off.
func (r *reach) lasting(t target) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.linked[t.peer()]
}

// offline says of a known peer that is nowhere when it was seen last.
func (r *reach) offline(t target, at transport.Whereabouts, err error) error {
	if t.kind != knownTarget || at.Room == (transport.RoomName{}) || !errors.Is(err, transport.ErrNoRoom) && !errors.Is(err, transport.ErrUnreachable) {
		return err
	}
	seen := "never seen"
	if known, kerr := r.home.known(); kerr == nil {
		if p, kerr := known.Lookup(t.name); kerr == nil && !p.LastSeen.IsZero() {
			seen = "last seen " + humanize.Time(p.LastSeen)
		}
	}
	return &session.Error{Kind: session.Unreachable, Err: fmt.Errorf("not online, %s: %w", seen, err)}
}
