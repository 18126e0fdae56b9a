package tui

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bargee/bargee/session"
)

// following runs a test with a pane on ~/Films whose tree tells what is sent to
// it, in a bubble.
func following(t *testing.T, test func(d *driver, tree *fakeTree)) {
	synctest.Test(t, func(t *testing.T) {
		d := newDriver(t, 80, 24, func(e *fakeEngine, _ *Options) {
			e.trees[session.Here].changes = make(chan session.Change)
		})
		synctest.Wait()
		test(d, d.engine.trees[session.Here])
	})
}

// tells has the tree tell something, and the screen look a second later.
func (d *driver) tells(tree *fakeTree, c session.Change) {
	tree.changes <- c
	synctest.Wait()
	d.wait(lookPause)
}

func (t *fakeTree) drop(dir, name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.dirs[dir] = slices.DeleteFunc(t.dirs[dir], func(e session.Entry) bool { return e.Name == name })
}

func TestPanesFollowTheDisk(t *testing.T) {
	following(t, func(d *driver, tree *fakeTree) {
		d.press("down", "space", "space") // Arrival, current; on library
		tree.put("home/Films", session.Entry{Name: "AAA", Size: 7})
		tree.drop("home/Films", "current")
		d.tells(tree, session.Change{Names: []string{"AAA", "current"}})
		if got := d.names(0); !slices.Contains(got, "AAA") || slices.Contains(got, "current") {
			t.Errorf("the pane shows %q", got)
		}
		wantCursor(t, d, "library.sqlite")
		wantTagged(t, d, "Arrival.2016.2160p.mkv")
		tree.put("home/Films", session.Entry{Name: "ZZZ"})
		d.tells(tree, session.Change{Again: true})
		if got := d.names(0); !slices.Contains(got, "ZZZ") {
			t.Errorf("after it had to be read again the pane shows %q", got)
		}
		wantCursor(t, d, "library.sqlite")
	})
}

// However often something is told, it is looked at once a second; and where
// nothing is, nothing is asked.
func TestPanesLookOnceASecond(t *testing.T) {
	following(t, func(d *driver, tree *fakeTree) {
		tree.mu.Lock()
		tree.calls = nil
		tree.mu.Unlock()
		for range 30 {
			tree.changes <- session.Change{Names: []string{"README.md"}}
			synctest.Wait()
			d.wait(lookPause / 10)
		}
		looks := func() (n int) {
			tree.mu.Lock()
			defer tree.mu.Unlock()
			for _, c := range tree.calls {
				if c == "stat /home/Films 1" {
					n++
				}
			}
			return n
		}
		if n := looks(); n < 3 || n > 4 {
			t.Errorf("%d looks in 3 s", n)
		}
		before := looks()
		for range 10 {
			d.wait(lookPause)
		}
		if n := looks() - before; n > 1 { // what came since the last look
			t.Errorf("%d looks where nothing changes", n)
		}
	})
}

// A directory that goes while it is shown is left for what is there above it.
func TestPaneOfADirectoryThatGoes(t *testing.T) {
	following(t, func(d *driver, tree *fakeTree) {
		tree.mu.Lock()
		delete(tree.dirs, "home/Films")
		delete(tree.dirs, "home")
		tree.mu.Unlock()
		tree.drop("", "home")
		tree.put("", session.Entry{Name: "srv", Kind: session.Directory})
		close(tree.changes)
		synctest.Wait()
		d.look()
		if p := &d.app.panes[0]; !p.dir.IsRoot() || p.err != nil {
			t.Errorf("the pane shows %v, %v", p.dir, p.err)
		}
		wantCursor(t, d, "srv")
		d.wantShown("/home/Films is gone")
	})
}

// So is one that is found gone when it is read again.
func TestReloadOfADirectoryThatIsGone(t *testing.T) {
	d := newDriver(t, 80, 24)
	tree := d.engine.trees[session.Here]
	tree.mu.Lock()
	delete(tree.dirs, "home/Films")
	tree.mu.Unlock()
	tree.drop("home", "Films")
	d.press("ctrl+r")
	if got := d.app.panes[0].dir; got != path(t, "home") {
		t.Errorf("the pane shows %v", got)
	}
	d.wantShown("/home/Films is gone")
}

