package control

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/session"
)

// How a process leaves the queue to one that goes on without it: that one stands
// by (Background), and is told the secrets of peers over a pipe, since nothing
// else keeps them.

// maxTargets is how many targets are handed over.
const maxTargets = 1024

// WriteTargets tells w of targets, with their secrets.
func WriteTargets(w io.Writer, targets []Target) error {
	for _, t := range targets {
		if err := wire.Write(w, putTarget(t)); err != nil {
			return err
		}
	}
	return nil
}

// ReadTargets reads what WriteTargets wrote, to the end of r.
func ReadTargets(r io.Reader) ([]Target, error) {
	var out []Target
	for in := bufio.NewReader(r); ; {
		m := new(wire.QueueTarget)
		err := wire.Read(in, m)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err == nil && len(out) == maxTargets {
			err = fmt.Errorf("more than %d: %w", maxTargets, wire.ErrLimit)
		}
		if err != nil {
			return nil, fmt.Errorf("the peers of a queue: %w", err)
		}
		out = append(out, takeTarget(m))
	}
}

// Targets returns where the places of this process are, with their secrets.
func (q *Queue) Targets() (out []Target) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, t := range q.targets {
		if len(out) < maxTargets {
			out = append(out, t)
		}
	}
	return out
}

// Owner says who runs the queue: a process of which role, and whether that is
// this one. It waits for that as long as ctx allows.
func (q *Queue) Owner(ctx context.Context) (r Role, ours bool, err error) {
	c, err := q.decided(ctx)
	switch {
	case err != nil:
		return 0, false, err
	case c == nil:
		return q.cfg.Role, true, nil
	}
	return c.Owner, false, nil
}

// Shared tells whether others can join: the lock is ours, or we joined.
func (q *Queue) Shared() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.state != alone
}

// Busy tells whether something is left to do in the queue that goes on by
// itself.
func (q *Queue) Busy() bool {
	p := q.Page(session.TabActive, 0, 0)
	return p.Running+p.Waiting > 0
}

// Lend connects whoever runs the queue to targets, so that what waits for them
// goes on. Those that cannot be reached now are tried again when their turn
// comes.
func (q *Queue) Lend(ctx context.Context, targets []Target) {
	for _, t := range targets {
		c, err := q.decided(ctx)
		if err != nil {
			return
		}
		if c != nil {
			_, err = c.Connect(ctx, t)
		} else {
			_, err = q.connectFor(ctx, t)
		}
		if err != nil {
			q.cfg.Log.Warn("a peer of the queue is not reached", "error", err)
		}
	}
}
