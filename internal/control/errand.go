package control

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"sync"
	"time"

	"github.com/bargee/bargee/session"
)

// An errand is a transfer that another process runs for us while we wait for
// it. Should that process end, it is submitted again to whoever comes after it,
// and goes on: what is there already is not sent again, and not told again.
type errand struct {
	id   session.TransferID // as the one who submitted it knows it
	done chan struct{}      // closed when it is over and all its items were told

	mu      sync.Mutex
	job     session.Job // with our places
	client  *Client     // who runs it; nil: this process
	number  session.TransferID
	changed chan struct{} // closed when client or number change
	lost    bool          // nobody runs it at this moment
	again   bool          // it was submitted more than once
	told    map[uint64]bool
	seed    maphash.Seed
	last    session.Transfer
	final   bool  // last describes it for ever
	err     error // it could not be submitted again
}

// observe hands items on, each of them once.
func (r *errand) observe(it session.Item) {
	h := maphash.String(r.seed, it.Path.Raw())
	r.mu.Lock()
	known := r.again && r.told[h] && it.Result != session.Failed
	if it.Result != session.Failed {
		r.told[h] = true
	}
	observe := r.job.Observe
	r.mu.Unlock()
	if !known && observe != nil {
		observe(it)
	}
}

// Submit adds a transfer. One in the foreground, or that is observed, ends with
// this process.
func (q *Queue) Submit(j session.Job) (session.TransferID, error) {
	ctx, cancel := context.WithTimeout(q.ctx, asked)
	defer cancel()
	var r *errand
	var over <-chan ending
	for {
		c, err := q.decided(ctx)
		if err != nil {
			return 0, &session.Error{Kind: session.Timeout, Err: errors.New("nobody runs the queue")}
		}
		if c == nil {
			return q.local.Submit(j)
		}
		if !j.Foreground && j.Observe == nil {
			there, err := q.jobThere(ctx, c, j)
			if err != nil {
				return 0, err
			}
			return c.Submit(there)
		}
		r = newErrand(j)
		if over, err = q.send(ctx, r, c); !errors.Is(err, errGone) || ctx.Err() != nil {
			return q.begin(r, over, err)
		}
		q.sleep(20 * time.Millisecond) // his end is about to be noticed; what he had of it is interrupted
	}
}

func newErrand(j session.Job) *errand {
	return &errand{job: j, done: make(chan struct{}), changed: make(chan struct{}), told: map[uint64]bool{}, seed: maphash.MakeSeed()}
}

// begin makes an errand of what was submitted, or could not be.
func (q *Queue) begin(r *errand, over <-chan ending, err error) (session.TransferID, error) {
	if errors.Is(err, errElsewhere) { // a peer may have room for one link of ours only
		q.cfg.Log.Warn("this process copies by itself", "error", err)
		id, err := q.local.Submit(r.job)
		r.id = -id - ownErrands
		r.moved(nil, id)
		close(r.done)
		q.mu.Lock()
		q.errands[r.id] = r
		q.mu.Unlock()
		return r.id, err
	}
	if err != nil {
		return 0, err
	}
	q.mu.Lock()
	r.id = r.number
	q.errands[r.id] = r
	q.mu.Unlock()
	q.loop.Go(func() { q.accompany(r, over) })
	return r.id, nil
}

// ownErrands sets the numbers of errands apart that this process runs although
// another one has the queue.
const ownErrands = 1 << 40

// errElsewhere is why another process cannot run an errand that we can.
var errElsewhere = errors.New("the process that runs the queue does not reach the peer")

// send has c run an errand.
func (q *Queue) send(ctx context.Context, r *errand, c *Client) (over <-chan ending, err error) {
	there, err := q.jobThere(ctx, c, r.job)
	if errors.Is(err, errGone) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errElsewhere, err)
	}
	there.Observe = r.observe
	id, over, err := c.submit(there)
	if err == nil {
		r.moved(c, id)
	}
	return over, err
}

// moved notes who runs it now.
func (r *errand) moved(c *Client, id session.TransferID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.client, r.number, r.lost = c, id, false
	close(r.changed)
	r.changed = make(chan struct{})
}

// accompany sees to it that somebody runs an errand until it is over.
func (q *Queue) accompany(r *errand, over <-chan ending) {
	defer close(r.done)
	for {
		end := <-over
		r.mu.Lock()
		if end.err == nil || q.ctx.Err() != nil {
			if end.row.State.Over() {
				r.last, r.final = end.row, true
			}
			r.mu.Unlock()
			return
		}
		r.lost, r.again = true, true
		c, number := r.client, r.number
		r.mu.Unlock()
		var err error
		if over, err = q.resend(r, c, number); err != nil {
			r.mu.Lock()
			r.err = err
			r.mu.Unlock()
			return
		}
		if over == nil {
			return // it was run here, and is over
		}
	}
}

// resend submits an errand to who comes after c, or if that is us runs it; then
// over is nil, and it has ended.
func (q *Queue) resend(r *errand, was *Client, number session.TransferID) (over <-chan ending, err error) {
	for {
		c, err := q.decided(q.ctx)
		if err != nil {
			return nil, err
		}
		if c == nil {
			return nil, q.runHere(r)
		}
		if c != was {
			r.forget(c, number)
		}
		over, err = q.send(q.ctx, r, c)
		if errors.Is(err, errElsewhere) {
			return nil, q.runHere(r)
		}
		if !errors.Is(err, errGone) {
			return over, err
		}
		q.sleep(100 * time.Millisecond) // its end is about to be noticed
	}
}

