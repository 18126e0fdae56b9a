package session

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bargee/bargee/internal/wire"
)

// later waits for d of the bubble's time, in which all that can happen does.
func later(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// A course is a transfer whose bytes on the wire are watched.
type course struct {
	t  *testing.T
	b  *bed
	id TransferID
}

func (c *course) wire() int64 {
	for _, t := range c.b.engine.Transfers() {
		if t.ID == c.id {
			if t.State != StateRunning {
				c.t.Fatalf("%v: %v", t.State, t.Err)
			}
			return t.Wire
		}
	}
	return 0
}

// near tells whether got is within 5 % of want.
func near(got, want int64) bool { return got >= want*95/100 && got <= want*105/100 }

// keeps expects that in d rate is kept.
func (c *course) keeps(what string, rate int64, d time.Duration) {
	c.t.Helper()
	before := c.wire()
	later(d)
	if got := int64(float64(c.wire()-before) / d.Seconds()); !near(got, rate) {
		c.t.Errorf("%s: %d bytes a second, want %d", what, got, rate)
	}
}

func (c *course) ends() {
	c.t.Helper()
	tr, err := c.b.engine.Wait(c.t.Context(), c.id)
	if err != nil || tr.State != StateDone || tr.Failures > 0 {
		c.t.Errorf("%v: %v %v %v", err, tr.State, tr.Err, tr.Failed)
	}
}

// limitedBed has files on both sides: one large one, or many small ones.
func limitedBed(t *testing.T, cfg ServerConfig, files, size int) *bed {
	b := newBed(t, cfg)
	for side, dir := range []string{b.here, b.there} {
		for i := range files {
			fill(t, filepath.Join(dir, "out", fmt.Sprint(i)), size, byte(i+200*side)) // or it would be copied there
		}
	}
	return b
}

// course submits a transfer of what is there, under another name each time.
func (b *bed) course(t *testing.T, way, name string, o Options) *course {
	j := Job{From: Here, To: b.peer, Sources: []Path{b.path("out")}, Destination: Path{name}, Options: o}
	if way == "down" {
		j = Job{From: b.peer, To: Here, Sources: []Path{{"out"}}, Destination: b.path(name), Options: o}
	}
	id, err := b.engine.Submit(j)
	must(t, err)
	return &course{t, b, id}
}

// A limit is kept from the first second on, for one large file and for many
// small ones, both ways, and at once when it is changed.
func TestLimits(t *testing.T) {
	for _, way := range []string{"up", "down"} {
		for _, c := range []struct {
			what        string
			rate        int64
			files, size int
			streams     int
		}{
			{"large", 1 << 20, 1, 20 << 20, 4},
			{"large, one stream", 1 << 20, 1, 20 << 20, 1},
			{"large, many streams", 1 << 20, 1, 20 << 20, 64},
			{"small", 100_000, 600, 4000, 4},
			{"slow", 10_000, 1, 2 << 20, 4},
			{"slowest", LeastLimit, 1, 1 << 20, 4},
		} {
			t.Run(way+", "+c.what, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					b := limitedBed(t, ServerConfig{}, c.files, c.size)
					o := DefaultOptions()
					o.Limit, o.Streams = c.rate, c.streams
					run := b.course(t, way, "x", o)
					run.keeps("from the start", c.rate, 4*time.Second)
					run.keeps("later", c.rate, 4*time.Second)
					must(t, b.engine.SetTransferLimit(run.id, 2*c.rate))
					later(paceStep) // for the sender at the other end
					run.keeps("twice of it", 2*c.rate, 3*time.Second)
					must(t, b.engine.SetLimit(max(c.rate/2, LeastLimit)))
					later(paceStep)
					run.keeps("half of it, for all", max(c.rate/2, LeastLimit), 3*time.Second)
					must(t, b.engine.SetTransferLimit(run.id, 0))
					must(t, b.engine.SetLimit(0))
					run.ends()
				})
			})
		}
	}
}

// A limit at which a chunk takes longer than Options.Timeout is no stall.
func TestLimitIsNoStall(t *testing.T) {
	for _, way := range []string{"up", "down"} {
		t.Run(way, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := limitedBed(t, ServerConfig{}, 1, 3<<19)
				o := DefaultOptions()
				o.Limit, o.Retry = 10_000, 0
				b.course(t, way, "x", o).ends()
			})
		})
	}
}

