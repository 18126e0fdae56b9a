//go:build !race

package listing

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/bargee/bargee/session"
)

const million = 1_000_000

// blocksOf returns n files in the order of no name, and how long all their names
// are. With details they have sizes and times.
func blocksOf(n int, details bool) (blocks []*Block, bytes int) {
	rnd := rand.New(rand.NewPCG(7, 8))
	var w Builder
	for i := range n {
		e := session.Entry{Name: fmt.Sprintf("file-%07d.dat", i*611_953%n), Size: -1}
		if details {
			e.Size, e.Modified = rnd.Int64N(1<<40), time.Unix(rnd.Int64N(1<<31), 0)
		}
		bytes += len(e.Name)
		if w.Add(e); w.Len() == BlockSize || i == n-1 {
			blocks = append(blocks, w.Block())
		}
	}
	return blocks, bytes
}

// load takes in the blocks as a pane does, so many at a time.
func load(blocks []*Block, at int) (*Store, []ID) {
	var store Store
	var sorter Sorter
	var base []ID
	for len(blocks) > 0 {
		n := min(at, len(blocks))
		sorter.Add(blocks[:n]...)
		base = sorter.Base()
		for _, b := range blocks[:n] {
			store.Append(b)
		}
		blocks = blocks[n:]
	}
	return &store, base
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestMemoryPerEntry holds what an entry takes beside its name: with its size
// and time known, sorted by size, and a filter that lets all through.
func TestMemoryPerEntry(t *testing.T) {
	if testing.Short() {
		t.Skip("a million entries")
	}
	for _, c := range []struct {
		what    string
		details bool
		view    View
		most    float64
	}{
		{"names only", false, View{}, 16},
		{"all known, by size, filtered", true, View{Order: BySize, Filter: "file", Hidden: true}, 64},
	} {
		before := heap()
		blocks, names := blocksOf(million, c.details)
		store, base := load(blocks, 20)
		blocks = nil
		r := (&Job{Of: store.Freeze(), Base: base, View: c.view}).Run()
		each := (float64(heap()-before) - float64(names)) / million
		t.Logf("%s: %.1f bytes for each entry beside its name of %d", c.what, each, names/million)
		if each > c.most {
			t.Errorf("%s: %.1f bytes for each entry beside its name, at most %v", c.what, each, c.most)
		}
		runtime.KeepAlive(store)
		runtime.KeepAlive(base)
		runtime.KeepAlive(r)
	}
}

func BenchmarkMillion(b *testing.B) {
	blocks, _ := blocksOf(million, true)
	store, base := load(blocks, 20)
	run := func(name string, v View, from *Result) *Result {
		var r *Result
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				r = (&Job{Of: store.Freeze(), Base: base, View: v, From: from}).Run()
			}
		})
		return r
	}
	for _, at := range []int{1, 20} {
		b.Run(fmt.Sprintf("load/%d-blocks-at-a-time", at), func(b *testing.B) {
			for b.Loop() {
				load(blocks, at)
			}
		})
	}
	r := run("filter/first-letter-in-all", View{Filter: "f"}, nil)
	run("filter/first-letter-in-some", View{Filter: "7"}, nil)
	run("filter/none", View{Filter: "x"}, nil)
	run("filter/second-letter", View{Filter: "f7"}, r)
	run("filter/mask", View{Filter: "*7.dat"}, nil)
	run("order/size", View{Order: BySize}, nil)
	run("order/extension", View{Order: ByExtension}, nil)
	b.Run("rows/plain", func(b *testing.B) {
		for b.Loop() {
			Plain(&store.Snapshot, base, View{})
		}
	})
	b.Run("rows/index", func(b *testing.B) {
		rows, _ := Plain(&store.Snapshot, base, View{})
		for b.Loop() {
			rows.Index(base[len(base)-1])
		}
	})
	b.Run("find", func(b *testing.B) {
		for b.Loop() {
			store.Find(base, "file-0123456.dat")
		}
	})
	b.Run("update", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			base = store.Update(base, []session.Entry{{Name: fmt.Sprint("new", i)}})
		}
	})
}
