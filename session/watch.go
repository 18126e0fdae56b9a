package session

import (
	"context"
	"iter"
	"time"
)

// pollEvery is how often a directory is looked at that cannot be watched.
const pollEvery = 2 * time.Second

// pollDir is Watch by Stat: it tells that a directory changed when its time did.
// So it sees what comes and goes, and not that a file grows.
func pollDir(ctx context.Context, t Tree, dir Path) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		was, err := t.Stat(ctx, dir)
		if err != nil {
			yield(Change{}, err)
			return
		}
		if !yield(Change{}, nil) {
			return
		}
		tick := time.NewTicker(pollEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
			case <-ctx.Done():
				yield(Change{}, about(dir, ctx.Err()))
				return
			}
			is, err := t.Stat(ctx, dir)
			if err != nil {
				yield(Change{}, err)
				return
			}
			if !is.Modified.Equal(was.Modified) && !yield(Change{Again: true}, nil) {
				return
			}
			was = is
		}
	}
}

// Watch yields what changes in p.
func (d *disk) Watch(ctx context.Context, p Path) iter.Seq2[Change, error] { return pollDir(ctx, d, p) }
