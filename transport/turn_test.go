package transport

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// Logins that come to nothing are counted: whoever the others were had a guess each.
func TestTurnInVain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turn := newTurn()
		for n := range phraseTries {
			if err := turn.take(t.Context()); err != nil {
				t.Fatalf("the %dth: %v", n+1, err)
			}
			turn.give(fail(ErrTimeout, "no answer"))
		}
		if err := turn.take(t.Context()); !errors.Is(err, ErrBusy) {
			t.Errorf("one more: %v", err)
		}
		time.Sleep(phraseWindow)
		if err := turn.take(t.Context()); err != nil {
			t.Errorf("an hour later: %v", err)
		}
		turn.give(nil)
		if err := turn.take(t.Context()); !errors.Is(err, errFaster) {
			t.Errorf("after one that did: %v", err)
		}
	})
}

// A room whose ctx has ended is not waited for.
func TestHostTooLate(t *testing.T) {
	e := serveOn(t, Config{Admission: &Admission{Tree: "/"}})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := e.Host(ctx, RelayRemote{Address: "127.0.0.1:9"}, RoomName{1}, RoomOptions{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
