package tui

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/compare"
)

func init() {
	addEffects(map[string]func(*testing.T, *driver, []string){
		"panes =": func(t *testing.T, d *driver, key []string) {
			d.press(key...)
			wantVerdict(t, d, 0, "library.sqlite", compare.Newer)
			wantVerdict(t, d, 1, "library.sqlite", compare.Older)
			wantVerdict(t, d, 0, "Solaris.1972.mkv", compare.Same)
			d.wantShown("+ Arrival", "> library", "= Solaris", "< library", "+ Vertigo", "9 differ")
			d.press(key...) // by content
			d.wantShown("= library", "8 differ by hash")
			if d.press(key...); d.shows("+ Arrival") || d.shows("differ") {
				t.Error("it does not end")
			}
		},
		"panes d": func(t *testing.T, d *driver, key []string) {
			d.press("=")
			d.press(key...)
			d.wantShown("9 tagged here, 2 in the other pane")
			if d.app.panes[0].isTagged("Solaris.1972.mkv") || d.app.panes[1].isTagged("library.sqlite") {
				t.Error("what is the same, or older, is tagged")
			}
		},
		"panes H": func(t *testing.T, d *driver, key []string) {
			d.press("=")
			d.press(key...)
			d.wantShown("only 9 that differ")
			if slices.Contains(d.names(0), "Solaris.1972.mkv") || slices.Contains(d.names(1), "Solaris.1972.mkv") || len(d.names(0)) != 9 {
				t.Errorf("shown are %q and %q", d.names(0), d.names(1))
			}
			d.press(key...)
			if len(d.names(0)) != 10 {
				t.Error("it does not come back")
			}
		},
	})
	scenes = append(scenes,
		scene{name: "compare", play: func(d *driver) { likeEachOther(d); d.press("=", "d", "down", "down") }},
		scene{name: "compare-ascii", opts: func(_ *fakeEngine, o *Options) { o.ASCII = true }, play: func(d *driver) { likeEachOther(d); d.press("=", "=", "Y") }},
	)
}

// likeEachOther makes the two directories have more in common.
func likeEachOther(d *driver) {
	there := d.engine.trees[1]
	for _, name := range []string{"README.md", "subtitles.zip", "posters.tar.zst"} {
		e, err := d.engine.trees[session.Here].Stat(d.t.Context(), path(d.t, "home/Films/"+name))
		if err != nil {
			d.t.Fatal(err)
		}
		if name == "posters.tar.zst" {
			e.Size--
		}
		there.put("pool/films", e)
	}
	there.put("pool/films", session.Entry{Name: "Series", Kind: session.Directory, Mode: 0o755})
	d.press("2", "ctrl+r", "1")
}

func wantVerdict(t *testing.T, d *driver, side int, name string, want compare.Verdict) {
	t.Helper()
	p := &d.app.panes[side]
	i, ok := p.rowOf(name)
	if !ok {
		t.Errorf("%s is not shown", name)
		return
	}
	r, _ := p.at(i)
	if got := p.compared.Of(side, r.id); got != want {
		t.Errorf("side %d, %s: %s, want %s", side, name, verdictWords[got], verdictWords[want])
	}
}

// What is compared follows both panes: what comes, what changes, and where they go.
func TestComparisonFollows(t *testing.T) {
	d := newDriver(t, 120, 30)
	d.press("=")
	d.wantShown("8 only here, 1 newer, 1 the same") // the note, once
	d.engine.trees[session.Here].put("home/Films", session.Entry{Name: "Vertigo.1958.mkv", Size: 7, Modified: testNow})
	d.press("ctrl+r")
	wantVerdict(t, d, 0, "Vertigo.1958.mkv", compare.Newer)
	wantVerdict(t, d, 1, "Vertigo.1958.mkv", compare.Older)
	d.press("enter")
	wantVerdict(t, d, 0, "pilot.mkv", compare.Only)
	wantVerdict(t, d, 1, "Solaris.1972.mkv", compare.Only)
	d.press("backspace", "w")
	wantVerdict(t, d, 1, "Vertigo.1958.mkv", compare.Newer)
	d.press("esc", "esc")
	if d.app.cmp.on || d.shows("Vertigo.1958.mkv newer") {
		t.Error("Esc does not end it")
	}
}

