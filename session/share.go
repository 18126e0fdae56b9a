package session

import (
	"cmp"
	"math"
	"slices"
	"sync"
	"time"
)

// A share divides a limit among the transfers that are being received: it is
// the senders that hold back, so each is told its part. What one does not use
// goes to the others.
type share struct {
	mu      sync.Mutex
	limit   int64
	members []*member
}

// A member is a transfer of a share.
type member struct {
	part int64     // bytes a second that it may be sent; 0: any number
	want float64   // what it makes use of
	at   time.Time // when that was measured
	came int64     // bytes in all, then
}

// shareTime is how often it is looked whether all use their parts. A member
// that used less than mostUsed of its part gets that and some room to grow.
const (
	shareTime = time.Second
	mostUsed  = 0.9
	growth    = 1.25
)

func (s *share) set(limit int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if limit > 0 {
		limit = max(limit, LeastLimit)
	}
	s.limit = limit
	s.divide()
}

func (s *share) get() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.limit
}

func (s *share) join(now time.Time) *member {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := &member{want: math.Inf(1), at: now}
	s.members = append(s.members, m)
	s.divide()
	return m
}

func (s *share) leave(m *member) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.members = slices.DeleteFunc(s.members, func(o *member) bool { return o == m })
	s.divide()
}

// part returns m's part of the limit; came is how many bytes came for it in all.
func (s *share) part(m *member, came int64, now time.Time) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d := now.Sub(m.at); d >= shareTime {
		rate := float64(came-m.came) / d.Seconds()
		if m.at, m.came, m.want = now, came, math.Inf(1); rate < mostUsed*float64(m.part) {
			m.want = max(growth*rate, LeastLimit)
		}
		s.divide()
	}
	return m.part
}

// divide gives each member its part; s.mu is held.
func (s *share) divide() {
	wants := make([]float64, len(s.members))
	for i, m := range s.members {
		wants[i] = m.want
	}
	for i, part := range divide(float64(s.limit), wants) {
		s.members[i].part = int64(part)
	}
}

// divide divides total among those that want so much each: nobody gets more
// than that, as long as somebody else wants it, and otherwise all get the same.
// What nobody wants is divided as well.
func divide(total float64, wants []float64) []float64 {
	parts := make([]float64, len(wants))
	order := make([]int, len(wants))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(wants[a], wants[b]) })
	left := total
	for n, i := range order {
		parts[i] = min(wants[i], left/float64(len(order)-n))
		left -= parts[i]
	}
	for i := range parts {
		parts[i] += left / float64(len(parts))
	}
	return parts
}
