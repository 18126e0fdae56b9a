package session

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"testing/synctest"
	"time"
)

// manyNames makes n empty files in dir.
func manyNames(tb testing.TB, dir string, n int) {
	tb.Helper()
	must := musts(tb)
	for i := range n {
		f, err := os.OpenFile(filepath.Join(dir, "a name of a file "+strconv.Itoa(i)), os.O_CREATE|os.O_WRONLY, 0o644)
		must(err)
		must(f.Close())
	}
}

// readNames reads the names of a directory; it returns how long a screenful of
// them took, and all.
func readNames(ctx context.Context, tb testing.TB, tree Tree, p Path, want int) (first, whole time.Duration) {
	tb.Helper()
	n, begun := 0, time.Now()
	for _, err := range tree.Names(ctx, p) {
		musts(tb)(err)
		if n++; n == firstNames {
			first = time.Since(begun)
		}
	}
	if n != want {
		tb.Errorf("%d names, want %d", n, want)
	}
	return first, time.Since(begun)
}

// BenchmarkNames reads a directory of a million names, here and over QUIC on
// loopback: how long a screenful takes, and what both ends have in memory.
func BenchmarkNames(b *testing.B) {
	const n = 1_000_000
	dir := b.TempDir()
	manyNames(b, dir, n)
	for name, open := range map[string]func(b *testing.B) Tree{
		"dir": func(b *testing.B) Tree { return openDir(b, dir) },
		"loopback": func(b *testing.B) Tree {
			bed := quicBed(b, b.TempDir(), dir, 1)
			tree, err := bed.engine.Tree(bed.peer)
			musts(b)(err)
			return tree
		},
	} {
		b.Run(name, func(b *testing.B) {
			tree := open(b)
			heap := heapWatch()
			var first time.Duration
			for b.Loop() {
				first, _ = readNames(b.Context(), b, tree, Path{}, n)
			}
			b.ReportMetric(float64(first.Microseconds())/1000, "ms-first")
			b.ReportMetric(float64(heap())/(1<<20), "MiB-most")
		})
	}
}

// heapWatch samples the heap; what it returns ends that, and tells by how many
// bytes it grew at the most.
func heapWatch() func() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	before, most := m.HeapAlloc, m.HeapAlloc
	stop, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				runtime.ReadMemStats(&m)
				most = max(most, m.HeapAlloc)
			case <-stop:
				return
			}
		}
	}()
	return func() uint64 { close(stop); <-over; return most - before }
}

// Through 100 ms a screenful of names is there after a round trip.
func TestNamesFar(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n, rtt = 5000, 100 * time.Millisecond
		b := newWeatherBed(t, rtt/2, &weather{})
		manyNames(t, b.there, n)
		tree, err := b.engine.Tree(b.peer)
		must(t, err)
		first, whole := readNames(t.Context(), t, tree, Path{}, n)
		if first > rtt*3/2 || whole > 20*rtt {
			t.Errorf("the first names took %v, all %v", first, whole)
		}
		t.Logf("the first names took %v, all %v", first, whole)
	})
}
