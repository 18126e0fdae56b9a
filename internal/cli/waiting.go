package cli

import (
	"context"
	"errors"
	"log/slog"
	"slices"

	"github.com/bargee/bargee/transport"
)

// A waiting is where the guests of an invitation find us: in a room at a relay for
// each code that is good, or was for somebody. Its goroutine is that of keep.
type waiting struct {
	endpoint *transport.Endpoint
	code     *transport.Invitation
	relay    transport.RelayRemote
	atRelay  bool
	log      *slog.Logger

	rooms map[transport.RoomName]*transport.Hosted
}

// open opens the rooms that there are now, so that the first code can be told. A
// relay that cannot be reached is an error now, and none later on.
func (w *waiting) open(ctx context.Context) error {
	w.rooms = map[transport.RoomName]*transport.Hosted{}
	for {
		state := w.code.State()
		err := w.follow(ctx, state, false)
		if !errors.Is(err, transport.ErrRoomOpen) {
			return err
		}
		for _, room := range state.Rooms {
			w.code.Taken(room)
		}
	}
}

// keep opens and closes rooms as codes come and go, until ctx ends.
func (w *waiting) keep(ctx context.Context) {
	state := w.code.State()
	for {
		if err := w.follow(ctx, state, true); err != nil {
			w.log.Warn("cannot wait at the relay", "reason", reason(err))
		}
		next, err := w.code.Next(ctx, state)
		if err != nil {
			break
		}
		state = next
	}
	for _, h := range w.rooms {
		h.Close()
	}
}

// follow brings the rooms in line with a state. Whoever is patient goes on trying.
func (w *waiting) follow(ctx context.Context, state transport.InvitationState, patient bool) error {
	if !w.atRelay {
		return nil
	}
	for name, h := range w.rooms {
		if !slices.Contains(state.Rooms, name) {
			h.Close()
			delete(w.rooms, name)
		}
	}
	for _, name := range state.Rooms {
		if w.rooms[name] != nil {
			continue
		}
		h, err := w.endpoint.Host(ctx, w.relay, name, transport.RoomOptions{Patient: patient, Changed: func(s transport.RoomState) {
			switch {
			case s.Open:
				w.log.Debug("waiting at the relay", "relay", w.relay.Address, "until", s.Until)
			case errors.Is(s.Err, transport.ErrRoomOpen) && patient:
				w.code.Taken(name) // from an earlier run of ours, or a stranger's: a room whose guest has come is waited for
			case s.Err != nil && ctx.Err() == nil:
				w.log.Warn("not waiting at the relay", "relay", w.relay.Address, "reason", reason(s.Err))
			}
		}})
		if err != nil {
			return err
		}
		w.rooms[name] = h
	}
	return nil
}
