package session

// A Rule decides conflicts by what is known of both sides: Then where When
// holds, else Otherwise. Ask, in either, leaves such conflicts to a person.
type Rule struct {
	When            Condition
	Then, Otherwise Conflict
}

// A Condition is about the two sides of a conflict.
type Condition uint8

// The conditions.
const (
	Always       Condition = iota
	SourceNewer            // its time is later
	SourceOlder            // its time is earlier
	SizesDiffer            //
	SourceLarger           // it has more bytes: the old one may be the beginning of it
)

// String returns the words for the screen.
func (c Condition) String() string {
	return [...]string{"always", "source is newer", "source is older", "sizes differ", "source is larger"}[min(c, SourceLarger)]
}

func (c Condition) holds(q *Question) bool {
	switch c {
	case Always:
		return true
	case SourceNewer:
		return q.Source.Modified.After(q.Existing.Modified)
	case SourceOlder:
		return q.Source.Modified.Before(q.Existing.Modified)
	case SizesDiffer:
		return q.Source.Size != q.Existing.Size
	case SourceLarger:
		return q.Source.Size > q.Existing.Size
	}
	return false
}

// Decide returns what r says about q; Ask if it does not.
func (r Rule) Decide(q Question) Conflict {
	if r.When.holds(&q) {
		return r.Then
	}
	return r.Otherwise
}

// check refuses a rule that decides nothing, or what options do not allow.
func (r Rule) check(o *Options) error {
	if r.When > SourceLarger {
		return newError(Invalid, Path{}, "there is no condition %d", r.When)
	}
	if r.Then == Ask && (r.Otherwise == Ask || r.When == Always) {
		return newError(Invalid, Path{}, "to ask again is no answer")
	}
	for _, d := range []Conflict{r.Then, r.Otherwise} {
		if err := checkDecision(d, o); err != nil {
			return err
		}
	}
	return nil
}

func checkDecision(d Conflict, o *Options) error {
	switch {
	case d > Resume:
		return newError(Invalid, Path{}, "there is no decision %d", d)
	case d == Resume && o.Whole:
		return newError(Invalid, Path{}, "this transfer sends whole files: overwrite, or leave that out")
	}
	return nil
}

// told is how a decision is told to the half of a transfer that acts on it: to
// send what is new only is what overwriting does.
func (c Conflict) told() Conflict {
	if c == Resume {
		return Overwrite
	}
	return c
}
