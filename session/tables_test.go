package session

import (
	"math"
	"testing"
	"time"

	"github.com/bargee/bargee/transport"
)

func TestAssembly(t *testing.T) {
	v, w := value{1}, value{2}
	a := newAssembly(layout{3*mib + 1, mib}, map[uint64]value{1: v, 2: w})
	steps := []struct {
		what      string
		got, want bool
	}{
		{"begin a missing one", a.begin(0), true},
		{"begin it twice", a.begin(0), false},
		{"check one that is not claimed", a.checked(0, v), false},
		{"check a claimed one that is right", a.checked(1, v), false},
		{"begin a verified one", a.begin(1), false},
		{"check a claimed one that is wrong", a.checked(2, v), true},
		{"check it twice", a.checked(2, w), false},
		{"begin it", a.begin(2), true},
	}
	for _, s := range steps {
		if s.got != s.want {
			t.Errorf("%s: %t", s.what, s.got)
		}
	}
	a.end(2, w, false)
	if !a.begin(2) {
		t.Error("one whose writing failed cannot be begun again")
	}
	a.end(0, w, true)
	a.end(2, w, true)
	a.finish(combine([]value{w, v, w, v}))
	if a.state() != unfinished {
		t.Error("it is over without its last chunk")
	}
	a.begin(3)
	a.end(3, v, true)
	if a.state() != whole {
		t.Errorf("it is %d", a.state())
	}
	a.finish(value{9})
	if a.state() != mismatched {
		t.Errorf("with another digest it is %d", a.state())
	}
	a.complete = false
	if a.state() != unfinished {
		t.Error("it is over without the sender's word")
	}
}

// A claimed chunk of which the sender has another version is written anew, and
// what is read of the old one meanwhile counts for nothing.
func TestAssemblyClaimOverwritten(t *testing.T) {
	a := newAssembly(layout{2 * mib, mib}, map[uint64]value{0: {1}})
	if !a.begin(0) {
		t.Fatal("it cannot be overwritten")
	}
	if a.checked(0, value{1}) || a.verified.has(0) {
		t.Error("the old version was verified while the new one is written")
	}
	a.end(0, value{2}, true)
	if a.values[0] != (value{2}) {
		t.Errorf("its value is %x", a.values[0])
	}
}

func TestLayout(t *testing.T) {
	for _, c := range []struct {
		size      int64
		chunk     int
		count     uint64
		last      int // bytes of the last chunk
		recommend int
	}{
		{0, mib, 1, 0, mib},
		{1, mib, 1, 1, mib},
		{mib, mib, 1, mib, mib},
		{mib + 1, mib, 2, 1, mib},
		{maxChunks * mib, mib, maxChunks, mib, mib},
		{maxChunks*mib + 1, mib, maxChunks + 1, 1, 2 * mib},
		{maxChunks*16*mib + 1, 16 * mib, maxChunks + 1, 1, 16 * mib},
		{math.MaxInt64, 16 * mib, 1 << 39, 16*mib - 1, 16 * mib},
	} {
		l := layout{c.size, c.chunk}
		if l.count() != c.count || l.single() != (c.count == 1) {
			t.Errorf("%d: %d chunks, single %t", c.size, l.count(), l.single())
		}
		if off, n := l.span(c.count - 1); n != c.last || off+int64(n) != c.size {
			t.Errorf("%d: the last is %d from %d on", c.size, n, off)
		}
		if got := chunkSizeFor(c.size, passage{}, minChunkSize, maxChunkSize); got != c.recommend {
			t.Errorf("%d: chunks of %d", c.size, got)
		}
	}
}

