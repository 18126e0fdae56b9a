package session

import "slices"

// with runs f with a transfer, under the lock, and then starts what may start.
func (e *Engine) with(id TransferID, f func(*queued) error) error {
	e.mu.Lock()
	q, err := e.find(id)
	if err == nil {
		err = f(q)
	}
	e.mu.Unlock()
	if err == nil {
		e.schedule()
	}
	return err
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
		e.total.forget(q)
		delete(e.transfers, id)
		return nil
	})
}

// PauseAll pauses all transfers that wait or run, and returns how many.
func (e *Engine) PauseAll() int { return e.each(slices.Clone[[]*queued], evPause) }

// ResumeAll resumes all that are paused, and returns how many.
func (e *Engine) ResumeAll() int { return e.each(slices.Clone[[]*queued], evResume) }

func (e *Engine) each(rows func([]*queued) []*queued, ev lifeEvent) (n int) {
	e.mu.Lock()
	for _, q := range rows(e.line.rows) {
		if e.person(q, ev) == nil {
			n++
		}
	}
	e.mu.Unlock()
	e.schedule()
	return n
}

// RetryFailed retries all of TabFailed, and returns how many.
func (e *Engine) RetryFailed() int {
	return e.each(func([]*queued) []*queued { return slices.Clone(e.past.failed) }, evRetry)
}

// SetPriority changes a transfer's priority, 0 (last) to MaxPriority. What runs
// goes on.
func (e *Engine) SetPriority(id TransferID, priority int) error {
	if priority < 0 || priority > MaxPriority {
		return newError(Invalid, Path{}, "priority %d: use 0 to %d", priority, MaxPriority)
	}
	return e.with(id, func(q *queued) error {
		if q.state.Over() {
			q.priority = int8(priority)
			return nil
		}
		e.line.prioritize(q, priority)
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
		e.line.shift(q, by)
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
	e.mu.Lock()
	e.cfg.Concurrency = n
	e.mu.Unlock()
	e.schedule()
	return nil
}

// Concurrency returns how many transfers run at the same time.
func (e *Engine) Concurrency() int {
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
	q, err := e.asked(id)
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
	return q.asking.answer(conflict, d)
}

// AnswerAll decides all conflicts of a transfer by a rule, also those that are
// still to come in it, in place of the rule before. What the rule leaves open
// stays parked.
func (e *Engine) AnswerAll(id TransferID, r Rule) error {
	q, err := e.asked(id)
	if err == nil {
		err = r.check(&q.job.Options)
	}
	if err != nil {
		return err
	}
	q.asking.answerAll(r)
	return nil
}

// asked returns a transfer that has questions: what follows an answer may look
// at the disk, so that it is given without the lock.
func (e *Engine) asked(id TransferID) (*queued, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.find(id)
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
