package session

import (
	"encoding/binary"
	"slices"
	"sync"

	"lukechampine.com/blake3"
)

// questions are the conflicts of a transfer that wait for a person. The rest
// of the transfer goes on meanwhile. What was answered is remembered: another
// attempt, which comes by the same files again, does not ask again.
type questions struct {
	mu       sync.Mutex
	last     int
	parked   []parked // the oldest first
	rule     *Rule
	answered map[[16]byte]Conflict // by matter
}

type parked struct {
	Question
	reply func(Conflict)
	seen  bool // both sides were looked at, or are
}

const (
	// maxQuestions is how many of them a snapshot holds.
	maxQuestions = 100

	// maxAnswered is how many answers about single files are remembered.
	maxAnswered = 1 << 16
)

// matter is what an answer is about: these two files and no others. If one of
// them is not what it was, the question is another one.
func matter(q *Question) (key [16]byte) {
	var b []byte
	for _, s := range []struct {
		p Path
		e *Entry
	}{{q.Path, &q.Source}, {q.Name, &q.Existing}} {
		b = binary.AppendUvarint(b, uint64(len(s.p.raw)))
		b = append(append(b, s.p.raw...), byte(s.e.Kind))
		b = binary.AppendVarint(binary.AppendVarint(b, s.e.Size), s.e.Modified.UnixNano())
	}
	h := blake3.Sum256(b)
	return [16]byte(h[:16])
}

// decided returns what was decided about c before; q.mu is held.
func (q *questions) decided(c *Question) Conflict {
	if d, ok := q.answered[matter(c)]; ok {
		return d
	}
	if q.rule != nil {
		return q.rule.Decide(*c)
	}
	return Ask
}

// ask parks a conflict, or decides it by what was answered before.
func (q *questions) ask(c Question, reply func(Conflict)) {
	q.mu.Lock()
	if d := q.decided(&c); d != Ask {
		q.mu.Unlock()
		reply(d.told())
		return
	}
	q.last++
	c.ID = q.last
	c.Verdict, c.First = VerdictDiffers, -1 // else nobody would ask
	q.parked = append(q.parked, parked{Question: c, reply: reply})
	q.mu.Unlock()
}

// remember takes in what was decided about a matter; q.mu is held, or nobody
// else has q yet.
func (q *questions) remember(key [16]byte, d Conflict) {
	if q.answered == nil {
		q.answered = map[[16]byte]Conflict{}
	}
	if len(q.answered) < maxAnswered {
		q.answered[key] = d
	}
}

// answer decides conflict id, and returns what its matter is.
func (q *questions) answer(id int, d Conflict) (key [16]byte, err error) {
	q.mu.Lock()
	i := slices.IndexFunc(q.parked, func(p parked) bool { return p.ID == id })
	if i < 0 {
		q.mu.Unlock()
		return key, newError(NotFound, Path{}, "there is no question %d", id)
	}
	p := q.parked[i]
	q.parked = slices.Delete(q.parked, i, i+1)
	key = matter(&p.Question)
	q.remember(key, d)
	q.mu.Unlock()
	p.reply(d.told())
	return key, nil
}

// answerAll decides all conflicts that r says something about, also those to
// come.
func (q *questions) answerAll(r Rule) {
	q.mu.Lock()
	q.rule = &r
	var now []parked
	q.parked = slices.DeleteFunc(q.parked, func(p parked) bool {
		if r.Decide(p.Question) == Ask {
			return false
		}
		now = append(now, p)
		return true
	})
	q.mu.Unlock()
	for _, p := range now {
		p.reply(r.Decide(p.Question).told())
	}
}

// drop forgets the questions of an attempt that ended; the next one asks them
// again.
func (q *questions) drop() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.parked = nil
}

// snapshot returns the oldest questions, how many there are, and the rule.
func (q *questions) snapshot() ([]Question, int, *Rule) {
	q.mu.Lock()
	defer q.mu.Unlock()
	var out []Question
	for _, p := range q.parked[:min(len(q.parked), maxQuestions)] {
		out = append(out, p.Question)
	}
	return out, len(q.parked), q.rule
}

func (q *questions) count() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.parked)
}

// renames tells whether some files get other names because theirs are taken.
func (q *questions) renames(o *Options) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if o.OnConflict == Rename || q.rule != nil && (q.rule.Then == Rename || q.rule.Otherwise == Rename) {
		return true
	}
	for _, d := range q.answered {
		if d == Rename {
			return true
		}
	}
	return false
}
