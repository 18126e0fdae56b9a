package session

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// ids returns the line as "priority:id id", in order.
func (l *line) ids() (out []TransferID) {
	for _, q := range l.rows {
		out = append(out, q.id)
	}
	return out
}

func lineOf(priorities ...int8) *line {
	l := &line{}
	for i, p := range priorities {
		l.insert(&queued{id: TransferID(i + 1), priority: p, place: int64(i+1) * placeStep})
	}
	return l
}

func (l *line) row(id TransferID) *queued {
	return l.rows[slices.IndexFunc(l.rows, func(q *queued) bool { return q.id == id })]
}

func TestLine(t *testing.T) {
	for _, c := range []struct {
		do   func(l *line)
		want []TransferID // of priorities 5 5 9 5 5 0
	}{
		{func(l *line) {}, []TransferID{3, 1, 2, 4, 5, 6}},
		{func(l *line) { l.shift(l.row(4), -1) }, []TransferID{3, 1, 4, 2, 5, 6}},
		{func(l *line) { l.shift(l.row(4), 1) }, []TransferID{3, 1, 2, 5, 4, 6}},
		{func(l *line) { l.shift(l.row(5), math.MinInt) }, []TransferID{3, 5, 1, 2, 4, 6}},
		{func(l *line) { l.shift(l.row(1), math.MaxInt) }, []TransferID{3, 2, 4, 5, 1, 6}},
		{func(l *line) { l.shift(l.row(1), -1) }, []TransferID{3, 1, 2, 4, 5, 6}},
		{func(l *line) { l.shift(l.row(3), math.MaxInt) }, []TransferID{3, 1, 2, 4, 5, 6}},
		{func(l *line) { l.prioritize(l.row(5), 10) }, []TransferID{5, 3, 1, 2, 4, 6}},
		{func(l *line) { l.prioritize(l.row(3), 5) }, []TransferID{1, 2, 3, 4, 5, 6}},
		{func(l *line) { l.prioritize(l.row(2), 0) }, []TransferID{3, 1, 4, 5, 2, 6}},
		{func(l *line) { l.remove(l.row(2)); l.remove(&queued{id: 2}) }, []TransferID{3, 1, 4, 5, 6}},
		{func(l *line) { l.shift(l.row(5), -2); l.shift(l.row(5), 1) }, []TransferID{3, 1, 2, 5, 4, 6}},
	} {
		l := lineOf(5, 5, 9, 5, 5, 0)
		c.do(l)
		if got := l.ids(); !slices.Equal(got, c.want) {
			t.Errorf("%v, want %v", got, c.want)
		}
		if !slices.IsSortedFunc(l.rows, turnOrder) {
			t.Errorf("%v is not in the order of the places", l.ids())
		}
	}
}

// However often rows are moved between the same two, there is room, and what is
// returned as moved is all that got another place.
func TestLineHasRoom(t *testing.T) {
	l := lineOf(5, 5, 5, 5, 5, 5, 7, 7)
	random := rand.New(rand.NewPCG(1, 2))
	want, renumbered := l.ids(), 0
	for i := range 5000 {
		q := l.rows[2+random.IntN(6)]
		by := random.IntN(9) - 4
		if i%100 < 40 { // always behind the same one
			q, by = l.rows[5], -2
		}
		places := map[TransferID]int64{}
		for _, o := range l.rows {
			places[o.id] = o.place
		}
		at := slices.Index(want, q.id)
		to := max(2, min(at+by, 7))
		want = slices.Insert(slices.Delete(want, at, at+1), to, q.id)
		moved := l.shift(q, by)
		if len(moved) > 1 {
			renumbered++
		}
		for _, o := range l.rows {
			if o.place != places[o.id] && !slices.Contains(moved, o) {
				t.Fatalf("%d got another place unsaid", o.id)
			}
		}
		if got := l.ids(); !slices.Equal(got, want) || !slices.IsSortedFunc(l.rows, turnOrder) {
			t.Fatalf("%v, want %v", got, want)
		}
	}
	if renumbered == 0 {
		t.Error("the places never ran out: this tests nothing")
	}
}

func TestLogbook(t *testing.T) {
	var b logbook
	for i := range maxLog + 10 {
		b.add(LogLine{Job: fmt.Sprint(i + 1)})
	}
	for _, c := range []struct {
		after     int64
		n         int
		from, job string
	}{{0, maxLog, "11", ""}, {maxLog + 7, 3, "1008", ""}, {maxLog + 10, 0, "", ""}, {1 << 40, 0, "", ""}, {-5, maxLog, "11", ""}} {
		lines := b.since(c.after)
		if len(lines) != c.n || c.n > 0 && (lines[0].Job != c.from || lines[0].Number != max(c.after, 10)+1) {
			t.Errorf("after %d: %d lines, %+v", c.after, len(lines), lines[:min(1, len(lines))])
		}
	}
	for range maxNotices + 5 {
		b.notice(Notice{Text: "x"})
	}
	if len(b.notices) != maxNotices || b.since(b.last - 1)[0].Text != "x" {
		t.Errorf("%d notices", len(b.notices))
	}
}
