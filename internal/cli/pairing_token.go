package cli

import (
	"context"
	"strings"

	"github.com/bargee/bargee/transport"
	"github.com/bargee/bargee/tui"
)

// bySecret meets who has the same token, or the same phrase in the room of the same
// name: neither side shows anything, and both do the same.
func (p *pairing) bySecret(secret transport.Secret, room string) (func(), error) {
	m := &secretMeeting{pairing: p, admission: p.admission()}
	m.Doors, m.To = p.doors, transport.Remote{Secret: secret, Lanes: p.reach.lanes}
	if token, ok := secret.Token(); ok {
		m.admission.Tokens, m.Room = transport.Tokens(token.Public()), transport.RoomOfToken(token.Public())
	} else {
		p.app.warn("a phrase is easier to guess than a token: bargee token new makes one")
		if m.name = room; room == "" {
			m.name = transport.NewRoomNumber(0)
		}
		m.admission.Phrase, m.Room = secret, transport.RoomNamed(m.name)
	}
	if err := p.reach.admits(m.admission); err != nil {
		return nil, err
	}
	return func() { p.begin(tui.PairingOpening, m.run) }, nil
}

// A secretMeeting is that of two who know the same secret.
type secretMeeting struct {
	*pairing
	transport.Meeting
	admission *transport.Admission
	name      string // of the room, for a phrase
	ep        *transport.Endpoint
}

func (m *secretMeeting) run(ctx context.Context) (err error) {
	if m.ep, err = m.reach.open(); err != nil {
		return err
	}
	m.expect()
	m.Ready = func() { m.set(m.waits) }
	m.Report = func(err error) {
		m.set(func(s *tui.PairingShot) {
			if s.State != tui.PairingMade {
				s.Err = relayTrouble(m.doors.Relay.Address, err)
			}
		})
	}
	for {
		l, err := m.ep.Meet(ctx, m.Meeting)
		if err != nil {
			return err
		}
		key := l.Peer().Key
		if !m.welcomes(key) {
			l.Close("another machine was paired with meanwhile")
			continue
		}
		again := m.Meeting
		again.To.Key, again.Ready, again.Report = key, nil, nil
		return m.joined(ctx, l, func(ctx context.Context) (transport.Link, error) { return m.ep.Meet(ctx, again) })
	}
}

// waits says that the other side can come, and how.
func (m *secretMeeting) waits(s *tui.PairingShot) {
	if s.State == tui.PairingMade {
		return
	}
	s.State, s.Err = tui.PairingWaiting, nil
	words := []string{"bargee pair"}
	switch {
	case m.reach.listen != "":
		words = append(words, "bargee://"+reachable(m.ep.Addr())[0])
	case m.doors.Relay.Address != "":
		words = append(words, "--relay bargee://"+strings.TrimSuffix(m.doors.Relay.Address, ":"+defaultPort))
	default:
		s.Near = true
	}
	if m.name != "" {
		words = append(words, "--room "+m.name)
	}
	s.Type = strings.Join(words, " ")
}
