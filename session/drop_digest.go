package session

import (
	"crypto/sha256"
	"errors"
	"hash"
	"sync"

	"lukechampine.com/blake3/guts"

	"github.com/bargee/bargee/internal/drop"
)

// Digests of whole files in a drop: what is stored is digested as it is read, and what
// is received is held against that as its chunks go by. No file is read for it.

// A digester computes the digest of a file that comes from its beginning to its end,
// in any pieces.
type digester struct {
	s       stack
	counter uint64 // of leaves
	rest    []byte // at most a block: the last one has the root over it
}

func (d *digester) write(p []byte) {
	for len(p) > 0 {
		if len(d.rest) == block {
			d.whole(d.rest)
			d.rest = d.rest[:0]
		}
		if len(d.rest) == 0 && len(p) > block {
			d.whole(p[:block])
			p = p[block:]
			continue
		}
		n := min(block-len(d.rest), len(p))
		d.rest = append(d.rest, p[:n]...)
		p = p[n:]
	}
}

// whole adds a block that is not the last one.
func (d *digester) whole(p []byte) {
	d.s.push(guts.ChainingValue(guts.CompressBuffer((*[block]byte)(p), block, &guts.IV, d.counter, 0)))
	d.counter += guts.MaxSIMD
}

// sum returns the digest of what was written, and makes d that of another file.
func (d *digester) sum() value {
	n := lastBlock(d.rest, d.counter)
	for i := len(d.s.cvs) - 1; i >= 0; i-- {
		n = guts.ParentNode(d.s.cvs[i], guts.ChainingValue(n), &guts.IV, 0)
	}
	d.s, d.counter, d.rest = stack{cvs: d.s.cvs[:0]}, 0, d.rest[:0]
	return rootValue(n)
}

// dropSums are what a drop says of a file's bytes.
type dropSums struct {
	blake3, sha256 DropDigest // zero: not said
}

// sumsOf are those of an entry, nil if it has none.
func sumsOf(e drop.Entry) *dropSums {
	if e.BLAKE3 == (DropDigest{}) && e.SHA256 == (DropDigest{}) {
		return nil
	}
	return &dropSums{e.BLAKE3, e.SHA256}
}

// errOtherFile says that all chunks of a file are those that were sealed, and that it is
// not the file.
var errOtherFile = &Error{Kind: Integrity, Side: Source, Err: errors.New("its digest is not that of the file that was stored: memory or disk of who stored it may be bad")}

// same holds the digest of a whole file, or of the only chunk of one, against what the
// drop says. A SHA-256 is what browsers make; where there is the other one it is not needed.
func (b *dropBody) same(sum value) error {
	switch s := b.n.sums; {
	case s == nil:
	case s.blake3 != (DropDigest{}):
		if s.blake3 != DropDigest(sum) {
			return errOtherFile
		}
	case b.sha.over() && b.sha.sum() != s.sha256:
		return errOtherFile
	}
	return nil
}

// passed takes in chunk i of a file as it goes by.
func (b *dropBody) passed(f *outFile, i uint64, data []byte) {
	if s := b.n.sums; s != nil && s.blake3 == (DropDigest{}) {
		b.sha.take(i, f.layout.count(), data)
	}
}

// mostEarly is how many chunks of a file are kept that came before those in front of
// them: streams carry them side by side.
const mostEarly = 8

// inOrder computes the SHA-256 of a file whose chunks come about in their order. Where
// some do not come, since they are here already, there is none: such chunks are held
// against what was opened before (dropValues).
type inOrder struct {
	mu    sync.Mutex
	hash  hash.Hash
	next  uint64
	count uint64
	early map[uint64][]byte
	lost  bool
}

// take takes chunk i of count; data stays the caller's. One that came before is passed over.
func (o *inOrder) take(i, count uint64, data []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.hash == nil {
		o.hash, o.count, o.early = sha256.New(), count, map[uint64][]byte{}
	}
	switch {
	case o.lost || i < o.next || o.early[i] != nil:
	case i > o.next && len(o.early) == mostEarly:
		o.lost, o.early = true, nil
	case i > o.next:
		o.early[i] = append([]byte(nil), data...)
	default:
		for ; data != nil; data = o.early[o.next] {
			o.hash.Write(data)
			delete(o.early, o.next)
			o.next++
		}
	}
}

// over tells whether all came.
func (o *inOrder) over() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.hash != nil && !o.lost && o.next == o.count
}

// sum returns the digest, once it is over.
func (o *inOrder) sum() (d DropDigest) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.hash.Sum(d[:0])
	return d
}
