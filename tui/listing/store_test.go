package listing

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bargee/bargee/session"
)

// Whatever comes in whatever blocks, the base is what sorting all at once gives,
// and each name is there once.
func TestSorterMerges(t *testing.T) {
	rnd := rand.New(rand.NewPCG(11, 12))
	for round := range 200 {
		seen := map[string]bool{}
		var entries, unique []session.Entry
		for range rnd.IntN(60) {
			e := session.Entry{Name: randomName(rnd, 3), Size: -1, Kind: session.EntryKind(rnd.IntN(2))}
			if key := fmt.Sprint(e.Kind, e.Name); !seen[key] {
				unique = append(unique, e)
				seen[key] = true
			}
			entries = append(entries, e)
		}
		slices.SortFunc(unique, func(x, y session.Entry) int {
			a, b := itemOf(&x), itemOf(&y)
			return compare(ByName, &a, &b)
		})
		s, base := directory(entries, 1+rnd.IntN(20))
		var got []session.Entry
		for _, id := range base {
			got = append(got, s.Entry(id))
		}
		if !slices.Equal(got, unique) {
			t.Fatalf("round %d: %+v, want %+v", round, got, unique)
		}
		for i, e := range unique {
			if id, ok := s.Find(base, e.Name); !ok || s.Name(id) != e.Name {
				t.Fatalf("round %d: %q, number %d, is not found", round, e.Name, i)
			}
		}
	}
}

// Update does what reading the directory again would.
func TestUpdate(t *testing.T) {
	rnd := rand.New(rand.NewPCG(13, 14))
	for round := range 300 {
		there := map[string]session.Entry{}
		var list []session.Entry
		for range rnd.IntN(40) {
			e := session.Entry{Name: randomName(rnd, 2), Size: rnd.Int64N(5) - 1, Kind: session.EntryKind(rnd.IntN(3))}
			if _, ok := there[e.Name]; !ok {
				there[e.Name] = e
				list = append(list, e)
			}
		}
		s, base := directory(list, 7)
		for range 3 {
			var said []session.Entry
			told := map[string]bool{}
			for range rnd.IntN(10) {
				e := session.Entry{Name: randomName(rnd, 2), Size: rnd.Int64N(50), Kind: session.EntryKind(rnd.IntN(5))}
				if told[e.Name] {
					continue
				}
				told[e.Name] = true
				said = append(said, e)
				there[e.Name] = e
				if e.Kind == session.Gone {
					delete(there, e.Name)
				}
			}
			before := s.Freeze()
			was := slices.Clone(base)
			base = s.Update(base, said)
			if !slices.EqualFunc(was, base, func(x, y ID) bool { return x == y }) && sameIDs(was, base) {
				t.Fatal("a base was changed in place")
			}
			for _, id := range was {
				if before.Gone(id) {
					t.Fatalf("round %d: a snapshot changed", round)
				}
			}
		}
		var want []session.Entry
		for _, e := range there {
			want = append(want, e)
		}
		fresh, order := directory(want, 100)
		var got, expect []session.Entry
		for _, id := range base {
			got = append(got, s.Entry(id))
		}
		for _, id := range order {
			expect = append(expect, fresh.Entry(id))
		}
		if !slices.Equal(got, expect) {
			t.Fatalf("round %d:\n%+v\nwant\n%+v", round, got, expect)
		}
	}
}

// What a Store is told comes back from it, also what is odd.
func TestEntriesComeBack(t *testing.T) {
	day := time.Date(2026, 11, 21, 21, 14, 7, 123456789, time.UTC)
	entries := []session.Entry{
		{Name: "plain", Size: 1 << 62, Mode: 0o644, Modified: day},
		{Name: "name only", Size: -1},
		{Name: "link", Kind: session.Link, Target: "\xff/../x", Mode: 0o777, Modified: day},
		{Name: "old", Modified: time.Date(1, 1, 1, 0, 0, 1, 0, time.UTC)},
		{Name: "far off", Modified: time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)},
		{Name: "no time"},
		{Name: "epoch", Modified: time.Unix(0, 0)},
		{Name: strings.Repeat("\xff", 255), Kind: session.Other},
	}
	s, base := directory(entries, 3)
	check := func(when string) {
		t.Helper()
		for _, want := range entries {
			id, ok := s.Find(base, want.Name)
			got := s.Entry(id)
			if !ok || !got.Modified.Equal(want.Modified) || got.Modified.IsZero() != want.Modified.IsZero() {
				t.Errorf("%s: %q: %v, %v, want %v", when, want.Name, ok, got.Modified, want.Modified)
			}
			if got.Modified, want.Modified = (time.Time{}), (time.Time{}); got != want {
				t.Errorf("%s: %+v, want %+v", when, got, want)
			}
		}
	}
	check("at first")
	frozen := s.Freeze()
	for i := range entries {
		if e := &entries[i]; e.Size >= 0 {
			e.Size, e.Modified = e.Size/2, e.Modified.Add(time.Second)
			id, _ := s.Find(base, e.Name)
			s.Set(id, *e)
		}
	}
	check("after a change")
	if id, _ := frozen.Find(base, "plain"); frozen.Entry(id).Size != 1<<62 {
		t.Error("a snapshot changed")
	}
	if id, _ := s.Find(base, "plain"); s.Set(id, session.Entry{Kind: session.Directory}) {
		t.Error("a file became a directory under the same ID")
	}
}

