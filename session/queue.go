package session

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"
)

// A queued is a transfer of the queue: its life, its counts, its questions.
// Engine.mu guards it, but for what has a lock of its own.
type queued struct {
	id         TransferID
	state      TransferState
	priority   int8
	foreground bool
	place      int64  // among those of its priority: see line
	weight     weight // what it adds to the whole

	job    Job
	ledger *ledger
	asking questions
	moved  moved // of a Move
	limit  *throttle

	err      error     // of the state
	retryAt  time.Time // of StateRetrying
	attempt  int
	queued   time.Time
	started  time.Time
	finished time.Time

	changed chan struct{}           // closed when the state changes; nil while nobody looks
	keep    bool                    // its partials, when it is cancelled
	stop    context.CancelCauseFunc // ends the attempt that runs, or the wait for the next
	retries retries
}

// Why an attempt is ended by a person.
var (
	errPaused    = &Error{Kind: Interrupted, Err: errors.New("paused")}
	errCancelled = &Error{Kind: Cancelled, Err: errors.New("cancelled")}
	errKept      = &Error{Kind: Interrupted, Err: errors.New("cancelled, its partials kept")}
)

func newQueued(id TransferID, j Job, now time.Time) *queued {
	q := &queued{
		id: id, job: j, priority: int8(j.Priority), foreground: j.Foreground,
		limit: newThrottle(j.Options.Limit), queued: now,
	}
	observe := j.Observe
	if j.Move {
		observe = q.moved.note(observe)
	}
	q.ledger = newLedger(observe)
	q.resetRetries()
	return q
}

func (q *queued) resetRetries() {
	q.retries = retries{most: q.job.Options.Retry, giveUp: q.job.Options.GiveUp}
}

// move applies an event, with the error that goes with the new state, and
// reports whether it led anywhere; e.mu is held.
func (e *Engine) move(q *queued, ev lifeEvent, err error) bool {
	was := q.state
	next, ok := was.after(ev)
	if !ok {
		return false
	}
	q.state, q.err = next, err
	now := time.Now()
	switch {
	case next == StateRunning && q.started.IsZero():
		q.started = now
	case next.Over():
		q.finished = now
	case next == StateWaiting:
		q.finished = time.Time{}
	}
	e.sort(q, was)
	e.log.add(LogLine{At: now, Transfer: q.id, Job: q.name(), State: next, Err: err})
	if q.changed != nil {
		close(q.changed)
		q.changed = nil
	}
	return true
}

// name is what a transfer is called in the log.
func (q *queued) name() string { return q.job.Sources[0].Base() }

// sort puts q, whose state was another one, where it belongs; e.mu is held.
func (e *Engine) sort(q *queued, was TransferState) {
	if was.Over() {
		e.past.remove(q)
	}
	if q.state.Over() {
		e.line.remove(q)
		delete(e.fore, q)
		e.past.add(q)
	} else {
		e.line.insert(q)
		if q.foreground {
			e.fore[q] = true
		}
	}
	e.total.account(q)
}

// person applies what a person asked for; e.mu is held.
func (e *Engine) person(q *queued, ev lifeEvent) error {
	was := q.state
	if !e.move(q, ev, nil) {
		return newError(Invalid, Path{}, "the transfer is %s", was)
	}
	switch ev {
	case evRetry:
		q.ledger.retry()
		q.resetRetries()
	case evResume:
		q.resetRetries()
	case evPause:
		q.interrupt(errPaused)
	case evCancel:
		if q.keep {
			q.interrupt(errKept)
		} else {
			q.interrupt(errCancelled)
		}
	}
	return nil
}

func (q *queued) interrupt(why error) {
	if q.stop != nil {
		q.stop(why)
	}
}

// snapshot describes q; Engine.mu is held.
func (q *queued) snapshot(now time.Time) Transfer {
	t := Transfer{
		ID: q.id, Job: q.job, State: q.state, Err: q.err, Attempt: q.attempt,
		Queued: q.queued, Started: q.started, Finished: q.finished, RetryAt: q.retryAt,
	}
	q.ledger.snapshot(&t, now)
	t.Job.Options.Limit, t.Job.Priority = q.limit.get(), int(q.priority)
	t.Conflicts, t.Asking, t.Rule = q.asking.snapshot()
	return t
}

// schedule starts waiting transfers while there is room.
func (e *Engine) schedule() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ctx.Err() != nil {
		return
	}
	for _, q := range e.turns() {
		ctx, stop := context.WithCancelCause(e.ctx)
		q.stop = stop
		e.busy[q] = true
		e.move(q, evStart, nil)
		e.running.Go(func() { e.offerPlace(ctx, q) })
		e.running.Go(func() {
			e.run(ctx, q)
			e.schedule()
		})
	}
}

// maxForeground is how many transfers run that somebody waits for: a command
// with very many sources makes several.
const maxForeground = 8

// turns returns those that may run now; e.mu is held.
func (e *Engine) turns() (next []*queued) {
	room, fore, resting := e.cfg.Concurrency, maxForeground, 0
	for q := range e.busy {
		switch {
		case q.foreground:
			fore--
		case resting < maxResting && q.rests():
			resting++
		default:
			room--
		}
	}
	for _, q := range slices.SortedFunc(maps.Keys(e.fore), turnOrder) {
		if q.state == StateWaiting && !e.busy[q] && fore > 0 {
			fore--
			next = append(next, q)
		}
	}
	for _, q := range e.line.rows {
		if room <= 0 {
			break
		}
		if q.state == StateWaiting && !q.foreground && !e.busy[q] {
			room--
			next = append(next, q)
		}
	}
	return next
}

// run makes attempts until the transfer is over, paused or interrupted.
func (e *Engine) run(ctx context.Context, q *queued) {
	defer func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		q.stop(nil)
		q.stop = nil
		delete(e.busy, q)
	}()
	for {
		e.mu.Lock()
		q.attempt++
		e.mu.Unlock()
		q.ledger.begin()
		before := q.ledger.fruits()
		err := e.attempt(ctx, q)
		q.asking.drop()
		if !e.ended(ctx, q, err, q.ledger.fruits() > before) {
			return
		}
		if !e.waitForRetry(ctx, q) {
			return
		}
	}
}

// ended moves q on after an attempt, and reports whether there will be another
// one after a while.
func (e *Engine) ended(ctx context.Context, q *queued, err error, progressed bool) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if q.state != StateRunning {
		return false // a person has moved it on
	}
	switch {
	case err == nil:
		e.move(q, evFinished, nil)
		return false
	case ctx.Err() != nil: // the engine is being closed
		e.move(q, evBroken, errClosing)
		return false
	case KindOf(err) == NoSpace:
		e.move(q, evShortage, err)
		return false
	}
	now := time.Now()
	wait, again := q.retries.next(now, KindOf(err), progressed)
	if !again {
		e.move(q, evBroken, err)
		return false
	}
	q.retryAt = now.Add(wait)
	e.move(q, evLost, err)
	return true
}

// waitForRetry waits until the next attempt is due, and reports false if a
// person or Close was faster.
func (e *Engine) waitForRetry(ctx context.Context, q *queued) bool {
	e.mu.Lock()
	timer := time.NewTimer(time.Until(q.retryAt))
	e.mu.Unlock()
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if ctx.Err() != nil {
		e.move(q, evBroken, errClosing) // unless a person has moved it on
		return false
	}
	return e.move(q, evAgain, nil)
}
