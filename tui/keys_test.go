package tui

import (
	"slices"
	"strings"
	"testing"

	"github.com/bargee/bargee/session"
)

// What each row of the key table does, by its first key and where it works. All
// keys of the row must do it.
var keyEffects = map[string]func(*testing.T, *driver, []string){
	"panes up": func(t *testing.T, d *driver, key []string) {
		d.press("down", "down")
		d.press(key...)
		wantCursor(t, d, "Arrival.2016.2160p.mkv")
	},
	"panes down": func(t *testing.T, d *driver, key []string) {
		d.press(key...)
		wantCursor(t, d, "Arrival.2016.2160p.mkv")
	},
	"panes pgup": func(t *testing.T, d *driver, key []string) {
		d.press("end")
		d.press(key...)
		wantCursor(t, d, "..")
	},
	"panes pgdown": func(t *testing.T, d *driver, key []string) {
		d.press(key...)
		wantCursor(t, d, "東京物語.1953.mkv")
	},
	"panes home": func(t *testing.T, d *driver, key []string) {
		d.press("down", "down")
		d.press(key...)
		wantCursor(t, d, "..")
	},
	"panes end": func(t *testing.T, d *driver, key []string) {
		d.press(key...)
		wantCursor(t, d, "東京物語.1953.mkv")
	},
	"panes enter": func(t *testing.T, d *driver, key []string) {
		d.press(key...)
		if got := d.app.panes[0].dir.Raw(); got != "home/Films/Series" {
			t.Errorf("the pane shows %q", got)
		}
		wantCursor(t, d, "finale.mkv")
	},
	"panes backspace": func(t *testing.T, d *driver, key []string) {
		d.press(key...)
		wantCursor(t, d, "Films") // where one came from
	},
	"panes tab": func(t *testing.T, d *driver, key []string) { d.press(key...); wantFocus(t, d, onRight) },
	"panes 1": func(t *testing.T, d *driver, key []string) {
		d.press("2")
		d.press(key...)
		wantFocus(t, d, onLeft)
	},
	"panes 2": func(t *testing.T, d *driver, key []string) { d.press(key...); wantFocus(t, d, onRight) },
	"panes 3": func(t *testing.T, d *driver, key []string) { d.press(key...); wantFocus(t, d, onQueue) },
	"panes o": func(t *testing.T, d *driver, key []string) {
		d.press(key...)
		d.wantShown("choose a place", "office", "connect…")
	},
	"panes T": func(t *testing.T, d *driver, key []string) {
		d.press(key...)
		d.wantShown("Trust nas-attic (key 7f3a-91c2-e04d) as nas-attic")
		d.press("enter")
		d.wantCalls("pin 1 nas-attic")
	},
	"panes space": func(t *testing.T, d *driver, key []string) {
		d.press(key...)
		wantTagged(t, d, "Series")
		wantCursor(t, d, "Arrival.2016.2160p.mkv")
	},
	"panes +": func(t *testing.T, d *driver, key []string) {
		d.press(key...)
		d.press("ctrl+u")
		d.write("*.SQLITE, *.zip")
		d.press("enter")
		wantTagged(t, d, "library.sqlite", "subtitles.zip")
	},
	"panes -": func(t *testing.T, d *driver, key []string) {
		d.press("*")
		d.press(key...)
		d.write("[a-zA-Z]*")
		d.press("ctrl+a", "delete", "enter")
		wantTagged(t, d, "東京物語.1953.mkv")
	},
	"panes *": func(t *testing.T, d *driver, key []string) {
		d.press(key...)
		if n := d.app.panes[0].tagged.n; n != 10 {
			t.Errorf("%d tagged, want 10", n)
		}
		d.press("space")
		if d.press(key...); !d.app.panes[0].isTagged("Series") || d.app.panes[0].tags.Len() != 1 {
			t.Errorf("inverting left %v", d.tagged(0))
		}
	},
	"panes c": func(t *testing.T, d *driver, key []string) {
		d.press("down")
		d.press(key...)
		d.wantShown("Copy Arrival.2016.2160p.mkv, 41.2G", "Enter queue")
		d.press("enter")
		d.wantCalls("copy /home/Films/Arrival.2016.2160p.mkv to 1:/pool/films")
	},
	"panes m": func(t *testing.T, d *driver, key []string) {
		d.press("down")
		d.press(key...)
		d.press("enter")
		d.wantCalls("move /home/Films/Arrival.2016.2160p.mkv to 1:/pool/films")
	},
	"panes n": func(t *testing.T, d *driver, key []string) {
		d.press(key...)
		d.write("New")
		d.press("enter")
		wantCursor(t, d, "New")
	},
	"panes R": func(t *testing.T, d *driver, key []string) {
		d.press("end")
		d.press(key...)
		d.press("ctrl+u")
		d.write("Tokyo.mkv")
		d.press("enter")
		wantCursor(t, d, "Tokyo.mkv")
	},
	"panes x": func(t *testing.T, d *driver, key []string) {
		d.press("space", "space")
		d.press(key...)
		d.wantShown("Delete Series and 1 more (1 directory and all in it) on laptop?")
		d.press("enter") // is not y
		if got := d.engine.trees[session.Here].calls; got != nil {
			t.Errorf("Enter deleted: %v", got)
		}
		d.press("y")
		want := []string{"remove /home/Films/Arrival.2016.2160p.mkv recursive=false", "remove /home/Films/Series recursive=true"}
		got := slices.Sorted(slices.Values(d.engine.trees[session.Here].calls)) // several go at a time
		if !slices.Equal(got, want) {
			t.Errorf("the tree was asked %q, want %q", got, want)
		}
		wantCursor(t, d, "current")
	},
	"panes /": func(t *testing.T, d *driver, key []string) {
		d.press(key...)
		d.write("ZIP")
		if got := d.names(0); !slices.Equal(got, []string{"subtitles.zip"}) {
			t.Errorf("while typing the pane shows %q", got)
		}
		d.press("enter")
		d.wantShown("/ZIP")
		d.press("esc")
		if len(d.names(0)) != 10 {
			t.Error("Esc does not bring the others back")
		}
	},
	"panes s n": func(t *testing.T, d *driver, key []string) {
		d.press("s", "s")
		d.press(key...)
		wantOrder(t, d, "Series", "Arrival.2016.2160p.mkv", "current")
	},
	"panes s e": func(t *testing.T, d *driver, key []string) {
		d.press(key...)
		wantOrder(t, d, "Series", "current", "README.md")
	},
	"panes s s": func(t *testing.T, d *driver, key []string) {
		d.press(key...)
		wantOrder(t, d, "Series", "Arrival.2016.2160p.mkv", "Stalker.1979.mkv")
	},
	"panes s m": func(t *testing.T, d *driver, key []string) {
		d.press(key...)
		wantOrder(t, d, "Series", "library.sqlite", "Arrival.2016.2160p.mkv")
	},
	"panes S": func(t *testing.T, d *driver, key []string) {
		d.press(key...)
		wantOrder(t, d, "Series", "東京物語.1953.mkv", "subtitles.zip")
		d.wantShown("name ↓")
	},
	"panes .": func(t *testing.T, d *driver, key []string) {
		d.press(key...)
		wantOrder(t, d, "Series", ".hidden", "Arrival.2016.2160p.mkv")
	},
	"panes r": func(t *testing.T, d *driver, key []string) {
		d.press("down", "down")
		d.engine.trees[session.Here].put("home/Films", session.Entry{Name: "aaa"})
		d.press(key...)
		wantOrder(t, d, "Series", "aaa", "Arrival.2016.2160p.mkv")
		wantCursor(t, d, "current")
	},
	"panes ?": func(t *testing.T, d *driver, key []string) {
		d.press(key...)
		d.wantShown("Keys", "Moving", "Esc closes")
		d.press("q")
		if d.quit || d.shows("Moving") {
			t.Error("a key in the help did not just close it")
		}
	},
	"panes esc": func(t *testing.T, d *driver, key []string) {
		d.press("space")
		d.press(key...)
		if d.app.panes[0].tags.Len() != 0 || d.quit {
			t.Error("Esc did not just clear the tags")
		}
	},
	"panes D": func(t *testing.T, d *driver, key []string) {
		if d.press(key...); d.cleared != 1 {
			t.Error("the screen was not cleared")
		}
	},
	"panes q": func(t *testing.T, d *driver, key []string) {
		if d.press(key...); !d.quit {
			t.Error("did not quit")
		}
	},
}

