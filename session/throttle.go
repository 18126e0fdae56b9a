package session

import (
	"io"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// A throttle lets bytes pass at a rate. Those that wait pass in the order in
// which they came, a piece at a time, so all get the same share of it. It begins
// empty, and saves up what goes unused for burstTime: over t seconds no more
// passes than rate * (t + 0.2).
type throttle struct {
	turn   chan struct{} // held by the one who is next
	pieces time.Duration // how much passes at a time

	mu      sync.Mutex
	limit   int64         // bytes a second; 0: any number
	bucket  *rate.Limiter // nil without a limit
	changed chan struct{} // closed when the limit is another one
}

// LeastLimit is the lowest limit that can be set, in bytes a second. With less,
// what is slow could not be told from what is dead.
const LeastLimit = 1 << 10

const (
	burstTime  = 200 * time.Millisecond
	leastPiece = 512 // bytes

	// Whoever has a limit of its own comes with larger pieces to one that it
	// shares than others do, or it would not get as much as it may.
	ownPieces    = 50 * time.Millisecond
	sharedPieces = 20 * time.Millisecond
)

// newThrottle returns one for a single transfer.
func newThrottle(limit int64) *throttle { return throttleOf(limit, ownPieces) }

// newSharedThrottle returns one for all transfers together.
func newSharedThrottle(limit int64) *throttle { return throttleOf(limit, sharedPieces) }

func throttleOf(limit int64, pieces time.Duration) *throttle {
	t := &throttle{turn: make(chan struct{}, 1), pieces: pieces, changed: make(chan struct{})}
	t.set(limit)
	return t
}

// set changes the limit, also for those that wait; 0 is none.
func (t *throttle) set(limit int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if limit > 0 {
		limit = max(limit, LeastLimit)
	}
	if limit == t.limit {
		return
	}
	t.limit, t.bucket = limit, nil
	if limit > 0 {
		burst := int(max(perTime(limit, burstTime), leastPiece))
		t.bucket = rate.NewLimiter(rate.Limit(limit), burst)
		t.bucket.ReserveN(time.Now(), burst) // or the first second would be too fast
	}
	close(t.changed)
	t.changed = make(chan struct{})
}

// get returns the limit; that of nil is none.
func (t *throttle) get() int64 {
	if t == nil {
		return 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.limit
}

// perTime returns how many bytes a limit is in d.
func perTime(limit int64, d time.Duration) int64 {
	return int64(float64(limit) * d.Seconds())
}

// piece returns how many of n bytes are to be taken at a time.
func (t *throttle) piece(n int) int {
	if limit := t.get(); limit > 0 {
		return int(min(int64(n), max(perTime(limit, t.pieces), leastPiece)))
	}
	return n
}

// wait waits until n bytes, a piece, may pass. It reports false when done is
// closed before that.
func (t *throttle) wait(n int, done <-chan struct{}) bool {
	if t.get() == 0 {
		return true
	}
	select {
	case t.turn <- struct{}{}:
	case <-done:
		return false
	}
	defer func() { <-t.turn }()
	for {
		t.mu.Lock()
		bucket, changed := t.bucket, t.changed
		t.mu.Unlock()
		if bucket == nil {
			return true
		}
		now := time.Now()
		r := bucket.ReserveN(now, min(n, bucket.Burst()))
		d := r.DelayFrom(now)
		if d == 0 {
			return true
		}
		timer := time.NewTimer(d)
		select {
		case <-timer.C:
			return true
		case <-changed:
			timer.Stop()
		case <-done:
			timer.Stop()
			r.CancelAt(now)
			return false
		}
	}
}

// throttles are those that the same bytes have to pass, the narrowest company
// first: who waits for its own holds up nobody else.
type throttles []*throttle

// any tells whether there is a limit at all.
func (ts throttles) any() bool {
	return slices.ContainsFunc(ts, func(t *throttle) bool { return t.get() > 0 })
}

// pass waits until a piece of the n bytes may pass, and returns its size.
func (ts throttles) pass(n int, done <-chan struct{}) (int, error) {
	for _, t := range ts {
		n = t.piece(n)
	}
	for _, t := range ts {
		if !t.wait(n, done) {
			return 0, io.ErrClosedPipe
		}
	}
	return n, nil
}
