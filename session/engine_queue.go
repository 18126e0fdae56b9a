package session

import (
	"cmp"
	"slices"
)

// with runs f with a transfer, under the lock, then starts what may start, and
// returns when the store has what changed.
func (e *Engine) with(id TransferID, f func(*queued) error) error {
	q, err := e.take(id)
	if err != nil {
		return err
	}
	e.mu.Lock()
	if now := e.transfers[id]; now != nil {
		q = now // somebody else took it, too
	}
	if err = f(q); err == nil && !q.state.Over() {
		e.transfers[id] = q
	}
	k := e.keeper
	e.mu.Unlock()
	if err != nil {
		return err
	}
	e.schedule()
	k.await()
	return nil
}

// Pause stops a waiting or running transfer and keeps its partials.
func (e *Engine) Pause(id TransferID) error {
	return e.with(id, func(q *queued) error { return e.person(q, evPause) })
}

// Resume puts a paused transfer back into the queue.
func (e *Engine) Resume(id TransferID) error {
	return e.with(id, func(q *queued) error { return e.person(q, evResume) })
}

// Retry puts a transfer that is over back into the queue; what is there
// already is not sent again.
func (e *Engine) Retry(id TransferID) error {
	return e.with(id, func(q *queued) error { return e.person(q, evRetry) })
}

// Cancel ends a transfer at both ends and removes its partials, unless keep.
func (e *Engine) Cancel(id TransferID, keep bool) error {
	return e.with(id, func(q *queued) error {
		q.keep = keep
		return e.person(q, evCancel)
	})
}

// Interrupt fails a transfer that waits or runs with Interrupted, because who
// waited for it does so no more. Its partials stay: Retry goes on with it.
func (e *Engine) Interrupt(id TransferID) error {
	return e.with(id, func(q *queued) error {
		was := q.state
		if !e.move(q, evBroken, errClosing) {
			return newError(Invalid, Path{}, "the transfer is %s", was)
		}
		q.interrupt(errClosing)
		return nil
	})
}

// Forget takes a transfer that is over out of the list.
func (e *Engine) Forget(id TransferID) error {
	return e.with(id, func(q *queued) error {
		if !q.state.Over() {
			return newError(Busy, Path{}, "the transfer is %s", q.state)
		}
		e.past.remove(q)
		delete(e.transfers, id)
		e.keeper.put(&Record{Row: q.row(), Forget: true})
		return nil
	})
}

// PauseAll pauses all transfers that wait or run, and returns how many.
func (e *Engine) PauseAll() int { return e.each(e.everyRow, evPause) }

// ResumeAll resumes all that are paused, and returns how many.
func (e *Engine) ResumeAll() int { return e.each(e.everyRow, evResume) }

// RetryFailed retries all of TabFailed, and returns how many.
func (e *Engine) RetryFailed() int {
	e.await()
	e.mu.Lock()
	k, failed := e.keeper, slices.Clone(e.past.ended[TabFailed])
	e.mu.Unlock()
	if k != nil {
		rows, err := k.store.Rows(TabFailed)
		if err != nil {
			e.notice("the history cannot be read: " + Display(plain(err).Error()))
		}
		failed = append(failed, e.unlisted(rows)...)
	}
	return e.each(func() []*queued { return failed }, evRetry)
}

// unlisted makes transfers of rows that are not in memory.
func (e *Engine) unlisted(rows []Row) (out []*queued) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, r := range rows {
		if e.transfers[r.ID] == nil {
			q := &queued{id: r.ID, state: r.State, priority: int8(r.Priority), foreground: r.Foreground, ended: r.Ended, filed: r.Tab}
			out = append(out, q)
		}
	}
	slices.SortFunc(out, func(a, b *queued) int { return cmp.Compare(a.ended, b.ended) })
	return out
}

// everyRow returns what is not over; e.mu is held.
func (e *Engine) everyRow() []*queued { return slices.Clone(e.line.rows) }

