package session

import (
	"slices"
	"sync"
)

// questions are the conflicts of a transfer that wait for a person. The rest
// of the transfer goes on meanwhile.
type questions struct {
	mu     sync.Mutex
	last   int
	parked []parked // the oldest first
	rule   *Conflict
}

type parked struct {
	Question
	reply func(Conflict)
}

// maxQuestions is how many of them a snapshot holds.
const maxQuestions = 100

// ask parks a conflict, or decides it by what was answered for all.
func (q *questions) ask(c Question, reply func(Conflict)) {
	q.mu.Lock()
	if q.rule != nil {
		d := *q.rule
		q.mu.Unlock()
		reply(d)
		return
	}
	q.last++
	c.ID = q.last
	q.parked = append(q.parked, parked{c, reply})
	q.mu.Unlock()
}

// answer decides conflict id; with all every one, also those to come.
func (q *questions) answer(id int, d Conflict, all bool) error {
	q.mu.Lock()
	var now []parked
	if all {
		q.rule = &d
		now, q.parked = q.parked, nil
	} else {
		i := slices.IndexFunc(q.parked, func(p parked) bool { return p.ID == id })
		if i < 0 {
			q.mu.Unlock()
			return newError(NotFound, Path{}, "there is no question %d", id)
		}
		now = []parked{q.parked[i]}
		q.parked = slices.Delete(q.parked, i, i+1)
	}
	q.mu.Unlock()
	for _, p := range now {
		p.reply(d)
	}
	return nil
}

// drop forgets the questions of an attempt that ended; the next one asks them
// again.
func (q *questions) drop() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.parked = nil
}

// snapshot returns the oldest questions and how many there are.
func (q *questions) snapshot() ([]Question, int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	var out []Question
	for _, p := range q.parked[:min(len(q.parked), maxQuestions)] {
		out = append(out, p.Question)
	}
	return out, len(q.parked)
}
