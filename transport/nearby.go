package transport

import (
	"context"
	"time"

	"github.com/bargee/bargee/transport/lan"
)

// RoomsOf says which rooms are to be open at a time, and until when that is so.
type RoomsOf func(now time.Time) (names []RoomName, until time.Time)

// nearbyAgain is how often it is looked whether other rooms are wanted, or an
// interface came up.
const nearbyAgain = 10 * time.Second

// AttendLAN has e found on the local network by who knows one of the rooms that rooms
// names, until stop or the end of e; who is let in there comes out of Accept. It owns a
// goroutine of e's, and the sockets.
func (e *Endpoint) AttendLAN(o lan.Options, rooms RoomsOf) (stop func(), err error) {
	node, err := lan.Open(o)
	if err != nil {
		return nil, err
	}
	if !e.begin() {
		node.Close()
		return nil, fail(ErrClosed, "attend the local network: the endpoint was closed")
	}
	ctx, cancel := context.WithCancel(e.ctx)
	over := make(chan struct{})
	n := &nearby{from: e, node: node, rooms: rooms, members: map[RoomName]*lan.Member{}, heard: make(chan lan.Sighting, 16)}
	until := n.turn(time.Now())
	go func() {
		defer e.wait.Done()
		defer close(over)
		defer node.Close()
		n.keep(ctx, until)
	}()
	return func() { cancel(); <-over }, nil
}

// nearby is an endpoint on the local network.
type nearby struct {
	from    *Endpoint
	node    *lan.Node
	rooms   RoomsOf
	members map[RoomName]*lan.Member
	heard   chan lan.Sighting // some may be lost
}

// keep makes way for those who look for us, and changes rooms when it is time to.
func (n *nearby) keep(ctx context.Context, until time.Time) {
	again := time.NewTimer(min(time.Until(until), nearbyAgain))
	defer again.Stop()
	for {
		select {
		case s := <-n.heard:
			n.from.openTowards(s)
		case <-again.C:
			until = n.turn(time.Now())
			n.node.Refresh()
			again.Reset(min(time.Until(until), nearbyAgain))
		case <-ctx.Done():
			return
		}
	}
}

// turn is in the rooms of now, and in no others.
func (n *nearby) turn(now time.Time) (until time.Time) {
	names, until := n.rooms(now)
	wanted := map[RoomName]bool{}
	for _, name := range names {
		wanted[name] = true
		if n.members[name] == nil {
			n.members[name] = n.node.Join(lan.Room(name), addressOf(n.from.Addr()), lan.Waiting, n.hear)
		}
	}
	for name, m := range n.members {
		if !wanted[name] {
			m.Leave()
			delete(n.members, name)
		}
	}
	return until
}

func (n *nearby) hear(s lan.Sighting) {
	select {
	case n.heard <- s:
	default: // they say it again
	}
}
