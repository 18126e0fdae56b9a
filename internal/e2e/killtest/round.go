package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/bargee/bargee/internal/e2e/bargee"
)

// A role is who is killed.
type role string

const (
	receiver  role = "receiver"
	sender    role = "sender"
	both      role = "both"
	reconnect role = "reconnect" // the server, and the command goes on by itself
)

var roles = []role{receiver, sender, both, reconnect}

// A round is one kill and what came after it.
type round struct {
	who  role
	dir  direction
	part float64 // of the time of a copy, after which the kill comes

	verified   int64 // bytes, when it came
	done       bargee.Event
	again      int64 // bytes sent beyond what was not verified
	took       time.Duration
	first      time.Duration // from the rerun's start to its first new byte
	violations []string
}

// attempts is how often a kill may come after the end of its copy, which is
// then tried with an earlier one.
const attempts = 8

var errTooLate = errors.New("the copy had ended before the kill")

// play kills and reruns. Its error is about the test; what the round shows of
// bargee is in r.
func (r *round) play(ctx context.Context, b *bed) error {
	for range attempts {
		err := r.try(ctx, b)
		if !errors.Is(err, errTooLate) {
			return err
		}
		r.part *= 0.7
	}
	return errTooLate
}

func (r *round) try(ctx context.Context, b *bed) error {
	if err := b.empty(r.dir); err != nil {
		return err
	}
	c, err := b.copy(ctx, r.dir)
	if err != nil {
		return err
	}
	<-c.Started()
	select {
	case <-time.After(time.Duration(r.part * float64(b.full[r.dir]))):
	case <-c.Ended():
		return errTooLate
	}
	if err := r.kill(ctx, b, c); err != nil {
		return err
	}
	if r.who != reconnect {
		if b.committed(r.dir) {
			return r.checkEarly(b)
		}
		if c, err = b.copy(ctx, r.dir); err != nil {
			return err
		}
	}
	return r.check(b, c, time.Now())
}

// checkEarly is for a file that stood under its name when the kill came.
func (r *round) checkEarly(b *bed) error {
	if err := b.identical(r.dir); err != nil {
		r.violate("the file got its name too early: %v", err)
		return nil
	}
	return errTooLate
}

// kill kills who is to be killed, ends what is left of the copy, unless it is
// to go on, and sees to it that a server runs.
func (r *round) kill(ctx context.Context, b *bed, c *bargee.Copy) error {
	server, command := r.victims()
	address := b.server.Address
	var both sync.WaitGroup
	if server {
		both.Go(b.server.Kill)
	}
	if command {
		both.Go(c.Kill)
	}
	both.Wait()
	r.verified = c.Verified()
	if server && !command && r.who != reconnect {
		c.Interrupt()
		if code := c.ExitCode(); code != 130 && code != 0 {
			r.violate("the command ended with exit code %d after SIGINT", code)
		}
	}
	if server {
		return b.serve(ctx, address)
	}
	return nil
}

// victims tells which processes play the role.
func (r *round) victims() (server, command bool) {
	switch r.who {
	case receiver:
		return r.dir == upload, r.dir == download
	case sender:
		return r.dir == download, r.dir == upload
	case reconnect:
		return true, false
	default:
		return true, true
	}
}

// check waits for c, the copy that is to end well, and judges it.
func (r *round) check(b *bed, c *bargee.Copy, start time.Time) error {
	limit := time.NewTimer(2*time.Minute + 4*b.full[r.dir])
	defer limit.Stop()
	select {
	case <-c.Ended():
	case <-limit.C:
		c.Kill()
		r.violate("the copy did not end within %s", 2*time.Minute+4*b.full[r.dir])
		return nil
	}
	r.took = time.Since(start)
	var err error
	if r.done, err = c.Done(); err != nil {
		r.violate("the copy failed: %v", err)
		return nil
	}
	r.first = c.FirstByte()
	r.judge(b.cfg)
	if err := b.identical(r.dir); err != nil {
		r.violate("%v", err)
	}
	left, err := b.leftovers(r.dir)
	if len(left) > 0 {
		r.violate("left behind: %v", left)
	}
	return err
}

// judge holds the numbers of the done event against the promise.
func (r *round) judge(cfg config) {
	d := r.done
	missing := cfg.size - r.verified
	if r.who == reconnect {
		missing = cfg.size // one run sends all of it
	}
	r.again = max(0, d.BytesSent-missing)
	if r.again > cfg.again {
		r.violate("sent %.1f MiB again", float64(r.again)/(1<<20))
	}
	if d.BytesSent+d.BytesResumed < cfg.size {
		r.violate("sent and resumed bytes are %d too few", cfg.size-d.BytesSent-d.BytesResumed)
	}
	if cfg.first > 0 && r.first > cfg.first && r.who != reconnect {
		r.violate("the first new byte took %.2f s", r.first.Seconds())
	}
	if d.Failed > 0 {
		r.violate("%d files failed", d.Failed)
	}
}

func (r *round) violate(format string, args ...any) {
	r.violations = append(r.violations, fmt.Sprintf(format, args...))
}
