package listing

import (
	"cmp"
	"math"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bargee/bargee/session"
)

// directory returns a Store of entries, which came in blocks of n, and its base.
func directory(entries []session.Entry, n int) (*Store, []ID) {
	var store Store
	var sorter Sorter
	for part := range slices.Chunk(entries, n) {
		var w Builder
		for _, e := range part {
			w.Add(e)
		}
		b := w.Block()
		sorter.Add(b)
		store.Append(b)
	}
	return &store, sorter.Base()
}

// names returns what a view shows.
func names(s *Store, base []ID, v View) []string {
	rows, ok := Plain(&s.Snapshot, base, v)
	if !ok {
		rows = (&Job{Of: s.Freeze(), Base: base, View: v}).Run().Rows
	}
	return rowNames(s, &rows)
}

func rowNames(s *Store, rows *Rows) []string {
	out := make([]string, rows.Len())
	for i := range out {
		out[i] = s.Name(rows.At(i))
	}
	return out
}

func TestViews(t *testing.T) {
	day := func(d int) time.Time { return time.Date(2026, 11, d, 0, 0, 0, 0, time.UTC) }
	entries := []session.Entry{
		{Name: "b.txt", Size: 3, Modified: day(1)},
		{Name: "file10.mkv", Size: 1, Modified: day(4)},
		{Name: "File2.MKV", Size: 2, Modified: day(3)},
		{Name: "!first", Size: 5, Modified: day(2)},
		{Name: ".hidden", Size: 9, Modified: day(9)},
		{Name: ".Config", Kind: session.Directory, Modified: day(9)},
		{Name: "zoo", Kind: session.Directory, Modified: day(2)},
		{Name: "Ant", Kind: session.Directory, Modified: day(5)},
		{Name: "unseen", Size: -1},
	}
	for _, c := range []struct {
		name string
		view View
		want string
	}{
		{"name", View{}, "Ant zoo !first b.txt File2.MKV file10.mkv unseen"},
		{"reversed", View{Reverse: true}, "zoo Ant unseen file10.mkv File2.MKV b.txt !first"},
		{"extension", View{Order: ByExtension}, "Ant zoo !first unseen File2.MKV file10.mkv b.txt"},
		{"size", View{Order: BySize}, "Ant zoo !first b.txt File2.MKV file10.mkv unseen"},
		{"smallest first", View{Order: BySize, Reverse: true}, "zoo Ant unseen file10.mkv File2.MKV b.txt !first"},
		{"newest first", View{Order: ByTime}, "Ant zoo file10.mkv File2.MKV !first b.txt unseen"},
		{"hidden", View{Hidden: true}, ".Config Ant zoo !first .hidden b.txt File2.MKV file10.mkv unseen"},
		{"hidden, reversed", View{Hidden: true, Reverse: true}, "zoo Ant .Config unseen file10.mkv File2.MKV b.txt .hidden !first"},
		{"filter", View{Filter: "FILE"}, "File2.MKV file10.mkv"},
		{"hidden do not fit", View{Filter: "i", Reverse: true}, "file10.mkv File2.MKV !first"},
		{"mask", View{Filter: "*.TXT"}, "b.txt"},
		{"bad mask", View{Filter: "*["}, ""},
	} {
		for _, n := range []int{1, 4, 100} {
			s, base := directory(entries, n)
			if got := strings.Join(names(s, base, c.view), " "); got != c.want {
				t.Errorf("%s, in blocks of %d: %s, want %s", c.name, n, got, c.want)
			}
		}
	}
}

func TestNatural(t *testing.T) {
	ordered := []string{
		"", "!x", "1", "02", "2", "10", "a", "A1", "a2", "a10", "a10b", "aa", "b", "z9", "z10", "ärger", "日本", "\xff",
	}
	for i, x := range ordered {
		for j, y := range ordered {
			if got, want := Natural(x, y), cmp.Compare(i, j); got != want {
				t.Errorf("Natural(%q, %q) = %d, want %d", x, y, got, want)
			}
		}
	}
}

