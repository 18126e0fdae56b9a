package transport

import (
	"math"
	"time"
)

// When correction is of use, and of how much.
const (
	fecUseful = 5 * time.Millisecond  // least round trip: nearer, Reno is over a loss before we are
	fecGuard  = 20 * time.Millisecond // least round trip where the start is guarded, before any loss is known

	minBlockData                  = 16
	leastBlockTime, mostBlockTime = 4 * time.Millisecond, 10 * time.Millisecond
	topBlockData                  = 192 // a batch may come on top

	moreMost     = 6               // parity beyond what losses that know nothing of each other need
	fecMemory    = 5 * time.Second // losses count for about so long
	fecQuiet     = 5 * time.Second // without a loss: off; doubles each time it was wrong
	fecQuietMost = 2 * time.Minute
	fecEvidence  = 20_000 // packets without a loss that it takes too

	// A flow that knows nothing yet takes its loss for this, as if so many
	// packets had been sent and lost.
	priorSent, priorLost = 100, 3
)

// A fecControl decides when packets get headers and parity, and how much. It is
// pure: time and measurements are given to it.
//
// Loss that comes with a queue is congestion, and Reno's to see: it does not
// count, and there is no parity for one round trip out of three. There is a
// queue where all round trips of a while, that is one or two of them, are above
// one and a half times the least there was. (Twice is what a full buffer of the
// usual size, one bandwidth-delay product, just makes. Reno of quic-go goes down
// to 0.7, so that one and a half leaves the path full. A single long one shows a
// busy machine.) The least is that of a lane's life: under a standing queue there
// is no other.
type fecControl struct {
	rtt, least  time.Duration // the latest, and the least
	low, before time.Duration // least of this while and of the one before
	while       time.Time     // when it began

	armed        bool // headers start with the next bulk
	on           bool
	until        time.Time // no loss since quiet ago, by then: off
	quiet        time.Duration
	calm         float64   // packets since the last loss
	queued       bool      // losses come with a queue: no parity
	bare, spared time.Time // until when that lasts, and until when it does not come back
	blind        time.Time // until then reports are about packets without parity
	tally                  // packets, each counting less the older it is
	sure         tally     // when there was no queue
	rate         float64   // packets a second
	more         int       // parity that bursts of loss need
	lessen       time.Time
	last         time.Time // of the last report

	suspect  float64 // losses that QUIC saw while off
	suspects time.Time
}

// A tally is of packets sent, and those of them lost.
type tally struct{ sent, lost float64 }

// A fecArrival is what the peer has reported since the last time.
type fecArrival struct {
	expected int // data packets
	missing  int // of those; less than zero when late ones turned up
	failed   int // that could not be repaired either
	late     int // that others had overtaken
}

// path tells how long the way is now, and at least.
func (c *fecControl) path(now time.Time, rtt, least time.Duration) {
	first := c.least == 0
	c.rtt, c.least = rtt, least
	if now.Sub(c.while) > max(least, 50*time.Millisecond) {
		if c.low < least*5/4 {
			c.sure = c.tally
		}
		c.before, c.low, c.while = c.low, rtt, now
	}
	c.low = min(c.low, rtt)
	if first && least >= fecGuard {
		c.arm(priorSent, priorLost)
	}
}

// arm makes headers start with the next bulk.
func (c *fecControl) arm(sent, lost float64) {
	c.armed, c.tally = true, tally{sent, lost}
	c.sure = c.tally
	c.suspect = 0
}

// queue tells whether packets wait on their way.
func (c *fecControl) queue() bool {
	return min(c.low, c.before) > max(c.least*3/2, c.least+10*time.Millisecond)
}

// bulk tells that much is being sent.
func (c *fecControl) bulk(now time.Time) {
	if !c.armed || c.on {
		return
	}
	c.on, c.last, c.lessen = true, now, now
	c.quiet = max(c.quiet, fecQuiet)
	c.until, c.calm = now.Add(c.quiet), 0
}

