package tui

import (
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
)

// queue is the list of transfers below the panes.
type queue struct {
	transfers []session.Transfer
	cursor    int
	moved     bool                        // somebody put the cursor there; it stays on its transfer
	flipped   map[session.TransferID]bool // details that are not as they are by themselves
	all       bool                        // the next answer is for all conflicts of the transfer
	moving    map[session.TransferID]motion
	asked     bool                        // the engine was, at least once
	flash     map[session.TransferID]bool // over before they were seen to run: their bar is shown once
	height    int                         // lines that are visible
	tall      int                         // most lines that were wanted since all was over
	lanes     cells.Text                  // how many the link has, and why
}

// set takes in what the engine says. The cursor stays on its transfer; until
// somebody moves it, it follows the first one that is not over.
func (q *queue) set(ts []session.Transfer, now time.Time) {
	q.watch(ts, now)
	var on session.TransferID
	if t := q.current(); t != nil {
		on = t.ID
	}
	if q.flash = nil; q.asked {
		q.flash = missed(q.transfers, ts)
	}
	q.asked, q.transfers = true, ts
	q.cursor = max(0, min(q.cursor, len(ts)-1))
	for i := range ts {
		if q.moved && ts[i].ID == on {
			q.cursor = i
			return
		}
	}
	if i := q.firstOpen(); i >= 0 {
		q.cursor = i
	}
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
func (q *queue) watch(ts []session.Transfer, now time.Time) {
	moving := make(map[session.TransferID]motion, len(ts))
	for i := range ts {
		t := &ts[i]
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

// missed finds what became done between two polls without having been seen to
// run.
func missed(before, now []session.Transfer) map[session.TransferID]bool {
	was := make(map[session.TransferID]session.TransferState, len(before))
	for i := range before {
		was[before[i].ID] = before[i].State
	}
	var out map[session.TransferID]bool
	for i := range now {
		state, known := was[now[i].ID]
		if now[i].State != session.StateDone || now[i].Failures > 0 || now[i].Bytes == 0 {
			continue
		}
		if !known || state == session.StateWaiting {
			if out == nil {
				out = make(map[session.TransferID]bool)
			}
			out[now[i].ID] = true
		}
	}
	return out
}

// firstOpen is the first transfer that asks something, else the first that is
// not over, else the last; -1 if there is none.
func (q *queue) firstOpen() int {
	open := len(q.transfers) - 1
	for i := len(q.transfers) - 1; i >= 0; i-- {
		if !q.transfers[i].State.Over() {
			open = i
		}
	}
	for i := range q.transfers {
		if q.transfers[i].Asking > 0 {
			return i
		}
	}
	return open
}

func (q *queue) current() *session.Transfer {
	if q.cursor < 0 || q.cursor >= len(q.transfers) {
		return nil
	}
	return &q.transfers[q.cursor]
}

func (q *queue) move(n int) {
	q.moved, q.all = true, false
	q.cursor = max(0, min(q.cursor+n, len(q.transfers)-1))
}

// detailed tells whether the details of a transfer are open: by themselves while
// it runs, and when some of its items failed.
func (q *queue) detailed(t *session.Transfer) bool {
	open := t.State == session.StateRunning || len(t.Failed) > 0 && t.State.Over()
	return open != q.flipped[t.ID]
}

// withCurrent runs f in a command with the transfer under the cursor.
func (a *App) withCurrent(f func(t session.Transfer) error) tea.Cmd {
	t := a.queue.current()
	if t == nil {
		return nil
	}
	return a.callEngine(*t, f)
}

func (a *App) callEngine(t session.Transfer, f func(t session.Transfer) error) tea.Cmd {
	return a.call(func() doneMsg { return doneMsg{err: f(t)} })
}

func (a *App) toggleDetails() tea.Cmd {
	if t := a.queue.current(); t != nil {
		if a.queue.flipped == nil {
			a.queue.flipped = make(map[session.TransferID]bool)
		}
		a.queue.flipped[t.ID] = !a.queue.flipped[t.ID]
	}
	return nil
}

func (a *App) pauseOrResume() tea.Cmd {
	return a.withCurrent(func(t session.Transfer) error {
		switch t.State {
		case session.StatePaused:
			return a.engine.Resume(t.ID)
		case session.StateRunning, session.StateWaiting, session.StateRetrying:
			return a.engine.Pause(t.ID)
		}
		return nil
	})
}

// pauseOrResumeAll pauses what runs or waits; if nothing does, it resumes all
// that is paused.
func (a *App) pauseOrResumeAll() tea.Cmd {
	busy := a.busy()
	var cmds []tea.Cmd
	for _, t := range a.queue.transfers {
		switch {
		case t.State.Over():
		case busy && t.State != session.StatePaused:
			cmds = append(cmds, a.callEngine(t, func(t session.Transfer) error { return a.engine.Pause(t.ID) }))
		case !busy:
			cmds = append(cmds, a.callEngine(t, func(t session.Transfer) error { return a.engine.Resume(t.ID) }))
		}
	}
	return tea.Batch(cmds...)
}

// cancel ends a transfer.
type cancel struct {
	transfer session.Transfer
	keep     bool
}

func (c cancel) do(a *App) tea.Cmd {
	return a.callEngine(c.transfer, func(t session.Transfer) error { return a.engine.Cancel(t.ID, c.keep) })
}

func (a *App) cancelOrForget() tea.Cmd {
	t := a.queue.current()
	switch {
	case t == nil:
		return nil
	case t.State.Over():
		return a.callEngine(*t, func(t session.Transfer) error { return a.engine.Forget(t.ID) })
	}
	a.ask = &ask{
		label: cells.Sayf("Cancel %s?", jobName(t.Job)),
		warn:  true,
		answers: []answer{
			{bind("cancel", "y"), cancel{*t, false}},
			{bind("keep what arrived", "k"), cancel{*t, true}},
		},
	}
	return nil
}

func (a *App) retryOrRename() tea.Cmd {
	t := a.queue.current()
	if t != nil && t.Asking > 0 {
		return answerWith(renameNew)(a)
	}
	return a.withCurrent(func(t session.Transfer) error {
		if !canRetry(&t) {
			return nil
		}
		return a.engine.Retry(t.ID)
	})
}

func (a *App) retryAll() tea.Cmd {
	var cmds []tea.Cmd
	for _, t := range a.queue.transfers {
		if canRetry(&t) && t.State != session.StateCancelled {
			cmds = append(cmds, a.callEngine(t, func(t session.Transfer) error { return a.engine.Retry(t.ID) }))
		}
	}
	return tea.Batch(cmds...)
}

// canRetry tells whether there is something that a retry would do.
func canRetry(t *session.Transfer) bool {
	return t.State == session.StateFailed || t.State == session.StateCancelled ||
		t.State == session.StateDone && t.Failures > 0
}

// The answers to a conflict.
const (
	overwrite = session.Overwrite
	skip      = session.Skip
	newer     = session.Newer
	renameNew = session.Rename
)

// answerWith decides the oldest conflict of the transfer under the cursor, after
// "a" also all others of it, those to come included.
func answerWith(d session.Conflict) func(*App) tea.Cmd {
	return func(a *App) tea.Cmd {
		all := a.queue.all
		a.queue.all = false
		return a.withCurrent(func(t session.Transfer) error {
			if len(t.Conflicts) == 0 {
				return nil
			}
			return a.engine.Answer(t.ID, t.Conflicts[0].ID, d, all)
		})
	}
}

func (a *App) toggleAll() tea.Cmd {
	if t := a.queue.current(); t != nil && t.Asking > 0 {
		a.queue.all = !a.queue.all
	}
	return nil
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