// each does with all rows what a person asked for, and returns with how many it
// could be done.
func (e *Engine) each(rows func() []*queued, ev lifeEvent) (n int) {
	e.await()
	e.mu.Lock()
	for _, q := range rows() {
		if now := e.transfers[q.id]; now != nil && now != q {
			continue
		}
		if e.person(q, ev) == nil {
			e.transfers[q.id] = q
			n++
		}
	}
	k := e.keeper
	e.mu.Unlock()
	e.schedule()
	k.await()
	return n
}

// SetPriority changes a transfer's priority, 0 (last) to MaxPriority. What runs
// goes on.
func (e *Engine) SetPriority(id TransferID, priority int) error {
	if priority < 0 || priority > MaxPriority {
		return newError(Invalid, Path{}, "priority %d: use 0 to %d", priority, MaxPriority)
	}
	return e.with(id, func(q *queued) error {
		if q.state.Over() {
			return newError(Invalid, Path{}, "the transfer is %s", q.state)
		}
		e.line.prioritize(q, priority)
		e.saveRow(q)
		return nil
	})
}

// Reorder moves a transfer by so many rows among those of its priority that are
// not over: up if by is negative, as far as it goes (math.MinInt: to the top).
func (e *Engine) Reorder(id TransferID, by int) error {
	return e.with(id, func(q *queued) error {
		if q.state.Over() {
			return newError(Invalid, Path{}, "the transfer is %s", q.state)
		}
		for _, o := range e.line.shift(q, by) {
			e.saveRow(o)
		}
		return nil
	})
}

// MaxConcurrency is how many transfers may run at the same time, at the most.
const MaxConcurrency = 32

// SetConcurrency sets how many transfers run at the same time. What runs goes
// on, also where there is no place for it any more.
func (e *Engine) SetConcurrency(n int) error {
	if n < 1 || n > MaxConcurrency {
		return newError(Invalid, Path{}, "%d transfers at a time: use 1 to %d", n, MaxConcurrency)
	}
	e.await()
	e.mu.Lock()
	e.cfg.Concurrency = n
	e.mu.Unlock()
	e.schedule()
	e.saveSettings()
	return nil
}

func (e *Engine) saveSettings() {
	e.mu.Lock()
	k := e.keeper
	k.set(Settings{Concurrency: e.cfg.Concurrency, Send: e.out.get(), Receive: e.in.get()})
	e.mu.Unlock()
	k.await()
}

// Concurrency returns how many transfers run at the same time.
func (e *Engine) Concurrency() int {
	e.await()
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.cfg.Concurrency
}

// Answer decides a conflict of a transfer; with all every one, also those that
// are still to come in it. The decision is remembered: another attempt does not
// ask again about the same two files.
func (e *Engine) Answer(id TransferID, conflict int, d Conflict, all bool) error {
	if all {
		return e.AnswerAll(id, Rule{Then: d, Otherwise: d})
	}
	q, err := e.take(id)
	switch {
	case err != nil:
	case d == Ask:
		err = newError(Invalid, Path{}, "to ask again is no answer")
	default:
		err = checkDecision(d, &q.job.Options)
	}
	if err != nil {
		return err
	}
	key, err := q.asking.answer(conflict, d) // without the lock: what follows may look at the disk
	if err != nil {
		return err
	}
	return e.with(id, func(q *queued) error {
		e.keeper.put(&Record{Row: q.row(), Answers: []Answer{{key, d}}})
		return nil
	})
}

// AnswerAll decides all conflicts of a transfer by a rule, also those that are
// still to come in it, in place of the rule before. What the rule leaves open
// stays parked.
func (e *Engine) AnswerAll(id TransferID, r Rule) error {
	q, err := e.take(id)
	if err == nil {
		err = r.check(&q.job.Options)
	}
	if err != nil {
		return err
	}
	q.asking.answerAll(r)
	return e.with(id, func(q *queued) error {
		e.save(q)
		return nil
	})
}

// Log returns what happened after line number after, at most the last thousand
// lines, the oldest first.
func (e *Engine) Log(after int64) []LogLine {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.log.since(after)
}

// Notices returns what a person must know about the queue itself, the oldest
// first.
func (e *Engine) Notices() []Notice {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.log.notices)
}
