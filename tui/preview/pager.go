package preview

import (
	"io"

	"github.com/bargee/bargee/tui/cells"
)

// A Pager lays out pages of a file of any size. It reads what a page has, and to
// go back so much before it as a line may have; no more. It holds no state but
// how things are to be shown: a page is known by the offset of its first row.
type Pager struct {
	Src  *Window
	Rows int  // of a page, at least 1
	Hex  bool // else text
	Layout
	Numbers bool  // of lines, at their beginning
	Match   Range // to be marked
}

// A Page is what is shown of a file.
type Page struct {
	Top    int64 // offset of the first row
	Next   int64 // offset behind the last one
	Number int64 // of the line that the first row belongs to, from 1; 0: not known
	Lines  []Line
}

// rowAt is a row of a file.
type rowAt struct {
	start, end int64
	ends       bool // with a newline
}

// maxBack is how far the beginning of a line is looked for; a longer one is
// shown from there as if it began there.
const maxBack = 2 * maxLine

// NumberWidth is how many cells the numbers of lines take.
func (p *Pager) NumberWidth() int {
	if !p.Numbers || p.Hex {
		return 0
	}
	w := 4
	for n := p.Src.Size() / 8; n >= 1000 && w < 10; n /= 10 {
		w++
	}
	return w
}

// text is the layout of the text itself.
func (p *Pager) text() Layout {
	l := p.Layout
	l.Width = max(l.Width-p.NumberWidth(), 1)
	return l
}

// Move returns the page that is rows further on than the one at top, whose first
// row belongs to line number; less than zero leads back. The last page is full.
func (p *Pager) Move(top, number int64, rows int) (Page, error) {
	if rows < 0 {
		back, err := p.back(top, -rows)
		if err != nil || len(back) == 0 {
			return p.page(top, number, err)
		}
		return p.page(back[0].start, minus(number, back), nil)
	}
	ahead, err := p.forward(top, rows+p.Rows)
	if err != nil {
		return Page{}, err
	}
	skip := max(min(rows, len(ahead)-p.Rows), 0)
	if skip > 0 {
		number = plus(number, ahead[:skip])
		top = ahead[skip].start
	}
	return p.page(top, number, nil)
}

// At returns the page whose row above of rows holds the offset: the line that it
// belongs to is number, if that is known.
func (p *Pager) At(offset int64, above int) (Page, error) {
	row, err := p.rowOf(max(min(offset, p.Src.Size()), 0))
	if err != nil {
		return Page{}, err
	}
	number := int64(0)
	if row == 0 {
		number = 1
	}
	return p.Move(row, number, -above)
}

// End returns the last page.
func (p *Pager) End() (Page, error) { return p.page(p.Src.Size(), 0, nil) }

// page lays out the page at top; if the file ends within, it begins earlier.
func (p *Pager) page(top, number int64, err error) (Page, error) {
	if err != nil {
		return Page{}, err
	}
	rows, err := p.forward(top, p.Rows)
	if err != nil {
		return Page{}, err
	}
	if missing := p.Rows - len(rows); missing > 0 && top > 0 {
		before, err := p.back(top, missing)
		if err != nil {
			return Page{}, err
		}
		number = minus(number, before)
		rows = append(before, rows...)
	}
	if len(rows) > 0 {
		top = rows[0].start
	}
	if top == 0 {
		number = 1
	}
	page := Page{Top: top, Next: top, Number: number}
	begins, err := p.begins(top)
	for _, r := range rows {
		if err != nil {
			return Page{}, err
		}
		var line Line
		if line, err = p.line(r, number, begins); err == nil {
			page.Lines, page.Next = append(page.Lines, line), r.end
		}
		begins, number = r.ends, plus(number, []rowAt{r})
	}
	return page, err
}

// Reveal scrolls sideways to the match, where lines do not wrap.
func (p *Pager) Reveal() error {
	if p.Hex || p.Wrap || p.Match.Empty() {
		return nil
	}
	start, err := p.rowOf(p.Match.Start)
	if err != nil {
		return err
	}
	b, err := p.read(start, p.Match.End-start)
	if err != nil {
		return err
	}
	l, column, from := p.text(), 0, 0
	for n := 0; n < len(b); {
		if start+int64(n) <= p.Match.Start {
			from = column
		}
		u := l.Code.next(b[n:], l.Method, start+int64(n) == 0)
		if u.tab {
			u.width = tabWidth - column%tabWidth
		}
		column, n = column+u.width, n+u.size
	}
	if from < p.Left || column > p.Left+l.Width {
		p.Left = max(min(from, column-l.Width*2/3), 0)
	}
	return nil
}

// line reads and paints a row.
func (p *Pager) line(r rowAt, number int64, begins bool) (Line, error) {
	b, err := p.read(r.start, r.end-r.start)
	if err != nil {
		return nil, err
	}
	if p.Hex {
		n, digits := hexBytes(p.Width, p.Src.Size())
		return hexLine(b, r.start, n, digits, p.Match), nil
	}
	line := p.text().paint(b, r.start, p.Match)
	if w := p.NumberWidth(); w > 0 {
		t := cells.Say("")
		if number > 0 && begins {
			t = cells.Sayf("%d", number)
		}
		room := max(w-1-t.Width(p.Method), 0)
		line = append(say(cells.Say(" ").Times(room).Plus(t, cells.Say(" ")), Number), line...)
	}
	return line, nil
}

