package session

import (
	"testing"
	"time"
)

// A path is a machine and a link, as far as a squeezer is concerned: how fast
// it is with chunks of each level is worked out from what they cost.
type squeezePath struct {
	cores float64
	link  float64       // bytes a second
	disk  float64       // bytes a second
	base  float64       // processor seconds of a plain byte: reading and hashing, at both ends
	wire  float64       // processor seconds of a byte on the wire: packets, ciphers, copies
	of    [levels]yield // what data and processor make of the levels
}

// ns is so many nanoseconds of a processor a byte.
const ns = 1e-9

var (
	textual = [levels]yield{{}, {0.5, 500e6}, {0.4, 300e6}}
	uniform = [levels]yield{{}, {0.05, 2000e6}, {0.04, 1500e6}}
)

// rate is how many plain bytes a second cross the path at level l.
func (p squeezePath) rate(l level) float64 {
	ratio, cost := 1.0, p.base+p.wire
	if l != asIs {
		y := p.of[l]
		ratio = y.ratio
		cost = p.base + p.wire*ratio + 1/y.speed + 0.5/y.speed // and to undo it
	}
	return min(p.link/ratio, p.disk, p.cores/cost)
}

// best is the rate of the best level.
func (p squeezePath) best() (best float64) {
	for l := range levels {
		best = max(best, p.rate(level(l)))
	}
	return best
}

// A squeezeRun runs chunks of four streams over a path, in order.
type squeezeRun struct {
	q     squeezer
	now   time.Time
	queue []level
	n     int
}

func newSqueezeRun(p squeezePath) *squeezeRun {
	return &squeezeRun{q: squeezer{cores: p.cores}, now: time.Unix(0, 0)}
}

// run lets chunks cross p for d, and returns the plain bytes a second.
func (r *squeezeRun) run(p squeezePath, d time.Duration) float64 {
	const chunk = 1 << 20
	start, sent := r.now, 0
	for r.now.Sub(start) < d {
		for len(r.queue) < 4 {
			if r.n%64 == 0 || r.q.level != asIs {
				for l := fast; int(l) < levels; l++ {
					if l == r.q.level || r.n%64 == 0 {
						y := p.of[l]
						r.q.sampled(l, chunk, int(y.ratio*chunk), time.Duration(chunk/y.speed*1e9))
					}
				}
			}
			r.n++
			r.q.begin(r.now, r.q.level)
			r.queue = append(r.queue, r.q.level)
		}
		l := r.queue[0]
		r.queue = r.queue[1:]
		r.now = r.now.Add(time.Duration(chunk / p.rate(l) * 1e9))
		wire := chunk
		if l != asIs {
			wire = int(chunk * p.of[l].ratio)
		}
		r.q.end(r.now, l, chunk, wire)
		sent += chunk
	}
	return float64(sent) / r.now.Sub(start).Seconds()
}

