package tui

import (
	"context"
	"errors"
	"testing"
)

func TestTransfersAreLeftBehind(t *testing.T) {
	var fail error
	d := newDriver(t, 80, 24, func(_ *fakeEngine, o *Options) {
		o.Background = func(context.Context) error { return fail }
	})
	running(d)
	fail = errors.New("no process could be started")
	d.press("q")
	d.wantShown("b  keep running in background")
	d.press("b")
	d.wantShown("no process could be started")
	if d.quit {
		t.Fatal("it quit although nothing goes on")
	}
	fail = nil
	if d.press("q", "b"); !d.quit {
		t.Error("it did not quit")
	}
}

func TestToQuitAsksNothingWhereNothingRuns(t *testing.T) {
	d := newDriver(t, 80, 24)
	running(d)
	d.press("3", "p", "q") // what is paused stays so
	if !d.quit {
		t.Error("it asks about what is paused")
	}
}
