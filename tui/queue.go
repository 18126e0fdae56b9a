package tui

import (
	"slices"
	"time"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
)

// queue is what lies below the panes: the transfers in tabs, and the log. It
// holds only the rows around those that are shown.
type queue struct {
	tab    tab
	spots  [tabs]spot
	list   window             // of the tab that is shown
	live   []session.Transfer // those that run or are to try again, whatever the tab
	offers []Offer            // of others; shown below the active ones, too
	ended  []session.Transfer // over since the screen opened; shown below the active ones
	log    []session.LogLine
	past   past // what the tab Done shows while a filter is set
	counts [3]int
	sum    session.Summary
	places []session.Place
	speeds speeds

	flipped map[session.TransferID]bool // details that are not as they are by themselves
	all     bool                        // the next answer is for all conflicts of the transfer
	moving  map[session.TransferID]motion
	figures map[session.TransferID]*figures
	whole   figures                     // of all together
	flash   map[session.TransferID]bool // over before they were seen to run: their bar is shown once
	height  int                         // lines that are visible
	tall    int                         // most lines that were wanted since all was over
}

// shownEnded is how many transfers that are over stay below the active ones.
const shownEnded = 5

// set takes in what the engine says.
func (q *queue) set(s queueShot, now time.Time) {
	q.watch(s.live, now)
	q.flash = q.missed(s.ended)
	q.live, q.counts, q.sum, q.speeds = s.live, s.page.Counts, s.page.Summary, s.speeds
	if s.page.Tab == q.tab.page() && q.tab != logTab {
		q.list = window{from: s.page.Offset, total: s.page.Total, rows: s.page.Rows}
	}
	q.note(s)
	q.look(now)
	if q.tab != logTab && !q.filtered() {
		w := q.window()
		q.spot().follow(&w, q.home())
	}
}

// note takes in what happened.
func (q *queue) note(s queueShot) {
	tail := q.spots[logTab].cursor >= len(q.log)-1
	q.log = append(q.log, s.log...)
	q.log = q.log[max(0, len(q.log)-maxLog):]
	if q.log == nil {
		q.log = []session.LogLine{}
	}
	if tail {
		q.spots[logTab].cursor = max(0, len(q.log)-1)
	}
	for _, l := range s.log { // what is retried is not over any more
		q.ended = slices.DeleteFunc(q.ended, func(t session.Transfer) bool { return t.ID == l.Transfer })
	}
	for _, t := range s.ended {
		q.ended = slices.Insert(q.ended, 0, t)
	}
	q.ended = q.ended[:min(len(q.ended), shownEnded)]
}

// window is the list that is shown: below the active transfers those that ended.
func (q *queue) window() window {
	switch {
	case q.tab == activeTab && q.list.from+len(q.list.rows) >= q.list.total:
		return window{q.list.from, q.total(), slices.Concat(q.list.rows, q.offerRows(), q.ended)}
	case q.tab == activeTab:
		return window{q.list.from, q.total(), q.list.rows}
	case q.filtered():
		return window{0, len(q.past.rows), q.past.rows}
	}
	return q.list
}

func (q *queue) filtered() bool { return q.tab == doneTab && q.past.set() }

// home is the row of the cursor until somebody moves it: the first transfer that
// asks something, else the first of all.
func (q *queue) home() int {
	if q.tab != activeTab {
		return 0
	}
	for i := range q.list.rows {
		if q.list.rows[i].Asking > 0 {
			return q.list.from + i
		}
	}
	if len(q.offers) > 0 {
		return q.list.total
	}
	return 0
}

func (q *queue) spot() *spot { return &q.spots[q.tab] }

// total is how many rows the tab has.
func (q *queue) total() int {
	switch {
	case q.tab == logTab:
		return len(q.log)
	case q.tab == activeTab:
		return q.list.total + len(q.offers) + len(q.ended)
	case q.filtered():
		return len(q.past.rows)
	}
	return q.list.total
}

// current is the transfer under the cursor, nil if there is none, or it is not
// at hand yet.
func (q *queue) current() *session.Transfer {
	if t := q.row(); t != nil && q.offerOf(t.ID) == nil {
		return t
	}
	return nil
}

// row is current, or the row of an offer.
func (q *queue) row() *session.Transfer {
	if q.tab == logTab {
		return nil
	}
	w := q.window()
	return w.at(q.spot().cursor)
}

// find returns what is known of a transfer.
func (q *queue) find(id session.TransferID) *session.Transfer {
	for _, rows := range [][]session.Transfer{q.live, q.list.rows, q.ended, q.past.rows} {
		for i := range rows {
			if rows[i].ID == id {
				return &rows[i]
			}
		}
	}
	return nil
}

