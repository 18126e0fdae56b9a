package relay

import (
	"fmt"
	"sync/atomic"
	"time"
)

// An account is what somebody uses of a relay, and may. Its counters are for the
// loops, which take no lock; the rest is guarded by its ledger.
type account struct {
	sessions int64
	seen     time.Time // when it last began or ended one
	until    time.Time // of a pass: when it expires; zero: never

	mostOpen  int64
	mostBytes atomic.Int64
	used      atomic.Int64 // bytes of this month
	rate      bucket
	dropped   atomic.Uint64 // packets over rate or quota, buffers of them as one

	before   int64 // used, at the last tick
	speed    int64 // bytes a second, between the last two
	reported bool  // that the quota is used up
}

func (a *account) set(t Terms) {
	a.mostOpen = t.Sessions
	a.mostBytes.Store(t.Bytes)
	a.rate.limit.Store(t.Rate)
}

func (a *account) terms() Terms {
	return Terms{a.rate.limit.Load(), a.mostOpen, a.mostBytes.Load()}
}

// Allow is Allowance. The last buffer of a quota may go beyond it, so that it is
// not a question of sizes whether something is left.
func (a *account) Allow(now time.Time, n int) bool {
	if a.spent() || !a.rate.take(now.UnixNano(), n) {
		a.dropped.Add(1)
		return false
	}
	a.used.Add(int64(n))
	return true
}

// full says which limit leaves no place for one more session; who is whose it is.
func (a *account) full(who string, now time.Time) *refusal {
	if a.mostOpen > 0 && a.sessions >= a.mostOpen {
		return refuse(whyLimit, fmt.Sprintf("%s has %d sessions, as many as it may", who, a.sessions), time.Minute)
	}
	return a.overdrawn(who, now)
}

// overdrawn is the part of full that will not pass before the month is over.
func (a *account) overdrawn(who string, now time.Time) *refusal {
	if !a.spent() {
		return nil
	}
	return refuse(whyLimit, fmt.Sprintf("%s has used up its %d bytes of this month", who, a.mostBytes.Load()), monthLeft(now))
}

// spent tells whether the quota is used up.
func (a *account) spent() bool {
	most := a.mostBytes.Load()
	return most > 0 && a.used.Load() >= most
}

// idle tells whether nothing is lost if the account is forgotten.
func (a *account) idle() bool { return a.sessions == 0 && a.used.Load() == 0 }

// A bucket is a rate: the generic cell rate algorithm (ITU-T I.371), which is a
// token bucket in one number, the time at which it will be full again.
type bucket struct {
	limit atomic.Int64 // bytes a second; 0: any
	full  atomic.Int64 // Unix nanoseconds
}

// bucketDepth is how much may come at once, in time: a buffer that the kernel
// joined passes whole, and a window of QUIC's is not cut to pieces.
const bucketDepth = int64(200 * time.Millisecond)

// take takes n bytes, if there are any left.
func (b *bucket) take(now int64, n int) bool {
	limit := b.limit.Load()
	if limit <= 0 {
		return true
	}
	cost := int64(float64(n) / float64(limit) * 1e9)
	for {
		full := b.full.Load()
		if full-now > bucketDepth {
			return false
		}
		if b.full.CompareAndSwap(full, max(full, now)+cost) {
			return true
		}
	}
}
