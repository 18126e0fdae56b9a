package session

import (
	"context"
	"errors"
	"io"
	"os"
	"sync/atomic"

	"github.com/bargee/bargee/internal/wire"
)

// This file is the sender's half of sending only what is new: it cuts the file
// as the receiver cuts its old one, finds its cuts among those, and gives the
// chunks to the pool with a recipe each.
//
// A chunk that the old file has all of goes out as soon as that is known. One
// that has something new waits for the last cut of the old file, since that may
// have it further behind.

// An outDelta is what the sender knows of the receiver's old file, and what it
// has made of it. The lock of the outFile guards it, but for what belongs to
// the goroutine that scans.
type outDelta struct {
	sig     *signature
	grew    chan struct{} // sig has, or the file is gone
	held    bitmap        // chunks that are neither in the pool nor were
	recipes map[uint64]recipe
	told    *atomic.Int64 // cuts of all files that are not over
	mine    int64         // of this one

	cuts []cut // of our file; of the scanning goroutine, as is what follows
	hope hope
	open uint64 // the first chunk that was not tried yet
	next int    // the cut of the old file behind the last one that was found there
}

const (
	// worthwhile is the size from which on a file is compared with an old one.
	worthwhile = 256 << 10

	// foresight is how much further the old file has to be known before a chunk
	// is looked for in it: it may have been moved forward by some deletion.
	foresight = 8 << 20
)

// hasParts tells whether f is announced as one whose chunks may come in parts.
func (s *sender) hasParts(f *outFile) bool {
	return f.entry.Kind == RegularFile && f.entry.Size >= worthwhile && !s.options.Whole
}

// compareWithOld holds back the chunks of f until they are found in the
// receiver's old file, or not. f.mu is held.
func (s *sender) compareWithOld(f *outFile, average int) error {
	switch {
	case !s.hasParts(f):
		return newError(Protocol, f.rel, "cuts for a file that is not sent in parts")
	case average < minAverageCut || average > maxAverageCut || mostCuts(f.layout.size, average) > maxCuts:
		return newError(Protocol, f.rel, "cuts of %d bytes for a file of %d", average, f.layout.size)
	}
	f.delta = &outDelta{
		sig: newSignature(average), grew: make(chan struct{}, 1), held: f.todo, recipes: map[uint64]recipe{}, told: &s.cutsTold,
		hope: hope{size: f.layout.size},
	}
	f.todo = newBitmap(f.layout.count())
	s.scans.add(func(ctx context.Context) {
		if err := s.scan(ctx, f); err != nil && !errors.Is(err, errDropped) && ctx.Err() == nil {
			s.trouble(f, err)
		}
	})
	return nil
}

// cutsCame takes in what the receiver says of an old file.
func (s *sender) cutsCame(m *wire.Cuts) error {
	f, err := s.known(m.GetId())
	if f == nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	d := f.delta
	switch {
	case f.gone:
		return nil
	case d == nil:
		return newError(Protocol, f.rel, "cuts that were not announced")
	}
	before := len(d.sig.ends)
	if err := d.sig.add(m, maxCuts-int(d.told.Load())); err != nil {
		return newError(Protocol, f.rel, "%w", err)
	}
	n := int64(len(d.sig.ends) - before)
	d.mine += n
	d.told.Add(n)
	d.signal()
	s.ledger.sign()
	return nil
}

func (d *outDelta) signal() {
	select {
	case d.grew <- struct{}{}:
	default:
	}
}

// close tells the scanning goroutine that the file is over; its lock is held.
func (d *outDelta) close() {
	if d == nil {
		return
	}
	d.told.Add(-d.mine)
	d.mine = 0
	d.signal()
}

// scan reads f, once, and gives its chunks to the pool.
func (s *sender) scan(ctx context.Context, f *outFile) error {
	file, err := f.open()
	if err != nil {
		return err
	}
	defer f.done()
	s.giveHoles(f, file)
	d, last := f.delta, f.layout.count()-1
	scan := newCutScan(d.sig.average, int(min(int64(f.layout.chunkSize), f.layout.size)))
	scan.guess = f.guess
	for i := range last + 1 {
		if !f.holds(i) {
			continue // it is claimed, or a hole
		}
		off, n := f.layout.span(i)
		if scan.at() != off {
			scan.seek(off)
		}
		if err := f.await(ctx, off+int64(n)+foresight); err != nil {
			return err
		}
		piece, err := scan.add(file, n, i == last || !f.holds(i+1), f.found)
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = errChanged
		}
		if err != nil {
			return err
		}
		v := valueOf(piece, i, f.layout.chunkSize, f.layout.single())
		f.mu.Lock()
		f.values[i] = v
		f.mu.Unlock()
		if s.tryUpTo(f, scan.off) {
			return nil
		}
	}
	if err := f.await(ctx, 1<<62); err != nil {
		return err
	}
	s.giveRest(f)
	return nil
}

