package transport

import (
	"math"
	"slices"
	"time"
)

// A steer decides how many lanes a link has, from what they achieve. It is told
// now and then how things are, starts no clock and knows no network.
//
// It holds a number of lanes and measures over windows of some round trips.
// Reno, which is what a lane's congestion control is, keeps the path full by
// itself where only congestion loses packets, and is slow out of all proportion
// where packets get lost at random. So what to do depends on the queue before
// the bottleneck, which shows in the round trip:
//
//	a queue            the path is full. More lanes would only take from others
//	loss in a queue    above twice the least round trip: the loss is congestion,
//	                   and one lane fills such a path. A trial of fewer, which
//	                   is kept unless it costs about their share, as it does
//	                   where the loss is random after all
//	no queue           the lanes do not fill the path: a trial of more of them,
//	                   which is kept if goodput grows by more than the noise
//
// Where the path is full for long a trial of fewer is made, and kept if goodput
// stays. A trial that fails is not repeated for a while, each time twice as
// long: so the number comes to rest.
type steer struct {
	most  int // lanes, by what the peer allows
	want  int
	why   string
	phase steerPhase

	since    time.Time // of the phase
	from     time.Time // what was before is not measured: lanes were coming up to speed
	last     laneView
	window   window
	previous float64 // rate of the window before
	least    leastRTT

	base       figures // before the trial
	baseLanes  int
	up, down   backoff
	modest     bool // the last trial of more lanes failed: the next one is of fewer more
	yields     bool // the trial of fewer is because of congestion
	fullWindow int  // windows in a row in which the path was full
}

type steerPhase uint8

const (
	steerHolds steerPhase = iota
	steerTriesMore
	steerTriesFewer
)

// A laneView is what a steer is told: counters, all of which only grow, but for
// lost ones that turn out to have been late.
type laneView struct {
	now      time.Time
	lanes    int
	busy     bool          // bulk data is under way
	rtt      time.Duration // of a usual lane
	bytes    uint64        // that got through, either way
	sent     uint64        // packets
	lost     uint64        // of these; what the peer loses is not known
	corrects bool          // losses are made good before Reno sees them, most of them
}

// What a steer goes by.
const (
	windowSamples = 6
	settleTrips   = 5 // round trips until new lanes are up to speed
	settleLeast   = 200 * time.Millisecond
	joinPatience  = 5 * time.Second // for lanes to come, or to end
	nearBy        = 5 * time.Millisecond
	nearLoss      = 1e-3     // below it, what limits near peers is not loss
	idleRate      = 16 << 10 // bytes a second that are no transfer
	growing       = 1.1      // of the window before: it still gets faster by itself
	fewerFrom     = 10       // full windows before fewer lanes are tried
	leastGain     = 0.25     // of the share of lanes that came
	mostLoss      = 0.03     // of goodput, where lanes went
)

func newSteer(start, most int) *steer {
	start = min(start, most)
	return &steer{most: most, want: start, why: "by the distance", baseLanes: start,
		up:   backoff{first: 8 * time.Second},
		down: backoff{first: 20 * time.Second},
	}
}

// see takes what is now, and returns how many lanes there should be and why,
// in a few words for people.
func (s *steer) see(v laneView) (want int, why string) {
	last := s.last
	s.last = v
	if last.now.IsZero() || !v.now.After(last.now) {
		s.begin(steerHolds, v.now)
		return s.want, s.why
	}
	s.least.add(v.now, v.rtt)
	switch {
	case !v.busy:
		s.rest(v)
	case s.awaits(v):
	case v.now.Before(s.from):
	default:
		s.window.add(last, v)
		if s.window.n() == windowSamples {
			f := s.window.figures()
			s.window = window{}
			s.judge(v, f)
		}
	}
	return s.want, s.why
}

// rest is for a link without a transfer: nothing can be learned, and a trial
// has to be made again.
func (s *steer) rest(v laneView) {
	if s.phase != steerHolds {
		s.want = s.baseLanes
	}
	s.begin(steerHolds, v.now)
	s.previous, s.fullWindow = 0, 0
}

// awaits tells whether lanes that are wanted are not there yet, or those that
// are not still are. What does not come in time is not waited for, nor asked
// for again before the next trial.
func (s *steer) awaits(v laneView) bool {
	if v.lanes == s.want {
		if s.from.IsZero() {
			s.from = v.now.Add(max(settleLeast, settleTrips*v.rtt))
		}
		return false
	}
	if v.now.Sub(s.since) < joinPatience+10*v.rtt {
		return true
	}
	came := v.lanes > s.baseLanes
	s.want = min(v.lanes, s.most)
	if s.phase == steerTriesMore && !came {
		s.hold(v, "the peer takes no more")
		s.up.fail(v.now)
	} else if s.phase != steerTriesMore {
		s.hold(v, "lanes were lost")
	} else if s.from.IsZero() {
		s.from = v.now
	}
	return false
}

// judge acts on a window.
func (s *steer) judge(v laneView, f figures) {
	queue, congested := s.queued(f)
	switch s.phase {
	case steerTriesMore:
		ratio := float64(s.want) / float64(s.baseLanes)
		if !f.above(s.base, leastGain*(ratio-1)) {
			s.want, s.modest = s.baseLanes, true
			s.hold(v, "no faster with more")
			s.up.fail(v.now)
			return
		}
		s.up.succeed()
		s.modest = false
		s.hold(v, "faster with more")
	case steerTriesFewer:
		least := 1 - mostLoss
		if s.yields {
			least = 1 - 0.75*float64(s.baseLanes-s.want)/float64(s.baseLanes)
		}
		if f.mean < s.base.mean*least {
			s.want = s.baseLanes
			s.hold(v, "slower with fewer")
			s.down.fail(v.now)
			return
		}
		s.down.rest(v.now)
		s.hold(v, "as fast with fewer")
	default:
		if f.mean > s.previous*growing && (f.loss == 0 || queue) { // else its start is over
			s.previous, s.fullWindow = f.mean, 0
			return
		}
	}
	s.previous = f.mean
	s.next(v, f, queue, congested)
}

