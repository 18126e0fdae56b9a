package compare

import (
	"sort"
	"sync/atomic"
	"time"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/listing"
)

// A Verdict is how an entry stands to the one of its name on the other side, as
// seen from its own side: of two, one is Newer and the other Older.
type Verdict uint8

// The verdicts.
const (
	None    Verdict = iota // not compared
	Only                   // the other side has nothing of that name
	Newer                  // the later modification time
	Older                  // the earlier one
	Differs                // of another kind, size, content or target
	Both                   // directories, links: their names are all that is known
	Same
	Unread // the content could not be compared
)

// Count is how many verdicts there are.
const Count = int(Unread) + 1

// Mirrored returns the verdict of the other side.
func (v Verdict) Mirrored() Verdict {
	switch v {
	case Newer:
		return Older
	case Older:
		return Newer
	}
	return v
}

// Wanted tells whether an entry is what the other side lacks: it is to be copied
// there to make the two alike. What is older is not.
func (v Verdict) Wanted() bool { return v == Only || v == Newer || v == Differs }

// A Side is a directory as it was at one moment: all entries, by name.
type Side struct {
	Of   listing.Snapshot
	Base []listing.ID
}

// A Pair are two entries of one name.
type Pair struct {
	L, R listing.ID
	Size int64 // of files: it is the same for both
}

// A Result is what came of comparing two sides.
type Result struct {
	verdicts [2][]Verdict // by ID

	Files []Pair // of equal size, not empty: their contents can be compared
	Dirs  []Pair // directories on both sides
	Links []Pair // links on both sides, whose targets can be compared
}

// Of returns the verdict on an entry of a side, 0 or 1.
func (r *Result) Of(side int, id listing.ID) Verdict {
	if r == nil || int(id) >= len(r.verdicts[side]) {
		return None
	}
	return r.verdicts[side][id]
}

// Set says what is known of a pair by now, as seen from the left side.
func (r *Result) Set(p Pair, v Verdict) {
	r.verdicts[0][p.L], r.verdicts[1][p.R] = v, v.Mirrored()
}

// Tally counts the verdicts on the entries of a base.
func (r *Result) Tally(side int, base []listing.ID) (n [Count]int) {
	for _, id := range base {
		n[r.Of(side, id)]++
	}
	return n
}

// Alike returns the entries of a side that are the Same on the other, as a set
// that never changes.
func (r *Result) Alike(side int) *listing.Set {
	s := new(listing.Set)
	for id, v := range r.verdicts[side] {
		if v == Same {
			s.Add(listing.ID(id))
		}
	}
	return s
}

// Compare compares two sides by kind, size and modification time. Entries of
// which only the name is known get no verdict. It returns nil if stop is set.
func Compare(l, r Side, stop *atomic.Bool) *Result {
	c := &comparison{l: l, r: r, stop: stop, result: &Result{}}
	c.result.verdicts = [2][]Verdict{make([]Verdict, l.Of.Next()), make([]Verdict, r.Of.Next())}
	c.step = max(Granularity(l), Granularity(r))
	ldirs, lfiles := divide(l)
	rdirs, rfiles := divide(r)
	lonly, ronly := c.merge(ldirs, rdirs)
	lrest, rrest := c.merge(lfiles, rfiles)
	// A directory here and a file there share a name, but not a place in the order.
	c.cross(lonly, rrest)
	c.cross(lrest, ronly)
	for _, ids := range [][]listing.ID{lonly, lrest} {
		c.alone(0, ids)
	}
	for _, ids := range [][]listing.ID{ronly, rrest} {
		c.alone(1, ids)
	}
	if stop != nil && stop.Load() {
		return nil
	}
	return c.result
}

type comparison struct {
	l, r   Side
	step   time.Duration
	stop   *atomic.Bool
	result *Result
}

// divide tells directories, which come first in a base, from the rest.
func divide(s Side) (dirs, files []listing.ID) {
	n := sort.Search(len(s.Base), func(i int) bool { return !s.Of.IsDir(s.Base[i]) })
	return s.Base[:n], s.Base[n:]
}

// merge compares what has one name in two lists in order, and returns the rest.
func (c *comparison) merge(l, r []listing.ID) (lonly, ronly []listing.ID) {
	for n := 0; len(l) > 0 && len(r) > 0; n++ {
		if n&0xfff == 0 && c.stop != nil && c.stop.Load() {
			return nil, nil
		}
		switch order := listing.CompareNames(&c.l.Of, l[0], &c.r.Of, r[0]); {
		case order < 0:
			lonly, l = append(lonly, l[0]), l[1:]
		case order > 0:
			ronly, r = append(ronly, r[0]), r[1:]
		default:
			c.pair(l[0], r[0])
			l, r = l[1:], r[1:]
		}
	}
	return append(lonly, l...), append(ronly, r...)
}

// pair compares two entries of one name and class.
func (c *comparison) pair(l, r listing.ID) {
	x, y := c.l.Of.Entry(l), c.r.Of.Entry(r)
	p := Pair{L: l, R: r}
	switch {
	case x.Kind == session.Directory:
		c.result.Dirs = append(c.result.Dirs, p)
		c.result.Set(p, Both)
		return
	case x.Size < 0 || y.Size < 0:
		return
	case x.Kind != y.Kind:
		c.result.Set(p, Differs)
		return
	case x.Kind == session.Link:
		c.result.Links = append(c.result.Links, p)
		c.result.Set(p, Both)
		return
	case x.Kind == session.Other:
		c.result.Set(p, Both)
		return
	}
	if x.Size == y.Size && x.Size > 0 {
		p.Size = x.Size
		c.result.Files = append(c.result.Files, p)
	}
	c.result.Set(p, judge(x, y, c.step))
}

// judge compares two files by time and size. Times that differ by
// less than a step may be one time, as a coarser disk keeps it.
func judge(x, y session.Entry, step time.Duration) Verdict {
	switch d := x.Modified.Sub(y.Modified); {
	case x.Size == 0 && y.Size == 0:
		return Same
	case d >= step:
		return Newer
	case d <= -step:
		return Older
	case x.Size != y.Size:
		return Differs
	}
	return Same
}

// cross finds names that are in both of two lists, one of them of directories.
func (c *comparison) cross(l, r []listing.ID) {
	if len(l) == 0 || len(r) == 0 {
		return
	}
	byName := make(map[string]listing.ID, len(l))
	for _, id := range l {
		byName[c.l.Of.Name(id)] = id
	}
	for _, id := range r {
		if at, ok := byName[c.r.Of.Name(id)]; ok {
			c.result.Set(Pair{L: at, R: id}, Differs)
		}
	}
}

// alone says of what has no verdict yet that it is on one side only.
func (c *comparison) alone(side int, ids []listing.ID) {
	for _, id := range ids {
		if v := &c.result.verdicts[side][id]; *v == None {
			*v = Only
		}
	}
}
