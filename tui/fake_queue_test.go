package tui

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/bargee/bargee/session"
)

// The queue of the fake engine, as session.Engine has it: tabs, order, limits.

// fakeQueue is what the fake engine has beside its transfers.
type fakeQueue struct {
	log           []session.LogLine
	logged        map[session.TransferID]session.TransferState
	notices       []session.Notice
	concurrency   int
	send, receive int64
}

func (e *fakeEngine) tab(tab session.Tab) (rows []session.Transfer) {
	for _, t := range e.transfers {
		is := session.TabActive
		switch {
		case t.State == session.StateFailed || t.State == session.StateDone && t.Failures > 0:
			is = session.TabFailed
		case t.State.Over():
			is = session.TabDone
		}
		if is == tab {
			t.Streams, t.Active = slices.Clone(t.Streams), slices.Clone(t.Active)
			rows = append(rows, t)
		}
	}
	if tab == session.TabActive {
		slices.SortStableFunc(rows, func(a, b session.Transfer) int { return b.Job.Priority - a.Job.Priority })
	} else {
		slices.Reverse(rows)
	}
	return rows
}

func (e *fakeEngine) Page(tab session.Tab, offset, limit int) session.Page {
	e.mu.Lock()
	defer e.mu.Unlock()
	p := session.Page{Tab: tab, Summary: e.summary()}
	for i := range p.Counts {
		p.Counts[i] = len(e.tab(session.Tab(i)))
	}
	rows := e.tab(tab)
	p.Total = len(rows)
	limit = max(0, min(limit, p.Total))
	p.Offset = max(0, min(offset, p.Total-limit))
	p.Rows = rows[p.Offset : p.Offset+limit]
	for _, t := range e.transfers {
		if t.State == session.StateRunning || t.State == session.StateRetrying {
			t.Streams, t.Active = slices.Clone(t.Streams), slices.Clone(t.Active)
			p.Live = append(p.Live, t)
		}
	}
	return p
}

func (e *fakeEngine) summary() session.Summary {
	s := session.Summary{Counted: true, ETA: -1}
	for _, t := range e.transfers {
		switch t.State {
		case session.StateRunning, session.StateRetrying:
			s.Running++
			s.Rate += t.Rate
		case session.StateWaiting:
			s.Waiting++
		case session.StatePaused:
			s.Paused++
			continue
		default:
			continue
		}
		if t.Asking > 0 {
			s.Asking++
		}
		s.Bytes += t.Bytes
		s.Verified += t.Verified
		s.Counted = s.Counted && t.Counted
		s.ETA = max(s.ETA, t.ETA)
	}
	return s
}

func (e *fakeEngine) History(_ context.Context, q session.HistoryQuery) ([]session.Transfer, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.record("history glob=%s status=%d", q.Glob, q.Status)
	return slices.Concat(e.tab(session.TabFailed), e.tab(session.TabDone)), nil
}

func (e *fakeEngine) Log(after int64) (out []session.LogLine) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.queue.catchUp(e.transfers, e.now())
	for _, l := range e.queue.log {
		if l.Number > after {
			out = append(out, l)
		}
	}
	return out
}

// catchUp logs the transfers that are in another state than was logged last: tests
// move them about as they like.
func (q *fakeQueue) catchUp(ts []session.Transfer, now time.Time) {
	for _, t := range ts {
		if was, known := q.logged[t.ID]; known && was == t.State {
			continue
		}
		if q.logged == nil {
			q.logged = make(map[session.TransferID]session.TransferState)
		}
		q.logged[t.ID] = t.State
		q.log = append(q.log, session.LogLine{
			Number: int64(len(q.log) + 1), At: now, Transfer: t.ID, Job: t.Job.Sources[0].Base(), State: t.State, Err: t.Err,
		})
	}
}

func (e *fakeEngine) Notices() []session.Notice {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.queue.notices)
}

// each moves on all transfers that are in one of the states.
func (e *fakeEngine) each(what string, to session.TransferState, from ...session.TransferState) (n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.record("%s", what)
	for i := range e.transfers {
		t := &e.transfers[i]
		is := t.State
		if is == session.StateDone && t.Failures > 0 {
			is = session.StateFailed
		}
		if slices.Contains(from, is) {
			t.State, t.Err, t.Failures, t.Failed = to, nil, 0, nil
			n++
		}
	}
	return n
}

func (e *fakeEngine) PauseAll() int {
	return e.each("pause all", session.StatePaused, session.StateRunning, session.StateWaiting, session.StateRetrying)
}

func (e *fakeEngine) ResumeAll() int {
	return e.each("resume all", session.StateWaiting, session.StatePaused)
}

func (e *fakeEngine) RetryFailed() int {
	return e.each("retry failed", session.StateWaiting, session.StateFailed)
}

// note records a call, and changes the transfer that it was about.
func (e *fakeEngine) note(what string, id session.TransferID, n any, f func(*session.Transfer)) error {
	e.mu.Lock()
	e.record("%s %v", what, n)
	e.mu.Unlock()
	return e.change(what+" of", id, f)
}

func (e *fakeEngine) AnswerAll(id session.TransferID, r session.Rule) error {
	return e.note("rule", id, r, func(t *session.Transfer) { t.Rule, t.Conflicts, t.Asking = &r, nil, 0 })
}

func (e *fakeEngine) SetPriority(id session.TransferID, priority int) error {
	return e.note("priority", id, priority, func(t *session.Transfer) { t.Job.Priority = priority })
}

func (e *fakeEngine) SetTransferLimit(id session.TransferID, bytesPerSecond int64) error {
	return e.note("limit", id, bytesPerSecond, func(t *session.Transfer) { t.Job.Options.Limit = bytesPerSecond })
}

// Reorder moves a transfer among all of them, as if they had one priority.
func (e *fakeEngine) Reorder(id session.TransferID, by int) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.record("reorder %d by %d", id, by)
	i := slices.IndexFunc(e.transfers, func(t session.Transfer) bool { return t.ID == id })
	if i < 0 {
		return session.NotFound
	}
	to, last := 0, len(e.transfers)-1
	switch {
	case by > last-i:
		to = last
	case by >= -i:
		to = i + by
	}
	t := e.transfers[i]
	e.transfers = slices.Insert(slices.Delete(e.transfers, i, i+1), to, t)
	return nil
}

func (e *fakeEngine) SetConcurrency(n int) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.record("concurrency %d", n)
	e.queue.concurrency = n
	return nil
}

func (e *fakeEngine) Concurrency() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return cmp.Or(e.queue.concurrency, 2)
}

func (e *fakeEngine) SetLimits(send, receive int64) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.record("limits %d %d", send, receive)
	e.queue.send, e.queue.receive = send, receive
	return nil
}

func (e *fakeEngine) Limits() (send, receive int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.queue.send, e.queue.receive
}