func TestContentsAreRemembered(t *testing.T) {
	d := newDriver(t, 120, 30)
	likeEachOther(d)
	there, here := d.engine.trees[1], d.engine.trees[session.Here]
	there.content = map[string]string{"pool/films/README.md": "other"}
	d.press("=", "=")
	wantVerdict(t, d, 0, "README.md", compare.Differs)
	wantVerdict(t, d, 0, "subtitles.zip", compare.Same)
	wantVerdict(t, d, 0, "library.sqlite", compare.Same) // only its time is another one
	wantVerdict(t, d, 0, "Series", compare.Differs)      // two files here, none there
	hashed := func() (n int) {
		for _, c := range here.calls {
			if strings.HasPrefix(c, "hash ") {
				n++
			}
		}
		return n
	}
	n := hashed()
	here.put("home/Films", session.Entry{Name: "subtitles.zip", Size: 61 << 20, Modified: testNow})
	d.press("ctrl+r")
	wantVerdict(t, d, 0, "subtitles.zip", compare.Same)
	wantVerdict(t, d, 0, "README.md", compare.Differs)
	if got := hashed() - n; got != 1 {
		t.Errorf("%d files were read again", got)
	}
}

func TestContentThatCannotBeRead(t *testing.T) {
	d := newDriver(t, 120, 30)
	d.engine.trees[1] = &fakeTree{dirs: d.engine.trees[1].dirs, unreadable: true}
	d.press("=", "=")
	wantVerdict(t, d, 0, "Solaris.1972.mkv", compare.Unread)
	d.press("'")
	d.write("Sol")
	d.press("enter", "up", "down")
	d.wantShown("? not read")
}

// Esc ends comparing contents and keeps what is known.
func TestComparingContentsIsCancelled(t *testing.T) {
	d := newDriver(t, 120, 30)
	d.press("=")
	cmd := d.app.toggleCompare()
	if cmd == nil || !d.app.cmp.check.running {
		t.Fatal("it does not run")
	}
	d.wantShown("hashing 0%")
	number := d.app.cmp.check.number
	d.press("esc")
	if d.app.cmp.check.running || !d.app.cmp.on {
		t.Error("it goes on, or all is gone")
	}
	if msg := cmd(); msg != nil {
		d.send(msg)
	}
	d.send(checkMsg{number: number, pairs: []checkedPair{{name: "x", verdict: compare.Same}}})
	wantVerdict(t, d, 0, "library.sqlite", compare.Newer)
	last := d.app.cmp.check.number
	d.app.stopComparing()
	d.app.toggleCompare()
	if d.app.cmp.check.number < last {
		t.Error("what is under way of an older comparison would be taken for the next one's")
	}
}

// Comparing many entries holds no key up.
func TestCompareLargeDirectories(t *testing.T) {
	d := newDriver(t, 120, 30)
	entries := make([]session.Entry, 20_000)
	for i := range entries {
		entries[i] = session.Entry{Name: fmt.Sprintf("f%05d", i), Size: 1, Modified: testNow}
	}
	d.engine.trees[session.Here].holds("home/Films", entries)
	d.engine.trees[1].holds("pool/films", slices.Clone(entries[:19_999]))
	d.press("2", "ctrl+r", "1", "ctrl+r", "=")
	c := &d.app.cmp
	if c.result == nil {
		t.Fatal("there is no result")
	}
	if n := c.tally[0]; n[compare.Same] != 19_999 || n[compare.Only] != 1 {
		t.Errorf("counted %v", n)
	}
	began := time.Now()
	if cmd := d.app.startComparing(c.of); cmd == nil {
		t.Fatal("nothing runs")
	}
	d.app.Update(tea.WindowSizeMsg{Width: 120, Height: 30})
	t.Logf("to begin takes %v", time.Since(began))
	d.app.cmp.running = false
	d.press("H")
	if got := d.names(0); len(got) != 1 || got[0] != "f19999" {
		t.Errorf("%d names are shown", len(got))
	}
}

// What is hidden as the same is hidden by its place in what was read: nothing is,
// once that was read anew.
func TestNothingIsHiddenInWhatIsReadAnew(t *testing.T) {
	d := newDriver(t, 120, 30)
	d.press("=", "H")
	p := &d.app.panes[0]
	p.empty()
	if p.view.Without != nil || p.compared != nil {
		t.Error("it still hides what had these places before")
	}
	d.press("ctrl+r")
	if slices.Contains(d.names(0), "Solaris.1972.mkv") || len(d.names(0)) != 9 {
		t.Errorf("after reading again it shows %q", d.names(0))
	}
}