// plus returns the number of the line behind rows that begin in line number.
func plus(number int64, rows []rowAt) int64 {
	if number == 0 {
		return 0
	}
	for _, r := range rows {
		if r.ends {
			number++
		}
	}
	return number
}

func minus(number int64, rows []rowAt) int64 {
	if number == 0 {
		return 0
	}
	return max(2*number-plus(number, rows), 1)
}

// forward returns up to n rows from top on.
func (p *Pager) forward(top int64, n int) ([]rowAt, error) {
	size := p.Src.Size()
	if p.Hex {
		width, _ := hexBytes(p.Width, size)
		var rows []rowAt
		for ; len(rows) < n && top < size; top += int64(width) {
			rows = append(rows, rowAt{start: top, end: min(top+int64(width), size)})
		}
		return rows, nil
	}
	var rows []rowAt
	var b []byte // of the file from at on
	l, at, more := p.text(), top, int64(blockSize)
	for len(rows) < n && at < size {
		last := at+int64(len(b)) >= size
		cut, ends := l.cut(b, at, last)
		if cut > 0 {
			rows = append(rows, rowAt{at, at + int64(cut), ends})
			at, b = at+int64(cut), b[cut:]
			continue
		}
		// To the end of a block: what the window reads anyway.
		end := at + int64(len(b)) + more
		end -= end % blockSize
		next, err := p.read(at, max(end-at, int64(len(b))+1))
		if err != nil {
			return nil, err
		}
		if len(next) <= len(b) {
			size = at + int64(len(b)) // it became shorter
		}
		b = next
	}
	return rows, nil
}

// back returns up to n rows that end at end, in their order.
func (p *Pager) back(end int64, n int) ([]rowAt, error) {
	if p.Hex {
		width, _ := hexBytes(p.Width, p.Src.Size())
		w := int64(width)
		start := max((end+w-1)/w-int64(n), 0) * w
		return p.forward(start, int((end-start+w-1)/w))
	}
	var rows []rowAt
	for end > 0 && len(rows) < n {
		start, err := p.lineStart(end)
		if err != nil {
			return nil, err
		}
		b, err := p.read(start, end-start)
		if err != nil {
			return nil, err
		}
		var part []rowAt
		for at := 0; at < len(b); {
			cut, ends := p.text().cut(b[at:], start+int64(at), true)
			part = append(part, rowAt{start + int64(at), start + int64(at+cut), ends})
			at += cut
		}
		if len(part) == 0 {
			break // it became shorter
		}
		rows, end = append(part, rows...), start
	}
	return rows[max(len(rows)-n, 0):], nil
}

// lineStart returns where the line begins that ends at end, or goes on there.
func (p *Pager) lineStart(end int64) (int64, error) {
	w := int64(p.Code.width())
	for _, far := range []int64{1 << 10, maxBack} {
		from := max(end-far, 0) / w * w
		b, err := p.read(from, end-from)
		if err != nil {
			return 0, err
		}
		if n := p.lastNewline(b); n > 0 {
			return from + int64(n), nil
		}
		if from == 0 {
			return 0, nil
		}
		if far == maxBack {
			return from + int64(p.midLetter(b)), nil
		}
	}
	return 0, nil
}

// lastNewline returns where in b the last newline ends that is not at b's end; 0
// if there is none.
func (p *Pager) lastNewline(b []byte) int {
	w := p.Code.width()
	for at := (len(b)-1)/w*w - w; at >= 0; at -= w {
		if r, _ := p.Code.rune(b[at:]); r == '\n' {
			return at + w
		}
	}
	return 0
}

// midLetter returns how many bytes at the beginning of b belong to a letter that
// began before.
func (p *Pager) midLetter(b []byte) int {
	if p.Code.width() == 2 {
		return 0
	}
	n := 0
	for n < 3 && n < len(b) && b[n]&0xc0 == 0x80 {
		n++
	}
	return n
}

// rowOf returns where the row begins that holds an offset.
func (p *Pager) rowOf(offset int64) (int64, error) {
	if p.Hex {
		n, _ := hexBytes(p.Width, p.Src.Size())
		return offset / int64(n) * int64(n), nil
	}
	offset -= offset % int64(p.Code.width())
	if begins, err := p.begins(offset); err != nil || begins {
		return offset, err
	}
	start, err := p.lineStart(offset)
	if err != nil {
		return 0, err
	}
	for {
		rows, err := p.forward(start, 1)
		if err != nil || len(rows) == 0 || rows[0].end > offset {
			return start, err
		}
		start = rows[0].end
	}
}

// begins tells whether a line begins at an offset.
func (p *Pager) begins(at int64) (bool, error) {
	w := int64(p.Code.width())
	if at < w {
		return true, nil
	}
	b, err := p.read(at-w, w)
	if err != nil || int64(len(b)) < w {
		return false, err
	}
	r, _ := p.Code.rune(b)
	return r == '\n', nil
}

// read reads n bytes, or what is there of them.
func (p *Pager) read(off, n int64) ([]byte, error) {
	b := make([]byte, n)
	k, err := p.Src.ReadAt(b, off)
	if err == io.EOF {
		err = nil
	}
	return b[:k], err
}
