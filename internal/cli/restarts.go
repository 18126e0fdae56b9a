package cli

import "time"

// When a supervisor gives up, and how long it waits until then.
const (
	quickFailure  = 10 * time.Second // after a start
	mostFailures  = 5                // quick ones in a row
	restartFirst  = time.Second
	restartLonger = 2 // times, with each quick failure
)

// restarts decides whether a role that failed is started again. It is pure.
type restarts struct {
	quick int // failures in a row that came quickly
}

// failed takes in that the role failed after it ran so long, and says when to start
// it again, or to give up.
func (r *restarts) failed(ran time.Duration) (wait time.Duration, again bool) {
	if ran >= quickFailure {
		r.quick = 0
		return restartFirst, true
	}
	r.quick++
	wait = restartFirst
	for range r.quick - 1 {
		wait *= restartLonger
	}
	return wait, r.quick < mostFailures
}
