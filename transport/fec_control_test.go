package transport

import (
	"testing"
	"time"
)

func TestParityFor(t *testing.T) {
	for _, c := range []struct {
		k    int
		loss float64
		want int
	}{
		{64, 0, 0}, {0, 0.01, 0}, {1, 0.01, 2}, {64, 0.001, 3}, {64, 0.01, 6}, {128, 0.01, 9}, {192, 0.01, 10},
		{128, 0.03, 15}, {192, 1e-4, 2}, {192, 1e-6, 1}, {192, 0.9, maxBlockParity},
	} {
		if got := parityFor(c.k, c.loss); got != c.want {
			t.Errorf("%d packets, loss %v: %d, want %d", c.k, c.loss, got, c.want)
		}
	}
}

// TestParityOfShortBlocks: a block that ends early is as safe as a full one.
func TestParityOfShortBlocks(t *testing.T) {
	p := fecPlan{on: true, k: 128, m: parityFor(128, 0.01) + 4, loss: 0.01, more: 4}
	for _, count := range []int{1, 2, 5, 16, 64, 127, 128, 140} {
		m := p.parity(count)
		if risk := moreThan(m, count+m, 0.01); m > p.m || count <= 128 && risk > blockRisk {
			t.Errorf("%d packets: %d of parity, risk %v", count, m, risk)
		}
	}
	p.m = 0 // congestion
	if m := p.parity(3); m != 0 {
		t.Errorf("%d of parity where there shall be none", m)
	}
}

// A fecScene plays a path to a control: reports 25 ms apart.
type fecScene struct {
	*fecControl
	now time.Time
}

const ms = time.Millisecond

func newScene(least time.Duration) *fecScene {
	s := &fecScene{&fecControl{}, time.Unix(1000, 0)}
	s.path(s.now, least, least)
	return s
}

// play lets time pass while rate packets a second arrive, but for those lost,
// over a round trip of rtt.
func (s *fecScene) play(long, rtt time.Duration, rate, loss float64) {
	owed := 0.0
	for end := s.now.Add(long); s.now.Before(end); {
		s.now = s.now.Add(fecReports)
		s.path(s.now, rtt, s.least)
		n := int(rate * fecReports.Seconds())
		owed += loss * float64(n)
		lost := int(owed)
		owed -= float64(lost)
		s.bulk(s.now)
		s.arrived(s.now, fecArrival{expected: n, missing: lost})
	}
}

// TestGuard: far away the first packets have much parity, which goes as none is
// lost, and at last the headers go too.
func TestGuard(t *testing.T) {
	s := newScene(100 * ms)
	if s.plan().on {
		t.Fatal("on before there is bulk")
	}
	s.bulk(s.now)
	if p := s.plan(); !p.on || p.m < 5 || p.k != minBlockData {
		t.Fatalf("at first: %+v", p)
	}
	s.play(time.Second, 100*ms, 20_000, 0)
	if p := s.plan(); !p.on || p.k < 150 || float64(p.m)/float64(p.k) > 0.02 {
		t.Fatalf("after a second without a loss: %+v", p)
	}
	s.play(6*time.Second, 100*ms, 20_000, 0)
	if p := s.plan(); p.on || s.armed {
		t.Fatalf("after seven: %+v", p)
	}
}

// TestNear: without a loss nothing happens, nor with losses very near by, where
// they are those of queues in the machine.
func TestNear(t *testing.T) {
	for _, c := range []struct {
		least time.Duration
		lost  int
		want  bool
	}{
		{100 * time.Microsecond, 1000, false}, {4 * ms, 1000, false}, {10 * ms, 0, false}, {10 * ms, 2, false}, {10 * ms, 3, true},
	} {
		s := newScene(c.least)
		if s.armed {
			t.Fatalf("%v: armed without a reason", c.least)
		}
		s.quicLost(s.now, c.lost)
		if s.bulk(s.now); s.plan().on != c.want {
			t.Errorf("%v, %d lost: on %v", c.least, c.lost, s.plan().on)
		}
	}
}

