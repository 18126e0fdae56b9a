package transport

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/bargee/bargee/transport/lan"
)

// A Welcome waits at doors for the guests of an Invitation. It has a goroutine of
// the endpoint's until Close, or until its ctx ends.
type Welcome struct {
	from   *Endpoint
	v      *Invitation
	doors  Doors
	o      RoomOptions
	cancel context.CancelFunc
	over   chan struct{}

	// Of the goroutine.
	node  *lan.Node // nil: the local network is no way
	rooms map[RoomName]*welcomeRoom

	mu      sync.Mutex
	state   InvitationState
	err     error // why it ended
	changed chan struct{}
}

// A welcomeRoom is open at one relay, on the local network, or both.
type welcomeRoom struct {
	hosted *Hosted
	lan    *lanParty
}

// Welcome waits at doors for the guests of v, an Invitation whose codes name the relay
// of doors, if there is one: the room of each code is open at the relay, and asked
// for on the local network. A code whose number is taken at the relay is replaced.
// Who is let in comes out of Accept. On the local network e's own Admission counts,
// which has to have v; at the relay that of a, or e's if it is nil.
//
// It returns when the first code is good at all doors. ctx bounds the waiting; links
// live on.
func (e *Endpoint) Welcome(ctx context.Context, v *Invitation, doors Doors, a *Admission) (*Welcome, error) {
	if !e.begin() {
		return nil, fail(ErrClosed, "wait for guests: the endpoint was closed")
	}
	w := &Welcome{
		from: e, v: v, doors: doors, o: RoomOptions{Admission: a}, over: make(chan struct{}),
		rooms: map[RoomName]*welcomeRoom{}, changed: make(chan struct{}),
	}
	ctx, w.cancel = context.WithCancel(ctx)
	stop := context.AfterFunc(e.ctx, w.cancel)
	done := func() {
		w.cancel()
		w.shut(nil)
		if w.node != nil {
			w.node.Close()
		}
		stop()
		close(w.over)
		e.wait.Done()
	}
	first, err := w.begin(ctx)
	if err != nil {
		done()
		return nil, fmt.Errorf("wait for guests: %w", err)
	}
	w.state = first
	w.state.Changed = w.changed
	go func() {
		defer done()
		w.keep(ctx, first)
	}()
	return w, nil
}

// begin opens what there is at first.
func (w *Welcome) begin(ctx context.Context) (InvitationState, error) {
	if w.doors.LAN != nil {
		var err error
		if w.node, err = lan.Open(*w.doors.LAN); err != nil && !w.doors.hasRelay() {
			return InvitationState{}, err
		}
	}
	return w.open(ctx)
}

// State is that of the Invitation, with a code only if it is good at all doors; its
// Changed is closed when there is another one.
func (w *Welcome) State() InvitationState {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state
}

// Next waits until the state is not s any more, and returns it. It fails when ctx
// ends, and when nobody is waited for any more, with why.
func (w *Welcome) Next(ctx context.Context, s InvitationState) (InvitationState, error) {
	select {
	case <-s.Changed:
	case <-ctx.Done():
		return s, context.Cause(ctx)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state, w.err
}

// Close ends the waiting: the rooms are closed, links live on, and so does the
// Invitation.
func (w *Welcome) Close() {
	w.cancel()
	<-w.over
}

// keep follows the Invitation until it is over, or ctx ends.
func (w *Welcome) keep(ctx context.Context, s InvitationState) {
	for {
		if _, err := w.v.Next(ctx, s); err != nil {
			w.end(fail(ErrClosed, "nobody is waited for any more: %w", err))
			return
		}
		opened, err := w.open(ctx)
		if err == nil {
			s = opened
			w.become(s)
			continue
		}
		// The relay let us wait before: it may again. Meanwhile there is no code.
		w.become(InvitationState{Why: opened.Why, Guests: opened.Guests, Left: opened.Left, Err: err})
		pause(ctx, max(reopenMost, min(waitOf(err), reopenHint)))
		s = InvitationState{Changed: closedChannel}
	}
}

// closedChannel is that of a state which is not the present one.
var closedChannel = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

func (w *Welcome) become(s InvitationState) {
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.changed)
	w.changed = make(chan struct{})
	s.Changed = w.changed
	w.state = s
}

func (w *Welcome) end(why error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.changed)
	w.state, w.err = InvitationState{Why: w.state.Why, Ended: true, Changed: w.changed}, why
}

// open has those rooms open that the Invitation wants now, and no others.
func (w *Welcome) open(ctx context.Context) (InvitationState, error) {
	for {
		s := w.v.State()
		w.shut(s.Rooms)
		err := w.openAll(ctx, s)
		var taken *takenError
		switch {
		case err == nil:
			return s, nil
		case errors.As(err, &taken):
			if s.Code.IsZero() || taken.room != s.Code.Room() {
				return s, err
			}
		default:
			return s, err
		}
	}
}

// A takenError says which room somebody else has.
type takenError struct {
	room RoomName
	error
}

func (t *takenError) Unwrap() error { return t.error }

func (w *Welcome) openAll(ctx context.Context, s InvitationState) error {
	for _, name := range s.Rooms {
		if w.rooms[name] != nil {
			continue
		}
		r := &welcomeRoom{}
		if w.doors.hasRelay() {
			var err error
			o := w.o
			// A guest who came may come again; its room must not keep the code from others.
			o.Patient = !s.Code.IsZero() && name != s.Code.Room()
			o.Changed = func(s RoomState) {
				if errors.Is(s.Err, ErrRoomOpen) { // maybe only later: the relay was restarted, say
					w.v.Taken(name) // a guest's is not replaced
				}
			}
			if r.hosted, err = w.from.Host(ctx, w.doors.Relay, name, o); err != nil {
				if errors.Is(err, ErrRoomOpen) {
					err = &takenError{name, err}
				}
				return err
			}
		}
		if w.node != nil {
			r.lan = w.from.party(ctx, w.node, name, lan.Waiting, false)
		}
		w.rooms[name] = r
	}
	return nil
}

// shut closes all rooms but some.
func (w *Welcome) shut(but []RoomName) {
	for name, r := range w.rooms {
		if slices.Contains(but, name) {
			continue
		}
		if r.hosted != nil {
			r.hosted.Close()
		}
		if r.lan != nil {
			r.lan.close()
		}
		delete(w.rooms, name)
	}
}
