package tui

import (
	"fmt"
	"slices"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/listing"
)

func TestOldListingsAreDropped(t *testing.T) {
	d := newDriver(t, 80, 24)
	p := &d.app.panes[0]
	old := lateMsg(p, "ghost of a directory left")
	d.press("enter") // into Series
	d.send(old)
	if got := d.names(0); !slices.Equal(got, []string{"finale.mkv", "pilot.mkv"}) {
		t.Errorf("the pane shows %q", got)
	}
	d.send(arrangedMsg{side: 0, stamp: p.sort.stamp - 1, result: &listing.Result{}})
	if len(d.names(0)) != 2 {
		t.Errorf("an old order was taken: %q", d.names(0))
	}
}

func TestLeavingADirectoryEndsItsReading(t *testing.T) {
	d := newDriver(t, 80, 24)
	hold := make(chan struct{})
	d.engine.trees[session.Here].hold = hold
	defer close(hold)
	p := &d.app.panes[0]
	cmd := d.app.refresh()
	reading := make(chan tea.Msg, 1)
	go func() { reading <- cmd().(tea.BatchMsg)[0]() }()
	ctx := p.load.ctx
	p.leave()
	if msg := <-reading; msg != nil {
		t.Errorf("the reading went on: %v", msg)
	}
	if ctx.Err() == nil {
		t.Error("its context has not ended")
	}
}

func TestReloadKeepsCursorAndTags(t *testing.T) {
	d := newDriver(t, 80, 24)
	d.press("down", "space", "space", "space") // Arrival, current, library; on posters
	tree := d.engine.trees[session.Here]
	tree.mu.Lock()
	tree.dirs["home/Films"] = slices.DeleteFunc(tree.dirs["home/Films"], func(e session.Entry) bool { return e.Name == "current" })
	tree.mu.Unlock()
	tree.put("home/Films", session.Entry{Name: "AAA"})
	d.press("ctrl+r")
	wantCursor(t, d, "posters.tar.zst")
	wantTagged(t, d, "Arrival.2016.2160p.mkv", "library.sqlite")
	if n := d.app.panes[0].tagged.n; n != 2 {
		t.Errorf("%d are counted as tagged, want 2", n)
	}
}

// A large directory is sorted by a command; keys go on meanwhile, and what they
// change is done afterwards.
func TestLargeDirectory(t *testing.T) {
	const n = 60_000
	d := newDriver(t, 80, 24)
	entries := make([]session.Entry, n)
	for i := range entries {
		entries[i] = session.Entry{Name: fmt.Sprintf("f%05d", (i*7919)%n), Size: int64(i % 10)}
	}
	tree := d.engine.trees[session.Here]
	tree.mu.Lock()
	tree.dirs["home/Films/Series"] = entries
	tree.mu.Unlock()
	d.press("enter")
	if got := d.names(0); len(got) != n || got[0] != "f00000" || !slices.IsSorted(got) {
		t.Fatalf("%d names, first %q", len(got), got[0])
	}
	p := &d.app.panes[0]
	p.view.Order, p.view.Reverse = listing.ByExtension, true
	slow := d.app.arrange(p) // begins, and has not ended when the next key comes
	p.view.Reverse = false
	if d.app.arrange(p) != nil {
		t.Error("two are sorting at once")
	}
	d.press("end")
	if d.cursorName() != fmt.Sprintf("f%05d", n-1) {
		t.Errorf("while sorting the cursor is on %q", d.cursorName())
	}
	d.run(slow)
	if got := d.names(0); !slices.IsSorted(got) {
		t.Errorf("what was changed while sorting is not shown: %q first", got[0])
	}
	wantCursor(t, d, fmt.Sprintf("f%05d", n-1))
	before := time.Now()
	for range 100 {
		d.press("up")
	}
	t.Logf("a key and a frame in %d names: %v", n, time.Since(before)/100)
}

