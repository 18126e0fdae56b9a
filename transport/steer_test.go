package transport

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// A road is a path with Reno lanes on it, ours and others', in steps of one
// round trip. Windows are in packets.
type road struct {
	rate   float64       // packets a second
	base   time.Duration // round trip without a queue
	queue  float64       // packets that may wait
	loss   float64       // of packets, at random
	others int           // lanes of another transfer
	most   int           // lanes that the peer admits
	random *rand.Rand

	now          time.Time
	ours, theirs []renoLane
	got, sent    float64
	lost         float64
	theirsGot    float64
}

type renoLane struct{ window, threshold float64 }

func newRoad(rate float64, base time.Duration, queue, loss float64, seed uint64) *road {
	bdp := rate * base.Seconds()
	return &road{rate: rate, base: base, queue: queue * bdp, loss: loss, most: MaxLanes, random: rand.New(rand.NewPCG(seed, 1)), now: time.Unix(1, 0)}
}

func resized(lanes []renoLane, n int) []renoLane {
	for len(lanes) < n {
		lanes = append(lanes, renoLane{10, math.Inf(1)})
	}
	return lanes[:n]
}

// step lets a round trip pass with n lanes of ours, and returns what a steer sees.
func (r *road) step(n int) laneView {
	n = min(n, r.most)
	r.ours, r.theirs = resized(r.ours, n), resized(r.theirs, r.others)
	var total float64
	for _, l := range append(r.ours[:n:n], r.theirs...) {
		total += l.window
	}
	bdp := r.rate * r.base.Seconds()
	overflow := max(0, total-bdp-r.queue)
	trip := time.Duration(float64(r.base) * max(1, min(total, bdp+r.queue)/bdp))
	carried := min(1, r.rate*trip.Seconds()/total)
	run := func(lanes []renoLane) (got float64) {
		for i := range lanes {
			l := &lanes[i]
			got += l.window * carried * (1 - r.loss)
			drops := r.loss*l.window + overflow*l.window/total
			if r.random.Float64() < 1-math.Exp(-drops) {
				l.window = max(2, l.window/2)
				l.threshold = l.window
			} else if l.window < l.threshold {
				l.window = min(2*l.window, 10000)
			} else {
				l.window = min(l.window+1, 10000)
			}
		}
		return got
	}
	for _, l := range r.ours {
		r.sent += l.window
		r.lost += l.window * (r.loss + overflow/total)
	}
	r.got += run(r.ours)
	r.theirsGot += run(r.theirs)
	r.now = r.now.Add(trip)
	return laneView{now: r.now, lanes: n, busy: true, rtt: trip, bytes: uint64(r.got * 1452), sent: uint64(r.sent), lost: uint64(r.lost)}
}

// drive lets a steer drive for so long, and returns its number of lanes at each
// step, and our share of the path in the second half.
func (r *road) drive(s *steer, d time.Duration) (lanes []int, share float64) {
	end, half := r.now.Add(d), r.now.Add(d/2)
	var from float64
	n := s.want
	for r.now.Before(end) {
		if r.now.Before(half) {
			from = r.got
		}
		n, _ = s.see(r.step(n))
		lanes = append(lanes, n)
	}
	return lanes, (r.got - from) / (r.rate * (d / 2).Seconds())
}

func changes(lanes []int) (n int) {
	for i := range lanes[1:] {
		if lanes[i] != lanes[i+1] {
			n++
		}
	}
	return n
}

// TestSteerAlone: alone on a path a link gets what lanes can get, with as many
// as that takes, and comes to rest.
func TestSteerAlone(t *testing.T) {
	const mbit = 1e6 / 8 / 1452 // packets a second
	for _, c := range []struct {
		name             string
		rate             float64
		rtt              time.Duration
		queue, loss      float64
		fewest, mostLane int
		share            float64
	}{
		{"no loss", 300 * mbit, 100 * time.Millisecond, 1, 0, 1, 10, 0.9},
		{"no loss, deep queue", 300 * mbit, 100 * time.Millisecond, 3, 0, 1, 4, 0.9},
		{"no loss, shallow queue", 300 * mbit, 100 * time.Millisecond, 0.1, 0, 2, 32, 0.8},
		{"0.1 % loss", 300 * mbit, 100 * time.Millisecond, 1, 0.001, 16, 128, 0.8},
		{"1 % loss", 300 * mbit, 100 * time.Millisecond, 1, 0.01, 100, 128, 0.5},
		{"1 % loss, slow", 10 * mbit, 100 * time.Millisecond, 1, 0.01, 4, 32, 0.85},
		{"near by", 1000 * mbit, time.Millisecond, 10, 0.0001, 2, 2, 0.9},
	} {
		t.Run(c.name, func(t *testing.T) {
			for seed := range uint64(10) {
				s := newSteer(usefulLanes(PathDirect, c.rtt), MaxLanes)
				lanes, share := newRoad(c.rate, c.rtt, c.queue, c.loss, seed).drive(s, 4*time.Minute)
				late := lanes[len(lanes)/2:]
				mean := 0.0
				for _, n := range late {
					mean += float64(n) / float64(len(late))
				}
				if mean < float64(c.fewest) || mean > float64(c.mostLane)+0.1 || share < c.share {
					t.Errorf("seed %d: %.1f lanes for %.0f %% of the path: %s", seed, mean, 100*share, s.why)
				}
				if n := changes(late); n > 16 { // two minutes
					t.Errorf("seed %d: %d changes when it should have come to rest", seed, n)
				}
			}
		})
	}
}

