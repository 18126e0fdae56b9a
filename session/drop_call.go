package session

import (
	"context"
	"errors"
	"time"
)

// persist calls f until it succeeds, or fails for a reason that does not pass by
// itself: a relay that is restarted, or too busy, is asked again after a while, for
// as long as giveUp (0: for ever).
func persist(ctx context.Context, giveUp time.Duration, f func() error) error {
	again := retries{most: 5, giveUp: giveUp}
	for {
		err := f()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return &Error{Kind: Interrupted, Err: context.Cause(ctx)}
		}
		wait, ok := again.next(time.Now(), KindOf(err), false)
		if !ok || errors.Is(err, ErrMissing) {
			return err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
	}
}