// Transfers share a limit evenly, and what one does not use another gets.
func TestLimitIsShared(t *testing.T) {
	for _, way := range []string{"up", "down"} {
		t.Run(way, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := limitedBed(t, ServerConfig{}, 1, 14<<20)
				const rate = 1 << 20
				must(t, b.engine.SetLimit(rate))
				one := b.course(t, way, "one", DefaultOptions())
				two := b.course(t, way, "two", DefaultOptions())
				later(time.Second)
				first, second := one.wire(), two.wire()
				later(4 * time.Second)
				first, second = one.wire()-first, two.wire()-second
				if !near(first+second, 4*rate) || !near(first, 2*rate) {
					t.Errorf("%d and %d bytes in 4 s, want %d each", first, second, 2*rate)
				}
				must(t, b.engine.SetTransferLimit(one.id, rate/8))
				later(4 * time.Second)
				first = one.wire()
				two.keeps("beside a slow one", rate-rate/8, 4*time.Second)
				if first = one.wire() - first; !near(first, rate/2) {
					t.Errorf("the slow one got %d bytes in 4 s, want %d", first, rate/2)
				}
				must(t, b.engine.SetTransferLimit(one.id, 0))
				must(t, b.engine.SetLimit(0))
				one.ends()
				two.ends()
			})
		})
	}
}

// A server's limit holds for what it sends and for what it is sent.
func TestServerLimit(t *testing.T) {
	for _, way := range []string{"up", "down"} {
		t.Run(way, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := limitedBed(t, ServerConfig{Limit: 1 << 20}, 1, 10<<20)
				run := b.course(t, way, "x", DefaultOptions())
				run.keeps("alone", 1<<20, 4*time.Second)
				run.ends()
			})
		})
	}
}

// A sender that does not listen is read from as slowly as it was to send.
func TestLimitOfASenderThatDoesNotListen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newRawSender(t, ServerConfig{Limit: 1 << 20}, nil)
		data := content(8 << 20)
		s.say(announce(1, "file", len(data)))
		s.hear()
		st, in := s.data()
		start := time.Now()
		for i := range uint64(8) {
			chunk := data[i<<20 : (i+1)<<20]
			must(t, wire.Write(st, chunkMessage(1, i, chunk, valueOf(chunk, i, 1<<20, false))))
			_, err := st.Write(chunk)
			must(t, err)
			must(t, wire.Read(in, new(wire.Acks)))
		}
		if d := time.Since(start); d < 7600*time.Millisecond || d > 8400*time.Millisecond {
			t.Errorf("8 MiB at 1 MiB/s took %v", d)
		}
	})
}

// A Pace that nobody asked for, or another one, ends the transfer.
func TestLyingSenderPace(t *testing.T) {
	pace := &wire.ToReceiver{Say: &wire.ToReceiver_Pace{Pace: &wire.Pace{Rate: 7}}}
	for _, c := range []struct {
		flow bool
		say  []*wire.ToReceiver
	}{{false, []*wire.ToReceiver{pace}}, {true, []*wire.ToReceiver{pace, pace}}} {
		s := newRawSender(t, ServerConfig{}, &wire.Options{Flow: c.flow})
		s.say(c.say...)
		for m := s.hear(); ; m = s.hear() {
			if k := m.GetError().GetKind(); k == wire.Kind_KIND_PROTOCOL {
				break
			} else if m.GetPace() == nil {
				t.Fatalf("heard %v", m)
			}
		}
	}
}

// Over a real socket: what the system's clock and timers make of it.
func TestLimitOverQUIC(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	const rate, d = 8 << 20, 3 * time.Second
	for _, way := range []string{"up", "down"} {
		t.Run(way, func(t *testing.T) {
			dir := scratch(t)
			must(t, os.MkdirAll(filepath.Join(dir, "there"), 0o777))
			b := quicBed(t, filepath.Join(dir, "here"), filepath.Join(dir, "there"), 2)
			fill(t, filepath.Join(b.here, "out"), 40<<20, 1)
			fill(t, filepath.Join(b.there, "out"), 40<<20, 2)
			o := DefaultOptions()
			o.Limit = rate
			run := b.course(t, way, "x", o)
			start := time.Now()
			<-time.After(d)
			got := float64(run.wire()) / time.Since(start).Seconds()
			t.Logf("%.0f bytes a second, %.1f %% of the limit", got, 100*got/rate)
			if got > 1.05*rate || got < 0.8*rate { // this machine may be busy
				t.Errorf("%.0f bytes a second, want %d", got, rate)
			}
			must(t, b.engine.SetTransferLimit(run.id, 0))
			run.ends()
		})
	}
}
