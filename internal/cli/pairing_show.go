package cli

import (
	"context"
	"errors"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
	"github.com/bargee/bargee/tui"
)

// errNoRelay is why no code can be made.
var errNoRelay = usage("no relay is known here, where the other machine could come to",
	"bargee relay runs one; bargee relay add, --relay or BARGEE_RELAY say which it is")

// Show implements tui.Pairing.
func (p *pairing) Show() { p.begin(tui.PairingOpening, p.show) }

// show has codes that are good, one after the other, until somebody came, and then
// waits for that one to come again.
func (p *pairing) show(ctx context.Context) error {
	if !p.relay.ok {
		return errNoRelay
	}
	ep, err := p.reach.open()
	if err != nil {
		return err
	}
	invitation, err := transport.Invite(transport.InvitationOptions{Relay: p.relay.Address, TTL: p.ttl})
	if err != nil {
		return err
	}
	defer invitation.Close()
	p.accept(ep)
	h := &hosting{pairing: p, ep: ep, invitation: invitation, rooms: map[transport.RoomName]context.CancelFunc{}}
	h.admission = &transport.Admission{Tree: p.tree(), Code: invitation}
	p.mu.Lock()
	p.expects = true
	p.mu.Unlock()
	for s := invitation.State(); ; {
		h.follow(ctx, s)
		if s, err = invitation.Next(ctx, s); err != nil {
			return err
		}
	}
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

// hosting keeps those rooms open where guests may come.
type hosting struct {
	*pairing
	ep         *transport.Endpoint
	invitation *transport.Invitation
	admission  *transport.Admission
	rooms      map[transport.RoomName]context.CancelFunc
}

// follow opens and closes rooms for a state of the invitation.
func (h *hosting) follow(ctx context.Context, s transport.InvitationState) {
	wanted := map[transport.RoomName]bool{}
	for _, room := range s.Rooms {
		wanted[room] = true
		if h.rooms[room] == nil {
			within, leave := context.WithCancel(ctx)
			h.rooms[room] = leave
			h.running.Go(func() { h.host(within, room) })
		}
	}
	for room, leave := range h.rooms {
		if !wanted[room] {
			leave()
			delete(h.rooms, room)
		}
	}
}

// host keeps a room open until ctx ends, and says so.
func (h *hosting) host(ctx context.Context, room transport.RoomName) {
	open := make(chan error, 1)
	say := func(s transport.RoomState) {
		select {
		case <-open: // only the last one counts
		default:
		}
		open <- s.Err
	}
	hosted, err := h.ep.Host(ctx, h.relay.RelayRemote, room, transport.RoomOptions{Admission: h.admission, Patient: true, Changed: say})
	if err != nil {
		h.trouble(room, err)
		return
	}
	defer hosted.Close()
	for {
		select {
		case err := <-open:
			if errors.Is(err, transport.ErrRoomOpen) {
				h.invitation.Taken(room)
			}
			h.trouble(room, err)
		case <-ctx.Done():
			return
		}
	}
}

// trouble shows the code of a room if it is good, or why not.
func (h *hosting) trouble(room transport.RoomName, err error) {
	now := h.invitation.State()
	if now.Code.IsZero() || now.Code.Room() != room {
		return
	}
	h.set(func(s *tui.PairingShot) {
		if s.State == tui.PairingMade {
			return
		}
		s.Err = nil
		if err != nil {
			s.Err = relayTrouble(h.relay.Address, err)
			return
		}
		s.State, s.Code, s.Until, s.Why = tui.PairingWaiting, now.Code.Reveal(), now.Until, string(now.Why)
		s.Type = "bargee pair " + s.Code
	})
}

// relayTrouble says what is wrong with a relay.
func relayTrouble(addr string, err error) error {
	kind := session.KindOf(err)
	why := errors.New(reason(err))
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
		switch {
		case s.State == tui.PairingFailed:
			return s, s.Err
		case s.State == tui.PairingWaiting || s.State == tui.PairingMade:
			return s, nil
		case s.State == tui.PairingOpening && s.Err != nil && session.KindOf(s.Err) == session.Auth:
			return s, s.Err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return s, context.Cause(ctx)
		}
	}
}
