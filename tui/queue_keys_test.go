package tui

import (
	"slices"
	"strings"
	"testing"

	"github.com/bargee/bargee/session"
)

const queued = "copy /home/Films/Arrival.2016.2160p.mkv to 1:/pool/films"

func init() {
	addEffects(map[string]func(*testing.T, *driver, []string){
		"queue h": func(t *testing.T, d *driver, key []string) {
			d.press("3", "l", "l")
			d.press(key...)
			wantTab(t, d, failedTab)
			d.press("h", "h", "h")
			wantTab(t, d, activeTab)
		},
		"queue l": func(t *testing.T, d *driver, key []string) {
			failed(d)
			d.press("3")
			d.press(key...)
			wantTab(t, d, failedTab)
			d.wantShown("✗ Arrival.2016.2160p.mkv")
			d.press("l", "l", "l")
			wantTab(t, d, logTab)
		},
		"queue enter": func(t *testing.T, d *driver, key []string) {
			running(d)
			d.press("3")
			d.press(key...)
			d.wantShown("from       laptop:/home/Films/Arrival.2016.2160p.mkv", "to         nas-attic:/pool/films", "stream 1", "priority 5 of 10")
			d.press("esc")
			if d.app.over() != nil {
				t.Error("Esc does not close the details")
			}
		},
		"queue space": func(t *testing.T, d *driver, key []string) {
			running(d)
			d.wantShown("1 ━")
			d.press("3")
			d.press(key...)
			if d.shows("1 ━") {
				t.Error("the streams are still shown")
			}
		},
		"queue p": func(t *testing.T, d *driver, key []string) {
			running(d)
			d.press("3")
			d.press(key...)
			d.wantShown("paused at 24%")
			d.press(key...)
			d.wantCalls(queued, "pause 1", "resume 1")
		},
		"queue P": func(t *testing.T, d *driver, key []string) {
			running(d)
			d.press("down", "c", "enter", "3")
			d.press(key...)
			d.wantShown("2 transfers paused", "‖ ", "paused at 0%")
			d.press(key...)
			d.wantShown("2 transfers resumed", "waiting")
		},
		"queue x": func(t *testing.T, d *driver, key []string) {
			running(d)
			d.press("3")
			d.press(key...)
			d.wantShown("Cancel Arrival.2016.2160p.mkv?", "k keep what arrived")
			d.press("y")
			d.wantShown("cancelled", "Done 1")
			d.press(key...) // only off the list of what is active
			if d.shows("✗ Arrival") {
				t.Error("it is still shown as active")
			}
			d.press("l", "l")
			d.wantShown("✗ Arrival")
			d.press(key...)
			d.wantShown("nothing is done yet")
			d.wantCalls(queued, "cancel keep=false 1", "forget 1")
		},
		"queue r": func(t *testing.T, d *driver, key []string) {
			failed(d)
			d.press("3")
			d.press(key...)
			d.wantCalls(queued, "retry 1")
		},
		"queue R": func(t *testing.T, d *driver, key []string) {
			failed(d)
			d.press("3")
			d.press(key...)
			d.wantCalls(queued, "retry failed")
			d.wantShown("1 transfer tried again")
		},
		"queue J": func(t *testing.T, d *driver, key []string) {
			three(d)
			d.press("home")
			d.press(key...)
			d.wantCalls(append(threeCalls, "reorder 1 by 1")...)
			wantOn(t, d, 1, 1)
		},
		"queue K": func(t *testing.T, d *driver, key []string) {
			three(d)
			d.press("end")
			d.press(key...)
			d.wantCalls(append(threeCalls, "reorder 3 by -1")...)
			wantOn(t, d, 3, 1)
		},
		"queue t": func(t *testing.T, d *driver, key []string) {
			three(d)
			d.press("end")
			d.press(key...)
			wantOn(t, d, 3, 0)
		},
		"queue +": func(t *testing.T, d *driver, key []string) {
			three(d)
			d.press("end")
			d.press(key...)
			d.wantCalls(append(threeCalls, "priority 6", "priority of 3")...)
			d.wantShown("waiting · priority 6")
			wantOn(t, d, 3, 0)
		},
		"queue -": func(t *testing.T, d *driver, key []string) {
			three(d)
			d.press("home")
			for range 7 { // two more than there are
				d.press(key...)
			}
			d.wantShown("waiting · priority 0")
			wantOn(t, d, 1, 2)
		},
		"queue L": func(t *testing.T, d *driver, key []string) {
			running(d)
			d.press("3")
			d.press(key...)
			d.wantShown("t this transfer", "s all sent", "r all received")
			d.press("s")
			d.write("20MB")
			d.press("enter")
			d.wantShown("at most 20 MB/s")
			d.press(key...)
			d.press("t")
			d.write("512 kB/s")
			d.press("enter")
			d.press(key...)
			d.press("r")
			d.write("fast")
			d.press("enter")
			d.wantShown("is no speed")
			d.press(key...)
			d.press("n")
			d.wantCalls(queued, "limits 20000000 0", "limit 512000", "limit of 1", "limits 0 0")
		},
		"queue C": func(t *testing.T, d *driver, key []string) {
			d.press("3")
			d.press(key...)
			d.press("backspace")
			d.write("7")
			d.press("enter")
			d.wantCalls("concurrency 7")
			d.wantShown("7 transfers at a time")
		},
		"queue /": func(t *testing.T, d *driver, key []string) {
			failed(d)
			d.press("3")
			d.press(key...)
			wantTab(t, d, doneTab)
			d.write("failed *.mkv")
			d.press("enter")
			d.wantShown("/failed *.mkv", "✗ Arrival.2016.2160p.mkv")
			if last := d.engine.calls[len(d.engine.calls)-1]; last != "history glob=*.mkv status=2" {
				t.Errorf("asked was %q", last)
			}
			d.press("esc")
			d.wantShown("nothing is done yet")
			wantFocus(t, d, onQueue)
		},
		"queue i": func(t *testing.T, d *driver, key []string) {
			d.press("3")
			d.press(key...)
			d.wantShown("nas-attic  direct · 14 ms · QUIC", "1 lane, near by", "lane 1  direct  14 ms", "peer key 7f3a-91c2-e04d", "TLS 1.3")
		},
		"queue o": answers(session.Overwrite),
		"queue s": answers(session.Skip),
		"queue n": answers(session.Newer),
		"queue u": answers(session.Resume),
		"queue a": func(t *testing.T, d *driver, key []string) {
			asking(d)
			d.press("3")
			d.press(key...)
			d.press("r")
			d.wantCalls("copy /home/Films/library.sqlite to 1:/pool/films", "answer conflict=7 decision=3 all=true 1")
		},
		"queue A": func(t *testing.T, d *driver, key []string) {
			asking(d)
			d.press("3")
			d.press(key...)
			d.wantShown("a rule for conflicts", "l  overwrite what is smaller here, skip the rest", "for this transfer")
			d.press("down", "enter")
			d.wantCalls("copy /home/Films/library.sqlite to 1:/pool/films", "rule {source is larger 2 1}", "rule of 1")
		},
	})
}

