package drops

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func claimOf(n int) (c Claim) {
	binary.BigEndian.PutUint64(c[:], uint64(n)+1)
	return c
}

// Several relays on one bucket give away as many downloads as there are, and one that
// is asked for twice counts once, at whichever relay. (M105)
// It holds M105.
func TestClaimsOfSeveralRelays(t *testing.T) {
	ctx, b, c := t.Context(), sharedBucket{openBucket(t)}, newClock()
	var relays []*Store
	for range 4 {
		relays = append(relays, openStore(t, b, c, Limits{}))
	}
	p := newParcel(1, 2)
	p.begin.Downloads = 7
	p.mustStore(t, relays[0], "anna")

	const takers = 20
	var wg sync.WaitGroup
	var got [takers]atomic.Bool
	for i := range takers {
		for again := range 2 {
			wg.Go(func() {
				switch _, err := relays[(i+again)%4].Take(ctx, p.begin.ID, claimOf(i)); {
				case err == nil:
					got[i].Store(true)
				case !errors.Is(err, ErrGone):
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	won := 0
	for i := range takers {
		err := p.fetch(ctx, relays[i%4], claimOf(i))
		if got[i].Load() {
			won++
			if err != nil {
				t.Errorf("taken and not given: %v", err)
			}
			if _, err := relays[(i+3)%4].Take(ctx, p.begin.ID, claimOf(i)); err != nil {
				t.Errorf("taken once more: %v", err)
			}
		} else if !errors.Is(err, ErrClaim) {
			t.Errorf("given to who has not taken: %v", err)
		}
	}
	if won != 7 {
		t.Errorf("taken %d times, may be 7 times", won)
	}
	if err := p.fetch(ctx, relays[0], Claim{}); !errors.Is(err, ErrClaim) {
		t.Errorf("given without a claim: %v", err)
	}
	if r, _, err := relays[0].Chunk(ctx, p.begin.ID, sha256.Sum256(p.chunks[0]), Claim{}); err != nil {
		t.Errorf("the manifest is not to be looked at: %v", err)
	} else {
		r.Close()
	}
	if info, err := openStore(t, b, c, Limits{}).Info(ctx, p.begin.ID); err != nil || info.Left != 0 {
		t.Errorf("after a restart: %+v %v", info, err)
	}
	for i := range takers {
		if !got[i].Load() {
			continue
		}
		if won--; won == 0 {
			break // the last one does not come back
		}
		if err := relays[i%4].Taken(ctx, p.begin.ID, claimOf(i)); err != nil {
			t.Error(err)
		}
	}
	for _, s := range relays { // they see that the clock goes on
		sweepAfter(t, s, c, 0)
	}
	sweepAfter(t, relays[2], c, 23*time.Hour)
	if _, err := relays[1].Info(ctx, p.begin.ID); err != nil {
		t.Errorf("taken away from the last one: %v", err)
	}
	sweepAfter(t, relays[2], c, 2*time.Hour)
	if _, err := relays[1].Info(ctx, p.begin.ID); !errors.Is(err, ErrGone) {
		t.Errorf("kept for one that never came back: %v", err)
	}
}

// sweepAfter lets time go by, evenly, and has a store see it.
func sweepAfter(t *testing.T, s *Store, c *clock, d time.Duration) {
	t.Helper()
	c.pass(d)
	if err := s.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestTaken holds M105.
func TestTaken(t *testing.T) {
	now := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	fresh, old := claimed{"fresh", now.Add(-23 * time.Hour)}, claimed{"old", now.Add(-25 * time.Hour)}
	for _, c := range []struct {
		downloads int
		slots     []claimed
		finished  string
		want      bool
	}{
		{0, nil, "", false},
		{1, nil, "", false},
		{1, []claimed{fresh}, "", false},
		{1, []claimed{fresh}, "fresh", true},
		{1, []claimed{fresh}, "old", false},
		{1, []claimed{old}, "", true},
		{2, []claimed{old}, "old", false},
		{2, []claimed{old, fresh}, "old", false},
		{2, []claimed{old, fresh}, "fresh", true},
	} {
		if got := taken(c.downloads, c.slots, map[string]bool{c.finished: true}, now); got != c.want {
			t.Errorf("%d downloads, slots %v, finished %q: %t", c.downloads, c.slots, c.finished, got)
		}
	}
}
