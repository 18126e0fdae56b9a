//go:build !race

package tui

import (
	"fmt"
	"testing"
)

// millionNames are a million names in the order of no name.
func millionNames() []string {
	names := make([]string, 1_000_000)
	for i := range names {
		names[i] = fmt.Sprintf("n%06d", i*611_953%len(names))
	}
	return names
}

// million opens Series with a million names in it.
func million(tb testing.TB) *driver {
	d := newDriver(tb, 80, 24)
	stock(d.engine, millionNames(), 0, nil)
	d.press("enter")
	if n := d.app.panes[0].count(); n != 1_000_000 {
		tb.Fatalf("%d entries", n)
	}
	return d
}

// BenchmarkMillionKey is a key, what the screen does with it, and the drawing of
// the frame; not what Bubble Tea does with that.
func BenchmarkMillionKey(b *testing.B) {
	d := million(b)
	for _, key := range []string{"down", "pgdown", "end", "home", "space"} {
		b.Run(key, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				d.press(key)
			}
		})
	}
	b.Run("filter", func(b *testing.B) {
		for b.Loop() {
			d.press("/", "7", "3", "4", "esc")
		}
	})
}

// BenchmarkMillionLoad reads a million names until all are shown.
func BenchmarkMillionLoad(b *testing.B) {
	d := million(b)
	for b.Loop() {
		d.press("backspace", "enter")
	}
}
