package tui

import (
	"context"
	"errors"
	"testing"
)

// What runs goes on in a process of its own before this one is stopped; if that
// fails, it is not.
func TestSuspendHandsOver(t *testing.T) {
	handed, fails := 0, errors.New("no room")
	d := newDriver(t, 100, 24, func(_ *fakeEngine, o *Options) {
		o.Background = func(context.Context) error { handed++; return fails }
	})
	running(d)
	d.press("Z")
	if handed != 1 || d.suspended {
		t.Errorf("handed over %d times, suspended %v although that failed", handed, d.suspended)
	}
	d.wantShown("no room")
	fails = nil
	if d.press("Z"); handed != 2 || !d.suspended {
		t.Errorf("handed over %d times, suspended %v", handed, d.suspended)
	}
}
