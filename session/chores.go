package session

import (
	"context"
	"sync"
)

// chores are a queue of slow work on the disk (reading claimed chunks again,
// digesting existing files) that is done in one goroutine, in order, while the
// loops of a transfer go on. The queue is as long as entries may be unanswered.
type chores struct {
	mu     sync.Mutex
	queue  []func(context.Context)
	closed bool
	wake   chan struct{}
}

func newChores() *chores { return &chores{wake: make(chan struct{}, 1)} }

func (c *chores) add(f func(context.Context)) {
	c.mu.Lock()
	c.queue = append(c.queue, f)
	c.mu.Unlock()
	c.signal()
}

// waiting returns how many pieces of work are queued.
func (c *chores) waiting() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.queue)
}

// close ends run when all that is queued is done.
func (c *chores) close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.signal()
}

func (c *chores) signal() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// run works until close or until ctx ends. Each piece of work has to end soon
// after ctx does.
func (c *chores) run(ctx context.Context) {
	for {
		c.mu.Lock()
		var f func(context.Context)
		if len(c.queue) > 0 {
			f = c.queue[0]
			c.queue = c.queue[1:]
		}
		closed := c.closed
		c.mu.Unlock()
		switch {
		case ctx.Err() != nil || closed && f == nil:
			return
		case f != nil:
			takeTurn(ctx, nil)
			f(ctx)
			continue
		}
		select {
		case <-c.wake:
		case <-ctx.Done():
			return
		}
	}
}
