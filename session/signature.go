package session

import (
	"fmt"
	"sort"

	"github.com/bargee/bargee/internal/wire"
)

// A signature is what the receiver has told of an old file: its cuts, from the
// front on.
type signature struct {
	average int
	ends    []int64 // of each cut
	hashes  []cutHash
	byHash  map[cutHash]uint32 // the first cut that has it
	covered int64              // the end of the last cut
	whole   bool               // no more will come
}

func newSignature(average int) *signature {
	return &signature{average: average, byHash: map[cutHash]uint32{}}
}

// add takes a message of the receiver in. most is how many cuts more it may
// tell of.
func (s *signature) add(m *wire.Cuts, most int) error {
	n := len(m.GetLengths())
	switch {
	case s.whole:
		return fmt.Errorf("cuts after the last ones")
	case len(m.GetHashes()) != n:
		return fmt.Errorf("%d lengths of cuts and %d hashes", n, len(m.GetHashes()))
	case n > most:
		return fmt.Errorf("%d cuts, and only %d more are taken", n, most)
	}
	for _, length := range m.GetLengths() {
		if length == 0 || int(length) > 2*s.average {
			return fmt.Errorf("a cut of %d bytes, with an average of %d", length, s.average)
		}
	}
	for i, length := range m.GetLengths() {
		h := cutHash(m.Hashes[i])
		if _, ok := s.byHash[h]; !ok {
			s.byHash[h] = uint32(len(s.ends))
		}
		s.covered += int64(length)
		s.ends = append(s.ends, s.covered)
		s.hashes = append(s.hashes, h)
	}
	s.whole = m.GetLast()
	return nil
}

// span returns where cut i lies in the old file.
func (s *signature) span(i int) (off int64, n int) {
	if i > 0 {
		off = s.ends[i-1]
	}
	return off, int(s.ends[i] - off)
}

// is tells whether cut i is like c.
func (s *signature) is(i int, c cut) bool {
	if i >= len(s.hashes) || s.hashes[i] != c.hash {
		return false
	}
	_, n := s.span(i)
	return n == c.length
}

// find returns the number of a cut of the old file that is like c: next if
// possible, so that what lies side by side there is copied at once.
func (s *signature) find(c cut, next int) (int, bool) {
	if s.is(next, c) {
		return next, true
	}
	i, ok := s.byHash[c.hash]
	return int(i), ok && s.is(int(i), c)
}

// recipe makes chunk from the old file, as far as that is known; off is where
// the chunk lies in the new one and n its length, and cuts are those of the new
// file from one before it on, in their order. A nil recipe is that nothing of
// the chunk is there.
func (s *signature) recipe(off int64, n int, cuts []cut) recipe {
	var r recipe
	end := off + int64(n)
	first := sort.Search(len(cuts), func(i int) bool { return cuts[i].off+int64(cuts[i].length) > off })
	// What is in many places, such as zeros, is best taken from the same one.
	next := 0
	if first < len(cuts) {
		next = sort.Search(len(s.ends), func(i int) bool { return s.ends[i] > cuts[first].off })
	}
	at, copied := off, 0
	for _, c := range cuts[first:] {
		if c.off >= end {
			break
		}
		if c.off > at { // a stretch that was not cut
			r = r.send(int(c.off - at))
			at = c.off
		}
		upTo := min(c.off+int64(c.length), end)
		if i, ok := s.find(c, next); ok {
			from, _ := s.span(i)
			r = r.copy(from+at-c.off, int(upTo-at))
			copied += int(upTo - at)
			next = i + 1
		} else {
			r = r.send(int(upTo - at))
		}
		at = upTo
	}
	if copied == 0 {
		return nil
	}
	if at < end {
		r = r.send(int(end - at))
	}
	return r
}
