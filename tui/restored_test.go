package tui

import (
	"errors"
	"testing"

	"github.com/bargee/bargee/session"
)

// What is in the queue when the screen opens is said, and that a database was
// lost before anything else.
func TestRestoredQueueIsAnnounced(t *testing.T) {
	before := func(states ...session.TransferState) func(*fakeEngine, *Options) {
		return func(e *fakeEngine, _ *Options) {
			for i, s := range states {
				e.transfers = append(e.transfers, session.Transfer{
					ID: session.TransferID(i + 1), State: s, ETA: -1,
					Job: session.Job{Sources: []session.Path{path(t, "home/Films/Arrival.2016.2160p.mkv")}, To: 1},
				})
			}
		}
	}
	for _, c := range []struct {
		states []session.TransferState
		says   string
	}{
		{[]session.TransferState{session.StateWaiting}, "1 transfer from before under way"},
		{[]session.TransferState{session.StateRunning, session.StateWaiting, session.StatePaused}, "2 transfers from before under way, 1 paused"},
		{[]session.TransferState{session.StatePaused, session.StateDone}, "1 transfer from before paused"},
	} {
		newDriver(t, 100, 24, before(c.states...)).wantShown(c.says)
	}
	d := newDriver(t, 100, 24, before(session.StateDone, session.StateFailed))
	if d.shows("from before") || d.shows("verified") {
		t.Error("what was over before is told as news")
	}
	d = newDriver(t, 100, 24, before(session.StateWaiting), func(e *fakeEngine, _ *Options) {
		e.queue.log = append(e.queue.log, session.LogLine{Number: 1, At: testNow, Text: "the queue was damaged: the copy of 20:14 is used"})
	})
	d.wantShown("the queue was damaged: the copy of 20:14 is used")
	d.press("3", "l", "l", "l", "home")
	d.wantShown("21:14:07  the queue was damaged")
}

// What a transfer waited for before it went on is no news to a screen that joins.
func TestOldTroubleIsNoNews(t *testing.T) {
	d := newDriver(t, 100, 24, func(e *fakeEngine, _ *Options) {
		job := session.Job{Sources: []session.Path{path(t, "home/Films/Arrival.2016.2160p.mkv")}, To: 1}
		e.transfers = append(e.transfers, session.Transfer{ID: 1, State: session.StateRunning, ETA: -1, Job: job})
		e.queue.log = []session.LogLine{
			{Number: 1, At: testNow, Transfer: 1, State: session.StateWaiting, Err: errors.New("the secret is wanted")},
			{Number: 2, At: testNow, Transfer: 1, State: session.StateRunning},
		}
		e.queue.logged = map[session.TransferID]session.TransferState{1: session.StateRunning}
	})
	if d.shows("the secret is wanted") {
		t.Error("it says what is over")
	}
	d.wantShown("1 transfer from before under way")
}

// A peer that the queue needs is dialled from the chooser, which asks for its
// secret; a transfer that waits for it says so.
func TestPeerOfARestoredQueue(t *testing.T) {
	d := newDriver(t, 100, 24, func(e *fakeEngine, _ *Options) {
		e.places = append(e.places, session.Place{ID: 2, Name: "attic:6768", Target: "attic:6768", State: session.PlaceIdle})
		e.transfers = append(e.transfers, session.Transfer{
			ID: 1, State: session.StateWaiting, ETA: -1,
			Err: &session.Error{Kind: session.Auth, Err: errors.New("attic wants its secret: connect to it, and this goes on")},
			Job: session.Job{Sources: []session.Path{path(t, "home/Films/Arrival.2016.2160p.mkv")}, To: 2},
		})
	})
	d.wantShown("∙ Arrival", "attic wants its secret: connect to it, and this goes on", "1 waiting")
	d.press("o")
	d.wantShown("attic:6768  not connected yet")
	d.engine.dial = func(string, string) error { return session.Auth }
	d.press("down", "down", "enter")
	d.wantCalls("connect attic:6768 ")
	d.wantShown("Token", "the secret or the key was refused")
}
