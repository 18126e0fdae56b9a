package session

import (
	"math"
	"time"
)

// A squeezer decides how hard the chunks of a transfer are compressed, so that
// processors never become what holds it up. It is told of samples and of every
// chunk that begins and ends to be written, and starts no clock.
//
// It foretells the speed of each level, in plain bytes a second, as
//
//	min(rate of the link / ratio of the level, share of the processors * speed of the level)
//
// with the link's rate as it is measured, and takes the fastest one. Where
// compressing takes more than a small part of a processor that is not believed
// but tried: a window without compression is measured against one with it, and
// compression stays only if it was faster by a margin. So it does not matter
// whether the disk, the other end's processors or other programs hold things up.
type squeezer struct {
	cores float64 // processors of this machine

	known  bool // a sample was seen
	of     [levels]yield
	level  level
	flying [levels]int // chunks of each level that are being written

	opened      time.Time // the window; zero while chunks of another level are under way
	plain, wire int64     // bytes written in it
	link        float64   // wire bytes a second in the last window

	heavy   bool      // compression took more than a small part of a processor in that
	bare    float64   // plain bytes a second in the last window without compression; 0: not known
	bareAt  time.Time // when that was
	trials  int       // windows in which compression has still to prove faster than bare
	retry   time.Time // no trial before this
	refusal time.Duration
}

// A yield is what a level makes of the data that was seen last.
type yield struct {
	ratio float64 // compressed bytes of a plain one
	speed float64 // plain bytes a second, of one processor
}

const (
	windowTime  = 200 * time.Millisecond
	windowBytes = 8 << 20
	windowMost  = 3 * time.Second
	firstTime   = 25 * time.Millisecond
	firstBytes  = 4 << 20

	lightShare   = 0.2 // of a processor: what compressing may take without a trial
	gainful      = 1.1 // how much faster a level has to be
	bareFor      = 10 * time.Second
	barePart     = 0.3
	trialWindows = 2
	firstRefusal = 4 * time.Second
	lastRefusal  = time.Minute
)

// budget is how many processors compressing may take: a quarter of them.
func (q *squeezer) budget() float64 { return max(0.5, q.cores/4) }

// sampled tells what a level made of n bytes.
func (q *squeezer) sampled(l level, n, out int, took time.Duration) {
	y := yield{float64(out) / float64(n), float64(n) / max(took.Seconds(), 1e-6)}
	if old := &q.of[l]; old.speed == 0 {
		*old = y
	} else {
		// Data is like the data before it, and clocks are coarse.
		old.ratio += (y.ratio - old.ratio) / 8
		old.speed += (y.speed - old.speed) / 8
	}
	if !q.known {
		q.known = true
		q.level = fast // what a slow link has to carry first would be sent plain else
	}
}

// foretell returns the speed at level l, in plain bytes a second.
func (q *squeezer) foretell(l level) float64 {
	link := q.link
	if q.heavy && q.bare > link {
		link = q.bare // compression may be what holds it up
	}
	if l == asIs {
		return link
	}
	y := q.of[l]
	if y.speed == 0 || y.ratio >= worthRatio {
		return 0
	}
	return min(link/y.ratio, q.budget()*y.speed)
}

// best returns the fastest level that compresses, and whether it is faster than
// none at all.
func (q *squeezer) best() (level, bool) {
	l := fast
	if q.foretell(good) > q.foretell(fast) {
		l = good
	}
	return l, q.foretell(l) > gainful*q.foretell(asIs)
}

// begin tells that a chunk of level l begins to be written.
func (q *squeezer) begin(now time.Time, l level) {
	q.flying[l]++
	if l != q.level {
		q.opened = time.Time{}
	}
	q.open(now)
}

// end tells that a chunk of level l was written: n plain bytes in so many on
// the wire.
func (q *squeezer) end(now time.Time, l level, n, wire int) {
	q.flying[l]--
	if q.opened.IsZero() {
		q.open(now)
		return
	}
	q.plain += int64(n)
	q.wire += int64(wire)
	d, least, bytes := now.Sub(q.opened), windowTime, int64(windowBytes)
	if q.link == 0 { // compression began on suspicion: it is not to cost a fast link much
		least, bytes = firstTime, firstBytes
	}
	if d >= windowMost || d >= least && q.plain >= bytes {
		q.judge(now, d.Seconds())
		q.opened = time.Time{}
		q.open(now)
	}
}

// open opens a window, once no chunk of another level is being written.
func (q *squeezer) open(now time.Time) {
	if !q.opened.IsZero() {
		return
	}
	for l, n := range q.flying {
		if n > 0 && level(l) != q.level {
			return
		}
	}
	q.opened, q.plain, q.wire = now, 0, 0
}

// judge draws its conclusions from a window of d seconds.
func (q *squeezer) judge(now time.Time, d float64) {
	rate := float64(q.plain) / d
	q.link = float64(q.wire) / d
	q.heavy = q.level != asIs && rate > lightShare*q.of[q.level].speed
	if q.level == asIs {
		// On a busy machine rates jump: what was faster just now counts for a while.
		q.bare, q.bareAt = max(rate, q.bare+(rate-q.bare)*barePart), now
		q.link = q.bare
		if l, ok := q.best(); ok && !now.Before(q.retry) {
			q.level, q.trials = l, trialWindows
		}
		return
	}
	switch {
	case q.trials > 0 && q.heavy && rate < gainful*q.bare:
		q.refuse(now)
		return
	case q.heavy && now.Sub(q.bareAt) > bareFor:
		q.level, q.retry, q.bare = asIs, now, 0 // for a window, to compare
		return
	case q.trials > 0:
		if q.trials--; q.trials > 0 {
			return
		}
		q.refusal = 0
	}
	q.level, _ = q.best()
}

// refuse turns compression off, for longer each time.
func (q *squeezer) refuse(now time.Time) {
	q.refusal = min(max(2*q.refusal, firstRefusal), lastRefusal)
	q.level, q.trials, q.retry = asIs, 0, now.Add(q.refusal)
}

// worthRatio is the ratio above which compressing a chunk is not worth undoing
// it, and unworthChunks, doubling up to lastUnworth, how many chunks of a file
// are passed over before it is tried again.
const (
	worthRatio    = 0.95
	unworthChunks = 8
	lastUnworth   = 128
)

// A grain is what is known of one file: whether what was read of it last shrinks.
type grain struct {
	from   uint64 // the chunk from which on it is tried again
	passed uint64 // how many were passed over for the last attempt
	shrank bool   // the last attempt was worth it
}

// tries tells whether chunk i is to be tried.
func (g *grain) tries(i uint64) bool { return i >= g.from }

// learn tells how chunk i, or a sample of it, shrank.
func (g *grain) learn(i uint64, ratio float64) {
	if g.shrank = ratio < worthRatio; g.shrank {
		g.passed = 0
		return
	}
	g.passed = min(max(2*g.passed, unworthChunks), lastUnworth)
	g.from = i + 1 + min(g.passed, math.MaxUint64-i-1)
}
