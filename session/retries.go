package session

import "time"

// retries decides whether a transfer that was interrupted is attempted again,
// and when. It is told how each attempt ended; it starts no clock.
type retries struct {
	most   int           // attempts without progress that the peer answered
	giveUp time.Duration // how long an unreachable peer is tried; 0: for ever

	fruitless int       // attempts in a row that made no progress
	lostSince time.Time // when the peer became unreachable; zero if it answers
	probes    int       // dials since then
}

const (
	firstWait   = time.Second
	longestWait = time.Minute
	longestDial = 4 * time.Second // between two dials of an unreachable peer
)

// next tells that an attempt ended at now for a reason of kind k, and whether
// it made progress. It returns how long to wait, and whether to go on at all.
func (r *retries) next(now time.Time, k Kind, progressed bool) (wait time.Duration, again bool) {
	if progressed {
		r.fruitless, r.lostSince, r.probes = 0, time.Time{}, 0
	}
	switch k {
	case Unreachable:
		if r.lostSince.IsZero() {
			r.lostSince = now
		}
		if r.giveUp > 0 && now.Sub(r.lostSince) >= r.giveUp {
			return 0, false
		}
		wait = min(firstWait<<min(r.probes, 8), longestDial)
		r.probes++
		return wait, true
	case Interrupted, Timeout, Busy:
		r.lostSince, r.probes = time.Time{}, 0
		if r.fruitless >= r.most {
			return 0, false
		}
		wait = min(firstWait<<min(r.fruitless, 8), longestWait)
		r.fruitless++
		return wait, true
	}
	return 0, false
}