// TestSteerFair: beside the four lanes of another transfer neither starves.
func TestSteerFair(t *testing.T) {
	// A queue of less than half of what the path holds is hard to tell from none.
	for _, queue := range []float64{0.5, 1, 3} {
		t.Run(fmt.Sprint("queue ", queue), func(t *testing.T) {
			for seed := range uint64(10) {
				r := newRoad(25000, 100*time.Millisecond, queue, 0, seed)
				r.others = 4
				s := newSteer(4, MaxLanes)
				lanes, share := r.drive(s, 4*time.Minute)
				if share < 0.12 || share > 0.85 {
					t.Errorf("seed %d: %d lanes have %.0f %% of the path beside 4: %s", seed, lanes[len(lanes)-1], 100*share, s.why)
				}
			}
		})
	}
}

// TestSteerFast: under random loss the lanes are there within seconds.
func TestSteerFast(t *testing.T) {
	for seed := range uint64(10) {
		s := newSteer(4, MaxLanes)
		lanes, _ := newRoad(25000, 100*time.Millisecond, 1, 0.01, seed).drive(s, 12*time.Second)
		if n := lanes[len(lanes)-1]; n < 64 {
			t.Errorf("seed %d: %d lanes after 12 s: %s", seed, n, s.why)
		}
	}
}

// TestSteerRefused: a peer that admits few lanes is not asked for more again
// and again.
func TestSteerRefused(t *testing.T) {
	r := newRoad(25000, 100*time.Millisecond, 1, 0.01, 1)
	r.most = 6
	s := newSteer(4, MaxLanes)
	lanes, _ := r.drive(s, 5*time.Minute)
	asked := 0
	for i := range lanes[1:] {
		if lanes[i+1] > lanes[i] {
			asked++
		}
	}
	if asked > 8 || lanes[len(lanes)-1] < 6 {
		t.Errorf("asked %d times, and wants %d", asked, lanes[len(lanes)-1])
	}
}

// TestSteerRests: a link that carries nothing keeps its lanes, and a trial that
// was under way when the transfer ended counts for nothing.
func TestSteerRests(t *testing.T) {
	r := newRoad(25000, 100*time.Millisecond, 1, 0.01, 1)
	s := newSteer(4, MaxLanes)
	n := 4
	for s.phase != steerTriesMore {
		n, _ = s.see(r.step(n))
	}
	for range 100 {
		v := r.step(n)
		v.busy = false
		n, _ = s.see(v)
	}
	if n != 4 || s.phase != steerHolds {
		t.Errorf("%d lanes: %s", n, s.why)
	}
}

// TestSteerWindows says what a steer that holds eight lanes does after a window.
func TestSteerWindows(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		name     string
		least    time.Duration
		f        figures
		previous float64
		want     int
		why      string
	}{
		{"random loss", 100 * ms, figures{mean: 1e6, loss: 0.01, rtt: 101 * ms, worst: 110 * ms}, 1e6, 32, "trying more"},
		{"lost by the peer", 100 * ms, figures{mean: 1e6, rtt: 101 * ms, worst: 110 * ms}, 1e6, 16, "trying more"},
		{"it grows", 100 * ms, figures{mean: 2e6, rtt: 101 * ms, worst: 110 * ms}, 1e6, 8, "as it was"},
		{"a queue", 100 * ms, figures{mean: 1e7, rtt: 150 * ms, worst: 190 * ms}, 1e7, 8, "the path is full"},
		{"loss in a queue", 100 * ms, figures{mean: 1e7, loss: 0.01, rtt: 150 * ms, worst: 210 * ms}, 1e7, 7, "congestion"},
		{"near loss in a queue", ms / 10, figures{mean: 1e9, loss: 0.0001, rtt: 15 * ms, worst: 21 * ms}, 1e9, 8, "near by"},
		{"a long queue without loss", 100 * ms, figures{mean: 1e7, rtt: 300 * ms, worst: 400 * ms}, 1e7, 8, "the path is full"},
		{"a busy machine", ms / 10, figures{mean: 1e9, loss: 0.0001, rtt: 2 * ms, worst: 4 * ms}, 1e9, 8, "near by"},
		{"a bad cable", ms, figures{mean: 1e7, loss: 0.01, rtt: ms, worst: 2 * ms}, 1e7, 32, "trying more"},
		{"hardly anything", 100 * ms, figures{mean: 1e3, loss: 0.01, rtt: 101 * ms, worst: 110 * ms}, 1e3, 8, "as it was"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSteer(8, MaxLanes)
			s.why, s.previous = "as it was", c.previous
			s.least.add(time.Unix(1, 0), c.least)
			s.judge(laneView{now: time.Unix(2, 0), lanes: 8, busy: true, rtt: c.f.rtt}, c.f)
			if s.want != c.want || s.why != c.why {
				t.Errorf("%d, %s; want %d, %s", s.want, s.why, c.want, c.why)
			}
		})
	}
}

// TestSteerAddsFewLanesToCorrected: losses that are made good are no reason for
// four times the lanes.
func TestSteerAddsFewLanesToCorrected(t *testing.T) {
	for corrects, want := range map[bool]int{false: 16, true: 6} {
		s := newSteer(4, MaxLanes)
		now := time.Unix(2, 0)
		s.least.add(now, 100*time.Millisecond)
		s.next(laneView{now: now, lanes: 4, busy: true, rtt: 100 * time.Millisecond, corrects: corrects},
			figures{mean: 1e7, loss: 0.01, rtt: 100 * time.Millisecond}, false, false)
		if s.want != want {
			t.Errorf("corrects %v: %d lanes, want %d", corrects, s.want, want)
		}
	}
}
