package relay

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/bargee/bargee/transport"
)

// A relay that drains lets nobody new in and goes on forwarding, until the peers
// have done with it or its time is over.
// It holds F96.
func TestDrain(t *testing.T) {
	b := newBed(t)
	near, far := b.meet(false)
	go echo(t.Context(), far)
	exchange(t, near, []byte("before"))
	hurried, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := b.relay.Drain(hurried); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a relay that forwards has drained: %v", err)
	}
	drained := make(chan error, 1)
	go func() { drained <- b.relay.Drain(t.Context()) }()
	exchange(t, near, []byte("while it drains"))
	if _, err := transport.OpenRoom(t.Context(), b.dial(false), transport.RoomName{9}, 0, 0); !errors.Is(err, transport.ErrRoomBusy) {
		t.Errorf("a new room: %v", err)
	}
	if _, err := transport.JoinRoom(t.Context(), b.dial(true), transport.RoomName{1, 2, 3}); !errors.Is(err, transport.ErrRoomBusy) {
		t.Errorf("somebody new in a room: %v", err)
	}
	select {
	case err := <-drained:
		t.Errorf("drained while it forwards: %v", err)
	default:
	}
	b.leave()
	select {
	case err := <-drained:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Errorf("it forwards for nobody: %+v", b.relay.Status())
	}
}