func TestFreshness(t *testing.T) {
	s, base := directory([]session.Entry{{Name: "a", Size: 1}, {Name: "b", Size: -1}, {Name: "c", Size: -1}}, 2)
	if w := s.Wanting(base); len(w) != 2 || s.Known() != 1 {
		t.Errorf("of three %d are wanted and %d known, want 2 and 1", len(w), s.Known())
	}
	b, _ := s.Find(base, "b")
	s.Set(b, session.Entry{Size: 5})
	if w := s.Wanting(base); len(w) != 1 || s.Name(w[0]) != "c" {
		t.Errorf("wanting: %v", w)
	}
	s.Expire()
	before := s.Version()
	if s.Set(b, session.Entry{Size: 5}); s.Version() != before || !s.Fresh(b) {
		t.Error("what was known before is news")
	}
	if s.Set(b, session.Entry{Size: 6}); s.Version() == before {
		t.Error("what is new is no news")
	}
	s.Set(b, session.Entry{Size: 5})
	s.Expire()
	if w := s.Wanting(base); len(w) != 3 || s.Known() != 0 || s.Entry(b).Size != 5 {
		t.Errorf("after another reading %d are wanted, and b has %d bytes", len(w), s.Entry(b).Size)
	}
}

func TestRows(t *testing.T) {
	rnd := rand.New(rand.NewPCG(15, 16))
	for range 300 {
		var entries []session.Entry
		for range rnd.IntN(30) {
			entries = append(entries, session.Entry{Name: randomName(rnd, 3), Size: rnd.Int64N(3), Kind: session.EntryKind(rnd.IntN(2))})
		}
		s, base := directory(entries, 5)
		v := View{Order: Order(rnd.IntN(4)), Reverse: rnd.IntN(2) == 0, Hidden: rnd.IntN(2) == 0}
		rows, ok := Plain(&s.Snapshot, base, v)
		if !ok {
			rows = (&Job{Of: s.Freeze(), Base: base, View: v}).Run().Rows
		}
		for i := range rows.Len() {
			if got := rows.Index(rows.At(i)); got != i {
				t.Fatalf("%+v: row %d is found at %d", v, i, got)
			}
			if got := rows.Place(&s.Snapshot, s.Entry(rows.At(i))); got != i {
				t.Fatalf("%+v: what is in row %d would be put into %d", v, i, got)
			}
		}
		if rows.Index(1<<31) != -1 {
			t.Fatal("what is not there is found")
		}
	}
}

// A filter that goes on from the one before finds what one from the beginning
// finds; and both ways to look for names find the same.
func TestFilters(t *testing.T) {
	if testing.Short() {
		t.Skip("pure, and long under the race detector")
	}
	rnd := rand.New(rand.NewPCG(17, 18))
	var entries []session.Entry
	for i := range 6 * BlockSize {
		entries = append(entries, session.Entry{Name: fmt.Sprint(randomName(rnd, 5), i%100), Size: -1})
	}
	s, base := directory(entries, BlockSize)
	for range 60 {
		filter := randomName(rnd, 3)
		if rnd.IntN(3) == 0 {
			filter += "*" + randomName(rnd, 1)
		}
		v := View{Hidden: rnd.IntN(2) == 0, Reverse: rnd.IntN(2) == 0, Order: Order(rnd.IntN(2))}
		var last *Result
		for n := range filter {
			v.Filter = filter[:n+1]
			j := &Job{Of: s.Freeze(), Base: base, View: v, From: last}
			last = j.Run()
			var want []string
			m := newMatcher(v.Filter)
			var buf []byte
			for _, name := range names(s, base, View{Hidden: v.Hidden, Reverse: v.Reverse, Order: v.Order}) {
				if m.matches(name, &buf) {
					want = append(want, name)
				}
			}
			if got := rowNames(s, &last.Rows); !slices.Equal(got, want) && len(got)+len(want) > 0 {
				t.Fatalf("%+v: %d names, want %d", v, len(got), len(want))
			}
		}
	}
}

// A job that was stopped tells so, and the next one does not go on from it.
func TestStoppedJob(t *testing.T) {
	s, base := directory([]session.Entry{{Name: "ab"}, {Name: "b"}}, 1)
	j := &Job{Of: s.Freeze(), Base: base, View: View{Filter: "a"}}
	j.Stop()
	r := j.Run()
	if !r.Stopped {
		t.Fatal("it went on")
	}
	r = (&Job{Of: s.Freeze(), Base: base, View: View{Filter: "ab"}, From: r}).Run()
	if r.Rows.Len() != 1 {
		t.Errorf("after it %d rows are shown, want 1", r.Rows.Len())
	}
}
