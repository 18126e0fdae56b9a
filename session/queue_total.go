package session

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// A Summary is the queue as a whole. Its bytes are those of what waits and
// runs, and of what was done since the queue was empty last, so that a bar of
// them does not jump back when one of several transfers is done. What failed,
// was cancelled or skipped, or is paused, is not part of it.
type Summary struct {
	Running, Waiting, Paused, Asking int // transfers; Running counts those that are to try again

	Bytes    int64 // so far; final when Counted
	Verified int64 // of these, by the receiver
	Counted  bool

	Rate float64       // bytes a second over the last seconds
	ETA  time.Duration // negative while it is not known: before all is counted, too
}

// A weight is what a transfer adds to the whole.
type weight struct {
	state           TransferState
	known           bool // it is in the queue at all
	bytes, verified int64
	uncounted       int
}

// A total adds up the queue, so that nobody has to look at all of it: what does
// not run is added once for each state it comes to.
type total struct {
	live     map[*queued]bool // they run or are to try again: their parts change all the time
	states   [StateCancelled + 1]int
	sum      weight // of those that wait
	finished int64  // bytes of what was done since the queue was empty
}

func (t *total) account(q *queued) {
	if q.weight.known {
		t.states[q.weight.state]--
		t.sum.bytes -= q.weight.bytes
		t.sum.verified -= q.weight.verified
		t.sum.uncounted -= q.weight.uncounted
	}
	was := q.weight
	q.weight = weight{state: q.state, known: true}
	t.states[q.state]++
	delete(t.live, q)
	var bytes, verified int64
	var counted bool
	if q.detail != nil {
		bytes, verified, counted = q.ledger.counts()
	}
	switch q.state {
	case StateRunning, StateRetrying:
		t.live[q] = true
	case StateWaiting:
		q.weight.bytes, q.weight.verified = bytes, verified
		if !counted {
			q.weight.uncounted = 1
		}
		t.sum.bytes += q.weight.bytes
		t.sum.verified += q.weight.verified
		t.sum.uncounted += q.weight.uncounted
	case StateDone:
		if was.known && was.state != StateDone {
			t.finished += verified
		}
	}
	if len(t.live) == 0 && t.states[StateWaiting] == 0 {
		t.finished = 0
	}
}

// running lists those that run or are to try again, the oldest first.
func (t *total) running() []*queued {
	return slices.SortedFunc(maps.Keys(t.live), func(a, b *queued) int { return cmp.Compare(a.id, b.id) })
}

// summary adds up now.
func (t *total) summary(now time.Time) Summary {
	s := Summary{
		Running: len(t.live), Waiting: t.states[StateWaiting], Paused: t.states[StatePaused],
		Bytes: t.sum.bytes + t.finished, Verified: t.sum.verified + t.finished, ETA: -1,
	}
	uncounted := t.sum.uncounted
	for q := range t.live {
		p := Transfer{State: q.state}
		q.ledger.snapshot(&p, now)
		s.Bytes += p.Bytes
		s.Verified += p.Verified
		s.Rate += p.Rate
		if !p.Counted {
			uncounted++
		}
		if q.asking.count() > 0 {
			s.Asking++
		}
	}
	s.Counted = uncounted == 0
	if left := s.Bytes - s.Verified; s.Counted && left > 0 {
		s.ETA = timeFor(left, s.Rate)
	} else if s.Counted {
		s.ETA = 0
	}
	return s
}
