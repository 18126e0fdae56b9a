package main

import (
	"fmt"
	"html"
	"strings"
	"unicode/utf8"
)

// Sizes in pixels.
const (
	cellW    = 9.0
	cellH    = 19.0
	fontSize = 15.0
	baseline = 14.0 // below the top of a cell
	barH     = 34.0
	margin   = 14.0
)

const fonts = `ui-monospace,SFMono-Regular,'SF Mono',Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace`

// draw returns the grid as an SVG image of a window.
func draw(grid [][]cell, title string) []byte {
	columns := 0
	if len(grid) > 0 {
		columns = len(grid[0])
	}
	w, h := float64(columns)*cellW+2*margin, float64(len(grid))*cellH+barH+2*margin
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%g" height="%g" viewBox="0 0 %g %g" role="img" aria-label="%s">`+"\n",
		w, h, w, h, html.EscapeString(title+": the screen"))
	window(&b, w, h, title)
	fmt.Fprintf(&b, `<g font-family="%s" font-size="%g" xml:space="preserve">`+"\n", fonts, fontSize)
	for y, row := range grid {
		top := barH + margin + float64(y)*cellH
		paintBackground(&b, row, top)
		paintLetters(&b, row, top)
	}
	b.WriteString("</g>\n</svg>\n")
	return []byte(b.String())
}

// window draws the frame, the bar and its title.
func window(b *strings.Builder, w, h float64, title string) {
	fmt.Fprintf(b, `<rect x=".5" y=".5" width="%g" height="%g" rx="10" fill="%s" stroke="%s"/>`+"\n", w-1, h-1, background, edge)
	fmt.Fprintf(b, `<path d="M1 %gV10.5a9.5 9.5 0 0 1 9.5-9.5H%ga9.5 9.5 0 0 1 9.5 9.5V%gZ" fill="%s"/>`+"\n", barH, w-10.5, barH, titleBar)
	for i, colour := range []string{"#e5687a", "#e3c07b", "#8ccf7e"} {
		fmt.Fprintf(b, `<circle cx="%d" cy="%g" r="5.5" fill="%s"/>`, 20+20*i, barH/2, colour)
	}
	fmt.Fprintf(b, "\n"+`<text x="%g" y="%g" fill="%s" text-anchor="middle" font-family="system-ui,sans-serif" font-size="13">%s</text>`+"\n",
		w/2, barH/2+4.5, titleText, html.EscapeString(title))
}

// paintBackground draws a rectangle under each run of cells that has one.
func paintBackground(b *strings.Builder, row []cell, top float64) {
	for x := 0; x < len(row); {
		_, back := row[x].colours()
		end := x + 1
		for end < len(row) {
			if _, next := row[end].colours(); next != back {
				break
			}
			end++
		}
		if back != "" {
			fmt.Fprintf(b, `<rect x="%g" y="%g" width="%g" height="%g" fill="%s"/>`+"\n",
				left(x), top, float64(end-x)*cellW, cellH, back)
		}
		x = end
	}
}

// paintLetters draws shapes one by one, and all else run by run: letters of
// one style, without a gap that would let another font drift.
func paintLetters(b *strings.Builder, row []cell, top float64) {
	for x := 0; x < len(row); {
		c := row[x]
		if c.text == "" || c.text == " " && !c.underline {
			x++
			continue
		}
		fore, _ := c.colours()
		r, _ := utf8.DecodeRuneInString(c.text)
		n := repeats(row[x:], r)
		if svg, ok := shape(r, n, left(x), top, fore, c.opacity()); ok {
			b.WriteString(svg + "\n")
			x += n
			continue
		}
		text, cells := span(row[x:])
		fmt.Fprintf(b, `<text x="%g" y="%g" textLength="%g" lengthAdjust="spacingAndGlyphs" fill="%s"%s>%s</text>`+"\n",
			left(x), top+baseline, float64(cells)*cellW, fore, c.attributes(), html.EscapeString(text))
		x += cells
	}
}

// repeats returns how often row begins with the same letter that fills its cell
// from edge to edge, which is then drawn in one piece.
func repeats(row []cell, r rune) int {
	n := 1
	for strings.ContainsRune("─━█", r) && n < len(row) && row[n] == row[0] {
		n++
	}
	return n
}

func left(x int) float64 { return margin + float64(x)*cellW }

// span returns the text at the beginning of row that can be set in one piece,
// and its cells. A wide letter is a run of its own: its width is not its
// font's to choose.
func span(row []cell) (text string, cells int) {
	if row[0].wide {
		return row[0].text, 2
	}
	var b strings.Builder
	for cells < len(row) {
		c := row[cells]
		r, _ := utf8.DecodeRuneInString(c.text)
		_, drawn := shape(r, 1, 0, 0, "", "")
		gap := cells > 0 && c.text == " " && cells+1 < len(row) && row[cells+1].text == " "
		if c.text == "" || c.wide || drawn || gap || c.style != row[0].style {
			break
		}
		b.WriteString(c.text)
		cells++
	}
	text = strings.TrimRight(b.String(), " ")
	if text == "" { // underlined spaces
		return b.String(), cells
	}
	return text, cells - (b.Len() - len(text))
}

// attributes returns what s adds to a text element.
func (s style) attributes() string {
	a := s.opacity()
	if s.bold {
		a += ` font-weight="bold"`
	}
	if s.italic {
		a += ` font-style="italic"`
	}
	switch {
	case s.underline && s.gone:
		a += ` text-decoration="underline line-through"`
	case s.underline:
		a += ` text-decoration="underline"`
	case s.gone:
		a += ` text-decoration="line-through"`
	}
	return a
}

// opacity is how a terminal shows dim text.
func (s style) opacity() string {
	if s.dim {
		return ` opacity="0.6"`
	}
	return ""
}