func TestGhostsBecomeFiles(t *testing.T) {
	d := newDriver(t, 80, 24)
	d.press("2", "end", "1", "down", "c", "enter")
	want := []string{"Archive", "Arrival.2016.2160p.mkv", "library.sqlite", "Solaris.1972.mkv", "Vertigo.1958.mkv"}
	d.tick(1 << 30)
	if got := d.names(1); !slices.Equal(got, want) {
		t.Errorf("while it runs the pane shows %q, want %q", got, want)
	}
	right := &d.app.panes[1]
	if r, _ := right.at(2); !r.ghost {
		t.Error("what is not there yet is no ghost")
	}
	if r, _ := right.at(right.cursor); r.entry.Name != "Vertigo.1958.mkv" {
		t.Errorf("the ghost moved the cursor to %q", r.entry.Name)
	}
	d.press("2", "home", "down", "down", "enter", "x", "space")
	if d.app.ask != nil || right.tags.Len() != 0 {
		t.Error("something can be done with a ghost")
	}
	d.tick(100 << 30)
	if r, _ := right.at(2); r.ghost || r.entry.Name != "Arrival.2016.2160p.mkv" || len(right.ghosts) != 0 {
		t.Errorf("when it is over the row is %+v", r)
	}
	d.wantShown("verified")
}

func TestReconnecting(t *testing.T) {
	d := newDriver(t, 80, 24)
	d.engine.places[1].State = session.PlaceReconnecting
	d.look()
	d.wantShown("stale, reconnecting…", "Archive/")
	if d.after != busyInterval {
		t.Errorf("the next poll is after %v", d.after)
	}
	d.engine.trees[1].put("pool/films", session.Entry{Name: "new"})
	d.engine.places[1].State = session.PlaceConnected
	d.look()
	if got := d.names(1); !slices.Contains(got, "new") {
		t.Errorf("after it came back the pane shows %q", got)
	}
	d.wantShown("nas-attic is connected again")
	if d.after != idleInterval {
		t.Errorf("at rest the next poll is after %v", d.after)
	}
}

func TestOnePollAtATime(t *testing.T) {
	d := newDriver(t, 80, 24)
	old := d.poll
	d.press("down", "c", "enter") // polls at once
	if d.after != freshInterval {
		t.Errorf("the next poll after a start is after %v", d.after)
	}
	d.app.now = func() time.Time { return testNow.Add(freshFor) }
	if got := d.app.interval(); got != busyInterval {
		t.Errorf("later polls are %v apart", got)
	}
	d.poll = nil
	d.send(old(testNow))
	if d.poll != nil {
		t.Error("an older chain of polls goes on")
	}
}

// What is over before the screen looks again shows its bar once all the same.
func TestShortTransfersShowTheirBar(t *testing.T) {
	d := newDriver(t, 80, 24)
	d.press("down", "c", "enter")
	d.wantShown("waiting")
	d.tick(100 << 30)
	d.wantShown("100%")
	if d.shows("✓ Arrival.2016.2160p.mkv 41.2G, verified") {
		t.Error("the end is shown before the bar was")
	}
	d.look()
	d.wantShown("41.2G, verified")
	if d.shows("100%") {
		t.Error("the bar is shown twice")
	}
}

func TestStandingStillIsSaid(t *testing.T) {
	d := newDriver(t, 80, 24)
	running(d)
	now := testNow
	d.app.now = func() time.Time { return now }
	d.look()
	now = now.Add(stalledAfter - 1)
	if d.look(); d.shows("stalled") {
		t.Error("it was called stalled too early")
	}
	now = now.Add(1)
	d.look()
	d.wantShown("stalled")
	if d.tick(1 << 20); d.shows("stalled") {
		t.Error("it goes on and is still called stalled")
	}
}

// Where the answers have no room in the row, it still says that the next one is
// for all.
func TestAnswerForAllIsSeen(t *testing.T) {
	d := newDriver(t, 60, 24)
	asking(d)
	d.press("3", "a")
	d.wantShown("(answer for all)")
	d.press("a")
	if d.shows("(answer for all)") {
		t.Error("it cannot be taken back")
	}
}

// A directory that vanished under the cursor says so whole, and lets one out.
func TestVanishedDirectory(t *testing.T) {
	d := newDriver(t, 80, 24)
	d.engine.trees[session.Here].fail = map[string]error{
		"home/Films/Series": &session.Error{Kind: session.NotFound, Path: path(t, "home/Films/Series"), Err: session.NotFound},
	}
	d.press("enter")
	d.wantShown("✗ it is not there", "Backspace leads to the")
	d.press("backspace")
	wantCursor(t, d, "Series")
}