// On every path compression costs next to nothing where it does not pay, and
// gets most of what is to be had where it does.
func TestSqueezerFindsTheFastestLevel(t *testing.T) {
	const any = 1e12
	usual := squeezePath{cores: 2, link: any, disk: any, base: 1.5 * ns, wire: 3.5 * ns, of: textual}
	with := func(change func(*squeezePath)) squeezePath {
		p := usual
		change(&p)
		return p
	}
	for _, c := range []struct {
		name  string
		p     squeezePath
		least float64 // of the best
		ends  []level
	}{
		{"loopback", usual, 0.95, []level{asIs}},
		{"loopback, uniform data", with(func(p *squeezePath) { p.of = uniform }), 0.9, []level{fast, good}},
		{"loopback, one core", with(func(p *squeezePath) { p.cores = 1 }), 0.95, []level{asIs}},
		{"loopback, slow cores", with(func(p *squeezePath) {
			p.base, p.wire = 15*ns, 35*ns
			p.of = [levels]yield{{}, {0.5, 50e6}, {0.4, 30e6}}
		}), 0.95, []level{asIs}},
		{"10 Gbit/s", with(func(p *squeezePath) { p.link, p.cores = 1.2e9, 16 }), 0.9, []level{fast, good}},
		{"1 Gbit/s", with(func(p *squeezePath) { p.link = 117e6 }), 0.9, []level{fast}},
		{"300 Mbit/s", with(func(p *squeezePath) { p.link = 37e6 }), 0.9, []level{good}},
		{"80 Mbit/s", with(func(p *squeezePath) { p.link = 10e6 }), 0.95, []level{good}},
		{"1 Mbit/s", with(func(p *squeezePath) { p.link = 125e3 }), 0.9, []level{good}},
		{"80 Mbit/s, slow cores", with(func(p *squeezePath) {
			p.link, p.base, p.wire = 10e6, 15*ns, 35*ns
			p.of = [levels]yield{{}, {0.5, 50e6}, {0.4, 30e6}}
		}), 0.75, []level{fast, good}},
		{"a slow disk", with(func(p *squeezePath) { p.disk = 100e6 }), 0.99, []level{asIs, fast, good}},
		{"it hardly shrinks", with(func(p *squeezePath) { p.link, p.of = 10e6, [levels]yield{{}, {0.96, 500e6}, {0.96, 300e6}} }), 0.99, []level{asIs, fast}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newSqueezeRun(c.p)
			d := 10 * time.Second
			if c.p.link < 1e6 {
				d = 10 * time.Minute
			}
			rate := r.run(c.p, d)
			if best := c.p.best(); rate < c.least*best {
				t.Errorf("%.1f MB/s, and %.1f could be had", rate/1e6, best/1e6)
			}
			if off := c.p.rate(asIs); rate < 0.95*off {
				t.Errorf("%.1f MB/s, and %.1f without compression", rate/1e6, off/1e6)
			}
			found := false
			for _, l := range c.ends {
				found = found || r.q.level == l
			}
			if !found {
				t.Errorf("it ends at level %d, want one of %v", r.q.level, c.ends)
			}
		})
	}
}

// A link that becomes slow or fast under way is followed.
func TestSqueezerFollowsTheLink(t *testing.T) {
	quick := squeezePath{cores: 2, link: 1e12, disk: 1e12, base: 1.5 * ns, wire: 3.5 * ns, of: textual}
	slow := quick
	slow.link = 10e6
	r := newSqueezeRun(quick)
	for i, p := range []squeezePath{quick, slow, quick, slow} {
		r.run(p, 15*time.Second) // to notice
		if rate, best := r.run(p, 10*time.Second), p.best(); rate < 0.93*best {
			t.Errorf("stage %d: %.1f MB/s, and %.1f could be had", i, rate/1e6, best/1e6)
		}
	}
}

// A level that promises much and keeps little, as when the other end's
// processors are the slow ones, is given up, and tried less and less.
func TestSqueezerBelievesWhatItMeasures(t *testing.T) {
	p := squeezePath{cores: 8, link: 200e6, disk: 1e12, base: ns, wire: ns, of: textual}
	r := newSqueezeRun(p)
	tried := 0
	var last level
	bad := p
	bad.cores = 0.5 // whatever is compressed crawls; what is not, goes at 200 MB/s
	sent, start := 0.0, r.now
	for r.now.Sub(start) < time.Minute {
		use := p
		if r.q.level != asIs {
			use = bad
		}
		if r.q.level != last && r.q.level != asIs {
			tried++
		}
		last = r.q.level
		before := r.now
		sent += r.run(use, 50*time.Millisecond) * 0
		sent += r.now.Sub(before).Seconds() * use.rate(r.q.level)
	}
	if tried < 2 || tried > 8 {
		t.Errorf("tried %d times in a minute", tried)
	}
	if rate := sent / r.now.Sub(start).Seconds(); rate < 0.93*p.rate(asIs) {
		t.Errorf("%.1f MB/s, and %.1f without compression", rate/1e6, p.rate(asIs)/1e6)
	}
}
