package tui

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/tui/cells"
)

// sheetBox frames a part of the screen in its middle that has w by h cells inside,
// or as many as there are, and returns what is inside.
func (c canvas) sheetBox(screen cells.Rect, title cells.Text, w, h int) cells.Rect {
	w, h = min(w+4, screen.W), min(h+2, screen.H)
	r := cells.Rect{X: screen.X + (screen.W-w)/2, Y: screen.Y + (screen.H-h)/2, W: w, H: h}
	return c.box(r, title.Fit(c.Method, w-6))
}

// footer writes keys on the lower edge of a box, of which r is the inside.
func (c canvas) footer(r cells.Rect, keys []key.Binding) {
	at := cells.Rect{X: r.X, Y: r.Y + r.H, W: r.W, H: 1}
	if _, w := fitting(keys, at.W-2); w > 0 {
		c.Put(at, c.plain, cells.Say(" ").Times(w+2))
		c.keys(cells.Rect{X: at.X + 1, Y: at.Y, W: at.W - 2, H: 1}, c.dim, keys)
	}
}

// A textRow is a line of a sheet: in pieces that follow each other.
type textRow []piece

type piece struct {
	text cells.Text
	look cells.Style
}

// A sheet is a text that lies over the screen, drawn anew with what it is about.
type sheet struct {
	title cells.Text
	rows  func(c canvas, w int) []textRow // nil if what it was about is gone
	keys  []key.Binding                   // that it names; the last one closes it
	more  func(k tea.KeyPressMsg) (do action, over bool)
	top   int
	last  []textRow
	h     int
}

func (s *sheet) edit(tea.PasteMsg) action { return nil }

// handleKey scrolls; Esc and Enter close it.
func (s *sheet) handleKey(k tea.KeyPressMsg) (do action, over bool) {
	switch {
	case key.Matches(k, giveUp, bind("", "enter", "q")):
		return nil, true
	case key.Matches(k, bind("", "down", "j")):
		s.top++
	case key.Matches(k, bind("", "up", "k")):
		s.top--
	case key.Matches(k, bind("", "pgdown", "space")):
		s.top += s.h
	case key.Matches(k, bind("", "pgup")):
		s.top -= s.h
	case key.Matches(k, bind("", "home", "g")):
		s.top = 0
	case key.Matches(k, bind("", "end", "G")):
		s.top = len(s.last)
	case s.more != nil:
		return s.more(k)
	}
	s.top = max(0, min(s.top, len(s.last)-s.h))
	return nil, false
}

// sheetWidth is how wide a sheet is where there is room.
const sheetWidth = 100

func (s *sheet) draw(c canvas, screen cells.Rect) {
	w := min(sheetWidth, screen.W-4)
	if rows := s.rows(c, w); rows != nil {
		s.last = rows
	}
	in := c.sheetBox(screen, s.title, w, len(s.last))
	s.h = in.H
	s.top = max(0, min(s.top, len(s.last)-in.H))
	for y, r := range s.last[s.top:min(len(s.last), s.top+in.H)] {
		at := in.Line(y)
		for _, p := range r {
			at = c.Put(at, p.look, p.text.Fit(c.Method, at.W))
		}
	}
	keys := s.keys
	if len(s.last) > in.H {
		keys = append([]key.Binding{bind("", "up"), bind("scroll", "down")}, keys...)
		keys[0].SetHelp("Up Down", "scroll")
		keys = append(keys[:1:1], keys[2:]...)
	}
	c.footer(in, keys)
}
