package session

// An assembly is the bookkeeping of a file that is put together from chunks:
// which are verified, which are only claimed by the journal of an earlier run,
// and whether the file is whole. It knows no disk and no lock; its owner
// drives it.
//
//	a chunk:  missing -> writing -> verified
//	          claimed -> verified        it was read again and has its value
//	          claimed -> missing         it has not
//	          claimed -> writing         the sender's file has another one there
type assembly struct {
	layout
	values   []value
	verified bitmap
	claimed  bitmap
	writing  map[uint64]bool

	complete bool // the sender has sent what we lacked, and its file has:
	digest   value
}

// A completeness says how far an assembly is.
type completeness uint8

const (
	unfinished completeness = iota
	whole                   // all chunks verified, and they make the sender's digest
	mismatched              // all chunks verified, but they make another one
)

func newAssembly(l layout, claims map[uint64]value) *assembly {
	n := l.count()
	a := &assembly{layout: l, values: make([]value, n), verified: newBitmap(n), claimed: newBitmap(n), writing: map[uint64]bool{}}
	for i, v := range claims {
		a.values[i] = v
		a.claimed.add(i)
	}
	return a
}

// begin reports whether chunk i may be written now; otherwise it is verified
// already or another stream is writing it.
func (a *assembly) begin(i uint64) bool {
	if a.verified.has(i) || a.writing[i] {
		return false
	}
	a.claimed.remove(i)
	a.writing[i] = true
	return true
}

// end tells that the writing of chunk i is over; ok if it verified and is on
// the disk.
func (a *assembly) end(i uint64, v value, ok bool) {
	delete(a.writing, i)
	if ok {
		a.values[i] = v
		a.verified.add(i)
	}
}

// checked tells what reading a claimed chunk again gave. It reports whether
// the chunk has to be sent; a chunk that is not claimed any more has not.
func (a *assembly) checked(i uint64, v value) (missing bool) {
	if !a.claimed.has(i) {
		return false
	}
	a.claimed.remove(i)
	if v != a.values[i] {
		return true
	}
	a.verified.add(i)
	return false
}

// finish tells the sender's word that all was sent.
func (a *assembly) finish(digest value) { a.complete, a.digest = true, digest }

// state tells how far the file is.
func (a *assembly) state() completeness {
	switch {
	case !a.verified.full() || !a.complete:
		return unfinished
	case combine(a.values) != a.digest:
		return mismatched
	}
	return whole
}