// running, failed and asking put a transfer into the queue that does that.
func running(d *driver) {
	d.press("down", "c", "enter")
	d.tick(10 << 30)
}

func failed(d *driver) {
	running(d)
	t := &d.engine.transfers[0]
	t.State, t.Streams, t.Active = session.StateFailed, nil, nil
	t.Err = &session.Error{Kind: session.Permission, Side: session.Destination, Err: session.Permission}
	d.look()
}

func asking(d *driver) {
	d.engine.conflict = "library.sqlite"
	d.press("down", "down", "down", "c", "enter")
	d.tick(1 << 20)
}

// addEffects says what further keys do; each topic does so in its own file.
func addEffects(more map[string]func(*testing.T, *driver, []string)) {
	for name, effect := range more {
		if keyEffects[name] != nil {
			panic(name + " is tested twice")
		}
		keyEffects[name] = effect
	}
}

// TestKeyTable: an action has a name of its own, and within a scope a key has
// one action and begins no other.
func TestKeyTable(t *testing.T) {
	names := make(map[string]bool)
	for _, sc := range []scope{inPanes, inQueue} {
		keys := make(map[string]string)
		for _, b := range keyTable() {
			if b.scope&sc == 0 {
				continue
			}
			for _, k := range b.Keys() {
				if was := keys[k]; was != "" {
					t.Errorf("%q means both %s and %s", k, was, b.name)
				}
				keys[k] = b.name
			}
		}
		for k, name := range keys {
			if first, _, two := strings.Cut(k, " "); two && keys[first] != "" {
				t.Errorf("%q (%s) begins %q (%s)", first, keys[first], k, name)
			}
		}
	}
	for _, b := range keyTable() {
		if b.name == "" || names[b.name] {
			t.Errorf("%q is the name of no action, or of two", b.name)
		}
		names[b.name] = true
	}
}

