package tui

import "github.com/bargee/bargee/session"

// A tab is one of the lists of the queue.
type tab uint8

const (
	activeTab tab = iota
	failedTab
	doneTab
	logTab
	tabs
)

// A window is the part of a list that is at hand: rows[0] is row from of total.
// A list may have a hundred thousand rows, and only those that are shown, and
// some around them, are ever asked for.
type window struct {
	from, total int
	rows        []session.Transfer
}

// at returns row i, nil if it is not at hand.
func (w *window) at(i int) *session.Transfer {
	if i -= w.from; i < 0 || i >= len(w.rows) {
		return nil
	}
	return &w.rows[i]
}

// index returns the row of a transfer, -1 if it is not at hand.
func (w *window) index(id session.TransferID) int {
	for i := range w.rows {
		if w.rows[i].ID == id {
			return w.from + i
		}
	}
	return -1
}

// holds tells whether rows from to to, as far as there are such, are at hand.
func (w *window) holds(from, to int) bool {
	return from >= w.from && min(to, w.total) <= w.from+len(w.rows)
}

// A spot is where somebody is in a list: the row of the cursor, the transfer that
// it stands on, and the first row that is shown.
type spot struct {
	cursor int
	on     session.TransferID
	moved  bool // somebody put the cursor there; it stays on its transfer
	top    int
}

// move moves the cursor by n rows of total.
func (s *spot) move(n, total int) {
	s.moved, s.on = true, 0
	s.cursor = max(0, min(s.cursor+n, total-1))
}

// follow keeps the cursor on its transfer when the rows under it changed. Until
// somebody moves it, it is on row home.
func (s *spot) follow(w *window, home int) {
	if !s.moved {
		s.cursor = home
	} else if i := w.index(s.on); s.on != 0 && i >= 0 {
		s.cursor = i
	}
	s.cursor = max(0, min(s.cursor, w.total-1))
	if t := w.at(s.cursor); t != nil {
		s.on = t.ID
	}
}

// scroll moves what is shown in h lines by as little as brings all of the cursor's
// row there, and leaves no line empty while there are rows above. height is how
// many lines a row takes.
func (s *spot) scroll(h, total int, height func(row int) int) {
	s.top = max(0, min(s.top, s.cursor))
	used := 0
	for row := s.cursor; row >= s.top; row-- {
		if used += height(row); used > h {
			s.top = min(row+1, s.cursor)
			break
		}
	}
	used = 0
	for row := s.top; row < total && used < h; row++ {
		used += height(row)
	}
	for s.top > 0 && used+height(s.top-1) <= h {
		s.top--
		used += height(s.top)
	}
}

// reach is how many rows to have at hand above and below those that may be shown.
const reach = 40

// wants returns which rows to have at hand for h lines, the cursor's among them.
func (s *spot) wants(h int) (from, count int) {
	from = max(0, s.cursor-h-reach)
	return from, s.cursor + h + reach - from
}
