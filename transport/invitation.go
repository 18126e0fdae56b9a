package transport

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/bargee/bargee/internal/wire"
)

// errNoMore ends an Invitation.
var errNoMore = errors.New("the invitation is over")

// InvitationOptions say how codes are made.
type InvitationOptions struct {
	Relay  string        // host[:port] that codes name; "": none
	TTL    time.Duration // how long a code is good; 0: DefaultCodeTTL
	Guests int           // how many keys may come in; 0: one
	Came   []Came        // of these, who did so before: in an earlier run of the program
}

// Came is somebody who came in, and the code by which that one may come again. It
// holds a secret.
type Came struct {
	Key  Fingerprint
	Code Code
}

// An Invitation lets in those who know a code, as Admission.Code. A code is good
// until its time is over, or 3 wrong ones came; then there is a new one, a minute
// later if several were burnt in a row. Who came in may come again with the same key,
// by the code it came by or without one, until Close.
//
// It owns a timer, and no goroutine. It can be used by several at once.
type Invitation struct {
	mu      sync.Mutex
	state   invite
	timer   *time.Timer
	changed chan struct{} // closed at the next change
}

// InvitationState is an Invitation at one moment.
type InvitationState struct {
	Code    Code       // to be told to people; zero: there is none now
	Until   time.Time  // when there is another; zero: never
	Why     CodeChange // why it is not the one before
	Wrong   int        // wrong ones that came so far, out of 3
	Guests  []Fingerprint
	Left    int        // guests that may still come
	Rooms   []RoomName // where to wait for guests: of the code, and of those who may come again
	Ended   bool
	Err     error           // of a Welcome: why there is no code now, if there should be one
	Changed <-chan struct{} // closed when this is not the state any more
}

// Invite makes an Invitation with its first code.
func Invite(o InvitationOptions) (*Invitation, error) {
	first, err := NewCode(o.Relay)
	if err != nil {
		return nil, err
	}
	relay := first.relay
	if o.TTL <= 0 {
		o.TTL = DefaultCodeTTL
	}
	v := &Invitation{
		state:   invite{make: func(digits int) Code { return makeCode(relay, digits) }, ttl: o.TTL, most: max(1, o.Guests)},
		changed: make(chan struct{}),
	}
	for _, c := range o.Came {
		v.state.guests = append(v.state.guests, guest{c.Key, c.Code})
	}
	v.state.begin(time.Now())
	// Where there is no code it does nothing.
	v.mu.Lock() // it may come at once
	defer v.mu.Unlock()
	v.timer = time.AfterFunc(o.TTL, func() { v.act(func(time.Time) bool { return false }) })
	return v, nil
}

// act lets time pass and changes the state, and lets everybody know if that did anything.
func (v *Invitation) act(f func(now time.Time) (changed bool)) {
	v.mu.Lock()
	defer v.mu.Unlock()
	now := time.Now()
	late := v.state.tick(now)
	if !f(now) && !late {
		return
	}
	if v.timer.Stop(); !v.state.until.IsZero() {
		v.timer.Reset(time.Until(v.state.until))
	}
	close(v.changed)
	v.changed = make(chan struct{})
}

// State returns how things are.
func (v *Invitation) State() InvitationState {
	v.mu.Lock()
	defer v.mu.Unlock()
	s := InvitationState{
		Code: v.state.code, Until: v.state.until, Why: v.state.change, Wrong: v.state.wrong,
		Left: v.state.most - len(v.state.guests), Rooms: v.state.rooms(), Ended: v.state.ended, Changed: v.changed,
	}
	for _, g := range v.state.guests {
		s.Guests = append(s.Guests, g.key)
	}
	return s
}

// Came lists who came in, for another run to go on with.
func (v *Invitation) Came() (all []Came) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, g := range v.state.guests {
		all = append(all, Came{g.key, g.code})
	}
	return all
}

// Next waits until the state is not s any more, and returns it. It fails after Close
// and when ctx ends.
func (v *Invitation) Next(ctx context.Context, s InvitationState) (InvitationState, error) {
	select {
	case <-s.Changed:
	case <-ctx.Done():
		return s, context.Cause(ctx)
	}
	now := v.State()
	if now.Ended {
		return now, fail(ErrClosed, "%w", errNoMore)
	}
	return now, nil
}

// Taken says that somebody else waits in the room already: if it is the code's, there
// is another code, with a longer number.
func (v *Invitation) Taken(room RoomName) {
	v.act(func(now time.Time) bool { return v.state.taken(room, now) })
}

// Close ends it. Links that it let in live on.
func (v *Invitation) Close() {
	v.act(func(time.Time) bool {
		was := v.state.ended
		v.state.end()
		return !was
	})
}

// open tells whether a code is worth asking for.
func (v *Invitation) open() bool { return v != nil && !v.State().Ended }

// knows tells whether key came in by a code.
func (v *Invitation) knows(key Fingerprint) bool {
	if v == nil {
		return false
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	_, ok := v.state.guest(key)
	return ok
}

// was is that of invite.
func (v *Invitation) was(room RoomName) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.state.was(room)
}

// ask and judge are those of invite, at the present time.
func (v *Invitation) ask(key Fingerprint, room RoomName) (code Code, refused *wire.Refused) {
	v.act(func(time.Time) bool {
		code, refused = v.state.ask(key, room)
		return false
	})
	return code, refused
}

func (v *Invitation) judge(key Fingerprint, room RoomName, right bool) (refused *wire.Refused) {
	v.act(func(now time.Time) (changed bool) {
		refused, changed = v.state.judge(key, room, right, now)
		return changed
	})
	return refused
}
