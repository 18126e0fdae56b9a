package transport

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/bargee/bargee/internal/wire"
)

func TestRunWatch(t *testing.T) {
	type said struct {
		run, nonce uint64
		restarted  bool
	}
	for name, all := range map[string][]said{
		"the same one":                  {{1, 9, false}, {1, 9, false}},
		"another one":                   {{1, 9, false}, {2, 9, true}, {2, 9, false}, {1, 9, true}},
		"an older program":              {{1, 0, false}, {1, 0, false}, {2, 0, true}},
		"a forged one":                  {{1, 9, false}, {2, 0, false}, {1, 9, false}},
		"a forged one at first":         {{2, 0, false}, {1, 9, false}, {1, 9, false}},
		"a forged one before the right": {{2, 0, false}, {1, 9, false}, {3, 0, false}, {3, 9, true}},
	} {
		var w runWatch
		for i, s := range all {
			if got := w.hear(wire.Greeting{Run: s.run, Nonce: s.nonce}); got != s.restarted {
				t.Errorf("%s: greeting %d: restarted: %v", name, i, got)
			}
		}
	}
}

func TestReopenPace(t *testing.T) {
	gone, no := errors.New("the link is gone"), fail(ErrAuth, "revoked")
	open := fail(errors.Join(ErrRoomBusy, ErrRoomOpen), "somebody waits there")
	later := func(d time.Duration, err error) error { return fmt.Errorf("open a room: %w", &laterError{err, d}) }
	const ms, s = time.Millisecond, time.Second
	for name, test := range map[string]struct {
		err  error
		want []time.Duration
	}{
		"gone":         {gone, []time.Duration{100 * ms, s, 2 * s, 4 * s, 4 * s}},
		"refused":      {no, []time.Duration{100 * ms, s, 2 * s, 4 * s, 8 * s, 16 * s, 32 * s, time.Minute, time.Minute}},
		"taken":        {later(23*time.Hour, open), []time.Duration{100 * ms, s, 2 * s, 4 * s, 8 * s}},
		"a limit":      {later(30*s, fail(ErrRoomBusy, "too many")), []time.Duration{30 * s, 30 * s, 30 * s}},
		"a long limit": {later(23*time.Hour, fail(ErrRoomBusy, "quota")), []time.Duration{10 * time.Minute}},
		"to be back":   {fail(ErrRoomBusy, "about to end"), []time.Duration{100 * ms, s, 2 * s, 4 * s, 4 * s}},
	} {
		var p reopenPace
		for i, want := range test.want {
			if got := p.wait(test.err); got != want {
				t.Errorf("%s: pause %d is %v, want %v", name, i, got, want)
			}
		}
	}
}
