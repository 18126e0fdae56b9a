package session

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"
)

// A queued is a transfer of the queue: where it stands, and once somebody looks
// at it, all the rest. Engine.mu guards it, but for what has a lock of its own.
type queued struct {
	id         TransferID
	state      TransferState
	priority   int8
	foreground bool
	place      int64         // among those of its priority: see line
	ended      int64         // number among those that ended
	filed      Tab           // where it was counted when it ended
	weight     weight        // what it adds to the whole
	changed    chan struct{} // closed when the state changes; nil while nobody looks

	*detail // nil: in the store only
}

// A detail is what a queued is made of, its life, its counts, its questions.
type detail struct {
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

	removing bool    // of a move: sources that are gone are at the destination
	needs    PlaceID // it waits until this one is connected; Here: it does not

	keep    bool                    // its partials, when it is cancelled
	stop    context.CancelCauseFunc // ends the attempt that runs, or the wait for the next
	retries retries
	leaving bool      // it ends only because the engine does
	saved   int64     // ledger.progress when its counts were saved
	unread  error     // it could not be read from the store
	tried   time.Time // when that was, where it may be read later
}

// Why an attempt is ended by a person.
var (
	errPaused    = &Error{Kind: Interrupted, Err: errors.New("paused")}
	errCancelled = &Error{Kind: Cancelled, Err: errors.New("cancelled")}
	errKept      = &Error{Kind: Interrupted, Err: errors.New("cancelled, its partials kept")}
)

func newQueued(id TransferID, j Job, now time.Time) *queued {
	q := &queued{id: id, priority: int8(j.Priority), foreground: j.Foreground}
	q.detail = newDetail(j)
	q.queued = now
	return q
}

func newDetail(j Job) *detail {
	d := &detail{job: j, limit: newThrottle(j.Options.Limit)}
	observe := j.Observe
	if j.Move {
		observe = d.moved.note(observe)
	}
	d.ledger = newLedger(observe)
	d.resetRetries()
	return d
}

func (d *detail) resetRetries() {
	d.retries = retries{most: d.job.Options.Retry, giveUp: d.job.Options.GiveUp}
}

// move applies an event, with the error that goes with the new state, and
// reports whether it led anywhere; e.mu is held.
func (e *Engine) move(q *queued, ev lifeEvent, err error) bool {
	was := q.state
	next, ok := was.after(ev)
	if !ok {
		return false
	}
	now := time.Now()
	q.state = next
	switch {
	case next.Over():
		e.lastEnded++
		q.ended = e.lastEnded
	case was.Over():
		q.ended = 0
	}
	if d := q.detail; d != nil {
		d.err, d.needs = err, Here
		switch {
		case next == StateRunning && d.started.IsZero():
			d.started = now
		case next.Over():
			d.finished = now
		case next == StateWaiting:
			d.finished = time.Time{}
		}
	}
	e.sort(q, was)
	e.log.add(LogLine{At: now, Transfer: q.id, Job: q.name(), State: next, Err: err})
	e.save(q)
	e.notePast(q)
	if q.changed != nil {
		close(q.changed)
		q.changed = nil
	}
	return true
}

// name is what a transfer is called in the log; "" if nobody has looked at it.
func (q *queued) name() string {
	if q.detail == nil {
		return ""
	}
	return q.job.Sources[0].Base()
}

// tab returns where q belongs.
func (q *queued) tab() Tab {
	if !q.state.Over() || q.detail == nil {
		return tabOf(q.state, 0)
	}
	return tabOf(q.state, q.ledger.failures())
}

// sort puts q, whose state was another one, where it belongs; e.mu is held.
func (e *Engine) sort(q *queued, was TransferState) {
	if was.Over() {
		e.past.remove(q)
	}
	if q.state.Over() {
		e.line.remove(q)
		delete(e.fore, q)
		delete(e.again, q)
		e.past.add(q)
		e.forgetOld()
	} else {
		if was.Over() {
			e.line.append(q)
		} else {
			e.line.insert(q)
		}
		if q.foreground {
			e.fore[q] = true
		}
	}
	e.total.account(q)
}