// After a place was lost, its directory is read and watched again.
func TestPaneFollowsAgainAfterReconnecting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDriver(t, 80, 24)
		tree := d.engine.trees[1]
		right := &d.app.panes[1]
		synctest.Wait()
		right.watch.end(&session.Error{Kind: session.Interrupted, Err: errors.New("the link died")})
		d.engine.places[1].State = session.PlaceReconnecting
		d.look()
		d.wantShown("stale, reconnecting…", "Archive/")
		tree.mu.Lock()
		tree.changes = make(chan session.Change)
		tree.mu.Unlock()
		d.engine.places[1].State = session.PlaceConnected
		d.look()
		synctest.Wait()
		tree.put("pool/films", session.Entry{Name: "new"})
		d.tells(tree, session.Change{Names: []string{"new"}})
		if got := d.names(1); !slices.Contains(got, "new") {
			t.Errorf("the pane shows %q", got)
		}
	})
}

// Where nothing more can be watched, that is said, and the directory's time is
// looked at.
func TestPaneOfWhatCannotBeWatched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDriver(t, 80, 24, func(e *fakeEngine, _ *Options) {
			e.trees[session.Here].refuse = &session.Error{Kind: session.Refused, Err: errors.New("raise the sysctl")}
		})
		tree := d.engine.trees[session.Here]
		synctest.Wait()
		d.look()
		d.wantShown("raise the sysctl")
		tree.put("home/Films", session.Entry{Name: "new"})
		tree.put("home", session.Entry{Name: "Films", Kind: session.Directory, Modified: testNow})
		tree.put("home/Films", session.Entry{Name: "new"}) // to put a directory empties it
		<-time.After(3 * time.Second)                      // of the bubble: it was looked at
		synctest.Wait()
		d.wait(lookPause)
		if got := d.names(0); !slices.Contains(got, "new") {
			t.Errorf("the pane shows %q", got)
		}
	})
}

// A place that does not answer: the pane says since when, keys go on, and Esc
// gives up.
func TestPaneThatWaits(t *testing.T) {
	d := newDriver(t, 80, 24)
	tree := d.engine.trees[session.Here]
	tree.hold = make(chan struct{})
	defer close(tree.hold)
	d.press("home", "down")  // Series
	reading := d.app.enter() // and not run: it does not come back
	if reading == nil {
		t.Fatal("nothing is read")
	}
	d.wait(time.Second)
	d.wantShown("reading…")
	d.wait(33 * time.Second)
	d.wantShown("no answer for 34 s…", "Esc gives up")
	d.press("2", "down", "1")
	d.press("esc")
	d.wantShown("no answer in time")
	if ctx := d.app.panes[0].load.ctx; ctx.Err() == nil {
		t.Error("it is waited for still")
	}
	d.send(listedMsg{side: 0, gen: d.app.panes[0].load.gen - 1, part: part{err: session.Timeout}})
	d.wantShown("no answer in time")
}

// Reading again is given up: what was shown stays, what changed meanwhile is
// taken in, and more can be asked about it.
func TestReadingAgainIsGivenUp(t *testing.T) {
	d := newDriver(t, 80, 24)
	p := &d.app.panes[0]
	before := len(d.names(0))
	if d.app.refresh() == nil { // and not run: it does not come back
		t.Fatal("nothing is read")
	}
	d.app.changed(p, []session.Entry{{Name: "late", Size: 7}})
	d.wait(34 * time.Second)
	d.press("esc")
	d.wantShown("not read again")
	if got := d.names(0); len(got) != before+1 || !slices.Contains(got, "late") {
		t.Errorf("the pane shows %q", got)
	}
	if p.load.running || p.load.ctx.Err() != nil {
		t.Error("nothing more can be asked about what is shown")
	}
}

// A place that lets a time pass and is there still is asked again, and since
// when it is waited for is not forgotten.
func TestPaneIsAskedAgain(t *testing.T) {
	d := newDriver(t, 80, 24)
	p := &d.app.panes[0]
	tree := d.engine.trees[session.Here]
	hold := make(chan struct{})
	tree.hold = hold
	d.press("home", "down")
	_ = d.app.enter()
	asked := p.load.asked
	d.wait(30 * time.Second)
	tree.hold = nil
	late := listedMsg{side: 0, gen: p.load.gen, part: part{err: session.Timeout}}
	_, again := d.app.Update(late)
	if again == nil || !p.load.asked.Equal(asked) || !p.load.running {
		t.Fatalf("asked at %v, first at %v", p.load.asked, asked)
	}
	d.run(again)
	if got := d.names(0); len(got) != 2 {
		t.Errorf("the pane shows %q", got)
	}
	close(hold)
}
