package listing

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bargee/bargee/session"
)

func TestArrange(t *testing.T) {
	day := func(d int) time.Time { return time.Date(2026, 11, d, 0, 0, 0, 0, time.UTC) }
	entries := []session.Entry{
		{Name: "b.txt", Size: 3, Modified: day(1)},
		{Name: "file10.mkv", Size: 1, Modified: day(4)},
		{Name: "File2.mkv", Size: 2, Modified: day(3)},
		{Name: ".hidden", Size: 9, Modified: day(9)},
		{Name: "zoo", Kind: session.Directory, Modified: day(2)},
		{Name: "Ant", Kind: session.Directory, Modified: day(5)},
	}
	for _, c := range []struct {
		name string
		view View
		want string
	}{
		{"name", View{}, "Ant zoo b.txt File2.mkv file10.mkv"},
		{"reversed", View{Reverse: true}, "zoo Ant file10.mkv File2.mkv b.txt"},
		{"extension", View{Order: ByExtension}, "Ant zoo File2.mkv file10.mkv b.txt"},
		{"size", View{Order: BySize}, "Ant zoo b.txt File2.mkv file10.mkv"},
		{"smallest first", View{Order: BySize, Reverse: true}, "zoo Ant file10.mkv File2.mkv b.txt"},
		{"newest first", View{Order: ByTime}, "Ant zoo file10.mkv File2.mkv b.txt"},
		{"hidden", View{Hidden: true}, "Ant zoo .hidden b.txt File2.mkv file10.mkv"},
		{"filter", View{Filter: "FILE"}, "File2.mkv file10.mkv"},
		{"mask", View{Filter: "*.TXT"}, "b.txt"},
		{"bad mask", View{Filter: "*["}, ""},
	} {
		var got []string
		for _, i := range Arrange(entries, c.view) {
			got = append(got, entries[i].Name)
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s: %s, want %s", c.name, s, c.want)
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

// The packed prefix is an abbreviation of Natural: where it decides, Natural
// must agree, and the order of three names must have no circle.
func TestPrefixAgreesWithNatural(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	letters := []string{"a", "A", "b", "1", "0", "9", "-", ".", "é", "É", "K", "日", "\xff", "~", "_"}
	name := func() string {
		var b strings.Builder
		for range rnd.IntN(10) {
			b.WriteString(letters[rnd.IntN(len(letters))])
		}
		return b.String()
	}
	for range 200_000 {
		x, y, z := name(), name(), name()
		if p := cmp.Compare(prefix(x), prefix(y)); p != 0 && p != Natural(x, y) {
			t.Fatalf("the prefixes of %q and %q compare as %d, the names as %d", x, y, p, Natural(x, y))
		}
		if Natural(x, y) != -Natural(y, x) {
			t.Fatalf("%q and %q compare differently the other way round", x, y)
		}
		if Natural(x, y) <= 0 && Natural(y, z) <= 0 && Natural(x, z) > 0 {
			t.Fatalf("%q, %q, %q go round in a circle", x, y, z)
		}
	}
}

func TestLessIsTheOrderOfArrange(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	for range 2000 {
		entries := make([]session.Entry, 6)
		for i := range entries {
			entries[i] = session.Entry{
				Name: strings.Repeat("x", rnd.IntN(3)+1) + string(rune('a'+i)), Size: rnd.Int64N(3), Kind: session.EntryKind(rnd.IntN(2)),
			}
		}
		v := View{Order: Order(rnd.IntN(4)), Reverse: rnd.IntN(2) == 0}
		order := Arrange(entries, v)
		sorted := slices.IsSortedFunc(order, func(a, b int32) int {
			if Less(v, entries[b], entries[a]) {
				return 1
			}
			return -1
		})
		if !sorted {
			t.Fatalf("%+v: Less and Arrange differ on %+v", v, entries)
		}
	}
}

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		masks, name string
		want        bool
	}{
		{"*.mkv", "A.MKV", true}, {"*.mkv,*.srt", "a.srt", true}, {"*.mkv, *.srt", "a.srt", true},
		{"*", "anything", true}, {"a?c", "abc", true}, {"a?c", "abbc", false}, {"[", "[", false}, {"", "", true},
	} {
		if got := Match(c.masks, c.name); got != c.want {
			t.Errorf("Match(%q, %q) = %v", c.masks, c.name, got)
		}
	}
}

func BenchmarkArrangeMillion(b *testing.B) {
	rnd := rand.New(rand.NewPCG(7, 8))
	entries := make([]session.Entry, 1_000_000)
	for i := range entries {
		entries[i].Name = strings.Repeat(string(rune('a'+rnd.IntN(26))), 3) + string(rune('a'+rnd.IntN(26))) + "-" + time.Unix(rnd.Int64N(1e9), 0).Format("20060102150405")
	}
	for b.Loop() {
		Arrange(entries, View{})
	}
}
