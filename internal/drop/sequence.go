package drop

import (
	"fmt"
	"slices"
)

// remembered is how many drops of a sender are kept in mind: one that is older than
// all of them is taken for rolled back.
const remembered = 1024

// Seen is what a receiver remembers of a sender's drops, by their numbers, so that
// no relay can show an old one as if it were new. The zero Seen remembers none.
type Seen struct {
	Drops []SeenDrop `json:"drops,omitempty"` // by number
}

// A SeenDrop is a drop that was taken.
type SeenDrop struct {
	Sequence uint64 `json:"sequence"`
	ID       string `json:"id"`
}

// Take notes that the drop id with a sender's number is taken. again: it was taken
// before. One with the number of another drop, and one that is older than what is
// remembered, is ErrDamaged, and is not noted.
func (s *Seen) Take(sequence uint64, id ID) (again bool, err error) {
	i, found := slices.BinarySearchFunc(s.Drops, sequence, func(d SeenDrop, n uint64) int {
		switch {
		case d.Sequence < n:
			return -1
		case d.Sequence > n:
			return 1
		}
		return 0
	})
	switch {
	case found && s.Drops[i].ID == id.String():
		return true, nil
	case found:
		return false, fmt.Errorf("number %d of this sender was another drop: %w", sequence, ErrDamaged)
	case i == 0 && len(s.Drops) >= remembered, sequence == 0:
		return false, fmt.Errorf("number %d of this sender is long over: %w", sequence, ErrDamaged)
	}
	s.Drops = slices.Insert(s.Drops, i, SeenDrop{sequence, id.String()})
	if len(s.Drops) > remembered {
		s.Drops = s.Drops[len(s.Drops)-remembered:]
	}
	return false, nil
}

// Has says whether the drop id was taken.
func (s *Seen) Has(id ID) bool {
	return slices.ContainsFunc(s.Drops, func(d SeenDrop) bool { return d.ID == id.String() })
}
