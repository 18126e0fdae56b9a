package session

import (
	"context"
	"time"
)

// A transfer of which nothing is left but conflicts that wait for a person rests:
// it takes no place of the others, or a few questions at night would hold up the
// whole queue.

// restEvery is how often it is looked whether a transfer rests.
const restEvery = 500 * time.Millisecond

// maxResting is how many transfers rest beside those that run: each holds its
// streams.
const maxResting = 16

// rests tells whether q only waits for answers.
func (q *queued) rests() bool {
	n := q.asking.count()
	return n > 0 && q.ledger.allBut(n)
}

// allBut tells whether all is counted, nothing is under way, and all files but n
// are over.
func (l *ledger) allBut(n int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.t.Counted && len(l.active) == 0 && l.t.FilesDone+int64(n) >= l.t.Files
}

// offerPlace lets others run while q rests, until ctx ends.
func (e *Engine) offerPlace(ctx context.Context, q *queued) {
	tick := time.NewTicker(restEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if q.rests() {
				e.schedule()
			}
		}
	}
}
