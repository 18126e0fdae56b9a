package session

import (
	"math"
	"slices"
	"testing"
	"time"
)

func TestDivide(t *testing.T) {
	all := math.Inf(1)
	for _, c := range []struct {
		total       float64
		wants, want []float64
	}{
		{100, nil, []float64{}},
		{100, []float64{all}, []float64{100}},
		{100, []float64{10}, []float64{100}}, // nobody else wants it
		{100, []float64{all, all, all, all}, []float64{25, 25, 25, 25}},
		{100, []float64{all, 10}, []float64{90, 10}},
		{100, []float64{40, all, 10, all}, []float64{30, 30, 10, 30}},
		{100, []float64{20, 20}, []float64{50, 50}},
		{0, []float64{all, 5}, []float64{0, 0}},
	} {
		if got := divide(c.total, c.wants); !slices.Equal(got, c.want) {
			t.Errorf("%v among %v: %v, want %v", c.total, c.wants, got, c.want)
		}
	}
}

// What one member does not use goes to the other within a second or two, and
// comes back when it is wanted again.
func TestShareFollowsUse(t *testing.T) {
	var s share
	s.set(1_000_000)
	now := time.Unix(0, 0)
	slow, quick := s.join(now), s.join(now)
	came := [2]int64{}
	step := func(n int, most int64) {
		for range n {
			now = now.Add(shareTime)
			came[0] += min(slow.part, most)
			came[1] += quick.part
			s.part(slow, came[0], now)
			s.part(quick, came[1], now)
		}
	}
	step(2, 100_000)
	if slow.part > 130_000 || quick.part < 870_000 || slow.part+quick.part > 1_000_000 {
		t.Errorf("%d and %d, one of which uses 100000", slow.part, quick.part)
	}
	step(10, 1<<40)
	if slow.part != 500_000 || quick.part != 500_000 {
		t.Errorf("%d and %d, both of which use all they get", slow.part, quick.part)
	}
	s.leave(slow)
	if quick.part != 1_000_000 {
		t.Errorf("%d, alone", quick.part)
	}
	s.set(0)
	if got := s.part(quick, 0, now); got != 0 {
		t.Errorf("%d without a limit", got)
	}
}
