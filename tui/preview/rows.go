package preview

import (
	"slices"

	"github.com/bargee/bargee/tui/cells"
)

// A Look says what a part of a line is; the screen has a style for each.
type Look uint8

// The looks.
const (
	Plain  Look = iota
	Dim         // what is only there to help
	Strong      // headings
	Folder      // directories
	Escape      // stands for a byte that cannot be shown
	Match       // what was searched for
	Number      // of a line
)

// A Span is a part of a line in one look.
type Span struct {
	Text cells.Text
	Look Look
}

// A Line is what stands in a row, from the left.
type Line []Span

// String returns the letters alone, for tests.
func (l Line) String() string {
	s := ""
	for _, span := range l {
		s += span.Text.String()
	}
	return s
}

// say makes a line of one span.
func say(t cells.Text, look Look) Line { return Line{{t, look}} }

// A Layout says how text becomes rows.
type Layout struct {
	Width  int  // cells of a row, at least 1
	Wrap   bool // a line goes on in the next row; else what is too long is cut off
	Left   int  // without Wrap, cells that are scrolled out at the left
	Method cells.Method
	Code   Code
}

// tabWidth is how far tab stops are apart.
const tabWidth = 8

// maxLine is the longest row of a layout that does not wrap, in bytes: longer
// lines are divided, so that a page of a file without newlines is no more than
// so many bytes for each row.
const maxLine = 8 << 10

// cut returns how many bytes at the beginning of b the next row has, newline
// included, and whether a newline ends it. start is the offset of b in the file,
// last whether nothing follows b. It returns 0 if it takes more bytes to tell.
func (l Layout) cut(b []byte, start int64, last bool) (n int, ends bool) {
	if !l.Wrap {
		return l.cutLine(b, last)
	}
	column := 0
	for n < len(b) {
		if len(b)-n < 4*maxAhead && !last {
			return 0, false // what comes may belong to this letter
		}
		u := l.Code.next(b[n:], l.Method, start+int64(n) == 0)
		switch {
		case u.newline:
			return n + u.size, true
		case u.tab:
			u.width = min(tabWidth-column%tabWidth, l.Width)
		}
		if column+u.width > l.Width && n > 0 {
			return n, false
		}
		column, n = column+u.width, n+u.size
	}
	if !last {
		return 0, false
	}
	return n, false
}

// cutLine is cut where lines do not wrap.
func (l Layout) cutLine(b []byte, last bool) (n int, ends bool) {
	part := b[:min(len(b), maxLine)]
	if n := l.Code.newline(part); n > 0 {
		return n, true
	}
	if len(b) < maxLine+4*maxAhead && !last {
		return 0, false
	}
	if len(b) <= maxLine {
		return len(b), false
	}
	for n < maxLine-4*maxAhead { // not within a letter
		n += l.Code.next(b[n:], l.Method, false).size
	}
	return n, false
}

// paint turns the bytes of a row into a line. start is the row's offset in the
// file; what lies in match is marked.
func (l Layout) paint(b []byte, start int64, match Range) Line {
	var out Line
	p := painter{skip: l.Left, room: l.Width}
	if l.Wrap {
		p.skip = 0
	}
	for n := 0; n < len(b) && p.room > 0; {
		u := l.Code.next(b[n:], l.Method, start+int64(n) == 0)
		if u.newline {
			break
		}
		look := Plain
		if u.escaped {
			look = Escape
		}
		if match.holds(start + int64(n)) {
			look = Match
		}
		if u.tab {
			u.width = tabWidth - p.column%tabWidth
			u.text = cells.Say(" ").Times(u.width)
		}
		p.put(u, look)
		n += u.size
	}
	out = p.line
	return out
}

// A Range is a part of a file.
type Range struct{ Start, End int64 }

func (r Range) holds(at int64) bool { return at >= r.Start && at < r.End }

// Empty tells whether r has no byte.
func (r Range) Empty() bool { return r.End <= r.Start }

// painter collects the units of a row.
type painter struct {
	line   Line
	column int // of the text, from its beginning
	skip   int // cells to leave out still
	room   int // cells that are free
}

func (p *painter) put(u unit, look Look) {
	p.column += u.width
	if p.skip > 0 {
		if p.skip -= u.width; p.skip < 0 { // half of it would be seen: blanks instead
			n := min(-p.skip, p.room)
			p.add(cells.Say(" ").Times(n), n, Plain)
			p.skip = 0
		}
		return
	}
	switch {
	case u.width <= p.room:
		p.add(u.text, u.width, look)
	case u.tab:
		p.add(cells.Say(" ").Times(p.room), p.room, look)
	default:
		p.room = 0
	}
}

func (p *painter) add(t cells.Text, width int, look Look) {
	p.room -= width
	if n := len(p.line); n > 0 && p.line[n-1].Look == look {
		p.line[n-1].Text = p.line[n-1].Text.Plus(t)
		return
	}
	p.line = append(p.line, Span{t, look})
}

// Text lays out the first rows of a text that is all there, or of its beginning.
func Text(b []byte, l Layout, rows int) []Line {
	var out []Line
	for at := 0; at < len(b) && len(out) < rows; {
		n, _ := l.cut(b[at:], int64(at), true)
		out = append(out, l.paint(b[at:at+n], int64(at), Range{}))
		at += n
	}
	return slices.Clip(out)
}
