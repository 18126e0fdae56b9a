package tui

import (
	"context"
	"testing"

	"github.com/bargee/bargee/session"
)

func init() {
	addEffects(map[string]func(*testing.T, *driver, []string){
		"panes i": func(t *testing.T, d *driver, key []string) {
			d.press("end", "up")
			d.press(key...)
			d.wantShown("file", "63,963,136 bytes  (61.0M)", "-rw-r--r--  644", "application/zip", "Fri 2 Jan 2026 21:14:00")
			d.press("h")
			d.wantShown("BLAKE3", "7375627469746c65732e7a69702136")
			d.press("esc")
			if d.app.over() != nil {
				t.Error("Esc does not close it")
			}
		},
	})
	scenes = append(scenes,
		scene{name: "entry", play: func(d *driver) { d.press("end", "i", "h") }},
		scene{name: "entries", play: func(d *driver) { d.press("space", "space", "space", "i") }},
	)
}

// A directory that was counted has its size in the size column afterwards, until
// another one is shown.
func TestDirectorySizeIsCounted(t *testing.T) {
	d := newDriver(t, 80, 24)
	d.press("i")
	d.wantShown("2 files, 0 directories", "1,939,865,600 bytes  (1.8G)")
	d.press("esc")
	d.wantShown("Series/                  1.8G")
	d.press("backspace", "enter")
	d.wantShown("Series/                   DIR")
	d.press("home", "i") // on ".."
	d.wantShown("12 files, 1 directory")
}

func TestDetailsOfSeveral(t *testing.T) {
	d := newDriver(t, 80, 24)
	d.press("space", "space", "space", "i")
	d.wantShown("1 file, 1 directory, 1 link", "4 files, 1 directory", "46,178,028,748 bytes")
}

func TestNamesInDetailsAreEscaped(t *testing.T) {
	d := newDriver(t, 80, 24)
	d.engine.trees[session.Here].put("home/Films", session.Entry{Name: "a\x1b[2J\xff é", Size: 5})
	d.press("ctrl+r", "'")
	d.write(`a\x1b`)
	d.press("enter", "i")
	d.wantShown(`a\x1b[2J\xff\x20é`, `a\x1b[2J\xff \xc3\xa9`, "5 bytes")
}

// The count ends with the details.
func TestDetailsEnd(t *testing.T) {
	d := newDriver(t, 80, 24)
	d.app.push(&entryDetails{place: func() session.Place { return session.Place{} }, ctx: context.Background(), cancel: func() {}, items: []session.Entry{{}}})
	d.press("esc")
	d.press("i")
	x, _ := topmost[*entryDetails](d.app)
	d.press("esc")
	if x.ctx.Err() == nil {
		t.Error("its context has not ended")
	}
	if msg := x.nextCounted(make(chan countedMsg)); msg != nil {
		t.Errorf("counting goes on: %v", msg)
	}
}
