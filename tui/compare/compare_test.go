package compare

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/listing"
)

var base = time.Date(2026, 11, 21, 21, 14, 7, 123456789, time.UTC)

// side makes a side of entries.
func side(entries ...session.Entry) Side {
	var store listing.Store
	return Side{Base: store.Update(nil, entries), Of: store.Freeze()}
}

func file(name string, size int64, at time.Time) session.Entry {
	return session.Entry{Name: name, Size: size, Modified: at}
}

func dir(name string) session.Entry { return session.Entry{Name: name, Kind: session.Directory} }

func verdicts(r *Result, n int, s Side) map[string]Verdict {
	out := make(map[string]Verdict)
	for _, id := range s.Base {
		out[s.Of.Name(id)] = r.Of(n, id)
	}
	return out
}

func TestCompare(t *testing.T) {
	later := base.Add(time.Nanosecond)
	for _, c := range []struct {
		name        string
		l, r        []session.Entry
		left, right Verdict // of "x"
	}{
		{"same", []session.Entry{file("x", 5, base)}, []session.Entry{file("x", 5, base)}, Same, Same},
		{"newer by a nanosecond", []session.Entry{file("x", 5, later)}, []session.Entry{file("x", 5, base)}, Newer, Older},
		{"older", []session.Entry{file("x", 5, base)}, []session.Entry{file("x", 9, later)}, Older, Newer},
		{"another size", []session.Entry{file("x", 5, base)}, []session.Entry{file("x", 6, base)}, Differs, Differs},
		{"empty files have one content", []session.Entry{file("x", 0, base)}, []session.Entry{file("x", 0, later)}, Same, Same},
		{"only left", []session.Entry{file("x", 5, base)}, nil, Only, None},
		{"only right", nil, []session.Entry{file("x", 5, base)}, None, Only},
		{"names differ in case", []session.Entry{file("x", 5, base)}, []session.Entry{file("X", 5, base)}, Only, None},
		{"directories", []session.Entry{dir("x")}, []session.Entry{dir("x")}, Both, Both},
		{"a directory and a file", []session.Entry{dir("x")}, []session.Entry{file("x", 5, base)}, Differs, Differs},
		{"a file and a directory", []session.Entry{file("x", 5, base), dir("y")}, []session.Entry{dir("x"), file("z", 1, base)}, Differs, Differs},
		{"a link and a file", []session.Entry{{Name: "x", Kind: session.Link}}, []session.Entry{file("x", 5, base)}, Differs, Differs},
		{"links", []session.Entry{{Name: "x", Kind: session.Link}}, []session.Entry{{Name: "x", Kind: session.Link}}, Both, Both},
		{"only names are known", []session.Entry{{Name: "x", Size: -1}}, []session.Entry{file("x", 5, base)}, None, None},
	} {
		l, r := side(c.l...), side(c.r...)
		got := Compare(l, r, nil)
		if v := verdicts(got, 0, l)["x"]; v != c.left {
			t.Errorf("%s: left %d, want %d", c.name, v, c.left)
		}
		if v := verdicts(got, 1, r)["x"]; v != c.right {
			t.Errorf("%s: right %d, want %d", c.name, v, c.right)
		}
	}
}

func TestPairsForTheirContent(t *testing.T) {
	l := side(file("a", 5, base), file("b", 5, base), file("c", 0, base), dir("d"), session.Entry{Name: "e", Kind: session.Link})
	r := side(file("a", 5, base.Add(time.Hour)), file("b", 6, base), file("c", 0, base), dir("d"), session.Entry{Name: "e", Kind: session.Link})
	got := Compare(l, r, nil)
	if len(got.Files) != 1 || l.Of.Name(got.Files[0].L) != "a" || got.Files[0].Size != 5 || len(got.Dirs) != 1 || len(got.Links) != 1 {
		t.Errorf("files %v, directories %v, links %v", got.Files, got.Dirs, got.Links)
	}
	got.Set(got.Files[0], Same)
	got.Set(got.Dirs[0], Newer)
	if n := got.Tally(1, r.Base); n[Same] != 2 || n[Older] != 1 || n[Differs] != 1 || n[Both] != 1 {
		t.Errorf("counted %v", n)
	}
	if s := got.Alike(0); s.Len() != 2 || !s.Has(got.Files[0].L) {
		t.Errorf("%d are alike", s.Len())
	}
	if got.Of(0, 1<<30) != None || (*Result)(nil).Of(0, 0) != None {
		t.Error("what is unknown has a verdict")
	}
}

