package tui

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/tui/cells"
)

// window draws a frame of up to w by h cells into the middle of the screen, with
// a title above and keys below, and returns what is inside of it.
func (c canvas) window(screen cells.Rect, w, h int, title cells.Text, keys []key.Binding) cells.Rect {
	w, h = min(w, screen.W), min(h, screen.H)
	r := cells.Rect{X: screen.X + (screen.W-w)/2, Y: screen.Y + (screen.H-h)/2, W: w, H: h}
	c.Fill(r, c.plain)
	s := c.signs.border
	for y := range h {
		left, mid, right := s.Left, " ", s.Right
		switch y {
		case 0:
			left, mid, right = s.TopLeft, s.Top, s.TopRight
		case h - 1:
			left, mid, right = s.BottomLeft, s.Bottom, s.BottomRight
		}
		c.Put(r.Line(y), c.active, cells.Shown(left).Plus(cells.Shown(mid).Times(w-2), cells.Shown(right)))
	}
	c.Put(cells.Rect{X: r.X + 2, Y: r.Y, W: w - 4, H: 1}, c.active, cells.Sayf(" %s ", title.Squeeze(c.Method, w-6)))
	foot := cells.Rect{X: r.X + 3, Y: r.Y + h - 1, W: w - 6, H: 1}
	brief := make([]key.Binding, len(keys))
	for i, k := range keys {
		brief[i] = bind(k.Help().Desc, k.Keys()[0])
	}
	if fit, used := fitting(brief, foot.W); len(fit) > 0 {
		c.Fill(cells.Rect{X: foot.X - 1, Y: foot.Y, W: used + 2, H: 1}, c.plain)
		c.keys(foot, c.dim, fit)
	}
	return cells.Rect{X: r.X + 2, Y: r.Y + 1, W: w - 4, H: h - 2}
}

// A scroll is the cursor of a list in a window.
type scroll struct {
	cursor int // -1: on none
	top    int
	height int // rows, as last drawn
}

// move puts the cursor n rows on, in a list of so many rows.
func (l *scroll) move(n, rows int) {
	l.cursor = max(0, min(l.cursor+n, rows-1))
}

// letterKeys are the letters that move the cursor as other keys do.
var letterKeys = map[string]string{"k": "up", "j": "down", "g": "home", "G": "end"}

// handle moves the cursor if the key is one for that. Letters are left to what
// one can type into.
func (l *scroll) handle(k string, rows int, letters bool) bool {
	if as, ok := letterKeys[k]; ok && letters {
		k = as
	}
	page := max(l.height-1, 1)
	switch k {
	case "up":
		l.move(-1, rows)
	case "down":
		l.move(1, rows)
	case "pgup":
		l.move(-page, rows)
	case "pgdown":
		l.move(page, rows)
	case "home":
		l.move(-rows, rows)
	case "end":
		l.move(rows, rows)
	default:
		return false
	}
	return true
}

// draw has row draw each visible row, and shows which one the cursor is on. The
// window jumps by half of its height at the edges, as that of a pane.
func (l *scroll) draw(c canvas, r cells.Rect, rows int, row func(i int, line cells.Rect)) {
	l.height = r.H
	if rows > 0 && l.cursor >= rows {
		l.cursor = rows - 1
	}
	at := max(l.cursor, 0)
	if at < l.top {
		l.top = at - r.H/2
	}
	if at >= l.top+r.H {
		l.top = at - r.H + 1 + r.H/2
	}
	l.top = max(0, min(l.top, rows-r.H))
	click := func(_, y int) action {
		return doing(func(*App) tea.Cmd {
			if l.top+y < rows {
				l.cursor = l.top + y
			}
			return nil
		})
	}
	c.zone(zone{at: r, click: click,
		double: func(int, int) action { return press{"enter"} },
		wheel: func(n int) action {
			return doing(func(*App) tea.Cmd {
				l.move(n, rows)
				return nil
			})
		}})
	for y := range min(r.H, rows-l.top) {
		line := r.Line(y)
		row(l.top+y, line)
		if l.top+y == l.cursor {
			c.Restyle(line, c.plain.On())
		}
	}
}