func TestChunkSize(t *testing.T) {
	const kib, mbit, far = 1 << 10, 1e6 / 8, 100 * time.Millisecond
	for _, c := range []struct {
		name   string
		size   int64
		way    passage
		lo, hi int
		want   int
	}{
		{"below the range", 1, passage{}, 2 * mib, 4 * mib, 2 * mib},
		{"above the range", 1, passage{}, minChunkSize, 128 * kib, 128 * kib},
		{"nothing is known", 1 << 30, passage{}, minChunkSize, maxChunkSize, mib},
		{"near", 1 << 30, passage{rtt: time.Millisecond, streams: 5}, minChunkSize, maxChunkSize, mib},
		{"near and fast", 1 << 30, passage{rtt: time.Millisecond, rate: 10000 * mbit, streams: 5}, minChunkSize, maxChunkSize, 2 * mib},
		{"near, 1 Gbit/s", 1 << 30, passage{rtt: time.Millisecond, rate: 1000 * mbit, streams: 5}, minChunkSize, maxChunkSize, mib},
		{"near, but lossy", 1 << 30, passage{rtt: time.Millisecond, rate: 1000 * mbit, streams: 5, loss: 0.01}, minChunkSize, maxChunkSize, 128 * kib},
		{"far", 1 << 30, passage{rtt: far, streams: 7}, minChunkSize, maxChunkSize, 128 * kib},
		{"far, 300 Mbit/s", 1 << 30, passage{rtt: far, rate: 300 * mbit, streams: 7}, minChunkSize, maxChunkSize, 256 * kib},
		{"far, over many lanes", 1 << 30, passage{rtt: far, rate: 300 * mbit, streams: 131}, minChunkSize, maxChunkSize, 64 * kib},
		{"as many, and the room is shared", 1 << 30, passage{rtt: far, rate: 40000 * mbit, streams: 131}, minChunkSize, maxChunkSize, 64 * kib},
		{"slow", 1 << 30, passage{rtt: far, rate: mbit, streams: 7}, minChunkSize, maxChunkSize, 64 * kib},
		{"a small file", 200 * kib, passage{rtt: far, rate: 300 * mbit, streams: 131}, minChunkSize, maxChunkSize, 256 * kib},
		{"a small file on a slow link", 200 * kib, passage{rtt: far, rate: mbit, streams: 7}, minChunkSize, maxChunkSize, 64 * kib},
		{"a huge file on a slow link", 1 << 40, passage{rtt: far, rate: mbit, streams: 7}, minChunkSize, maxChunkSize, 16 * mib},
	} {
		if got := chunkSizeFor(c.size, c.way, c.lo, c.hi); got != c.want {
			t.Errorf("%s: %d KiB, want %d", c.name, got/kib, c.want/kib)
		}
	}
}

func TestSounding(t *testing.T) {
	var s sounding
	now := time.Unix(1, 0)
	lanes := []transport.LaneStats{{Path: transport.PathDirect, RTT: 90 * time.Millisecond}, {RTT: 50 * time.Millisecond}}
	for _, c := range []struct {
		after    time.Duration
		received uint64
		want     passage
	}{
		{0, 0, passage{rtt: 50 * time.Millisecond, streams: 5}},
		{100 * time.Millisecond, 5e6, passage{rtt: 50 * time.Millisecond, streams: 5}}, // too soon
		{time.Second, 10e6, passage{rtt: 50 * time.Millisecond, streams: 5, rate: 10e6}},
		{time.Hour, 10e6, passage{rtt: 50 * time.Millisecond, streams: 5, rate: 10e6}},
		{2 * time.Hour, 5e6, passage{rtt: 50 * time.Millisecond, streams: 5, rate: 10e6}}, // a lane has gone
	} {
		lanes[1].Received = c.received
		if got := s.see(now.Add(c.after), lanes); got != c.want {
			t.Errorf("after %v: %+v, want %+v", c.after, got, c.want)
		}
	}
	lanes[0].FEC.Loss = 0.01
	if got := s.see(now.Add(3*time.Hour), lanes); got.loss != 0.01 {
		t.Errorf("a lossy path: %+v", got)
	}
	var pipe sounding
	if got := pipe.see(now, []transport.LaneStats{{Path: transport.PathMemory, Received: 1e9}}); got != (passage{}) {
		t.Errorf("of a link in memory: %+v", got)
	}
}

func TestBitmap(t *testing.T) {
	for _, n := range []uint64{1, 63, 64, 65, 200} {
		b := newBitmap(n)
		for i := range n {
			if !b.add(n-1-i) || b.add(n-1-i) {
				t.Fatalf("%d of %d: added twice", i, n)
			}
		}
		if !b.full() {
			t.Errorf("%d: not full", n)
		}
		for i := range n {
			if got, ok := b.takeFirst(); !ok || got != i {
				t.Fatalf("took %d (%t), want %d", got, ok, i)
			}
			if b.full() {
				t.Fatal("still full")
			}
		}
		if _, ok := b.takeFirst(); ok {
			t.Error("took from nothing")
		}
		b.add(0) // before where takeFirst looked last
		if got, ok := b.takeFirst(); !ok || got != 0 {
			t.Errorf("took %d (%t), want 0", got, ok)
		}
	}
}

