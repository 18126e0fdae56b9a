package cli

import (
	"context"
	"errors"
	"time"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
	"github.com/bargee/bargee/tui"
)

// Show implements tui.Pairing.
func (p *pairing) Show() { p.begin(tui.PairingOpening, p.show) }

// show has codes that are good, one after the other, until somebody came, and then
// waits for that one to come again.
func (p *pairing) show(ctx context.Context) error {
	invitation, err := transport.Invite(transport.InvitationOptions{Relay: p.doors.Relay.Address, TTL: p.ttl})
	if err != nil {
		return err
	}
	defer invitation.Close()
	token := transport.NewToken()
	admission := p.admission()
	admission.Code, admission.Tokens = invitation, transport.Tokens(token.Public())
	doors := p.doors
	if err := p.reach.admits(admission); err != nil {
		return err
	}
	if doors.LAN == nil && doors.Relay.Address == "" {
		return errNowhere
	}
	ep, err := p.reach.open()
	if err != nil {
		return err
	}
	p.accept(ep)
	p.expect()
	w, err := p.welcome(ctx, ep, invitation, doors, admission)
	if err != nil {
		return err
	}
	defer w.Close()
	p.admitTicket(ctx, ep, doors, admission, token)
	for s := w.State(); ; {
		p.shows(s)
		if s, err = w.Next(ctx, s); err != nil {
			return err
		}
	}
}

// errNowhere is why no code can be made.
var errNowhere = usage("nothing is known where the other machine could come to",
	"bargee relay runs a relay; bargee relay add, --relay or BARGEE_RELAY say which it is")

// welcome waits for guests, once the relay lets us; while it cannot be reached it is
// tried again.
func (p *pairing) welcome(ctx context.Context, ep *transport.Endpoint, v *transport.Invitation, doors transport.Doors, a *transport.Admission) (*transport.Welcome, error) {
	for {
		w, err := ep.Welcome(ctx, v, doors, a)
		if err == nil || ctx.Err() != nil {
			return w, err
		}
		err = relayTrouble(doors.Relay.Address, err)
		if kind := session.KindOf(err); kind != session.Unreachable && kind != session.Timeout && kind != session.Busy {
			return nil, err
		}
		p.set(func(s *tui.PairingShot) { s.Err = err })
		select {
		case <-time.After(relayPause):
		case <-ctx.Done():
		}
	}
}

// relayPause is between two tries to reach a relay.
const relayPause = 2 * time.Second

// shows tells of the code that is good now.
func (p *pairing) shows(v transport.InvitationState) {
	p.set(func(s *tui.PairingShot) {
		switch {
		case s.State == tui.PairingMade:
		case v.Code.IsZero(): // for a moment: the next one is being made known
			s.State, s.Code, s.Type = tui.PairingOpening, "", ""
			if s.Err = nil; v.Err != nil {
				s.Err = relayTrouble(p.doors.Relay.Address, v.Err)
			}
		default:
			s.State, s.Code, s.Until, s.Why, s.Err = tui.PairingWaiting, v.Code.Reveal(), v.Until, string(v.Why), nil
			s.Type, s.Near = "bargee pair "+s.Code, v.Code.Relay() == ""
		}
	})
}

// expect lets the next one who comes be new here.
func (p *pairing) expect() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.expects = true
}

// tree is the directory that grants are for.
func (p *pairing) tree() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shared == nil {
		return ""
	}
	return p.shared.tree
}

// relayTrouble says what is wrong with a relay.
func relayTrouble(addr string, err error) error {
	kind, why := session.KindOf(err), errors.New(reason(err))
	switch kind {
	case session.Auth:
		why = errors.New("the relay " + session.Display(addr) + " lets us open nothing: its token is missing, wrong or revoked")
	case session.Unreachable:
		why = errors.New("the relay " + session.Display(addr) + " does not answer; it is tried again")
	}
	return &session.Error{Kind: kind, Err: why}
}

// ready waits until it can be told how to come here, or that nothing comes of it.
func (p *pairing) ready(ctx context.Context) (tui.PairingShot, error) {
	for {
		s, changed := p.next()
		switch s.State {
		case tui.PairingFailed:
			return s, s.Err
		case tui.PairingWaiting, tui.PairingMade:
			return s, nil
		}
		if s.Err != nil { // it is tried again, but somebody waits for the outcome
			return s, s.Err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return s, context.Cause(ctx)
		}
	}
}
