package drops

import (
	"fmt"
	"sync"
	"time"
)

// Limits are what a store holds its users to; 0 means that there is none, unless
// it says otherwise.
type Limits struct {
	Total      int64         // bytes in all
	PerAccount int64         // bytes
	MinFree    int64         // bytes of the disk that stay free
	Object     int64         // bytes of one drop
	Drops      int           // of an account; 0: 10000
	TTL        time.Duration // of who says nothing; 0: 7 days
	MaxTTL     time.Duration // 0: 90 days
	Unfinished time.Duration // how long an upload may take; 0: 3 days
}

const day = 24 * time.Hour

func (l Limits) drops() int                { return orElse(l.Drops, 10000) }
func (l Limits) ttl() time.Duration        { return min(orElse(l.TTL, 7*day), l.maxTTL()) }
func (l Limits) maxTTL() time.Duration     { return orElse(l.MaxTTL, 90*day) }
func (l Limits) unfinished() time.Duration { return orElse(l.Unfinished, 3*day) }

func orElse[T comparable](v, other T) T {
	var zero T
	if v == zero {
		return other
	}
	return v
}

// judge says what is wrong with a drop that is to begin, whoever wants it; the time
// that it will live comes back.
func (l Limits) judge(b Begin) (ttl time.Duration, err error) {
	switch {
	case b.ID == ID{}:
		return 0, fmt.Errorf("%w: no id", ErrInvalid)
	case b.Owner == Digest{}:
		return 0, fmt.Errorf("%w: no owner", ErrInvalid)
	case b.Bytes < 1 || b.Chunks < 1 || b.Downloads < 0 || b.TTL < 0:
		return 0, fmt.Errorf("%w: %d bytes in %d chunks, %d downloads, %s", ErrInvalid, b.Bytes, b.Chunks, b.Downloads, b.TTL)
	case b.Bytes/LargestChunk >= int64(b.Chunks):
		return 0, fmt.Errorf("%w: %d bytes do not fit in %d chunks", ErrInvalid, b.Bytes, b.Chunks)
	case b.Chunks > MostChunks:
		return 0, fmt.Errorf("%w: %d chunks, at most %d", ErrLimit, b.Chunks, MostChunks)
	case l.Object > 0 && b.Bytes > l.Object:
		return 0, fmt.Errorf("%w: %d bytes, at most %d in one drop", ErrLimit, b.Bytes, l.Object)
	case b.Downloads > MostDownloads:
		return 0, fmt.Errorf("%w: %d downloads, at most %d (0: any)", ErrLimit, b.Downloads, MostDownloads)
	case len(b.Envelope) > LongestSealed:
		return 0, fmt.Errorf("%w: an envelope of %d bytes, at most %d", ErrLimit, len(b.Envelope), LongestSealed)
	case b.TTL > l.maxTTL():
		return 0, fmt.Errorf("%w: kept for %s at most", ErrLimit, l.maxTTL())
	}
	return orElse(b.TTL, l.ttl()), nil
}

// A Quota counts what accounts hold. It is safe for use by several goroutines.
type Quota struct {
	mu       sync.Mutex
	limits   Limits
	total    int64
	accounts map[string]int64
}

// NewQuota returns one in which nobody holds anything.
func NewQuota(l Limits) *Quota {
	return &Quota{limits: l, accounts: map[string]int64{}}
}

// Reserve counts n bytes in, or returns ErrNoSpace and counts none. own is the
// account's limit where it has one of its own, else 0.
func (q *Quota) Reserve(account string, n, own int64) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if most := orElse(own, q.limits.PerAccount); most > 0 && n > most-q.accounts[account] {
		return fmt.Errorf("%w: %d bytes of your %d are used, %d more are too many", ErrNoSpace, q.accounts[account], most, n)
	}
	if q.limits.Total > 0 && n > q.limits.Total-q.total {
		return fmt.Errorf("%w: this relay has %d bytes left for all", ErrNoSpace, max(q.limits.Total-q.total, 0))
	}
	q.count(account, n)
	return nil
}

// Count counts n bytes in, or out when n < 0, whatever the limits are: they are there,
// or gone, already.
func (q *Quota) Count(account string, n int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.count(account, n)
}

func (q *Quota) count(account string, n int64) {
	q.total += n
	if q.accounts[account] += n; q.accounts[account] == 0 {
		delete(q.accounts, account)
	}
}

// Used returns the bytes of an account, and of all.
func (q *Quota) Used(account string) (own, total int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.accounts[account], q.total
}

func (q *Quota) setLimits(l Limits) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.limits = l
}