// Each state and each event: what is not here changes nothing.
func TestLifecycle(t *testing.T) {
	want := map[TransferState]string{ // by the events in their order
		StateWaiting:   "R---F-P-C--",
		StateRunning:   "-T-DFPP-C-W",
		StateRetrying:  "--R-F-P-C--",
		StatePaused:    "-------WC--",
		StateDone:      "---------W-",
		StateFailed:    "---------W-",
		StateCancelled: "---------W-",
	}
	letters := map[TransferState]byte{StateWaiting: 'W', StateRunning: 'R', StateRetrying: 'T', StatePaused: 'P', StateDone: 'D', StateFailed: 'F', StateCancelled: 'C'}
	for s, row := range want {
		for ev := evStart; ev <= evLocked; ev++ {
			next, ok := s.after(ev)
			got := byte('-')
			if ok {
				got = letters[next]
			}
			if got != row[ev] {
				t.Errorf("%v, event %d: %c, want %c", s, ev, got, row[ev])
			}
		}
	}
}

func TestRetries(t *testing.T) {
	const s = time.Second
	now := older
	for _, c := range []struct {
		name  string
		r     retries
		kind  Kind
		waits []time.Duration // until it gives up
	}{
		{"unreachable", retries{giveUp: 12 * s}, Unreachable, []time.Duration{1 * s, 2 * s, 4 * s, 4 * s, 4 * s}},
		{"fruitless", retries{most: 8}, Interrupted, []time.Duration{1 * s, 2 * s, 4 * s, 8 * s, 16 * s, 32 * s, 60 * s, 60 * s}},
		{"timeout", retries{most: 2}, Timeout, []time.Duration{1 * s, 2 * s}},
		{"busy", retries{most: 1}, Busy, []time.Duration{1 * s}},
		{"never", retries{most: 5, giveUp: time.Hour}, Protocol, nil},
		{"none", retries{}, Interrupted, nil},
	} {
		at := now
		for i := 0; ; i++ {
			wait, again := c.r.next(at, c.kind, false)
			if !again {
				if i != len(c.waits) {
					t.Errorf("%s: gave up after %d waits", c.name, i)
				}
				break
			}
			if i >= len(c.waits) || wait != c.waits[i] {
				t.Fatalf("%s: wait %d is %v", c.name, i, wait)
			}
			at = at.Add(wait)
		}
	}
	r := retries{most: 1}
	for range 100 { // progress resets it
		if wait, again := r.next(now, Interrupted, true); !again || wait != s {
			t.Fatalf("with progress: %v %t", wait, again)
		}
	}
	r = retries{giveUp: s}
	r.next(now, Unreachable, false)
	r.next(now, Unreachable, true)
	if _, again := r.next(now.Add(s-1), Unreachable, false); !again {
		t.Error("progress does not reset the time of being unreachable")
	}
	r = retries{} // for ever
	for i := range 1000 {
		if wait, again := r.next(now.Add(time.Duration(i)*time.Hour), Unreachable, false); !again || wait > longestDial {
			t.Fatalf("%v %t", wait, again)
		}
	}
}

func TestMeter(t *testing.T) {
	var m meter
	at := older
	if m.rate(at) != 0 || m.eta(at, 10) != -1 || m.eta(at, 0) != 0 {
		t.Error("it knows something before it was told")
	}
	for i := range 100 {
		m.add(at, int64(i)*100)
		if i < 10 && m.eta(at, 1000) != -1 {
			t.Errorf("after %d ms it foretells %v", i*100, m.eta(at, 1000))
		}
		at = at.Add(100 * time.Millisecond)
	}
	if r := m.rate(at); r < 950 || r > 1050 {
		t.Errorf("%v a second", r)
	}
	if e := m.eta(at, 10000); e < 9*time.Second || e > 11*time.Second {
		t.Errorf("%v left", e)
	}
	if len(m.samples) > 2*int(meterWindow/meterStep)+3 {
		t.Errorf("%d samples", len(m.samples))
	}
	if r := m.rate(at.Add(time.Minute)); r != 0 {
		t.Errorf("after a minute of nothing %v", r)
	}
	m.reset()
	if m.rate(at) != 0 {
		t.Error("it remembers after a reset")
	}
	m.add(at, 1000)
	m.add(at.Add(2*time.Second), 500) // what was verified may turn out bad
	if r := m.rate(at.Add(2 * time.Second)); r != 0 {
		t.Errorf("a negative rate: %v", r)
	}
}

