package session

import (
	"context"

	"github.com/bargee/bargee/internal/wire"
)

// This file bounds what the words of a peer have us keep in memory, for as long
// as its entries are not over. Honest peers come to these bounds only with
// thousands of huge files or of undecided conflicts at a time: then files wait
// for their turn, and conflicts that nobody decides are refused.
const (
	// maxTable bounds the entries on a receiver's table, in bytes.
	maxTable = 32 << 20

	// maxBooks bounds the bookkeeping of the chunks of all files that are wanted
	// at a time, in bytes, at either end. A file that needs more goes alone.
	maxBooks = 64 << 20

	// lagging is how many entries more than maxUnanswered may be on a receiver's
	// table: of those it has told the end, and not crossed out yet.
	lagging = 512
)

// weight is what an entry costs while it is on the table, about.
func (f *inFile) weight() int {
	return 1<<10 + 3*len(f.path.raw) + len(f.entry.Target) + xattrSize(f.xattrs)
}

// bookSize is what the bookkeeping of a file's chunks costs.
func bookSize(l layout) int { return int(l.count()) * 33 }

// A burden is what is on a receiver's table; r.mu guards it.
type burden struct {
	table  int       // bytes of its entries
	placed int       // entries that have a place in the sender's window
	books  int       // bytes of the bookkeeping of wanted files
	queue  []*inFile // wanted, when there is room for their bookkeeping
}

// enlist puts f on the table. anew: it is announced anew, and takes no place.
func (r *receiver) enlist(f *inFile, anew bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case !anew && r.burden.placed >= maxUnanswered+lagging:
		return newError(Limit, f.path, "more than %d entries are announced and not over", maxUnanswered)
	case r.burden.table+f.weight() > maxTable:
		return newError(Busy, f.path, "too many entries wait for a decision")
	}
	r.files[f.id] = f
	r.burden.table += f.weight()
	if f.placed = !anew; f.placed {
		r.burden.placed++
	}
	return nil
}

// crossOut takes f off the table, and reports false if it was not on it. r.mu
// is held.
func (r *receiver) crossOut(f *inFile) bool {
	if r.files[f.id] != f {
		return false
	}
	delete(r.files, f.id)
	b := &r.burden
	b.table -= f.weight()
	b.books -= f.books
	f.books = 0
	if f.placed {
		b.placed--
	}
	if len(b.queue) > 0 {
		r.work.add(func(context.Context) { r.wantQueued() })
	}
	return true
}

// undecided tells that the sender lets others pass f.
func (r *receiver) undecided(f *inFile) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f.placed && r.files[f.id] == f {
		f.placed = false
		r.burden.placed--
	}
}

// openBooks makes room for the bookkeeping of f, whose layout that is. Where
// there is none f is wanted later.
func (r *receiver) openBooks(f *inFile, l layout) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.files[f.id] != f {
		return false
	}
	b := &r.burden
	f.layoutAsked = l
	if len(b.queue) > 0 || b.books > 0 && b.books+bookSize(l) > maxBooks {
		b.queue = append(b.queue, f)
		return false
	}
	f.books = bookSize(l)
	b.books += f.books
	return true
}

// wantQueued asks for the files that there is room for now.
func (r *receiver) wantQueued() {
	for {
		r.mu.Lock()
		b := &r.burden
		var next *inFile
		for len(b.queue) > 0 && next == nil {
			f := b.queue[0]
			n := bookSize(f.layoutAsked)
			if r.files[f.id] == f {
				if b.books > 0 && b.books+n > maxBooks {
					break
				}
				f.books = n
				b.books += n
				next = f
			}
			b.queue = b.queue[1:]
		}
		r.mu.Unlock()
		if next == nil {
			return
		}
		r.wantIn(next, next.layoutAsked)
	}
}

// A claim is what a receiver says it has of a file, until it is compared.
type claim struct {
	told   []*wire.Claims // before it is known how large chunks are
	chunks bitmap         // after that; their values are those of the file
}

// left tells how many chunks are claimed and not compared.
func (c *claim) left() uint64 { return c.chunks.set }

// add notes more claims. At most most chunks can be claimed.
func (c *claim) add(m *wire.Claims, most uint64) bool {
	n := uint64(len(m.Values) / len(value{}))
	for _, t := range c.told {
		n += uint64(len(t.Values) / len(value{}))
	}
	c.told = append(c.told, m)
	return n <= most && len(c.told) <= 1<<10+int(most/1024)
}

// settle writes the claimed values to values, one for each chunk of l, and
// returns how many bytes they stand for; ok is false if one is of no chunk.
func (c *claim) settle(values []value, l layout) (reused int64, ok bool) {
	c.chunks = newBitmap(l.count())
	for _, m := range c.told {
		for i := range uint64(len(m.Values) / len(value{})) {
			at := m.First + i
			if at >= l.count() {
				return 0, false
			}
			values[at] = value(m.Values[len(value{})*int(i):])
			if c.chunks.add(at) {
				_, n := l.span(at)
				reused += int64(n)
			}
		}
	}
	c.told = nil
	return reused, true
}

// keep bounds the bookkeeping of what the receiver wants: n bytes for f, in
// place of what f had before.
func (s *sender) keep(f *outFile, n int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.files[f.id] != f {
		return nil
	}
	s.books += n - f.books
	f.books = n
	if s.books > n && s.books > maxBooks+maxBooks/4 {
		return newError(Limit, f.rel, "more is wanted at a time than can be kept in mind")
	}
	return nil
}

// crossOut takes f off the table, and reports false if it was not on it. s.mu
// is held.
func (s *sender) crossOut(f *outFile) bool {
	if s.files[f.id] != f {
		return false
	}
	delete(s.files, f.id)
	s.books -= f.books
	f.books = 0
	return true
}