// move moves the cursor, and reports whether rows are needed that are not at hand.
func (q *queue) move(n int) (missing bool) {
	q.all = false
	s := q.spot()
	s.move(n, q.total())
	if q.tab == logTab || q.filtered() {
		return false
	}
	w := q.window()
	if t := w.at(s.cursor); t != nil {
		s.on = t.ID
	}
	return !q.list.holds(max(0, s.cursor-q.height), min(s.cursor+q.height, q.list.total))
}

// turn goes to another tab.
func (q *queue) turn(to tab) {
	if to == q.tab {
		return
	}
	q.tab, q.all, q.list = to, false, window{total: 0}
	if to != logTab {
		q.list.total = q.counts[to.page()]
	}
}

// hold lets the cursor stay on its transfer, wherever that goes.
func (q *queue) hold() {
	if t := q.current(); t != nil {
		q.spot().moved, q.spot().on = true, t.ID
	}
}

// dismiss takes a transfer that is over from below the active ones.
func (q *queue) dismiss(id session.TransferID) {
	q.ended = slices.DeleteFunc(q.ended, func(t session.Transfer) bool { return t.ID == id })
	w := q.window()
	q.spot().follow(&w, q.home())
}

// A motion is how far a running transfer was when it last got further.
type motion struct {
	verified int64
	at       time.Time
}

// stalledAfter is how long a transfer may stand still until the screen says so:
// the engine waits longer before it gives a peer up.
const stalledAfter = 3 * time.Second

// watch notes which of the running transfers got further. One that asks
// something has its reason to stand still.
func (q *queue) watch(live []session.Transfer, now time.Time) {
	moving := make(map[session.TransferID]motion, len(live))
	for i := range live {
		t := &live[i]
		if t.State != session.StateRunning || t.Asking > 0 {
			continue
		}
		m, ok := q.moving[t.ID]
		if !ok || m.verified != t.Verified {
			m = motion{t.Verified, now}
		}
		moving[t.ID] = m
	}
	q.moving = moving
}

func (q *queue) stalled(t *session.Transfer, now time.Time) bool {
	m, ok := q.moving[t.ID]
	return ok && now.Sub(m.at) >= stalledAfter
}

// look brings the figures of what runs up to date.
func (q *queue) look(now time.Time) {
	for id := range q.figures {
		if !slices.ContainsFunc(q.live, func(t session.Transfer) bool { return t.ID == id }) {
			delete(q.figures, id)
		}
	}
	if q.figures == nil {
		q.figures = make(map[session.TransferID]*figures)
	}
	for i := range q.live {
		t := &q.live[i]
		f := q.figures[t.ID]
		if f == nil {
			f = &figures{eta: -1}
			q.figures[t.ID] = f
		}
		f.look(t, now)
	}
	q.whole.look(&session.Transfer{Rate: q.sum.Rate, ETA: q.sum.ETA, Counted: q.sum.Counted}, now)
}

// figuresOf are the figures to show of a transfer.
func (q *queue) figuresOf(t *session.Transfer) *figures {
	if f := q.figures[t.ID]; f != nil {
		return f
	}
	return &figures{eta: -1}
}

// missed finds what became done without having been seen to run.
func (q *queue) missed(ended []session.Transfer) map[session.TransferID]bool {
	var out map[session.TransferID]bool
	for i := range ended {
		t := &ended[i]
		if t.State != session.StateDone || t.Failures > 0 || t.Bytes == 0 {
			continue
		}
		if slices.ContainsFunc(q.live, func(o session.Transfer) bool { return o.ID == t.ID }) {
			continue
		}
		if out == nil {
			out = make(map[session.TransferID]bool)
		}
		out[t.ID] = true
	}
	return out
}

// detailed tells whether the streams and failures of a transfer stand below it:
// by themselves while it runs, and when some of its items failed.
func (q *queue) detailed(t *session.Transfer) bool {
	open := t.State == session.StateRunning || len(t.Failed) > 0 && t.State.Over()
	return open != q.flipped[t.ID]
}

// jobName is what a transfer is called: its only source, or the first and how
// many more.
func jobName(j session.Job) cells.Text {
	if len(j.Sources) == 0 {
		return cells.Say("nothing")
	}
	t := cells.Name(j.Sources[0].Base())
	if j.Sources[0].IsRoot() {
		t = cells.Say("/")
	}
	if n := len(j.Sources) - 1; n > 0 {
		t = t.Plus(cells.Sayf(" +%d", n))
	}
	return t
}
