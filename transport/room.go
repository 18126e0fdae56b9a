package transport

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bargee/bargee/internal/wire"
)

// Errors of rooms, beside those of links. All carry the relay's words.
var (
	ErrNoRoom   = errors.New("nobody waits in the room")
	ErrRoomBusy = errors.New("the relay allows no more now")
	ErrRoomOpen = errors.New("somebody has opened the room already") // an ErrRoomBusy
)

// A Room is open at a relay as long as it is not closed, the link to the relay
// lives, and its time is not over.
type Room struct {
	Until time.Time // when it closes by itself

	relay  string
	way    *carriage
	stream Stream
	in     *bufio.Reader
	stop   func() bool
}

// OpenRoom opens a room at the relay at the other end of l, for wanted at most (0:
// as long as the relay allows) and for so many who join (0: any number). It needs
// a link that a token of the relay's admitted. ctx bounds the room's life.
func OpenRoom(ctx context.Context, l Link, name RoomName, wanted time.Duration, joins int) (*Room, error) {
	return openRoom(ctx, l, name, wanted, joins, nil)
}

// openRoom is OpenRoom for who opens it again after a link was lost, by the same
// holder.
func openRoom(ctx context.Context, l Link, name RoomName, wanted time.Duration, joins int, holder []byte) (*Room, error) {
	st, stop, err := ask(ctx, l, &wire.RelayRequest{Ask: &wire.RelayRequest_Open{Open: &wire.OpenRoom{
		Room: name[:], Seconds: uint32((wanted + time.Second - 1) / time.Second), Joins: uint32(joins), Holder: holder}}})
	if err != nil {
		return nil, fmt.Errorf("open a room: %w", err)
	}
	r := &Room{relay: l.Peer().Address, way: carriageOf(l), stream: st, in: bufio.NewReader(st), stop: stop}
	var e wire.RoomEvent
	if err := wire.Read(r.in, &e); err != nil {
		r.Close()
		return nil, fmt.Errorf("open a room: %w", cause(ctx, err))
	}
	if e.GetOpened() == nil {
		r.Close()
		return nil, fmt.Errorf("open a room: %w", refusedBy(r.relay, e.GetClosed()))
	}
	r.Until = time.Now().Add(time.Duration(e.GetOpened().Seconds) * time.Second)
	return r, nil
}

// Next waits for the next one who joins and returns our leg of the session with
// it, number 0.
func (r *Room) Next() (Leg, error) {
	var e wire.RoomEvent
	if err := wire.Read(r.in, &e); err != nil {
		return Leg{}, fmt.Errorf("wait in a room: %w", err)
	}
	if e.GetJoined() == nil {
		return Leg{}, fmt.Errorf("wait in a room: %w", refusedBy(r.relay, e.GetClosed()))
	}
	return legOf(r.relay, r.way, e.GetJoined(), 0)
}

// Reject ends a session. With wrong the relay is told that who joined did not know
// the secret, and lets nobody of that network join for a while.
func (r *Room) Reject(leg Leg, wrong bool) error {
	return wire.Write(r.stream, &wire.RoomWord{Reject: leg.Session, Wrong: wrong})
}

// welcome tells the relay that who joined did know the secret: honest joins do not
// count against a network.
func (r *Room) welcome(leg Leg) error {
	return wire.Write(r.stream, &wire.RoomWord{Welcome: leg.Session})
}

// Close closes the room; sessions go on.
func (r *Room) Close() {
	r.stop()
	r.stream.Abort(0)
}

// JoinRoom joins a room at the relay at the other end of l and returns our leg of
// the session with who opened it, number 1.
func JoinRoom(ctx context.Context, l Link, name RoomName) (Leg, error) {
	return joinRoom(ctx, l, name, 0)
}

// joinRoom is JoinRoom for a room that may be opened within wait.
func joinRoom(ctx context.Context, l Link, name RoomName, wait time.Duration) (Leg, error) {
	st, stop, err := ask(ctx, l, &wire.RelayRequest{Ask: &wire.RelayRequest_Join{Join: &wire.JoinRoom{
		Room: name[:], Seconds: uint32(min(wait, mostAwaited) / time.Second)}}})
	if err != nil {
		return Leg{}, fmt.Errorf("join a room: %w", err)
	}
	defer stop()
	defer st.Abort(0)
	var reply wire.RelayReply
	if err := wire.Read(bufio.NewReader(st), &reply); err != nil {
		return Leg{}, fmt.Errorf("join a room: %w", cause(ctx, err))
	}
	if reply.GetJoined() == nil {
		return Leg{}, fmt.Errorf("join a room: %w", refusedBy(l.Peer().Address, reply.GetRefused()))
	}
	return legOf(l.Peer().Address, carriageOf(l), reply.GetJoined(), 1)
}

// mostAwaited is how long one may wait for a room to be opened.
const mostAwaited = time.Minute

// ask opens a stream with a request; the stream ends with ctx, until stop.
func ask(ctx context.Context, l Link, r *wire.RelayRequest) (st Stream, stop func() bool, err error) {
	if st, err = l.OpenStream(ctx, Control); err != nil {
		return nil, nil, err
	}
	stop = context.AfterFunc(ctx, func() { st.Abort(0) })
	if err := wire.Write(st, r); err != nil {
		stop()
		st.Abort(0)
		return nil, nil, err
	}
	return st, stop, nil
}

func cause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// legOf checks what a relay says of a leg.
func legOf(relay string, way *carriage, l *wire.SessionLeg, number uint32) (Leg, error) {
	if l.Leg != number || len(l.Key) != 32 {
		return Leg{}, fail(ErrProtocol, "%s named a leg that cannot be", relay)
	}
	return Leg{Relay: relay, Session: l.Session, Number: uint8(l.Leg), Key: l.Key, Observed: l.Observed, Quick: l.Quick, way: way}, nil
}

// A laterError is one that says when to try again.
type laterError struct {
	error
	wait time.Duration
}

func (l *laterError) Unwrap() error { return l.error }

// waitOf is how long it makes no sense to try again after err, as a relay said; 0: it
// did not.
func waitOf(err error) time.Duration {
	if l := (*laterError)(nil); errors.As(err, &l) {
		return l.wait
	}
	return 0
}

// refusedBy is a relay's no as an error.
func refusedBy(relay string, r *wire.RelayRefusal) error {
	wait := time.Duration(r.GetSeconds()) * time.Second
	err := refusalOf(relay, r, wait)
	if wait > 0 {
		return &laterError{err, wait}
	}
	return err
}

func refusalOf(relay string, r *wire.RelayRefusal, wait time.Duration) error {
	words := printable(r.GetMessage())
	if wait > 0 {
		words += fmt.Sprintf("; try again in %v", wait)
	}
	switch r.GetWhy() {
	case wire.RelayRefusal_NO_ROOM, wire.RelayRefusal_EXPIRED:
		return fail(ErrNoRoom, "%s: %s", relay, words)
	case wire.RelayRefusal_EXISTS:
		return fail(errors.Join(ErrRoomBusy, ErrRoomOpen), "%s: %s", relay, words)
	case wire.RelayRefusal_LIMIT, wire.RelayRefusal_DRAINING:
		return fail(ErrRoomBusy, "%s: %s", relay, words)
	case wire.RelayRefusal_TOKEN:
		return fail(ErrAuth, "%s: %s", relay, words)
	}
	return fail(ErrProtocol, "%s answered with nothing of use", relay)
}
