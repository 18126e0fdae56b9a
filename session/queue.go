package session

import (
	"context"
	"errors"
	"sync"
	"time"
)

// A queued is a transfer of the queue: its life, its counts, its questions.
type queued struct {
	id     TransferID
	job    Job
	ledger *ledger
	asking questions
	moved  moved // of a Move
	limit  *throttle

	mu      sync.Mutex
	t       Transfer // ID to Finished; the counts are the ledger's
	changed chan struct{}
	keep    bool                    // of partials, when it is cancelled
	stop    context.CancelCauseFunc // ends the attempt that runs, or the wait for the next
	retries retries
}

// Why an attempt is ended by a person.
var (
	errPaused    = &Error{Kind: Interrupted, Err: errors.New("paused")}
	errCancelled = &Error{Kind: Cancelled, Err: errors.New("cancelled")}
	errKept      = &Error{Kind: Interrupted, Err: errors.New("cancelled, its partials kept")}
)

func newQueued(id TransferID, j Job) *queued {
	q := &queued{id: id, job: j, changed: make(chan struct{}), limit: newThrottle(j.Options.Limit)}
	observe := j.Observe
	if j.Move {
		observe = q.moved.note(observe)
	}
	q.ledger = newLedger(observe)
	q.t = Transfer{ID: id, Job: j, Queued: time.Now(), ETA: -1}
	q.resetRetries()
	return q
}

func (q *queued) resetRetries() {
	q.retries = retries{most: q.job.Options.Retry, giveUp: q.job.Options.GiveUp}
}

// move applies an event, with the error that goes with the new state, and
// reports whether it led anywhere; q.mu is held.
func (q *queued) move(ev lifeEvent, err error) bool {
	next, ok := q.t.State.after(ev)
	if !ok {
		return false
	}
	q.t.State, q.t.Err = next, err
	now := time.Now()
	switch {
	case next == StateRunning && q.t.Started.IsZero():
		q.t.Started = now
	case next.Over():
		q.t.Finished = now
	case next == StateWaiting:
		q.t.Finished = time.Time{}
	}
	close(q.changed)
	q.changed = make(chan struct{})
	return true
}

// person applies what a person asked for.
func (q *queued) person(ev lifeEvent) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	was := q.t.State
	if !q.move(ev, nil) {
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

func (q *queued) keepPartials(keep bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.keep = keep
}

// watch returns the state, and a channel that is closed when it changes.
func (q *queued) watch() (Transfer, <-chan struct{}) {
	q.mu.Lock()
	changed := q.changed
	q.mu.Unlock()
	return q.snapshot(), changed
}

func (q *queued) snapshot() Transfer {
	q.mu.Lock()
	t := q.t
	q.mu.Unlock()
	q.ledger.snapshot(&t, time.Now())
	t.Job.Options.Limit = q.limit.get()
	t.Conflicts, t.Asking = q.asking.snapshot()
	return t
}

// schedule starts waiting transfers while there is room.
func (e *Engine) schedule() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ctx.Err() != nil {
		return
	}
	room := e.cfg.Concurrency
	for _, q := range e.queue {
		if q.occupied() {
			room--
		}
	}
	for _, q := range e.queue {
		if room <= 0 {
			return
		}
		if ctx := q.begin(e.ctx); ctx != nil {
			room--
			e.running.Go(func() {
				q.run(ctx, e)
				e.schedule()
			})
		}
	}
}

// occupied tells whether q takes one of the places for running transfers: also
// while its last attempt is still coming to its end.
func (q *queued) occupied() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.stop != nil
}

// begin makes q run, if it waits, and returns the context of that.
func (q *queued) begin(parent context.Context) context.Context {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.stop != nil || !q.move(evStart, nil) {
		return nil
	}
	ctx, stop := context.WithCancelCause(parent)
	q.stop = stop
	return ctx
}

// run makes attempts until the transfer is over, paused or interrupted.
func (q *queued) run(ctx context.Context, e *Engine) {
	defer func() {
		q.mu.Lock()
		q.stop(nil)
		q.stop = nil
		q.mu.Unlock()
	}()
	for {
		q.mu.Lock()
		q.t.Attempt++
		q.mu.Unlock()
		q.ledger.begin()
		before := q.ledger.fruits()
		err := e.attempt(ctx, q)
		q.asking.drop()
		if !q.ended(ctx, err, q.ledger.fruits() > before) {
			return
		}
		if !q.waitForRetry(ctx) {
			return
		}
	}
}

// ended moves q on after an attempt, and reports whether there will be another
// one after a while.
func (q *queued) ended(ctx context.Context, err error, progressed bool) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.t.State != StateRunning {
		return false // a person has moved it on
	}
	switch {
	case err == nil:
		q.move(evFinished, nil)
		return false
	case ctx.Err() != nil: // the engine is being closed
		q.move(evBroken, errClosing)
		return false
	case KindOf(err) == NoSpace:
		q.move(evShortage, err)
		return false
	}
	now := time.Now()
	wait, again := q.retries.next(now, KindOf(err), progressed)
	if !again {
		q.move(evBroken, err)
		return false
	}
	q.t.RetryAt = now.Add(wait)
	q.move(evLost, err)
	return true
}

// waitForRetry waits until the next attempt is due, and reports false if a
// person or Close was faster.
func (q *queued) waitForRetry(ctx context.Context) bool {
	q.mu.Lock()
	timer := time.NewTimer(time.Until(q.t.RetryAt))
	q.mu.Unlock()
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if ctx.Err() != nil {
		q.move(evBroken, errClosing) // unless a person has moved it on
		return false
	}
	return q.move(evAgain, nil)
}