// rest stops headers until there is bulk again: little is being sent.
func (c *fecControl) rest() { c.on = false }

// stop stops them until losses ask for them.
func (c *fecControl) stop() { c.on, c.armed = false, false }

// quicLost tells of packets that QUIC took for lost while off.
func (c *fecControl) quicLost(now time.Time, lost int) {
	if c.armed || c.least < fecUseful || lost <= 0 || c.queue() {
		return
	}
	if now.Sub(c.suspects) > fecMemory {
		c.suspect, c.suspects = 0, now
	}
	c.suspect += float64(lost)
	if c.suspect >= 3 {
		c.quiet = min(max(2*c.quiet, fecQuiet), fecQuietMost)
		c.arm(priorSent, priorLost)
	}
}

// arrived takes the peer's report.
func (c *fecControl) arrived(now time.Time, a fecArrival) {
	if !c.on {
		return
	}
	past := now.Sub(c.last)
	c.last = now
	if past > 0 {
		age := math.Exp(-float64(past) / float64(fecMemory))
		c.sent, c.lost = c.sent*age, c.lost*age
		weight := min(1, float64(past)/float64(200*time.Millisecond))
		c.rate += weight * (float64(a.expected)/past.Seconds() - c.rate)
	}
	if c.queue() && a.missing > 0 && now.After(c.spared) {
		// One round trip is bare, so that Reno sees a loss. Then it takes two
		// until that shows. What was lost since there was no queue for sure
		// does not count.
		c.bare = now.Add(c.rtt)
		c.spared = now.Add(3 * c.rtt)
		c.blind = now.Add(2*c.rtt + mostHold)
		c.tally = c.sure
	}
	c.queued = now.Before(c.bare)
	if now.After(c.blind) {
		c.sent += float64(a.expected)
		c.lost = max(0, c.lost+float64(a.missing))
		c.bursts(now, a.failed)
	}
	c.calm += float64(a.expected)
	if a.missing > 0 || a.late > 0 {
		c.calm, c.until = 0, now.Add(c.quiet)
	}
	if now.After(c.until) && c.calm >= fecEvidence {
		c.stop()
	}
}

// bursts adds parity where blocks fail that should not, and takes it back.
func (c *fecControl) bursts(now time.Time, failed int) {
	switch {
	case failed > 0 && now.Sub(c.lessen) > 0:
		// What is on its way was sent before: count it once a round trip.
		c.more = min(c.more+2, moreMost)
		c.lessen = now.Add(max(c.rtt, 50*time.Millisecond))
	case c.more > 0 && now.Sub(c.lessen) > 2*time.Second:
		c.more--
		c.lessen = now
	}
}

// silent tells whether a report on packets sent since then should have come.
func (c *fecControl) silent(now, since time.Time) bool {
	return c.on && now.Sub(since) > 3*c.rtt+500*time.Millisecond
}

// share is the estimate of the loss, from all that counts.
func (c *fecControl) share() float64 {
	if c.sent <= 0 {
		return 0
	}
	return c.lost / c.sent
}

// loss is the same on the safe side.
func (c *fecControl) loss() float64 {
	if c.sent <= 0 {
		return 0
	}
	return min(1, (c.lost+math.Sqrt(c.lost))/c.sent)
}

// blockTime is what a block should take at the rate there is: the longer, the
// less parity it needs, and the longer a repair takes.
func (c *fecControl) blockTime() time.Duration {
	return min(max(c.least/12, leastBlockTime), mostBlockTime)
}

// plan returns what to do until the next report.
func (c *fecControl) plan() fecPlan {
	if !c.on {
		return fecPlan{}
	}
	k := int(c.rate * c.blockTime().Seconds())
	p := fecPlan{on: true, k: min(max(k, minBlockData), topBlockData), loss: c.loss(), more: c.more}
	if !c.queued {
		p.m = min(parityFor(p.k, p.loss)+p.more, maxBlockParity)
	}
	return p
}