// Times are compared as exactly as the coarser of the two disks keeps them.
func TestGranularity(t *testing.T) {
	on := func(step time.Duration, n int) Side {
		entries := []session.Entry{dir("d")}
		for i := range n {
			at := base.Add(time.Duration(i) * 1_234_567_891).Truncate(step)
			entries = append(entries, file(fmt.Sprint(i), 1, at))
		}
		return side(entries...)
	}
	for _, step := range []time.Duration{1, 100, time.Microsecond, time.Millisecond, time.Second, 2 * time.Second} {
		if got := Granularity(on(step, 20)); got != step {
			t.Errorf("%v: it is taken for %v", step, got)
		}
	}
	if got := Granularity(on(2*time.Second, enoughFiles-1)); got != time.Second {
		t.Errorf("a few even seconds are taken for %v", got)
	}
	if got := Granularity(on(time.Second, 0)); got != time.Nanosecond {
		t.Errorf("no files are taken for %v", got)
	}
	fine, fat := on(1, 20), on(2*time.Second, 20)
	if n := Compare(fine, fat, nil).Tally(0, fine.Base); n[Same] != 20 {
		t.Errorf("of 20 files copied to FAT %d are the same: %v", n[Same], n)
	}
}

// What Compare says is what a plain look at each name says.
func TestCompareAgainstAMap(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var sets [2][]session.Entry
		var maps [2]map[string]session.Entry
		for i := range sets {
			maps[i] = make(map[string]session.Entry)
			for range rnd.IntN(60) {
				e := file(fmt.Sprintf("n%d", rnd.IntN(50)), int64(rnd.IntN(3)+1), base.Add(time.Duration(rnd.IntN(3))))
				if rnd.IntN(4) == 0 {
					e = dir(e.Name)
				}
				maps[i][e.Name] = e
			}
			for _, e := range maps[i] {
				sets[i] = append(sets[i], e)
			}
		}
		l, r := side(sets[0]...), side(sets[1]...)
		got := Compare(l, r, nil)
		for i, s := range []Side{l, r} {
			for name, v := range verdicts(got, i, s) {
				x := maps[i][name]
				y, ok := maps[1-i][name]
				want := Only
				switch {
				case !ok:
				case x.Kind != y.Kind:
					want = Differs
				case x.Kind == session.Directory:
					want = Both
				case x.Modified.After(y.Modified):
					want = Newer
				case x.Modified.Before(y.Modified):
					want = Older
				case x.Size != y.Size:
					want = Differs
				default:
					want = Same
				}
				if v != want {
					t.Fatalf("side %d, %s: %d, want %d", i, name, v, want)
				}
			}
		}
	}
}

func TestCompareStops(t *testing.T) {
	var stop atomic.Bool
	stop.Store(true)
	if Compare(side(file("a", 1, base)), side(file("a", 1, base)), &stop) != nil {
		t.Error("it went on")
	}
}

func many(n int) Side {
	entries := make([]session.Entry, n)
	for i := range entries {
		entries[i] = file(fmt.Sprintf("file-%06d.dat", i), int64(i), base)
	}
	return side(entries...)
}

func TestCompareOneHundredThousand(t *testing.T) {
	l, r := many(100_000), many(100_010)
	began := time.Now()
	got := Compare(l, r, nil)
	t.Logf("100,000 entries: %v", time.Since(began))
	n := got.Tally(1, r.Base)
	if n[Same] != 100_000 || n[Only] != 10 || len(got.Files) != 99_999 {
		t.Errorf("counted %v, %d to be read", n, len(got.Files))
	}
	if !slices.IsSortedFunc(got.Files, func(a, b Pair) int { return int(a.L) - int(b.L) }) {
		t.Error("the pairs are not in order")
	}
}