// forget takes the row away that whoever ran the errand before left of it: what
// goes on now has another one. Without what it was kept in, who comes next counts
// from one again, and the number may be another transfer's.
func (r *errand) forget(c *Client, number session.TransferID) {
	r.mu.Lock()
	queued := r.last.Queued
	r.mu.Unlock()
	if t, err := c.Transfer(number); err == nil && !queued.IsZero() && t.Queued.Equal(queued) {
		_ = c.Forget(number)
	}
}

// runHere runs an errand in this process, and returns when it is over.
func (q *Queue) runHere(r *errand) error {
	r.mu.Lock()
	j := r.job
	r.mu.Unlock()
	j.Observe = r.observe
	id, err := q.local.Submit(j)
	if err != nil {
		return err
	}
	r.moved(nil, id)
	for {
		t, err := q.local.Wait(q.ctx, id)
		if err != nil || t.State.Over() {
			return err
		}
		q.sleep(250 * time.Millisecond) // paused
	}
}

// errand returns an errand of ours, nil if id is none.
func (q *Queue) errand(id session.TransferID) *errand {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.errands[id]
}

// numberOf returns the number that a transfer has where it is run.
func (q *Queue) numberOf(id session.TransferID) session.TransferID {
	if r := q.errand(id); r != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.number
	}
	return id
}

// remember makes an answer that holds for all part of the job, should it be
// submitted again.
func (q *Queue) remember(id session.TransferID, d session.Conflict) {
	if r := q.errand(id); r != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.job.Options.OnConflict = d
	}
}

// Wait returns when a transfer is over, or paused for want of space. Then all
// items of it were told.
func (q *Queue) Wait(ctx context.Context, id session.TransferID) (session.Transfer, error) {
	if r := q.errand(id); r != nil {
		return q.waitErrand(ctx, r)
	}
	for {
		c, err := q.decided(ctx)
		if err != nil {
			return session.Transfer{}, err
		}
		if c == nil {
			return q.local.Wait(ctx, id)
		}
		t, err := c.Wait(ctx, id)
		if !errors.Is(err, errGone) {
			if err == nil {
				t = q.rowHere(c, t)[0]
			}
			return t, err
		}
		if err := q.passed(ctx, c); err != nil {
			return t, err
		}
	}
}

func (q *Queue) waitErrand(ctx context.Context, r *errand) (session.Transfer, error) {
	for {
		r.mu.Lock()
		c, number, changed := r.client, r.number, r.changed
		r.mu.Unlock()
		e := Engine(q.local)
		if c != nil {
			e = c
		}
		t, err := e.Wait(ctx, number)
		if err == nil && !t.State.Over() {
			return q.note(r, t), nil
		}
		if ctx.Err() != nil {
			return q.latest(r), context.Cause(ctx)
		}
		if err == nil {
			q.note(r, t)
		}
		select {
		case <-r.done:
			r.mu.Lock()
			err := r.err
			r.mu.Unlock()
			return q.latest(r), err
		case <-changed:
		case <-ctx.Done():
			return q.latest(r), context.Cause(ctx)
		}
	}
}

// note keeps what is known of an errand, under the number and with the places
// that its submitter knows.
func (q *Queue) note(r *errand, t session.Transfer) session.Transfer {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.final { // t was asked for before
		t = r.last
	}
	t.ID, t.Job = r.id, r.job
	r.last = t
	return t
}

// latest describes an errand as well as can be.
func (q *Queue) latest(r *errand) session.Transfer {
	r.mu.Lock()
	c, number, lost := r.client, r.number, r.lost || r.final
	r.mu.Unlock()
	var e Engine = q.local
	if c != nil {
		e = c
	}
	if !lost {
		if t, err := e.Transfer(number); err == nil {
			return q.note(r, t)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.last
	t.ID, t.Job = r.id, r.job
	return t
}

// Transfer describes one transfer. One that this process waits for is described
// as it was last while nobody runs it.
func (q *Queue) Transfer(id session.TransferID) (session.Transfer, error) {
	if r := q.errand(id); r != nil {
		return q.latest(r), nil
	}
	e, c, ok := q.now()
	if !ok {
		return session.Transfer{}, &session.Error{Kind: session.Interrupted, Err: errGone}
	}
	t, err := e.Transfer(id)
	if err == nil && c != nil {
		t = q.rowHere(c, t)[0]
	}
	return t, err
}

// Interrupt fails a transfer because nobody waits for it any more.
func (q *Queue) Interrupt(id session.TransferID) error {
	return q.on(id, func(e Engine, id session.TransferID) error { return e.Interrupt(id) })
}

// recallTime is how long a transfer may take to come to its end after it was
// interrupted.
const recallTime = 2 * time.Second

// recall interrupts what others run for us, and waits until they have left our
// files.
func (q *Queue) recall() {
	ctx, cancel := context.WithTimeout(q.ctx, recallTime)
	defer cancel()
	q.mu.Lock()
	var mine []*errand
	for _, r := range q.errands {
		mine = append(mine, r)
	}
	q.mu.Unlock()
	for _, r := range mine {
		r.mu.Lock()
		c, number := r.client, r.number
		r.mu.Unlock()
		if c == nil || c.Interrupt(number) != nil {
			continue // it is over, or here
		}
		if t, err := c.Wait(ctx, number); err == nil {
			q.note(r, t)
		}
	}
}