// next decides what to do after a window that is no part of a trial any more.
func (s *steer) next(v laneView, f figures, queue, congested bool) {
	if !queue {
		s.fullWindow = 0
	} else {
		s.fullWindow++
	}
	switch {
	case f.mean < idleRate:
	case s.least.get() < nearBy && f.loss < nearLoss: // the round trip says more of the machines than of the path
		s.why = "near by"
	case congested && s.want > 1 && s.down.due(v.now):
		s.yields = true
		s.try(v, f, steerTriesFewer, s.want-max(1, s.want/8), "congestion")
	case queue && s.fullWindow >= fewerFrom && s.want > 1 && s.down.due(v.now):
		s.yields = false
		s.try(v, f, steerTriesFewer, s.want-max(1, s.want/4), "trying fewer")
	case queue:
		s.why = "the path is full"
	case s.want < s.most && s.up.due(v.now):
		more := s.want // so many
		switch {
		case s.modest, v.corrects:
			// Where losses are made good, each new lane fills what is free by
			// itself: many at once only overflow the path.
			more = (s.want + 1) / 2
		case f.loss > 0: // without a queue: the loss is random
			more = 3 * s.want
		}
		s.try(v, f, steerTriesMore, min(s.want+more, s.most), "trying more")
	}
}

// queued tells whether packets stand in a queue, and whether they get lost there.
func (s *steer) queued(f figures) (queue, congested bool) {
	least := s.least.get()
	queue = f.rtt > least+max(least/10, nearBy)
	return queue, queue && least >= nearBy && f.loss > 0 && f.worst > 2*least
}

func (s *steer) try(v laneView, f figures, p steerPhase, lanes int, why string) {
	s.base, s.baseLanes = f, s.want
	s.want, s.why = lanes, why
	s.begin(p, v.now)
}

func (s *steer) hold(v laneView, why string) {
	s.why, s.baseLanes = why, s.want
	s.begin(steerHolds, v.now)
}

func (s *steer) begin(p steerPhase, now time.Time) {
	s.phase, s.since, s.from, s.window = p, now, time.Time{}, window{}
}

// A window gathers samples.
type window struct {
	rates []float64
	rtts  []time.Duration
	sent  uint64
	lost  int64
}

func (w *window) n() int { return len(w.rates) }

func (w *window) add(a, b laneView) {
	w.rates = append(w.rates, float64(b.bytes-a.bytes)/b.now.Sub(a.now).Seconds())
	w.rtts = append(w.rtts, b.rtt)
	w.sent += b.sent - a.sent
	w.lost += int64(b.lost - a.lost)
}

// figures are what a window says.
type figures struct {
	mean, err  float64       // bytes a second, and the standard error of that
	loss       float64       // share of the packets that we sent
	rtt, worst time.Duration // rtt is a low one: what stands in a queue is in all of them, jitter is not
}

func (w *window) figures() figures {
	n := float64(len(w.rates))
	var f figures
	for _, r := range w.rates {
		f.mean += r / n
	}
	var squares float64
	for _, r := range w.rates {
		squares += (r - f.mean) * (r - f.mean)
	}
	f.err = math.Sqrt(squares / (n - 1) / n)
	if w.sent > 0 && w.lost > 0 {
		f.loss = float64(w.lost) / float64(w.sent)
	}
	rtts := slices.Sorted(slices.Values(w.rtts))
	f.rtt, f.worst = rtts[len(rtts)/4], rtts[len(rtts)-1]
	return f
}

// above tells whether f is above g by that share of g, and by more than the
// noise of both.
func (f figures) above(g figures, share float64) bool {
	return f.mean > g.mean*(1+share) && f.mean-g.mean > 2*math.Hypot(f.err, g.err)
}

// A backoff is how long a trial that failed is not made again.
type backoff struct {
	first time.Duration
	wait  time.Duration
	until time.Time
}

const longestBackoff = 5 * time.Minute

func (b *backoff) due(now time.Time) bool { return !now.Before(b.until) }

func (b *backoff) fail(now time.Time) {
	b.wait = min(max(b.first, 2*b.wait), longestBackoff)
	b.until = now.Add(b.wait)
}

// rest is for a trial that succeeded, but should not be followed by the next
// one at once.
func (b *backoff) rest(now time.Time) { b.wait, b.until = 0, now.Add(b.first) }

func (b *backoff) succeed() { b.wait, b.until = 0, time.Time{} }

// leastRTT is the least round trip of the last minutes: two buckets, so that
// one which is never reached again is forgotten.
type leastRTT struct {
	old, new time.Duration
	since    time.Time
}

const leastRTTBucket = 2 * time.Minute

func (l *leastRTT) add(now time.Time, rtt time.Duration) {
	if rtt <= 0 {
		return
	}
	if l.since.IsZero() || now.Sub(l.since) >= leastRTTBucket {
		l.old, l.new, l.since = l.new, rtt, now
	}
	l.new = min(l.new, rtt)
}

func (l *leastRTT) get() time.Duration {
	if l.old > 0 {
		return min(l.old, l.new)
	}
	return l.new
}
