package session

import (
	"context"
	"time"
)

// A transfer of which nothing is left but conflicts that wait for a person rests,
// and so does one that waits to be tried again: it takes no place of the others,
// or a few questions at night, or a peer that is away, would hold up the whole
// queue.

// restEvery is how often it is looked whether a transfer rests.
const restEvery = 500 * time.Millisecond

// maxResting is how many transfers rest beside those that run: each holds its
// streams.
const maxResting = 16

// rests tells whether q only waits; e.mu is held.
func (q *queued) rests() bool {
	if q.state == StateRetrying {
		return true
	}
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
			e.mu.Lock()
			rests := q.rests()
			e.mu.Unlock()
			if rests {
				e.schedule()
			}
		}
	}
}
