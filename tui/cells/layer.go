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
		for x := range screen.Max.X { // what has no width is drawn behind the layer's end
			if cell := g.buf.CellAt(x, y); cell != nil {
				g.clean(x, y, cell)
			}
		}
	}
}

func (g *Grid) clean(x, y int, cell *uv.Cell) {
	cell.Link = uv.Link{}
	if cell.IsZero() || isASCII(cell.Content) && len(cell.Content) == 1 && cell.Content[0] >= ' ' && cell.Content[0] != 0x7f {
		return // the second half of a wide letter, or a plain one
	}
	shown := clusters(g.Method, Shown(cell.Content).s)
	if len(shown) == 1 && shown[0].s == cell.Content && shown[0].width == cell.Width {
		return
	}
	style := cell.Style
	for i := range max(cell.Width, 1) {
		g.buf.SetCell(x+i, y, &uv.Cell{Content: "�", Width: 1, Style: style})
	}
}
