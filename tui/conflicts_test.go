package tui

import (
	"testing"
	"time"

	"github.com/bargee/bargee/session"
)

func TestConflictsAreAnsweredOneByOne(t *testing.T) {
	d := newDriver(t, 100, 30)
	asking(d)
	tr := &d.engine.transfers[0]
	one := tr.Conflicts[0]
	for i, v := range []session.Verdict{session.VerdictSame, session.VerdictDiffers, session.VerdictBegins} {
		q := one
		q.ID, q.Verdict, q.First = i+1, v, 4096
		q.Name = path(t, "pool/films/part "+string(rune('a'+i)))
		tr.Conflicts = append(tr.Conflicts, q)
	}
	tr.Asking = 250
	d.look()
	d.press("3", "enter")
	d.wantShown("250 conflicts", "part a", "part c", "same content", "differs from 4.0K on", "begins alike", "and 246 more: a answers all")
	d.press("down", "down", "s")
	d.wantCalls("copy /home/Films/library.sqlite to 1:/pool/films", "answer conflict=2 decision=1 all=false 1")
	if d.look(); d.shows("250 conflicts") {
		t.Error("the list stays though nothing is left of it")
	}
}

// The cursor stays on its question while others before it are answered, so that
// no answer is about another file than it seemed.
func TestAnswerIsAboutWhatIsUnderTheCursor(t *testing.T) {
	d := newDriver(t, 100, 30)
	asking(d)
	tr := &d.engine.transfers[0]
	one := tr.Conflicts[0]
	tr.Conflicts = nil
	for i := range 5 {
		q := one
		q.ID = 10 + i
		tr.Conflicts = append(tr.Conflicts, q)
	}
	tr.Asking = 5
	d.look()
	d.press("3", "enter", "down", "down")
	tr.Conflicts, tr.Asking = tr.Conflicts[2:], 3
	d.look()
	d.press("o")
	d.wantCalls("copy /home/Films/library.sqlite to 1:/pool/films", "answer conflict=12 decision=2 all=false 1")
}

func TestRuleForAllToCome(t *testing.T) {
	d := newDriver(t, 100, 30)
	asking(d)
	d.press("3", "A", "tab")
	d.wantShown("for this and all that I queue from now on")
	d.press("l")
	d.press("1", "down", "c", "enter")
	calls := d.engine.calls
	if last := calls[len(calls)-1]; last != "rule of 2" {
		t.Errorf("the next transfer has no rule: %q", calls)
	}
}

func TestRates(t *testing.T) {
	for in, want := range map[string]int64{
		"": 0, "0": 0, "off": 0, "500k": 500 << 10, "10M": 10 << 20, " 1.5 MB/s ": 1500e3, "2GB": 2e9, "4096": 4096, "80 mbit": 10e6, "8kbit/s": 1e3,
	} {
		if got, err := parseRate(in); err != nil || got != want {
			t.Errorf("%q is %d, %v; want %d", in, got, err, want)
		}
	}
	for _, in := range []string{"fast", "-1", "k", "1e99", "NaN", "10 parsecs"} {
		if got, err := parseRate(in); err == nil {
			t.Errorf("%q is %d", in, got)
		}
	}
	for _, n := range []int64{0, 500, 20e3, 7e6} {
		if got, err := parseRate(rateTyped(n)); err != nil || got != n {
			t.Errorf("%d is typed %q and read %d, %v", n, rateTyped(n), got, err)
		}
	}
}

func TestHistoryWords(t *testing.T) {
	at := func(y, m, d int) time.Time { return time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC) }
	for in, want := range map[string]session.HistoryQuery{
		"":                          {},
		"failed":                    {Status: session.StatusFailed},
		"Cancelled *.mkv":           {Status: session.StatusCancelled, Glob: "*.mkv"},
		"my film":                   {Glob: "*my film*"},
		"films/new":                 {Glob: "/**/*films/new*{,/**}"},
		"@nas-attic done":           {Status: session.StatusDone, Peer: "nas-attic"},
		"a[b]{c}":                   {Glob: `*a\[b\]\{c\}*`},
		"2026-02 ":                  {From: at(2026, 2, 1), To: at(2026, 3, 1)},
		"2026-12-31":                {From: at(2026, 12, 31), To: at(2027, 1, 1)},
		"today":                     {From: at(2026, 11, 21)},
		"yesterday 東京物語.mkv failed": {From: at(2026, 11, 20), To: at(2026, 11, 21), Glob: "*東京物語.mkv*", Status: session.StatusFailed},
	} {
		want.Limit = historyPage
		if got := parseHistory(in, testNow); got != want {
			t.Errorf("%q asks for %+v, want %+v", in, got, want)
		}
	}
}

// Keys that come faster than the engine is asked answer one question each.
func TestFastAnswers(t *testing.T) {
	d := newDriver(t, 100, 30)
	asking(d)
	tr := &d.engine.transfers[0]
	one := tr.Conflicts[0]
	tr.Conflicts, tr.Asking = nil, 3
	for i := range 3 {
		q := one
		q.ID = 10 + i
		tr.Conflicts = append(tr.Conflicts, q)
	}
	d.look()
	d.press("3")
	for _, key := range []string{"o", "s", "n"} {
		_, cmd := d.app.Update(keyMsg(key))
		defer d.run(cmd) // the engine hears of it later
	}
	if on := d.app.queue.current(); on == nil || on.Asking != 0 {
		t.Fatalf("three answers left %+v", on)
	}
}

// A key finds the list shorter than it was drawn: it answers what is left.
func TestConflictListThatBecameShorter(t *testing.T) {
	l := &conflictList{app: newDriver(t, 100, 30).app, id: 7, spot: spot{cursor: 4, on: 5}}
	l.app.queue.live = []session.Transfer{{ID: 7, Asking: 1, Conflicts: []session.Question{{ID: 1}}}}
	do, over := l.handleKey(keyMsg("s"))
	if r, ok := do.(reply); over || !ok || r.question != 1 {
		t.Errorf("the key does %+v, %v", do, over)
	}
}
