package cells

import (
	"charm.land/lipgloss/v2"
	uv "github.com/charmbracelet/ultraviolet"
)

// Compose draws layers over the grid: what Bubbles and Lip Gloss render comes in
// here. It is a string, and might hold anything; so each cell that it gave is
// looked at, and one that Put would not have written so is replaced. Links and
// other commands to the terminal end here: a cell keeps its letter and its look.
func (g *Grid) Compose(layers ...*lipgloss.Layer) {
	c := lipgloss.NewCompositor(layers...)
	screen := g.buf.Bounds()
	c.Draw(g.buf, screen)
	area := c.Bounds().Intersect(screen)
	for y := area.Min.Y; y < area.Max.Y; y++ {
		before := " "
		for x := range screen.Max.X { // what has no width is drawn behind the layer's end
			if cell := g.buf.CellAt(x, y); cell != nil && !cell.IsZero() {
				if cell.Link = (uv.Link{}); !g.clean(before, cell) {
					g.replace(x, y, cell)
				}
				before = g.buf.CellAt(x, y).Content
			}
		}
	}
}

// clean tells whether a cell holds what Put would write behind the one before:
// one letter that Shown has nothing against, and that does not join it.
func (g *Grid) clean(before string, cell *uv.Cell) bool {
	if len(cell.Content) == 1 && cell.Width == 1 && cell.Content[0] >= ' ' && cell.Content[0] < 0x7f {
		return true
	}
	if drawn(cell.Content) == len(cell.Content) && cell.Width == 1 {
		return true
	}
	shown := clusters(g.Method, Shown(cell.Content).s)
	alone, _ := first(g.Method, before+cell.Content)
	return len(shown) == 1 && shown[0].s == cell.Content && shown[0].width == cell.Width && alone == before
}

func (g *Grid) replace(x, y int, cell *uv.Cell) {
	style := cell.Style
	for i := range max(cell.Width, 1) {
		g.buf.SetCell(x+i, y, &uv.Cell{Content: "�", Width: 1, Style: style})
	}
}
