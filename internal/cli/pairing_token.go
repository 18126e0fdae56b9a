package cli

import (
	"context"
	"errors"
	"time"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
	"github.com/bargee/bargee/tui"
)

// byToken meets who has the same token: at the relay, in the room of the token; and
// where it listens, there. Neither side shows anything, and both do the same.
func (p *pairing) byToken(secret transport.Secret, listens bool) (func(), error) {
	token, ok := secret.Token()
	if !ok {
		return nil, usage("two machines meet by a token; a phrase is too easy to guess for that", "bargee token new makes a token; bargee pair makes a code")
	}
	if !p.relay.ok && !listens {
		return nil, usage("nothing is known where both could meet",
			"--relay or BARGEE_RELAY says which relay; without one: --listen ADDR here, and bargee pair bargee://HOST there")
	}
	admission := &transport.Admission{Tree: p.tree(), Tokens: transport.Tokens(token.Public())}
	if listens {
		p.reach.admission = admission
	}
	m := &meeting{pairing: p, secret: secret, room: transport.RoomOfToken(token.Public()), admission: admission}
	return func() { p.begin(tui.PairingOpening, m.run) }, nil
}

// A meeting is that of two who know the same token.
type meeting struct {
	*pairing
	secret    transport.Secret
	room      transport.RoomName
	admission *transport.Admission
	ep        *transport.Endpoint
	hosted    bool // we wait in the room
}

// run waits for the other side, or goes where it waits.
func (m *meeting) run(ctx context.Context) (err error) {
	if m.ep, err = m.reach.open(); err != nil {
		return err
	}
	m.accept(m.ep)
	m.mu.Lock()
	m.expects = true
	m.mu.Unlock()
	m.set(func(s *tui.PairingShot) {
		s.State, s.Type = tui.PairingWaiting, commandAt(m.relay)
		if m.reach.admission != nil {
			s.Type = "bargee pair bargee://" + reachable(m.ep.Addr())[0]
		}
	})
	if !m.relay.ok {
		<-ctx.Done()
		return context.Cause(ctx)
	}
	for {
		l, err := m.meetOnce(ctx, transport.Fingerprint{})
		switch {
		case err == nil:
			return m.joined(ctx, l, func(c context.Context) (transport.Link, error) {
				// The room is ours to open if the other side waits there no more.
				return m.meetOnce(ctx, l.Peer().Key)
			})
		case m.hosted:
			<-ctx.Done()
			return context.Cause(ctx)
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, transport.ErrRoomOpen): // at this moment: it can be joined
			continue
		}
		m.set(func(s *tui.PairingShot) {
			if s.State == tui.PairingWaiting {
				s.Err = relayTrouble(m.relay.Address, err)
			}
		})
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
		}
	}
}

// meetOnce joins the room, or opens it where nobody waits: then the other side is
// awaited, and that is the error.
func (m *meeting) meetOnce(ctx context.Context, key transport.Fingerprint) (transport.Link, error) {
	l, err := m.ep.DialRoom(ctx, m.relay.RelayRemote, m.room, transport.Remote{Key: key, Secret: m.secret, Lanes: m.reach.lanes})
	if !errors.Is(err, transport.ErrNoRoom) {
		return l, err
	}
	if !m.opens() {
		return nil, err // who has the relay's token opens it
	}
	hosted, err := m.ep.Host(ctx, m.relay.RelayRemote, m.room, transport.RoomOptions{Admission: m.admission})
	if err != nil {
		return nil, err
	}
	m.hosted = true
	m.set(func(s *tui.PairingShot) { s.Err = nil })
	m.running.Go(func() {
		<-ctx.Done()
		hosted.Close()
	})
	return nil, &session.Error{Kind: session.Unreachable, Err: session.ErrAwaited}
}

// opens tells whether the relay may let us open a room.
func (m *meeting) opens() bool { return !m.relay.Secret.IsZero() || m.relay.Pass != "" }