func answers(c session.Conflict) func(*testing.T, *driver, []string) {
	return func(t *testing.T, d *driver, key []string) {
		asking(d)
		d.wantShown("? library.sqlite older here (old 1.4G 20 Nov, new 1.4G 21 Nov, not compared): 3 answer")
		d.press("3")
		d.wantShown("o overwrite  s skip  r rename  n newer  u resume  a for all  A rule")
		d.press(key...)
		d.wantCalls("copy /home/Films/library.sqlite to 1:/pool/films",
			"answer conflict=7 decision="+string(rune('0'+c))+" all=false 1")
	}
}

// three queues three transfers, none of which runs, and gives the queue the keys.
func three(d *driver) {
	d.press("down", "c", "enter", "down", "down", "c", "enter", "down", "c", "enter", "3")
}

var threeCalls = []string{
	queued, "copy /home/Films/library.sqlite to 1:/pool/films", "copy /home/Films/posters.tar.zst to 1:/pool/films",
}

func TestTabsAreClicked(t *testing.T) {
	d := newDriver(t, 100, 24)
	failed(d)
	d.click("Failed 1")
	wantTab(t, d, failedTab)
	wantFocus(t, d, onQueue)
	d.click("Log")
	wantTab(t, d, logTab)
}

func wantTab(t *testing.T, d *driver, want tab) {
	t.Helper()
	if d.app.queue.tab != want {
		t.Errorf("the queue shows tab %d, want %d", d.app.queue.tab, want)
	}
}

// wantOn expects the cursor on a transfer, which stands in that row.
func wantOn(t *testing.T, d *driver, id session.TransferID, row int) {
	t.Helper()
	d.look()
	if on := d.app.queue.current(); on == nil || on.ID != id || d.app.queue.spot().cursor != row {
		t.Errorf("the cursor is in row %d on %v, want transfer %d in row %d:\n%s",
			d.app.queue.spot().cursor, on, id, row, strings.Join(d.screen(), "\n"))
	}
}

func TestLongQueueIsReadInPieces(t *testing.T) {
	d := newDriver(t, 100, 30)
	for i := range 5000 {
		d.engine.transfers = append(d.engine.transfers, session.Transfer{
			ID: session.TransferID(i + 1), State: session.StateWaiting, ETA: -1,
			Job: session.Job{Sources: []session.Path{path(t, "home/Films/Arrival.2016.2160p.mkv")}, Priority: session.DefaultPriority},
		})
	}
	d.look()
	d.press("3")
	for _, c := range []struct{ key, shows string }{{"end", "#5,000"}, {"pgup", "#4,9"}, {"home", "#1 "}, {"pgdown", "#1"}} {
		d.press(c.key)
		d.wantShown(c.shows)
		q := &d.app.queue
		if t := q.current(); t == nil || int(t.ID) != q.spot().cursor+1 {
			d.t.Errorf("after %s the cursor stands on row %d and %v", c.key, q.spot().cursor, t)
		}
	}
	if n := len(d.app.queue.list.rows); n > 200 {
		t.Errorf("%d rows are held", n)
	}
	if slices.ContainsFunc(d.screen(), func(row string) bool { return strings.Contains(row, "│ …") }) {
		t.Error("a row that is shown was not asked for")
	}
}