// giveHoles gives the pool the chunks that are not sent anyway.
func (s *sender) giveHoles(f *outFile, file *os.File) {
	for i := range f.layout.count() {
		off, n := f.layout.span(i)
		if f.holes && f.holds(i) && inHole(file, off, n) {
			f.mu.Lock()
			f.release(i, nil)
			f.mu.Unlock()
		}
	}
	s.pool.add(f)
}

func (f *outFile) holds(i uint64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.delta.held.has(i)
}

// await waits until the old file is known up to there, or has no more.
func (f *outFile) await(ctx context.Context, upTo int64) error {
	for {
		f.mu.Lock()
		gone, enough := f.gone, f.delta.sig.whole || f.delta.sig.covered >= upTo
		f.mu.Unlock()
		if gone {
			return errDropped
		}
		if enough {
			return nil
		}
		select {
		case <-f.delta.grew:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// tryUpTo looks for the chunks that end before off in the old file. It reports
// whether there is no hope left, and all chunks were given to the pool.
func (s *sender) tryUpTo(f *outFile, upTo int64) (given bool) {
	d := f.delta
	for ; d.open < f.layout.count(); d.open++ {
		off, n := f.layout.span(d.open)
		if off+int64(n) > upTo {
			break
		}
		if f.holds(d.open) {
			s.give(f, d.open)
		}
	}
	if !d.hope.lost() {
		return false
	}
	s.giveRest(f)
	return true
}

// found notes a cut of our file.
func (f *outFile) found(c cut) {
	d := f.delta
	d.cuts = append(d.cuts, c)
	f.mu.Lock()
	defer f.mu.Unlock()
	if i, ok := d.sig.find(c, d.next); ok {
		d.next = i + 1
	}
}

// guess tells which cut of the old file comes next there.
func (f *outFile) guess() (length int, h cutHash) {
	f.mu.Lock()
	defer f.mu.Unlock()
	d := f.delta
	if d.next >= len(d.sig.hashes) {
		return 0, 0
	}
	_, length = d.sig.span(d.next)
	return length, d.sig.hashes[d.next]
}

// give gives chunk i to the pool, if it is known what has to be sent of it. With
// the last cut that is known of all chunks.
func (s *sender) give(f *outFile, i uint64) {
	off, n := f.layout.span(i)
	f.mu.Lock()
	d := f.delta
	r := d.sig.recipe(off, n, d.cuts)
	if r != nil {
		d.hope.found += int64(n - r.literals())
	}
	d.hope.sought += int64(n)
	ready := d.sig.whole || r != nil && r.literals() == 0
	if ready {
		f.release(i, r)
	}
	f.mu.Unlock()
	if ready {
		s.pool.add(f)
	}
}

// giveRest gives the pool what waits, as much as is known of it now.
func (s *sender) giveRest(f *outFile) {
	f.mu.Lock()
	for i := range f.layout.count() {
		if f.delta.held.has(i) {
			off, n := f.layout.span(i)
			f.release(i, f.delta.sig.recipe(off, n, f.delta.cuts))
		}
	}
	f.delta.cuts = nil
	f.mu.Unlock()
	s.pool.add(f)
}

// release marks chunk i as to be sent by r; f.mu is held.
func (f *outFile) release(i uint64, r recipe) {
	f.delta.held.remove(i)
	if r != nil {
		f.delta.recipes[i] = r
	}
	f.todo.add(i)
}

// load reads what is sent of chunk i into buf. It returns the value of the whole
// chunk, and the recipe if it is sent in parts.
func (f *outFile) load(i uint64, buf []byte) (body []byte, v value, r recipe, err error) {
	f.mu.Lock()
	if f.delta != nil {
		r = f.delta.recipes[i]
	}
	v = f.values[i]
	f.mu.Unlock()
	if r != nil && r.literals() == 0 && !f.layout.single() {
		return nil, v, r, nil // as it was when it was scanned
	}
	data, v, err := f.read(i, buf)
	if err != nil || r == nil || isHole(data) {
		return data, v, nil, err
	}
	return r.squeeze(data), v, r, nil
}

// toldDigest returns the digest of f, as it was told.
func (f *outFile) toldDigest() []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.digestTold[:]
}

// lengthOf returns how many bytes chunk i has.
func (f *outFile) lengthOf(i uint64) uint32 {
	_, n := f.layout.span(i)
	return uint32(n)
}

// spoilt tells that chunk i did not verify, and reports whether it was sent in
// parts: then the old file has changed, and it is sent whole.
func (f *outFile) spoilt(i uint64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.delta == nil || f.delta.recipes[i] == nil {
		return false
	}
	delete(f.delta.recipes, i)
	return true
}

// hope tells whether an old file is still worth waiting for.
type hope struct {
	size   int64 // of the file
	sought int64 // bytes that were looked for
	found  int64 // of these
}

// lost reports that after a fair part of the file next to nothing was found.
func (h hope) lost() bool {
	return h.sought >= max(64<<20, min(h.size/4, 1<<30)) && h.found < h.sought/64
}
