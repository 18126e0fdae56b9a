package control

import (
	"context"

	"github.com/bargee/bargee/session"
)

// The methods are those of session.Engine. Those that only describe never wait:
// while nobody runs the queue they describe nothing.

// on does f with a transfer: ours may have come to have another number where
// they are now.
func (q *Queue) on(id session.TransferID, f func(Engine, session.TransferID) error) error {
	return q.ask(q.ctx, func(e Engine) error { return f(e, q.numberOf(id)) })
}

// Pause stops a transfer.
func (q *Queue) Pause(id session.TransferID) error {
	return q.on(id, func(e Engine, id session.TransferID) error { return e.Pause(id) })
}

// Resume puts a paused transfer back into the queue.
func (q *Queue) Resume(id session.TransferID) error {
	return q.on(id, func(e Engine, id session.TransferID) error { return e.Resume(id) })
}

// Cancel ends a transfer.
func (q *Queue) Cancel(id session.TransferID, keep bool) error {
	return q.on(id, func(e Engine, id session.TransferID) error { return e.Cancel(id, keep) })
}

// Retry puts a transfer that is over back into the queue.
func (q *Queue) Retry(id session.TransferID) error {
	return q.on(id, func(e Engine, id session.TransferID) error { return e.Retry(id) })
}

// Forget takes a transfer that is over out of the list.
func (q *Queue) Forget(id session.TransferID) error {
	return q.on(id, func(e Engine, id session.TransferID) error { return e.Forget(id) })
}

// Answer decides a conflict.
func (q *Queue) Answer(id session.TransferID, conflict int, d session.Conflict, all bool) error {
	err := q.on(id, func(e Engine, id session.TransferID) error { return e.Answer(id, conflict, d, all) })
	if err == nil && all {
		q.remember(id, d)
	}
	return err
}

// AnswerAll decides all conflicts of a transfer by a rule.
func (q *Queue) AnswerAll(id session.TransferID, r session.Rule) error {
	return q.on(id, func(e Engine, id session.TransferID) error { return e.AnswerAll(id, r) })
}

// SetPriority changes a transfer's priority.
func (q *Queue) SetPriority(id session.TransferID, priority int) error {
	return q.on(id, func(e Engine, id session.TransferID) error { return e.SetPriority(id, priority) })
}

// Reorder moves a transfer by so many rows.
func (q *Queue) Reorder(id session.TransferID, by int) error {
	return q.on(id, func(e Engine, id session.TransferID) error { return e.Reorder(id, by) })
}

// SetTransferLimit limits one transfer.
func (q *Queue) SetTransferLimit(id session.TransferID, bytesPerSecond int64) error {
	return q.on(id, func(e Engine, id session.TransferID) error { return e.SetTransferLimit(id, bytesPerSecond) })
}

// SetConcurrency sets how many transfers run at the same time.
func (q *Queue) SetConcurrency(n int) error {
	return q.ask(q.ctx, func(e Engine) error { return e.SetConcurrency(n) })
}

// SetLimits sets how many bytes a second cross the links.
func (q *Queue) SetLimits(send, receive int64) error {
	return q.ask(q.ctx, func(e Engine) error { return e.SetLimits(send, receive) })
}

// PauseAll pauses all transfers, and returns how many.
func (q *Queue) PauseAll() int { return q.all(Engine.PauseAll) }

// ResumeAll resumes all transfers, and returns how many.
func (q *Queue) ResumeAll() int { return q.all(Engine.ResumeAll) }

// RetryFailed retries all that failed, and returns how many.
func (q *Queue) RetryFailed() int { return q.all(Engine.RetryFailed) }

func (q *Queue) all(f func(Engine) int) int {
	if e, _, ok := q.now(); ok {
		return f(e)
	}
	return 0
}

// Concurrency returns how many transfers run at the same time.
func (q *Queue) Concurrency() int { return q.all(Engine.Concurrency) }

// Limits returns how many bytes a second cross the links.
func (q *Queue) Limits() (send, receive int64) {
	if e, _, ok := q.now(); ok {
		return e.Limits()
	}
	return 0, 0
}

// Transfers describes transfers.
func (q *Queue) Transfers() []session.Transfer {
	e, c, ok := q.now()
	if !ok {
		return nil
	}
	rows := e.Transfers()
	if c != nil {
		q.rowHere(c, rows...)
	}
	return rows
}

// Page describes a piece of a tab.
func (q *Queue) Page(tab session.Tab, offset, limit int) session.Page {
	e, c, ok := q.now()
	if !ok {
		return session.Page{Tab: tab, Summary: session.Summary{ETA: -1}}
	}
	p := e.Page(tab, offset, limit)
	if c != nil {
		q.rowHere(c, p.Rows...)
		q.rowHere(c, p.Live...)
	}
	return p
}

// History returns finished transfers.
func (q *Queue) History(ctx context.Context, query session.HistoryQuery) (rows []session.Transfer, err error) {
	err = q.ask(ctx, func(e Engine) error {
		if rows, err = e.History(ctx, query); err != nil {
			return err
		}
		if c, ok := e.(*Client); ok {
			q.rowHere(c, rows...)
		}
		return nil
	})
	return rows, err
}

// Log returns what happened after a line.
func (q *Queue) Log(after int64) []session.LogLine {
	if e, _, ok := q.now(); ok {
		return e.Log(after)
	}
	return nil
}

// Notices returns what a person must know about the queue.
func (q *Queue) Notices() []session.Notice {
	if e, _, ok := q.now(); ok {
		return e.Notices()
	}
	return nil
}
