package listing

import (
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// A Job makes the rows of a view. It may run beside everything else; what it
// found stands in a Result, from which the next Job goes on.
type Job struct {
	Of   Snapshot
	Base []ID
	View View
	From *Result // the one before; nil if there is none

	stop atomic.Bool
}

// A Result is what a Job found.
type Result struct {
	Rows    Rows
	View    View
	Stopped bool // and found nothing

	base, order []ID // all, by name and in the order of the view
	hits        []ID // what is shown of order
	version     uint64
}

// Stop lets Run end soon: its result is not wanted any more.
func (j *Job) Stop() { j.stop.Store(true) }

// Run sorts, if the order before is another one, and filters. While somebody
// types on, only what was left by the filter before is looked at.
func (j *Job) Run() *Result {
	r := &Result{View: j.View, base: j.Base, order: j.Base, version: j.Of.version}
	same := j.From != nil && !j.From.Stopped && sameIDs(j.From.base, j.Base)
	switch {
	case j.View.Order == ByName:
	case same && j.From.View.Order == j.View.Order && (!j.View.Order.NeedsDetails() || j.From.version == r.version):
		r.order = j.From.order
	default:
		r.order = ordered(&j.Of, j.View.Order, j.Base)
	}
	among := r.order
	if same && sameIDs(j.From.order, r.order) && j.From.View.Hidden == j.View.Hidden && j.From.View.Without == j.View.Without && narrows(j.From.View.Filter, j.View.Filter) {
		among = j.From.hits
	}
	var ok bool
	if r.hits, ok = j.filter(among); !ok {
		return &Result{Stopped: true}
	}
	r.Rows = divide(&j.Of, r.hits, j.View)
	return r
}

// sameIDs tells whether a and b are one slice.
func sameIDs(a, b []ID) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

// narrows tells whether what a filter lets through passes an older one too.
func narrows(old, filter string) bool {
	if old == filter {
		return true
	}
	return !strings.ContainsAny(old+filter, "*?") && strings.Contains(strings.ToLower(filter), strings.ToLower(old))
}

// filter returns what of ids is shown; ok is false if the Job was stopped.
func (j *Job) filter(ids []ID) (hits []ID, ok bool) {
	m := newMatcher(j.View.Filter)
	if m.all() && j.View.Hidden && j.View.Without == nil {
		return ids, true
	}
	// Names lie in memory as they came, and are quickest looked at so. In the
	// order of the rows each of them is somewhere else.
	var found []uint64
	if total := len(j.Of.blocks) << blockBits; len(ids) > total/8 && total > 4*BlockSize {
		found = j.scan(&m)
	}
	parts := divided(len(ids))
	out := make([][]ID, len(parts))
	var wg sync.WaitGroup
	for i, p := range parts {
		wg.Go(func() { out[i] = j.pick(ids[p.from:p.to], &m, found) })
	}
	wg.Wait()
	if len(out) == 1 {
		return slices.Clip(out[0]), !j.stop.Load()
	}
	return slices.Concat(out...), !j.stop.Load()
}

// pick returns what of ids fits: by what was found, or by the names.
func (j *Job) pick(ids []ID, m *matcher, found []uint64) (hits []ID) {
	var buf []byte
	var t turn
	for i, id := range ids {
		t.step()
		if i&0xfff == 0 && j.stop.Load() {
			return nil
		}
		if j.View.Without != nil && j.View.Without.Has(id) {
			continue
		}
		if found != nil {
			if found[id>>6]>>(id&63)&1 != 0 {
				hits = append(hits, id)
			}
			continue
		}
		if name := j.Of.Name(id); (j.View.Hidden || !hidden(name)) && m.matches(name, &buf) {
			hits = append(hits, id)
		}
	}
	return hits
}

// scan looks at all names and returns a bit for each that fits.
func (j *Job) scan(m *matcher) []uint64 {
	found := make([]uint64, len(j.Of.blocks)*BlockSize/64)
	parts := divided(len(j.Of.blocks))
	var wg sync.WaitGroup
	for _, p := range parts {
		wg.Go(func() {
			var buf []byte
			for b := p.from; b < p.to && !j.stop.Load(); b++ {
				runtime.Gosched()
				j.scanBlock(j.Of.blocks[b], m, &buf, found[b*BlockSize/64:(b+1)*BlockSize/64])
			}
		})
	}
	wg.Wait()
	return found
}

func (j *Job) scanBlock(b *Block, m *matcher, buf *[]byte, found []uint64) {
	note := func(i int) {
		if j.View.Hidden || !hidden(b.name(i)) {
			found[i/64] |= 1 << (i % 64)
		}
	}
	if b.ascii && m.part != "" && isASCII(m.part) {
		b.search(m.part, note)
		return
	}
	for i := range b.Len() {
		if m.matches(b.name(i), buf) {
			note(i)
		}
	}
}

// search finds the names that hold part, both being ASCII, in one go through
// all of them.
func (b *Block) search(part string, note func(int)) {
	first, rest := part[0], part[1:]
	at := 0
	for i, end := range b.ends {
		for ; at+len(rest) < int(end); at++ {
			if lowerASCII[b.names[at]] == first && holds(b.names[at+1:], rest) {
				note(i)
				break
			}
		}
		at = int(end)
	}
}

func holds(s, rest string) bool {
	for i := range len(rest) {
		if lowerASCII[s[i]] != rest[i] {
			return false
		}
	}
	return true
}

type span struct{ from, to int }

// divided divides what takes long between two goroutines. More would take the
// processor from what draws and transfers.
func divided(n int) []span {
	if n < 256 {
		return []span{{0, n}}
	}
	return []span{{0, n / 2}, {n / 2, n}}
}
