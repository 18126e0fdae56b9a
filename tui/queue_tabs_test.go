package tui

import (
	"testing"

	"github.com/bargee/bargee/session"
)

// rowsFrom is a window on rows from..from+n of total; row i is transfer 100+i.
func rowsFrom(from, n, total int) *window {
	w := &window{from: from, total: total}
	for i := range n {
		w.rows = append(w.rows, session.Transfer{ID: session.TransferID(100 + from + i)})
	}
	return w
}

func TestSpotFollows(t *testing.T) {
	for _, c := range []struct {
		name   string
		spot   spot
		w      *window
		home   int
		cursor int
		on     session.TransferID
	}{
		{"nobody moved it", spot{cursor: 4}, rowsFrom(0, 9, 9), 2, 2, 102},
		{"it stays on its transfer", spot{cursor: 4, on: 106, moved: true}, rowsFrom(0, 9, 9), 0, 6, 106},
		{"its transfer is gone", spot{cursor: 4, on: 99, moved: true}, rowsFrom(0, 9, 9), 0, 4, 104},
		{"the list got shorter", spot{cursor: 4, on: 99, moved: true}, rowsFrom(0, 3, 3), 0, 2, 102},
		{"the list is empty", spot{cursor: 4, on: 99, moved: true}, rowsFrom(0, 0, 0), 0, 0, 99},
		{"beyond what is at hand", spot{cursor: 700, on: 99, moved: true}, rowsFrom(0, 9, 1000), 0, 700, 99},
		{"deep in a long list", spot{cursor: 700, on: 803, moved: true}, rowsFrom(690, 20, 1000), 0, 703, 803},
	} {
		c.spot.follow(c.w, c.home)
		if c.spot.cursor != c.cursor || c.spot.on != c.on {
			t.Errorf("%s: row %d, transfer %d; want %d, %d", c.name, c.spot.cursor, c.spot.on, c.cursor, c.on)
		}
	}
}

func TestSpotMoves(t *testing.T) {
	s := spot{cursor: 3, on: 103}
	for _, c := range []struct{ by, total, want int }{
		{1, 9, 4}, {-9, 9, 0}, {1 << 30, 9, 8}, {-1, 9, 7}, {5, 0, 0},
	} {
		if s.move(c.by, c.total); s.cursor != c.want || !s.moved || s.on != 0 {
			t.Errorf("by %d of %d: %+v, want row %d", c.by, c.total, s, c.want)
		}
	}
}

func TestSpotScrolls(t *testing.T) {
	one := func(int) int { return 1 }
	odd := func(row int) int { return 1 + row%2*2 } // 1 3 1 3 …
	for _, c := range []struct {
		name        string
		cursor, top int
		h, total    int
		height      func(int) int
		want        int
	}{
		{"all fits", 3, 0, 9, 5, one, 0},
		{"below", 9, 0, 5, 20, one, 5},
		{"above", 2, 7, 5, 20, one, 2},
		{"within", 8, 7, 5, 20, one, 7},
		{"room at the end is used", 19, 18, 5, 20, one, 15},
		{"tall rows", 5, 0, 6, 20, odd, 4},
		{"a row taller than all", 5, 0, 2, 20, odd, 5},
		{"the rows above are too tall for the room", 4, 4, 4, 5, odd, 3},
		{"nothing", 0, 0, 5, 0, one, 0},
		{"far down", 99_999, 0, 5, 100_000, one, 99_995},
	} {
		s := spot{cursor: c.cursor, top: c.top}
		if s.scroll(c.h, c.total, c.height); s.top != c.want {
			t.Errorf("%s: from row %d on, want %d", c.name, s.top, c.want)
		}
	}
}

func TestWindow(t *testing.T) {
	w := rowsFrom(50, 100, 1000)
	if w.at(49) != nil || w.at(150) != nil || w.at(50).ID != 150 || w.index(199) != 99 {
		t.Error("a row is not where it should be")
	}
	for _, c := range []struct {
		from, to int
		want     bool
	}{{50, 150, true}, {49, 60, false}, {140, 151, false}, {60, 70, true}} {
		if got := w.holds(c.from, c.to); got != c.want {
			t.Errorf("rows %d to %d at hand: %v", c.from, c.to, got)
		}
	}
	if w := rowsFrom(0, 3, 3); !w.holds(0, 40) {
		t.Error("all there is is at hand, and it does not say so")
	}
	s := spot{cursor: 500, top: 495}
	if from, n := s.wants(10); from != 450 || from+n != 550 {
		t.Errorf("wants %d rows from %d on", n, from)
	}
}
