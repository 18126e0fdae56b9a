package cli

import (
	"testing"
	"time"
)

func TestRestarts(t *testing.T) {
	const s, m = time.Second, time.Minute
	type step struct {
		ran   time.Duration
		wait  time.Duration
		again bool
	}
	tests := []struct {
		name  string
		steps []step
	}{
		{"never gets up", []step{{0, s, true}, {0, 2 * s, true}, {s, 4 * s, true}, {9 * s, 8 * s, true}, {0, 16 * s, false}}},
		{"fails now and then", []step{{m, s, true}, {10 * s, s, true}, {m, s, true}, {m, s, true}, {m, s, true}, {m, s, true}}},
		{"recovers at the last try", []step{{0, s, true}, {0, 2 * s, true}, {0, 4 * s, true}, {0, 8 * s, true}, {m, s, true}, {0, s, true}, {0, 2 * s, true}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var r restarts
			for i, step := range test.steps {
				wait, again := r.failed(step.ran)
				if again != step.again || again && wait != step.wait {
					t.Errorf("failure %d after %v: again %v in %v, want %v in %v", i+1, step.ran, again, wait, step.again, step.wait)
				}
			}
		})
	}
}
