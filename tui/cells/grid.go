package cells

import (
	"strings"

	uv "github.com/charmbracelet/ultraviolet"
)

// A Rect is a rectangle of cells.
type Rect struct{ X, Y, W, H int }

// Empty tells whether r has no cell.
func (r Rect) Empty() bool { return r.W <= 0 || r.H <= 0 }

// Line returns the y-th line of r; past the end it is empty.
func (r Rect) Line(y int) Rect {
	if y < 0 || y >= r.H {
		return Rect{}
	}
	return Rect{r.X, r.Y + y, r.W, 1}
}

// Inset returns r without n columns on the left and right.
func (r Rect) Inset(n int) Rect { return Rect{r.X + n, r.Y, max(r.W-2*n, 0), r.H} }

// A Grid is a screen being drawn.
type Grid struct {
	Method Method
	ASCII  bool // what is cut off is marked by an ASCII letter
	buf    uv.ScreenBuffer
}

// NewGrid returns an empty grid.
func NewGrid(w, h int, m Method) *Grid {
	g := &Grid{Method: m, buf: uv.NewScreenBuffer(w, h)}
	g.buf.Method = m
	return g
}

// Reset empties the grid and gives it a size.
func (g *Grid) Reset(w, h int, m Method) {
	if w != g.buf.Width() || h != g.buf.Height() || m != g.Method {
		ascii := g.ASCII
		*g = *NewGrid(w, h, m)
		g.ASCII = ascii
		return
	}
	g.buf.Clear()
}

// Put writes t into the first line of r from the left and cuts off what is too
// long. It returns what is left of r on the right.
func (g *Grid) Put(r Rect, st Style, t Text) Rect {
	if r.Empty() {
		return Rect{}
	}
	used := 0
	for _, c := range clusters(g.Method, t.s) {
		if used+c.width > r.W {
			break
		}
		if g.ASCII && c.s == ellipsis {
			c = cluster{"~", 1}
		}
		g.buf.SetCell(r.X+used, r.Y, &uv.Cell{Content: c.s, Width: c.width, Style: st.cell})
		used += c.width
	}
	return Rect{r.X + used, r.Y, r.W - used, r.H}
}

// PutRight writes t at the right end of r's first line and returns what is left
// of r on the left.
func (g *Grid) PutRight(r Rect, st Style, t Text) Rect {
	t = t.Fit(g.Method, r.W)
	w := t.Width(g.Method)
	g.Put(Rect{r.X + r.W - w, r.Y, w, 1}, st, t)
	return Rect{r.X, r.Y, r.W - w, r.H}
}

// Fill writes blanks over r.
func (g *Grid) Fill(r Rect, st Style) {
	for y := r.Y; y < r.Y+r.H; y++ {
		for x := r.X; x < r.X+r.W; x++ {
			g.buf.SetCell(x, y, &uv.Cell{Content: " ", Width: 1, Style: st.cell})
		}
	}
}

// Restyle adds to the style of all cells of r: reverse, and the colour if there is one.
func (g *Grid) Restyle(r Rect, st Style) {
	for y := r.Y; y < r.Y+r.H; y++ {
		for x := r.X; x < r.X+r.W; x++ {
			c := g.buf.CellAt(x, y)
			if c == nil || c.Width == 0 {
				continue
			}
			c.Style.Attrs |= st.cell.Attrs
			if st.cell.Fg != nil {
				c.Style.Fg = st.cell.Fg
			}
		}
	}
}

// Render returns the grid for Bubble Tea.
func (g *Grid) Render() string { return g.buf.Render() }

// Plain returns the rows without styles, each as wide as the grid.
func (g *Grid) Plain() []string {
	rows := make([]string, g.buf.Height())
	for y := range rows {
		var b strings.Builder
		for _, c := range g.buf.Line(y) {
			b.WriteString(c.Content)
		}
		rows[y] = b.String()
	}
	return rows
}