// TestFollowsLoss: parity is what the loss needs, soon after it changed.
func TestFollowsLoss(t *testing.T) {
	s := newScene(100 * ms)
	s.bulk(s.now)
	for _, loss := range []float64{0.001, 0.01, 0.03, 0.01} {
		s.play(15*time.Second, 100*ms, 20_000, loss)
		p := s.plan()
		if least := parityFor(p.k, loss); !p.on || p.m < least-1 || p.m > least+least/2+1 {
			t.Errorf("loss %v: %+v, needed are %d", loss, p, least)
		}
	}
}

// TestCongestion: losses in a queue are Reno's to see, and do not count.
func TestCongestion(t *testing.T) {
	s := newScene(100 * ms)
	s.bulk(s.now)
	s.play(10*time.Second, 100*ms, 20_000, 0.01)
	before := s.plan()
	s.play(time.Second, 190*ms, 20_000, 0)
	if p := s.plan(); p.m == 0 {
		t.Error("a queue without losses takes the parity away")
	}
	bare := 0
	for range 80 {
		s.play(fecReports, 190*ms, 20_000, 0.1)
		if p := s.plan(); p.m == 0 && p.on {
			bare++
		}
	}
	if bare < 20 || bare > 40 {
		t.Errorf("congestion: no parity for %d of 80 reports", bare)
	}
	s.play(3*time.Second, 100*ms, 20_000, 0.01)
	if p := s.plan(); p.m == 0 || p.m > before.m+2 {
		t.Errorf("after it: %+v, before: %+v", p, before)
	}
}

// TestSpike: one long round trip among short ones is no queue.
func TestSpike(t *testing.T) {
	s := newScene(100 * ms)
	s.bulk(s.now)
	for range 40 {
		s.play(50*ms, 100*ms, 20_000, 0.01)
		s.play(25*ms, 300*ms, 20_000, 0.01)
		if p := s.plan(); p.m == 0 {
			t.Fatal("parity went away")
		}
	}
}

// TestBursts: blocks that fail bring more parity, and it goes again.
func TestBursts(t *testing.T) {
	s := newScene(100 * ms)
	s.bulk(s.now)
	s.play(10*time.Second, 100*ms, 20_000, 0.01)
	calm := s.plan().m
	s.now = s.now.Add(fecReports)
	s.arrived(s.now, fecArrival{expected: 500, missing: 20, failed: 20})
	if m := s.plan().m; m < calm+2 {
		t.Errorf("%d of parity after a burst, %d before", m, calm)
	}
	s.play(10*time.Second, 100*ms, 20_000, 0.01)
	if m := s.plan().m; m > calm+1 {
		t.Errorf("%d of parity long after a burst, %d before", m, calm)
	}
}

func TestSilence(t *testing.T) {
	s := newScene(100 * ms)
	s.bulk(s.now)
	if s.silent(s.now.Add(800*ms), s.now) || !s.silent(s.now.Add(801*ms), s.now) {
		t.Error("a report is due after three round trips and half a second")
	}
}

// TestProber: each size a few times, the largest first; then it waits long.
func TestProber(t *testing.T) {
	var p fecProber
	now := time.Unix(0, 0)
	asked := map[int]int{}
	for range 10_000 {
		if size, ok := p.next(now, 100*ms); ok {
			asked[size]++
		}
		if p.fits(1) {
			t.Fatal("fits before an answer")
		}
		now = now.Add(ms)
	}
	for _, size := range probeSizes {
		if asked[size] != probesEach {
			t.Errorf("probes: %v", asked)
		}
	}
	p.arrived(probeSizes[1])
	if _, ok := p.next(now.Add(time.Hour), 0); ok || !p.fits(probeSizes[1]) || p.fits(probeSizes[1]+1) {
		t.Errorf("after an answer: %+v", p)
	}
}
