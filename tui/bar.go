package tui

import "github.com/bargee/bargee/tui/cells"

// bar draws how much is done over r: whole cells only, so that it changes
// seldom.
func (c canvas) bar(r cells.Rect, share float64) {
	full := min(int(share*float64(r.W)+1e-9), r.W)
	r = c.Put(r, c.filled, c.signs.full.Times(full))
	c.Put(r, c.dim, c.signs.rest.Times(r.W))
}

// cellText draws streams as one rising cell each.
func (c canvas) cellText(shares []float64) cells.Text {
	var t cells.Text
	steps := len(c.signs.eighths) - 1
	for _, x := range shares {
		t = t.Plus(c.signs.eighths[max(1, int(x*float64(steps)+1e-9))])
	}
	return t
}
