package cli

import (
	"math"
	"testing"
	"time"
)

func TestSizes(t *testing.T) {
	for s, want := range map[string]int64{
		"0": 0, "17": 17, "64K": 64 << 10, "64k": 64 << 10, "1M": 1 << 20, "1MiB": 1 << 20, "1MB": 1e6, "1.5G": 3 << 29, "2 TiB": 2 << 40, "5B": 5,
	} {
		if got, err := parseSize(s); err != nil || got != want {
			t.Errorf("%q: %d, %v, want %d", s, got, err, want)
		}
	}
	for _, s := range []string{"", "M", "-1", "1X", "1MM", "0x10", "1e30", "9999999999T", "1.5B", "NaN", "Inf"} {
		if got, err := parseSize(s); err == nil {
			t.Errorf("%q: %d", s, got)
		}
	}
}

func TestDurations(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0.0 s", 1500 * time.Millisecond: "1.5 s", 42 * time.Second: "42 s", 90 * time.Second: "1:30 min", 3723 * time.Second: "1:02 h",
	} {
		if got := seconds(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

func TestFit(t *testing.T) {
	for _, tt := range []struct {
		s     string
		width int
		want  string
	}{{"abc", 10, "abc"}, {"abcdef", 4, "abc"}, {"日本語", 5, "日本"}, {"ab  cd", 5, "ab"}} {
		if got := fit(tt.s, tt.width); got != tt.want {
			t.Errorf("fit(%q, %d) = %q, want %q", tt.s, tt.width, got, tt.want)
		}
	}
}

func TestPingJudgement(t *testing.T) {
	ms := func(n ...int) (m measurement) {
		for _, n := range n {
			m.add(time.Duration(n)*time.Millisecond, false)
		}
		return m
	}
	lossy := ms(10, 10, 10)
	lossy.miss()
	for _, tt := range []struct {
		name    string
		m       measurement
		quality string
		streams int
		chunk   int
		loss    float64
	}{
		{"lan", ms(1, 1, 2), "excellent", 4, 1 << 20, 0},
		{"one late answer", ms(1, 1, 1, 1, 1, 1, 1, 1, 9), "excellent", 4, 1 << 20, 0},
		{"jittery", ms(1, 60, 1, 60), "poor", 16, 1 << 20, 0},
		{"far", ms(100, 100), "fair", 16, 1 << 20, 0},
		{"very far", ms(400, 400), "poor", 32, 1 << 20, 0},
		{"lossy", lossy, "poor", 32, 256 << 10, 0.25},
	} {
		streams, chunk := tt.m.advice()
		if q := tt.m.quality(); q != tt.quality || streams != tt.streams || chunk != tt.chunk || math.Abs(tt.m.loss()-tt.loss) > 1e-9 {
			t.Errorf("%s: %s, %d streams, chunks of %d, loss %v", tt.name, q, streams, chunk, tt.m.loss())
		}
	}
}
