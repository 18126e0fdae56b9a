package listing

import (
	"cmp"
	"path"
	"runtime"
	"slices"
	"sort"

	"github.com/bargee/bargee/session"
)

// A turn counts what a goroutine does, and lets others have theirs now and then.
// Left alone, one that sorts holds its processor for 10 ms; where all of them
// are busy, a key on its way to the screen would wait so several times.
type turn int

const turnLength = 1 << 11 // comparisons: some 50 µs

func (t *turn) step() {
	if *t++; *t&(turnLength-1) == 0 {
		runtime.Gosched()
	}
}

// place is an entry being sorted.
type place struct {
	key
	id ID
}

// sorting compares entries of a Snapshot by name.
type sorting struct{ *Snapshot }

func (s sorting) place(id ID) place {
	it := s.item(id)
	return place{keyOf(ByName, &it), id}
}

func (s sorting) compare(a, b place) int {
	switch {
	case a.hi < b.hi || a.hi == b.hi && a.lo < b.lo:
		return -1
	case a.key != b.key:
		return 1
	}
	x, y := s.item(a.id), s.item(b.id)
	return compare(ByName, &x, &y)
}

// sorted returns ids in order. Of two with one name it keeps the older one.
func (s sorting) sorted(ids []ID) []place {
	run := make([]place, len(ids))
	var t turn
	for i, id := range ids {
		t.step()
		run[i] = s.place(id)
	}
	slices.SortFunc(run, func(a, b place) int {
		t.step()
		if c := s.compare(a, b); c != 0 {
			return c
		}
		return cmp.Compare(a.id, b.id)
	})
	return slices.CompactFunc(run, func(a, b place) bool { return s.compare(a, b) == 0 })
}

// ordered returns a base in another order. Which of two names comes first is
// known from where they stand in the base; so of a key the first half is enough.
func ordered(s *Snapshot, o Order, base []ID) []ID {
	rows := make([]place, len(base))
	var t turn
	for i, id := range base {
		t.step()
		it := s.item(id)
		rows[i] = place{key{keyOf(o, &it).hi, uint64(i)}, id}
	}
	slices.SortFunc(rows, func(a, b place) int {
		t.step()
		switch {
		case a.hi < b.hi:
			return -1
		case a.hi > b.hi:
			return 1
		}
		if o == ByExtension && byte(a.hi) != 0 { // perhaps only the beginning of it
			if c := fold(path.Ext(s.Name(a.id)), path.Ext(s.Name(b.id))); c != 0 {
				return c
			}
		}
		return cmp.Compare(a.lo, b.lo)
	})
	return idsOf(rows)
}

// A Sorter keeps blocks sorted by name while more of them come.
type Sorter struct {
	store Snapshot
	rows  []place
}

// Add takes in blocks, as Store.Append does, and sorts them in; what is known of
// their entries stays theirs. A name that is there already is passed over: a
// directory that changes while it is read may tell it twice.
func (s *Sorter) Add(blocks ...*Block) {
	var ids []ID
	for _, b := range blocks {
		first := s.store.Next()
		s.store.blocks = append(s.store.blocks, b)
		s.store.details = append(s.store.details, make([]*detail, BlockSize/chunkSize)...)
		for i := range b.Len() {
			ids = append(ids, first+ID(i))
		}
	}
	by := sorting{&s.store}
	s.rows = by.merge(s.rows, by.sorted(ids))
}

// merge merges run into rows, from the end on, so that it takes no more memory
// than the result.
func (s sorting) merge(rows, run []place) []place {
	i, j := len(rows)-1, len(run)-1
	rows = grow(rows, len(run))
	k := len(rows) - 1
	var t turn
	for j >= 0 {
		t.step()
		c := -1
		if i >= 0 {
			c = s.compare(rows[i], run[j])
		}
		switch {
		case c > 0:
			rows[k] = rows[i]
			i--
		case c < 0:
			rows[k] = run[j]
			j--
		default: // the older one comes with i
			j--
			continue
		}
		k--
	}
	if k != i {
		rows = append(rows[:i+1], rows[k+1:]...)
	}
	return rows
}

// grow makes rows longer by n, and its memory by a quarter if it must.
func grow(rows []place, n int) []place {
	if need := len(rows) + n; need > cap(rows) {
		more := make([]place, len(rows), max(need, len(rows)+len(rows)/4))
		copy(more, rows)
		rows = more
	}
	return rows[:len(rows)+n]
}

// Base returns all entries in order.
func (s *Sorter) Base() []ID { return idsOf(s.rows) }

func idsOf(rows []place) []ID {
	ids := make([]ID, len(rows))
	for i := range rows {
		ids[i] = rows[i].id
	}
	return ids
}

// Find returns the entry with a name in a base.
func (s *Snapshot) Find(base []ID, name string) (ID, bool) {
	for _, dir := range []bool{true, false} {
		want := item{name: name, dir: dir}
		i := sort.Search(len(base), func(i int) bool {
			it := s.item(base[i])
			return compare(ByName, &it, &want) >= 0
		})
		if i < len(base) && s.Name(base[i]) == name && !s.Gone(base[i]) {
			return base[i], true
		}
	}
	return 0, false
}

// CompareNames compares two entries of two Snapshots as a base has them in order.
// It is 0 for one name only.
func CompareNames(s *Snapshot, a ID, t *Snapshot, b ID) int {
	x, y := s.item(a), t.item(b)
	return compare(ByName, &x, &y)
}

// Update changes s to what is said of entries by now: they are there, new or
// changed, or Gone. It returns the base with that, the same one if no name came
// or went. It is for few entries: a base is searched for each.
func (s *Store) Update(base []ID, entries []session.Entry) []ID {
	var w Builder
	gone := false
	var added []ID
	flush := func() {
		if n := w.Len(); n > 0 {
			first := s.Append(w.Block())
			for i := range n {
				added = append(added, first+ID(i))
			}
		}
	}
	for _, e := range entries {
		id, ok := s.Find(base, e.Name)
		if ok && s.Set(id, e) {
			gone = gone || e.Kind == session.Gone
			continue
		}
		if ok { // a directory instead of a file, or the other way round
			s.Set(id, session.Entry{Kind: session.Gone})
			gone = true
		}
		if e.Kind == session.Gone {
			continue
		}
		if w.Add(e); w.Len() == BlockSize {
			flush()
		}
	}
	flush()
	if gone {
		base = slices.DeleteFunc(slices.Clone(base), s.Gone)
	}
	return s.insert(base, added)
}

// insert returns base with more entries in it.
func (s *Snapshot) insert(base, more []ID) []ID {
	if len(more) == 0 {
		return base
	}
	by := sorting{s}
	out := make([]ID, 0, len(base)+len(more))
	for _, p := range by.sorted(more) {
		n := sort.Search(len(base), func(i int) bool { return by.compare(by.place(base[i]), p) >= 0 })
		out = append(out, base[:n]...)
		if base = base[n:]; len(base) == 0 || by.compare(by.place(base[0]), p) != 0 {
			out = append(out, p.id)
		}
	}
	return append(out, base...)
}
