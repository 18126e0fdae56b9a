package session

import (
	"cmp"
	"math"
	"slices"
)

// A line has the transfers that are not over, in the order of their turns: by
// priority, and within one by place. It holds no lock and starts nothing.
type line struct {
	rows []*queued
	last int64 // the highest place that there was
}

// placeStep is how far apart the places of neighbours are, so that another one
// fits between them many times.
const placeStep = 1 << 20

func turnOrder(a, b *queued) int {
	return cmp.Or(cmp.Compare(b.priority, a.priority), cmp.Compare(a.place, b.place), cmp.Compare(a.id, b.id))
}

// index returns where q is, and where it belongs if it is not there.
func (l *line) index(q *queued) (int, bool) { return slices.BinarySearchFunc(l.rows, q, turnOrder) }

func (l *line) insert(q *queued) {
	if i, found := l.index(q); !found {
		l.rows = slices.Insert(l.rows, i, q)
	}
}

// append puts q behind all of its priority.
func (l *line) append(q *queued) {
	l.last += placeStep
	q.place = l.last
	l.insert(q)
}

func (l *line) remove(q *queued) {
	if i, found := l.index(q); found {
		l.rows = slices.Delete(l.rows, i, i+1)
	}
}

// prioritize gives q another priority; it keeps its place among those.
func (l *line) prioritize(q *queued, priority int) {
	l.remove(q)
	q.priority = int8(priority)
	l.insert(q)
}

// shift moves q by so many rows, up if negative, among those of its priority,
// and returns those that got another place.
func (l *line) shift(q *queued, by int) (moved []*queued) {
	at, found := l.index(q)
	if !found {
		return nil
	}
	first, last := l.group(q.priority)
	to := at
	switch {
	case by < first-at:
		to = first
	case by > last-at:
		to = last
	default:
		to = at + by
	}
	if to == at {
		return nil
	}
	l.rows = slices.Insert(slices.Delete(l.rows, at, at+1), to, q)
	low, high := int64(math.MinInt64), int64(math.MaxInt64)
	if to > first {
		low = l.rows[to-1].place
	}
	if to < last {
		high = l.rows[to+1].place
	}
	if place, ok := between(low, high); ok {
		q.place, l.last = place, max(l.last, place)
		return []*queued{q}
	}
	for i, o := range l.rows[first : last+1] {
		o.place = int64(i) * placeStep
		l.last = max(l.last, o.place)
	}
	return l.rows[first : last+1]
}

// group returns the first and last row of a priority.
func (l *line) group(priority int8) (first, last int) {
	first, _ = slices.BinarySearchFunc(l.rows, priority, func(q *queued, p int8) int {
		if q.priority > p {
			return -1
		}
		return 1
	})
	after, _ := slices.BinarySearchFunc(l.rows, priority, func(q *queued, p int8) int {
		if q.priority >= p {
			return -1
		}
		return 1
	})
	return first, after - 1
}

// between returns a place between low and high, which stand for no neighbour
// where they are the least and the greatest number; false if there is no room.
func between(low, high int64) (int64, bool) {
	switch {
	case low == math.MinInt64 && high == math.MaxInt64:
		return 0, true
	case low == math.MinInt64:
		return high - placeStep, high > math.MinInt64+2*placeStep
	case high == math.MaxInt64:
		return low + placeStep, low < math.MaxInt64-2*placeStep
	}
	return low + (high-low)/2, high-low > 1
}
