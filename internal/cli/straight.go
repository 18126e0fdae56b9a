package cli

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// This file says how data of a copy that somebody asks for gets from one peer to
// another, of which we are one (session.Straight).

// straight is that of a served directory.
func (o *serveOptions) straight(ep *transport.Endpoint, in *entry, log *slog.Logger) session.Straight {
	s := session.StraightBy(ep, in.admission.Errands, func() transport.Whereabouts { return in.whereabouts(ep) })
	dial := dialErrand(ep, func() (transport.RelayRemote, bool, error) { return o.relayRemote(&o.relay) })
	s.Dial = func(ctx context.Context, at transport.Whereabouts, to transport.Remote) (transport.Link, error) {
		l, err := dial(ctx, at, to)
		if err != nil && ctx.Err() == nil {
			log.Info("a copy to another peer goes by way of who asks for it", "to", to.Key.Short(), "reason", reason(err))
		}
		return l, err
	}
	return s
}

// straight is that of a tree that a screen shows. Its socket is open to who comes for
// an errand from the first one on.
func (p *pairing) straight(tree string) session.Straight {
	return session.Straight{
		Expect: func(sender transport.Fingerprint, take func(transport.Link)) (transport.Errand, transport.Whereabouts, func()) {
			errand, forget := p.errands.Expect(sender, take)
			return errand, p.whereabouts(tree), forget
		},
		Dial: func(ctx context.Context, at transport.Whereabouts, to transport.Remote) (transport.Link, error) {
			ep, err := p.reach.open()
			if err != nil {
				return nil, err
			}
			return dialErrand(ep, func() (transport.RelayRemote, bool, error) { return p.standsAt(), true, nil })(ctx, at, to)
		},
	}
}

// whereabouts is where a peer may find us now; nowhere if that cannot be.
func (p *pairing) whereabouts(tree string) (at transport.Whereabouts) {
	if err := p.reach.admitsFirst(p.admission()); err != nil {
		return at
	}
	ep, err := p.reach.open()
	if err != nil {
		return at
	}
	p.accept(ep)
	at.Addresses = reachable(ep.Addr())
	if m := p.told(tree); m.AtRelay() && slices.Contains(p.trees(), tree) { // else no room is open
		at.Relay = transport.RelayRemote{Address: m.Relay, Key: m.RelayKey}
		at.Room = transport.RoomOfDay(m.Room, time.Now())
	}
	return at
}

// dialErrand is session.Straight.Dial. A relay that takes no guests is shown what we
// have of it, if it is our own.
func dialErrand(ep *transport.Endpoint, own func() (transport.RelayRemote, bool, error)) func(context.Context, transport.Whereabouts, transport.Remote) (transport.Link, error) {
	return func(ctx context.Context, at transport.Whereabouts, to transport.Remote) (transport.Link, error) {
		l, err := ep.DialAnywhere(ctx, at, to)
		if err == nil || at.Relay.Address == "" || !errors.Is(err, transport.ErrAuth) {
			return l, err
		}
		ours, ok, oerr := own()
		if oerr != nil || !ok || ours.Address != at.Relay.Address || ours.Secret.IsZero() && ours.Pass == "" {
			return nil, err
		}
		ours.Key = at.Relay.Key
		at.Relay = ours
		return ep.DialAnywhere(ctx, at, to)
	}
}
