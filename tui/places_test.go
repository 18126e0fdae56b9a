package tui

import (
	"testing"

	"github.com/bargee/bargee/session"
)

// Any pane can show any place; where no transfer is possible, that is said before
// anything is asked or queued.
func TestPeersInBothPanes(t *testing.T) {
	d := newDriver(t, 120, 24)
	d.press("o", "end", "up", "enter") // office, in the left pane
	d.wantCalls("connect office ")
	d.engine.trees[2].put("", session.Entry{Name: "report.pdf", Size: 5})
	d.press("ctrl+r", "c")
	d.wantShown("not from peer to peer; bytes go from or to this machine: o shows it in a pane")
	d.press("m")
	d.wantShown("not from peer to peer")
	if d.app.ask != nil {
		t.Error("it asks nevertheless")
	}
}

func TestOnePeerTwice(t *testing.T) {
	d := newDriver(t, 120, 24)
	d.press("p")
	d.write("nas-attic:/pool")
	d.press("enter", "1", "c")
	d.wantShown("within a peer m moves")
	d.press("m", "enter")
	d.wantCalls("move /pool/films to 1:/pool/films") // the engine says why not
	d.press("2", "down", "m", "enter")
	if got := d.engine.calls; len(got) != 2 || got[1] != "move /pool/films/library.sqlite to 1:/pool" {
		t.Errorf("the engine was asked %q", got)
	}
}

// While a place is lost, what is asked of it waits and says so.
func TestActionsWaitForALostPlace(t *testing.T) {
	d := newDriver(t, 80, 24)
	d.engine.places[1].State = session.PlaceReconnecting
	d.press("2")
	d.look()
	d.press("C")
	x, _ := topmost[*chmodDialog](d.app)
	cmd := setMode{x.at, x.entries, 0o600, 0}.do(d.app)
	d.press("esc")
	d.wantShown("waiting for nas-attic to come back")
	d.run(cmd)
	d.press("f")
	_ = search{d.app.finder, "x"}.do(d.app)
	d.wantShown("0 hits · waiting for the connection…")
	d.press("esc", "esc", "i")
	e, _ := topmost[*entryDetails](d.app)
	e.known = false
	d.wantShown("waiting for the connection…")
}
