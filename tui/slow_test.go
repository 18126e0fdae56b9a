package tui

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// TestSlowLine: with Options.Slow eight streams cost a line of 9600 baud half of
// it, and a key is answered at once all the same.
func TestSlowLine(t *testing.T) {
	for _, size := range []struct{ w, h, budget int }{{80, 24, 600}, {160, 48, 1024}} {
		t.Run(fmt.Sprintf("%dx%d", size.w, size.h), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBed(t, size.w, size.h)
				b.app.opts.Slow = true
				b.engine.streams = 8
				b.press("down", "down", "down", "c", "enter")
				b.tick(1 << 28)
				<-time.After(2 * slowInterval)
				const seconds = 20
				before := b.term.bytes()
				for range seconds {
					b.engine.step(100 << 20)
					<-time.After(time.Second)
				}
				if got := (b.term.bytes() - before) / seconds; got > size.budget || got == 0 {
					t.Errorf("eight streams send %d bytes a second, at most %d", got, size.budget)
				} else {
					t.Logf("%d bytes a second", got)
				}
				before = b.term.bytes()
				b.press("down")
				b.wantPainted("a key")
				if b.term.bytes() == before {
					t.Error("the key had to wait")
				}
				b.end()
			})
		})
	}
}

// TestSlowAfterStall: a terminal that did not keep up is spared for a while.
func TestSlowAfterStall(t *testing.T) {
	d := newDriver(t, 80, 24)
	d.press("down", "down", "down", "c", "enter")
	now := testNow.Add(2 * freshFor)
	d.app.now = func() time.Time { return now }
	want := func(when string, pause time.Duration) {
		t.Helper()
		if got := d.app.spared(d.app.interval()); got != pause {
			t.Errorf("%s a transfer is looked at every %v, want %v", when, got, pause)
		}
	}
	want("at first", busyInterval)
	drainedMsg{}.apply(d.app)
	want("after the terminal had stalled", slowInterval)
	now = now.Add(slowFor)
	want("later", busyInterval)
}