// person applies what a person asked for; e.mu is held.
func (e *Engine) person(q *queued, ev lifeEvent) error {
	was := q.state
	if ev == evRetry && q.detail != nil && q.job.Sync {
		return errSynced
	}
	if ev == evRetry && q.detail != nil && was.Over() {
		q.ledger.retry()
	}
	waited := q.foreground
	if ev == evRetry && was.Over() {
		q.foreground = false // whoever waited was told of its end
	}
	if !e.move(q, ev, nil) {
		q.foreground = waited
		return newError(Invalid, Path{}, "the transfer is %s", was)
	}
	if q.detail == nil {
		return nil
	}
	switch ev {
	case evRetry, evResume:
		q.job.Foreground = q.foreground
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

func (d *detail) interrupt(why error) {
	if d.stop != nil {
		d.stop(why)
	}
}

// snapshot describes q, which has its detail; Engine.mu is held.
func (q *queued) snapshot(now time.Time) Transfer {
	if q.detail == nil {
		return Transfer{ID: q.id, State: q.state, Job: Job{Priority: int(q.priority), Sources: []Path{{}}}, ETA: -1, Err: errUnread}
	}
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
	for {
		e.mu.Lock()
		if e.ctx.Err() != nil {
			e.mu.Unlock()
			return
		}
		next := e.turns()
		missing := bare(next)
		if len(missing) == 0 {
			for _, q := range next {
				e.start(q)
			}
			e.mu.Unlock()
			return
		}
		e.mu.Unlock()
		e.need(missing)
	}
}

// start runs q, whose turn it is; e.mu is held.
func (e *Engine) start(q *queued) {
	delete(e.again, q)
	e.move(q, evStart, nil)
	if q.unread != nil {
		e.move(q, evBroken, q.unread)
		return
	}
	ctx, stop := context.WithCancelCause(e.ctx)
	q.stop = stop
	e.busy[q] = true
	e.running.Go(func() { e.offerPlace(ctx, q) })
	if !q.foreground {
		e.running.Go(func() { e.lookCloser(ctx, q) })
	}
	e.running.Go(func() {
		e.run(ctx, q)
		e.schedule()
	})
}

// maxForeground is how many transfers run that somebody waits for: a command
// with very many sources makes several.
const maxForeground = 8

// turns returns those that may run now: what ran when the queue was left, then
// the others; e.mu is held.
func (e *Engine) turns() (next []*queued) {
	if e.cfg.Still {
		return nil
	}
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
		if fore > 0 && e.mayRun(q) {
			fore--
			next = append(next, q)
		}
	}
	left := slices.SortedFunc(maps.Keys(e.again), turnOrder)
	for _, rows := range [][]*queued{left, e.line.rows} {
		for _, q := range rows {
			if room <= 0 {
				return next
			}
			if !q.foreground && e.mayRun(q) && !slices.Contains(next, q) {
				room--
				next = append(next, q)
			}
		}
	}
	return next
}

func (e *Engine) mayRun(q *queued) bool {
	if q.state != StateWaiting || e.busy[q] {
		return false
	}
	return q.detail == nil || q.needs == Here || e.isConnected(q.needs)
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
	case ctx.Err() != nil || e.ctx.Err() != nil: // a place may hear of it before q does
		e.leave(q)
		return false
	case e.needsSecret(q, err):
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

// leave ends a transfer, which no person has moved on, because the engine is
// closed. In the store it stays what it is, and goes on with the next engine,
// unless somebody waited for it here; e.mu is held.
func (e *Engine) leave(q *queued) {
	e.save(q)
	q.leaving = true
	e.move(q, evBroken, errClosing)
}

// needsSecret tells whether an attempt failed since a peer lets nobody in
// without a secret. A queue that outlasts its engine has none: the transfer
// waits until a person connects to that peer; e.mu is held.
func (e *Engine) needsSecret(q *queued, err error) bool {
	if e.keeper == nil || q.foreground || KindOf(err) != Auth {
		return false
	}
	for _, id := range []PlaceID{q.job.From, q.job.To} {
		if id == Here || e.isConnected(id) {
			continue
		}
		wants := newError(Auth, Path{}, "%s wants its secret: connect to it, and this goes on", Display(e.targetOf(id)))
		if e.move(q, evLocked, wants) {
			q.needs = id
			return true
		}
	}
	return false
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
	if q.state != StateRetrying {
		return false // a person has moved it on
	}
	if ctx.Err() != nil {
		e.leave(q)
		return false
	}
	return e.move(q, evAgain, nil)
}
