package tui

import (
	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/tui/cells"
)

// help shows the key table.
type help struct {
	rows   []helpRow
	top    int
	height int
}

type helpRow struct {
	head       bool
	keys, what cells.Text
}

func newHelp(table []binding) *help {
	h := &help{}
	for _, b := range table {
		if !b.group.Empty() {
			if len(h.rows) > 0 {
				h.rows = append(h.rows, helpRow{})
			}
			h.rows = append(h.rows, helpRow{head: true, what: b.group})
		}
		h.rows = append(h.rows, helpRow{keys: keysText(b.keys), what: b.help})
	}
	return h
}

// keysText writes all keys of a binding.
func keysText(keys []string) cells.Text {
	var t cells.Text
	for i, k := range keys {
		if i > 0 {
			t = t.Plus(cells.Say(" "))
		}
		t = t.Plus(keyText(k))
	}
	return t
}

// handleKey scrolls; any other key closes the help.
func (h *help) handleKey(k tea.KeyPressMsg) (over bool) {
	switch k.String() {
	case "up", "k":
		h.scroll(-1)
	case "down", "j":
		h.scroll(1)
	case "pgup":
		h.scroll(-h.height)
	case "pgdown", "space":
		h.scroll(h.height)
	case "home", "g":
		h.top = 0
	case "end", "G":
		h.scroll(len(h.rows))
	default:
		return true
	}
	return false
}

func (h *help) scroll(n int) { h.top = max(0, min(h.top+n, len(h.rows)-h.height)) }

func (h *help) draw(c canvas, screen cells.Rect) {
	in := box(c, screen, 70, min(len(h.rows)+1, screen.H-2), cells.Say("Keys"))
	h.height = in.H - 1
	h.scroll(0)
	keys := min(22, in.W*2/5)
	for y := range h.height {
		if h.top+y >= len(h.rows) {
			break
		}
		row, r := h.rows[h.top+y], in.Line(y)
		if row.head {
			c.Put(r, c.strong, row.what)
			continue
		}
		c.Put(cells.Rect{X: r.X, Y: r.Y, W: keys - 1, H: 1}, c.accent, row.keys)
		c.Put(cells.Rect{X: r.X + keys, Y: r.Y, W: r.W - keys, H: 1}, c.plain, row.what.Fit(c.Method, r.W-keys))
	}
	foot := cells.Say("Esc closes")
	if len(h.rows) > h.height {
		foot = cells.Sayf("%d%%  Up Down PgDn scroll, Esc closes", 100*min(h.top+h.height, len(h.rows))/len(h.rows))
	}
	c.Put(in.Line(in.H-1), c.dim, foot.Fit(c.Method, in.W))
}

// box draws a frame of at most w by h inside, in the middle of the screen, and
// returns what is in it.
func box(c canvas, screen cells.Rect, w, h int, title cells.Text) cells.Rect {
	w, h = min(w, screen.W-4), min(h, screen.H-2)
	r := cells.Rect{X: screen.X + (screen.W-w-4)/2, Y: screen.Y + (screen.H-h-2)/2, W: w + 4, H: h + 2}
	c.Fill(r, c.plain)
	s := c.signs
	line := func(y int, left, right rune) {
		c.Put(r.Line(y), c.active, cells.Rune(left, 1).Plus(cells.Rune(s.across, r.W-2), cells.Rune(right, 1)))
	}
	line(0, s.topLeft, s.topRight)
	line(r.H-1, s.bottomLeft, s.bottomRight)
	for y := 1; y < r.H-1; y++ {
		c.Put(r.Line(y), c.active, cells.Rune(s.down, 1))
		c.PutRight(r.Line(y), c.active, cells.Rune(s.down, 1))
	}
	c.Put(cells.Rect{X: r.X + 2, Y: r.Y, W: r.W - 4, H: 1}, c.active, cells.Sayf(" %s ", title))
	return cells.Rect{X: r.X + 2, Y: r.Y + 1, W: w, H: h}
}
