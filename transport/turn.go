package transport

import (
	"context"
	"errors"
	"sync"
	"time"
)

// A turn lets one of several ways to a peer log in at a time, and none after one that
// did: so that there is one link, and a secret that is wrong counts once. A nil turn
// is always ours.
type turn struct {
	slot chan struct{} // has one entry while somebody logs in

	mu   sync.Mutex
	over error // why nobody needs to any more

	// Those that came to nothing: who pretends to be the peer and goes away when it
	// has seen our proof has had a guess at a phrase or a code.
	vain tries
}

func newTurn() *turn { return &turn{slot: make(chan struct{}, 1)} }

// errFaster ends the ways that were slower.
var errFaster = fail(ErrClosed, "another way was faster")

// take waits until it is our turn; give has to be called then.
func (t *turn) take(ctx context.Context) error {
	if t == nil {
		return nil
	}
	select {
	case t.slot <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	over := t.over
	if wait := t.vain.wait(time.Now()); over == nil && wait > 0 {
		over = fail(ErrBusy, "too many logins came to nothing: wait %v", wait.Round(time.Second))
	}
	if over != nil {
		<-t.slot
	}
	return over
}

// give says what came of it: after success, or a secret that was wrong, no other way
// is tried.
func (t *turn) give(err error) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case err == nil:
		t.over = errFaster
	case errors.Is(err, ErrAuth):
		t.over = err
	default:
		t.vain.add(time.Now())
	}
	<-t.slot
}

// lost tells whether the peer has refused what we know.
func (t *turn) lost() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return errors.Is(t.over, ErrAuth)
}

// stop ends it for those who have not had their turn yet, when whoever has it is done.
func (t *turn) stop(ctx context.Context) {
	if t.take(ctx) == nil {
		t.give(nil)
	}
}