// randomName makes names that are hard to compare.
func randomName(rnd *rand.Rand, most int) string {
	letters := []string{"a", "A", "b", "1", "0", "9", "007", "-", ".", "é", "É", "\u212a", "日", "\xff", "\xe6", "~", "_", "İ"}
	var b strings.Builder
	for range 1 + rnd.IntN(most) {
		b.WriteString(letters[rnd.IntN(len(letters))])
	}
	return b.String()
}

// A key is an abbreviation of what compare looks at: where it decides, compare
// must agree, and the order of three must have no circle.
func TestKeyAgreesWithCompare(t *testing.T) {
	if testing.Short() {
		t.Skip("pure, and long under the race detector")
	}
	rnd := rand.New(rand.NewPCG(3, 4))
	some := func() item {
		it := item{name: randomName(rnd, 10), dir: rnd.IntN(2) == 0, size: rnd.Int64N(3) - 1, time: []int64{noTime, -1, 0, 1, 2, math.MaxInt64}[rnd.IntN(6)]}
		if rnd.IntN(9) == 0 {
			it.name, it.size = strings.Repeat("1", rnd.IntN(600)+1)+it.name, math.MaxInt64-1
		}
		return it
	}
	for range 200_000 {
		o, x, y, z := Order(rnd.IntN(4)), some(), some(), some()
		kx, ky := keyOf(o, &x), keyOf(o, &y)
		if c := cmp.Or(cmp.Compare(kx.hi, ky.hi), cmp.Compare(kx.lo, ky.lo)); c != 0 && c != compare(o, &x, &y) {
			t.Fatalf("by %v the keys of %+v and %+v compare as %d, they themselves as %d", o, x, y, c, compare(o, &x, &y))
		}
		if compare(o, &x, &y) != -compare(o, &y, &x) {
			t.Fatalf("by %v %+v and %+v compare differently the other way round", o, x, y)
		}
		if compare(o, &x, &y) <= 0 && compare(o, &y, &z) <= 0 && compare(o, &x, &z) > 0 {
			t.Fatalf("by %v %+v, %+v, %+v go round in a circle", o, x, y, z)
		}
	}
}

func TestMasks(t *testing.T) {
	for _, c := range []struct {
		masks, name string
		want        bool
	}{
		{"*.mkv", "A.MKV", true}, {"*.mkv,*.srt", "a.srt", true}, {"*.mkv, *.srt", "a.srt", true},
		{"*", "anything", true}, {"a?c", "abc", true}, {"a?c", "abbc", false}, {"[", "[", false}, {"", "", true},
	} {
		if got := Masks(c.masks)(c.name); got != c.want {
			t.Errorf("Masks(%q)(%q) = %v", c.masks, c.name, got)
		}
	}
}

// What is quick says what path.Match says.
func TestMasksAreThoseOfThePathPackage(t *testing.T) {
	rnd := rand.New(rand.NewPCG(19, 20))
	signs := []string{"a", "b", "*", "?", "é", "\xff", "*", "[ab]", "\\", "."}
	for range 100_000 {
		var text, name strings.Builder
		for range rnd.IntN(5) {
			text.WriteString(signs[rnd.IntN(len(signs))])
		}
		for range rnd.IntN(6) {
			name.WriteString([]string{"a", "b", "é", "\xff", "."}[rnd.IntN(5)])
		}
		low := strings.ToLower(name.String()) // which makes one letter of all bad bytes
		want, err := path.Match(strings.ToLower(text.String()), low)
		k := masksOf(text.String())[0]
		if got := k.fits([]byte(low)); got != (want && err == nil) {
			t.Fatalf("%q fits %q: %v, want %v (%v)", name.String(), text.String(), got, want, err)
		}
	}
}