func TestPool(t *testing.T) {
	file := func(chunks uint64) *outFile {
		f := &outFile{todo: newBitmap(chunks), owed: newBitmap(chunks)}
		for i := range chunks {
			f.todo.add(i)
			f.owed.add(i)
		}
		return f
	}
	p := newPool()
	alive := func() bool { return false }
	a, b := file(2), file(1)
	p.add(a)
	p.add(b)
	p.add(a) // is there already
	next := func(f *outFile, want uint64) {
		t.Helper()
		if got, i, ok := p.next(nil, 1, alive, func() { t.Error("idle") }); !ok || got != f || i != want {
			t.Errorf("chunk %d of %p (%t), want %d of %p", i, got, ok, want, f)
		}
	}
	next(a, 0)
	next(a, 1)
	next(b, 0)
	p.add(file(1))
	p.again(a, 1) // ahead of all others
	next(a, 1)
	if _, _, ok := p.next(nil, 1, func() bool { return true }, func() {}); ok {
		t.Error("a dead stream got a chunk")
	}
	gone := file(1)
	gone.gone = true
	q := newPool()
	q.add(gone)
	idle := 0
	if _, _, ok := q.next(nil, 1, alive, func() { idle++; q.close() }); ok || idle != 1 {
		t.Errorf("got a chunk of a closed file (%t), idle %d times", ok, idle)
	}
}

func TestLedger(t *testing.T) {
	var told []Item
	l := newLedger(func(it Item) { told = append(told, it) })
	get := func() (tr Transfer) { tr.State = StateRunning; l.snapshot(&tr, older); return tr }
	attempt := func() {
		l.begin()
		for i, size := range []int64{100, 200, 300} {
			l.seen(Path{string(rune('a' + i))}, RegularFile, size)
		}
		l.seen(Path{"d"}, Directory, 0)
		l.counted()
	}
	attempt()
	l.start(1, Path{"a"}, Path{}, 100)
	l.reuse(1, 40)
	l.crossed(1, 60)
	l.verify(1, 1, 60)
	l.over(1, Item{Path: Path{"a"}, Size: 100, Result: Resumed})
	l.over(1, Item{Path: Path{"a"}, Size: 100, Result: Resumed}) // says it twice
	l.start(2, Path{"b"}, Path{}, 200)
	l.verify(1, 2, 50)
	if tr := get(); tr.Files != 3 || tr.Bytes != 600 || tr.FilesDone != 1 || tr.Verified != 150 || tr.Reused != 40 || !tr.Counted {
		t.Errorf("%+v", tr)
	}
	if len(told) != 1 || told[0].Sent != 60 || told[0].Reused != 40 {
		t.Errorf("%+v", told)
	}
	attempt() // the link was lost: b starts anew, a does not
	if tr := get(); tr.Files != 3 || tr.Bytes != 600 || tr.Dirs != 1 || tr.FilesDone != 1 || tr.Verified != 100 {
		t.Errorf("second attempt: %+v", tr)
	}
	l.over(2, Item{Path: Path{"b"}, Size: 200, Result: Skipped})
	l.over(3, Item{Path: Path{"c"}, Size: 300, Result: Failed})
	if tr := get(); tr.Bytes != 100 || tr.FilesDone != 3 || tr.Skipped != 1 || tr.Failures != 1 || len(tr.Failed) != 1 {
		t.Errorf("%+v", tr)
	}
	l.retry()
	attempt()
	if tr := get(); tr.Files != 3 || tr.Bytes != 400 || tr.FilesDone != 2 || tr.Failures != 0 || tr.Skipped != 1 {
		t.Errorf("after a retry: %+v", tr)
	}
	l.over(4, Item{Path: Path{"c"}, Size: 300, Result: Copied})
	if tr := get(); tr.FilesDone != 3 || tr.Verified != 400 || tr.Verified > tr.Bytes {
		t.Errorf("at the end: %+v", tr)
	}
}