func TestEveryKeyDoesWhatTheTableSays(t *testing.T) {
	seen := make(map[string]bool)
	for _, b := range keyTable() {
		where := "panes "
		if b.scope == inQueue {
			where = "queue "
		}
		effect := keyEffects[where+b.Keys()[0]]
		seen[where+b.Keys()[0]] = true
		if effect == nil {
			t.Errorf("no test says what %s%q does", where, b.Keys()[0])
			continue
		}
		for _, key := range b.Keys() {
			t.Run(where+key, func(t *testing.T) {
				t.Parallel()
				effect(t, newDriver(t, 100, 24), strings.Split(key, " "))
			})
		}
	}
	for name := range keyEffects {
		if !seen[name] {
			t.Errorf("%q is tested, but not in the key table", name)
		}
	}
}

// Keys that terminals and multiplexers keep, or cannot tell from others.
func TestKeysReachTheProgram(t *testing.T) {
	kept := []string{"ctrl+a", "ctrl+b", "ctrl+s", "ctrl+q", "ctrl+z", "ctrl+h", "ctrl+i", "ctrl+j", "ctrl+m", "ctrl+["}
	for _, sc := range []scope{inPanes, inQueue} {
		taken := make(map[string]bool)
		for _, b := range keyTable() {
			if b.scope&sc == 0 {
				continue
			}
			letters := 0
			for _, key := range b.Keys() {
				if taken[key] {
					t.Errorf("%q is bound twice", key)
				}
				taken[key] = true
				if slices.Contains(kept, key) && b.name != "suspend" || strings.HasPrefix(key, "alt+") {
					t.Errorf("%q does not reach every program", key)
				}
				if (key[0] != 'f' || len(key) == 1) && !strings.HasPrefix(key, "ctrl+") {
					letters++
				}
			}
			if letters == 0 {
				t.Errorf("%v needs a function key or Ctrl", b.Keys())
			}
		}
	}
}

func wantCursor(t *testing.T, d *driver, name string) {
	t.Helper()
	if got := d.cursorName(); got != name {
		t.Errorf("the cursor is on %q, want %q", got, name)
	}
}

func wantFocus(t *testing.T, d *driver, f focus) {
	t.Helper()
	if d.app.focus != f {
		t.Errorf("the focus is on %d, want %d", d.app.focus, f)
	}
}

func wantTagged(t *testing.T, d *driver, names ...string) {
	t.Helper()
	got := slices.Sorted(slices.Values(d.tagged(0)))
	if !slices.Equal(got, names) {
		t.Errorf("tagged are %q, want %q", got, names)
	}
}

func wantOrder(t *testing.T, d *driver, first ...string) {
	t.Helper()
	if got := d.names(0); len(got) < len(first) || !slices.Equal(got[:len(first)], first) {
		t.Errorf("the pane begins with %q, want %q", got, first)
	}
}
