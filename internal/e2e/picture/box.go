package main

import "fmt"

// arms are the lines of a box-drawing letter from the middle of its cell to
// its edges, and how thick they are.
type arms struct {
	left, right, up, down bool
	thick                 float64
}

const (
	thin  = 1.2
	heavy = 3.2
)

var lines = map[rune]arms{
	'─': {true, true, false, false, thin}, '│': {false, false, true, true, thin},
	'┌': {false, true, false, true, thin}, '┐': {true, false, false, true, thin},
	'└': {false, true, true, false, thin}, '┘': {true, false, true, false, thin},
	'├': {false, true, true, true, thin}, '┤': {true, false, true, true, thin},
	'┬': {true, true, false, true, thin}, '┴': {true, true, true, false, thin},
	'┼': {true, true, true, true, thin},
	'━': {true, true, false, false, heavy}, '┃': {false, false, true, true, heavy},
	'╸': {true, false, false, false, heavy}, '╺': {false, true, false, false, heavy},
	'╴': {true, false, false, false, thin}, '╶': {false, true, false, false, thin},
}

// corners are the round ones: which of right and down they turn to.
var corners = map[rune]struct{ right, down bool }{
	'╭': {true, true}, '╮': {false, true}, '╰': {true, false}, '╯': {false, false},
}

// A part is a share of a cell, in eighths from its left upper corner.
type part struct{ x, y, w, h float64 }

// block returns what a block element fills of its cell.
func block(r rune) (part, bool) {
	switch {
	case r >= '▁' && r <= '█': // lower eighths
		h := float64(r - '▁' + 1)
		return part{0, 8 - h, 8, h}, true
	case r >= '▉' && r <= '▏': // left eighths, from seven down
		return part{0, 0, float64('▏' - r + 1), 8}, true
	case r == '▀':
		return part{0, 0, 8, 4}, true
	case r == '▐':
		return part{4, 0, 4, 8}, true
	}
	return part{}, false
}

// shape returns the letter r as a drawing in its cell, if it is better drawn; n
// of them beside each other for letters without a right and left of their own.
func shape(r rune, n int, x, y float64, colour, opacity string) (svg string, ok bool) {
	midX, midY := x+cellW/2, y+cellH/2
	if a, ok := lines[r]; ok {
		return stroke(a.path(x, y, float64(n)*cellW), colour, opacity, a.thick), true
	}
	if c, ok := corners[r]; ok {
		endX, endY := x, y
		if c.right {
			endX = x + cellW
		}
		if c.down {
			endY = y + cellH
		}
		path := fmt.Sprintf("M%g %gQ%g %g %g %g", endX, midY, midX, midY, midX, endY)
		return stroke(path, colour, opacity, thin), true
	}
	if b, ok := block(r); ok {
		return fmt.Sprintf(`<rect x="%g" y="%g" width="%g" height="%g" fill="%s"%s/>`,
			x+b.x*cellW/8, y+b.y*cellH/8, float64(n)*b.w*cellW/8, b.h*cellH/8, colour, opacity), true
	}
	return "", false
}

// path draws the arms of a letter whose cell begins at x, y and is w wide.
func (a arms) path(x, y, w float64) string {
	midX, midY := x+cellW/2, y+cellH/2
	fromX, toX, fromY, toY := midX, midX, midY, midY
	if a.left {
		fromX = x
	}
	if a.right {
		toX = x + w
	}
	if a.up {
		fromY = y
	}
	if a.down {
		toY = y + cellH
	}
	path := ""
	if fromX < toX {
		path += fmt.Sprintf("M%g %gH%g", fromX, midY, toX)
	}
	if fromY < toY {
		path += fmt.Sprintf("M%g %gV%g", midX, fromY, toY)
	}
	return path
}

func stroke(path, colour, opacity string, thick float64) string {
	return fmt.Sprintf(`<path d="%s" stroke="%s" stroke-width="%g" fill="none"%s/>`, path, colour, thick, opacity)
}
