package listing

import "math/bits"

// A Set is a set of entries, a bit for each. The zero Set is empty.
type Set struct {
	words []uint64
	n     int
}

// Has tells whether id is in s.
func (s *Set) Has(id ID) bool {
	w := int(id >> 6)
	return w < len(s.words) && s.words[w]>>(id&63)&1 != 0
}

// Add puts id in and tells whether it was not in before.
func (s *Set) Add(id ID) bool {
	w := int(id >> 6)
	if w >= len(s.words) {
		grown := make([]uint64, max(w+1, 2*len(s.words)))
		copy(grown, s.words)
		s.words = grown
	}
	if s.Has(id) {
		return false
	}
	s.words[w] |= 1 << (id & 63)
	s.n++
	return true
}

// Remove takes id out and tells whether it was in.
func (s *Set) Remove(id ID) bool {
	if !s.Has(id) {
		return false
	}
	s.words[id>>6] &^= 1 << (id & 63)
	s.n--
	return true
}

// Len returns how many are in s.
func (s *Set) Len() int { return s.n }

// All yields those in s, in order.
func (s *Set) All() func(yield func(ID) bool) {
	return func(yield func(ID) bool) {
		for i, w := range s.words {
			for ; w != 0; w &= w - 1 {
				if !yield(ID(i<<6 + bits.TrailingZeros64(w))) {
					return
				}
			}
		}
	}
}
