package cli

import (
	"context"
	"time"

	"github.com/bargee/bargee/session"
)

// queueWaits are how long a busy peer is left alone between two questions.
var queueWaits = [...]time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second}

// queueing returns dial, which with --wait tries again for as long as the peer serves
// as many others as it may.
func (a *app) queueing(ctx context.Context, t target, f *reachFlags, dial func(string) error) func(string) error {
	if !f.queues {
		return dial
	}
	return func(secret string) error {
		for n := 0; ; n++ {
			err := dial(secret)
			if err == nil || kindOf(err) != session.Busy {
				return err
			}
			if n == 0 {
				a.warn("connect to %s: %s; waiting", t.shown(), reason(err))
			}
			select {
			case <-time.After(queueWaits[min(n, len(queueWaits)-1)]):
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
	}
}
