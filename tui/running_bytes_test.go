package tui

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bargee/bargee/session"
)

// TestBytesWhileEightStreamsRun: what a screen sends to its terminal each second
// while a transfer runs at full speed, its rates trembling as measured ones do.
func TestBytesWhileEightStreamsRun(t *testing.T) {
	for _, c := range []struct {
		w, h   int
		slow   bool
		small  bool // many small files, each stream at another one at each look
		budget int
	}{
		{160, 48, false, false, 4 << 10},
		{80, 24, false, false, 2 << 10},
		{160, 48, true, false, 1 << 10},
		{80, 24, true, false, 600},
		{160, 48, false, true, 4 << 10},
		{80, 24, false, true, 2 << 10},
		{160, 48, true, true, 1 << 10},
		{80, 24, true, true, 600},
	} {
		if testing.Short() && c.w != 80 {
			continue
		}
		t.Run(fmt.Sprintf("%dx%d slow=%v small=%v", c.w, c.h, c.slow, c.small), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBed(t, c.w, c.h, func(o *Options) { o.Slow = c.slow })
				b.engine.streams = 8
				b.press("down", "space", "space", "space", "c", "enter")
				<-time.After(2 * time.Second)
				b.settle()
				const seconds = 20
				before := b.term.bytes()
				rnd := rand.New(rand.NewPCG(1, 2))
				for range seconds * 10 {
					b.engine.step(118e6 / 10)
					b.engine.jitter(rnd)
					if c.small {
						b.engine.smallFiles(rnd)
					}
					<-time.After(100 * time.Millisecond)
				}
				each := (b.term.bytes() - before) / seconds
				t.Logf("%d bytes a second", each)
				if each > c.budget {
					t.Errorf("%d bytes a second, at most %d", each, c.budget)
				}
				if each == 0 {
					t.Error("nothing was drawn: the test does not test")
				}
				b.end()
			})
		})
	}
}

// smallFiles puts each stream at a file of its own, which is soon over.
func (e *fakeEngine) smallFiles(rnd *rand.Rand) {
	e.mu.Lock()
	defer e.mu.Unlock()
	t := &e.transfers[0]
	t.Active, t.Files = nil, 100_000
	t.FilesDone += 40
	for i := range t.Streams {
		s := &t.Streams[i]
		name := fmt.Sprintf("photos/IMG_%06d.jpg", rnd.IntN(1e6))
		s.File, _ = session.ParsePath("home/Films/" + name)
		s.Total, s.Bytes = 4<<20, rnd.Int64N(4<<20)
		to, _ := session.ParsePath("pool/films/" + name)
		t.Active = append(t.Active, session.FileProgress{Path: s.File, Name: to, Size: s.Total, Verified: s.Bytes, Streams: []int{s.ID}})
	}
}

// jitter lets all rates of what runs tremble by a tenth, and the link's figures
// with them.
func (e *fakeEngine) jitter(rnd *rand.Rand) {
	e.mu.Lock()
	defer e.mu.Unlock()
	off := func() float64 { return 0.9 + 0.2*rnd.Float64() }
	for i := range e.transfers {
		t := &e.transfers[i]
		t.Rate *= off()
		t.ETA = time.Duration(float64(t.ETA) * off())
		for s := range t.Streams {
			t.Streams[s].Rate *= off()
		}
	}
	e.places[1].Lanes = slices.Clone(e.places[1].Lanes) // a screen has the others
	lane := &e.places[1].Lanes[0]
	lane.RTT = time.Duration(14e6 * off())
	lane.Sent += 11e6
	lane.Lost += uint64(rnd.IntN(3))
}

// BenchmarkScreenAtFullSpeed is one look at an engine that carries eight streams,
// and the frame for it. There are four of them in a second.
func BenchmarkScreenAtFullSpeed(b *testing.B) {
	d := newDriver(b, 160, 48)
	d.engine.streams = 8
	d.press("down", "space", "space", "space", "c", "enter")
	rnd := rand.New(rand.NewPCG(1, 2))
	for b.Loop() {
		d.engine.step(1 << 20)
		d.engine.jitter(rnd)
		d.wait(busyInterval)
	}
	b.ReportMetric(float64(b.Elapsed())/float64(b.N)*float64(time.Second/busyInterval)/1e9*100, "%core")
}
