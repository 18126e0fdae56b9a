package preview

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/bargee/bargee/tui/cells"
	"github.com/charmbracelet/x/ansi"
)

func pagerOf(content string, l Layout, rows int) *Pager {
	if l.Width == 0 {
		l.Width = 20
	}
	return &Pager{Src: NewWindow(strings.NewReader(content), int64(len(content))), Rows: rows, Layout: l}
}

func wantPage(t *testing.T, p Page, err error, want ...string) {
	t.Helper()
	var got []string
	for _, l := range p.Lines {
		got = append(got, l.String())
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("shows %q, %v; want %q", got, err, want)
	}
}

func TestPager(t *testing.T) {
	p := pagerOf("one\r\ntwo\tx\nthree\n\nfive\x1b[2J\xff\nsix", Layout{}, 3)
	page, err := p.At(0, 0)
	wantPage(t, page, err, "one", "two     x", "three")
	page, err = p.Move(page.Top, page.Number, 2)
	wantPage(t, page, err, "three", "", `five\x1b[2J\xff`)
	if page.Number != 3 {
		t.Errorf("line %d, want 3", page.Number)
	}
	page, err = p.Move(page.Top, page.Number, 99)
	wantPage(t, page, err, "", `five\x1b[2J\xff`, "six")
	if page.Number != 4 || page.Next != p.Src.Size() {
		t.Errorf("line %d, ends at %d", page.Number, page.Next)
	}
	end, err := p.End()
	wantPage(t, end, err, "", `five\x1b[2J\xff`, "six")
	page, err = p.Move(page.Top, page.Number, -2)
	wantPage(t, page, err, "two     x", "three", "")
	if page.Number != 2 {
		t.Errorf("line %d, want 2", page.Number)
	}
	page, err = p.At(7, 0)
	wantPage(t, page, err, "two     x", "three", "")
}

func TestPagerWraps(t *testing.T) {
	p := pagerOf("abcdefghij東京klm\nend", Layout{Width: 6, Wrap: true}, 4)
	page, err := p.At(0, 0)
	wantPage(t, page, err, "abcdef", "ghij東", "京klm", "end")
	page, err = p.At(13, 0) // within 京
	wantPage(t, page, err, "abcdef", "ghij東", "京klm", "end")
	p.Rows = 2
	page, err = p.Move(13, 0, -2)
	wantPage(t, page, err, "abcdef", "ghij東")
	p.Wrap, p.Left = false, 9
	page, err = p.At(0, 0)
	wantPage(t, page, err, "j東京k", "")
	p.Left = 11 // in the middle of a letter
	page, err = p.At(0, 0)
	wantPage(t, page, err, " 京klm", "")
}

func TestPagerNumbersLines(t *testing.T) {
	p := pagerOf("first line, long\nsecond\n", Layout{Width: 14, Wrap: true}, 3)
	p.Numbers = true
	page, err := p.At(0, 0)
	wantPage(t, page, err, "  1 first line", "    , long", "  2 second")
	p.Rows = 1
	page, err = p.End()
	wantPage(t, page, err, "    second") // nobody counted
}

func TestPagerOfHex(t *testing.T) {
	p := pagerOf("0123456789abcdef\x00\x1b\xff", Layout{Width: 45}, 2)
	p.Hex, p.Match = true, Range{1, 2}
	page, err := p.At(17, 0)
	wantPage(t, page, err, "00000008  38 39 61 62 63 64 65 66  89abcdef", "00000010  00 1b ff                 ...")
	page, err = p.At(3, 0)
	wantPage(t, page, err, "00000000  30 31 32 33 34 35 36 37  01234567", "00000008  38 39 61 62 63 64 65 66  89abcdef")
	if l := page.Lines[0]; !slices.ContainsFunc(l, func(s Span) bool { return s.Look == Match && s.Text.String() == "31" }) {
		t.Errorf("the match is not marked: %v", l)
	}
}

func TestPagerOfUTF16(t *testing.T) {
	for _, c := range []Code{UTF16LE, UTF16BE} {
		content := c.encode("\ufeffgrün\r\n\u010a猫\n😀\x1b end")
		if got := CodeOf(content); got != c {
			t.Errorf("%v is taken for %v", c, got)
		}
		p := pagerOf(string(content), Layout{Code: c}, 2)
		page, err := p.At(0, 0)
		wantPage(t, page, err, "grün", "Ċ猫")
		page, err = p.End()
		wantPage(t, page, err, "Ċ猫", `😀\x1b end`)
		page, err = p.Move(page.Top, 0, -1)
		wantPage(t, page, err, "grün", "Ċ猫")
		p = pagerOf(string(content)+"x", Layout{Code: c}, 1) // half a letter at the end
		page, err = p.End()
		wantPage(t, page, err, `😀\x1b end`+"x")
	}
}

// Going down row by row and up again shows what laying all of it out shows, and
// a line of any length is never more than what is read of it.
func TestPagerGoesBothWays(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for round := range 200 {
		content := sample(rnd)
		l := Layout{Width: 1 + rnd.IntN(40), Wrap: round%2 == 0, Method: []cells.Method{ansi.WcWidth, ansi.GraphemeWidth}[round%4/2]}
		p := pagerOf(content, l, 1+rnd.IntN(5))
		all, err := p.forward(0, 1<<30)
		if err != nil || len(all) == 0 || all[len(all)-1].end != int64(len(content)) {
			t.Fatalf("%q: %v, %v", content, all, err)
		}
		page, err := p.At(0, 0)
		for i := 0; i < len(all)-p.Rows; i++ {
			if err != nil || page.Top != all[i].start {
				t.Fatalf("%q %+v: row %d at %d, %v", content, l, i, page.Top, err)
			}
			page, err = p.Move(page.Top, page.Number, 1)
		}
		lines := 1 + strings.Count(content[:page.Top], "\n")
		if page.Number != int64(lines) {
			t.Fatalf("%q: line %d at %d, want %d", content, page.Number, page.Top, lines)
		}
		for i := max(len(all)-p.Rows, 0); i >= 0; i-- {
			if err != nil || page.Top != all[i].start {
				t.Fatalf("%q %+v: back at row %d at %d, want %d, %v", content, l, i, page.Top, all[i].start, err)
			}
			page, err = p.Move(page.Top, page.Number, -1)
		}
	}
}

func sample(rnd *rand.Rand) string {
	parts := []string{"a", "bc ", "\n", "\r\n", "\t", "東", "é", "e\u0301", "👩‍👩‍👧", "\x1b[31m", "\xff", "\u202e", "\x00", "long word "}
	var b strings.Builder
	for range 1 + rnd.IntN(60) {
		b.WriteString(parts[rnd.IntN(len(parts))])
	}
	return b.String()
}

// A page costs what it shows, wherever in a file of 20 GiB it is.
func TestPagerReadsOnlyWhatItShows(t *testing.T) {
	const size = 20 << 30
	for _, pattern := range []string{"a line of forty letters, more or less...\n", "x"} { // with newlines, and one line of 20 GiB
		for _, wrap := range []bool{true, false} {
			w := NewWindow(endless(pattern), size)
			p := &Pager{Src: w, Rows: 22, Layout: Layout{Width: 80, Wrap: wrap}}
			most := int64(2 * blockSize)
			if !wrap && pattern == "x" {
				most = 24 * maxLine // rows of the largest size
			}
			page, err := p.At(0, 0)
			wantRead(t, p, page, err, most)
			page, err = p.End()
			if page.Next != size {
				t.Errorf("the end is %d", page.Next)
			}
			wantRead(t, p, page, err, 2*most+2*maxBack)
			page, err = p.Move(page.Top, 0, -20)
			wantRead(t, p, page, err, 3*most+4*maxBack)
			page, err = p.At(size/2, 7)
			wantRead(t, p, page, err, 5*most+6*maxBack)
			if page.Top > size/2 || page.Next < size/2 {
				t.Errorf("the middle is %d to %d", page.Top, page.Next)
			}
		}
	}
}

func wantRead(t *testing.T, p *Pager, page Page, err error, most int64) {
	t.Helper()
	if n := p.Src.BytesRead(); err != nil || len(page.Lines) != p.Rows || n > most {
		t.Errorf("%d rows of %d for %d bytes, at most %d: %v", len(page.Lines), p.Rows, n, most, err)
	}
}

// endless is a file that repeats itself.
type endless string

func (e endless) ReadAt(b []byte, off int64) (int, error) {
	for i := range b {
		b[i] = e[(off+int64(i))%int64(len(e))]
	}
	return len(b), nil
}

// A file that becomes shorter while it is shown, or cannot be read.
func TestPagerOfAFileThatShrinks(t *testing.T) {
	for _, hex := range []bool{false, true} {
		p := &Pager{Src: NewWindow(strings.NewReader("a\nb\n"), 1<<20), Rows: 5, Hex: hex, Layout: Layout{Width: 30}}
		for _, at := range []int64{0, 3, 1 << 19, 1 << 20} {
			if _, err := p.At(at, 2); err != nil {
				t.Errorf("hex %v: at %d: %v", hex, at, err)
			}
		}
		if _, err := p.End(); err != nil {
			t.Error(err)
		}
	}
	p := &Pager{Src: NewWindow(broken{}, 100), Rows: 5, Layout: Layout{Width: 30}}
	if _, err := p.At(50, 0); err == nil {
		t.Error("a file that cannot be read is shown")
	}
}

type broken struct{}

func (broken) ReadAt([]byte, int64) (int, error) { return 0, fmt.Errorf("broken") }

func TestFind(t *testing.T) {
	content := strings.Repeat("hay ", 100_000) + "Needle" + strings.Repeat(" hay", 100_000) + "needle!"
	src, size := strings.NewReader(content), int64(len(content))
	first, second := int64(400_000), size-7
	for _, c := range []struct {
		typed string
		bytes bool
		from  int64
		back  bool
		want  int64
	}{
		{"needle", false, 0, false, first},
		{"needle", false, first, false, first},
		{"needle", false, first + 1, false, second},
		{"Needle", false, first + 1, false, -1},
		{"needle", false, second + 1, false, -1},
		{"needle", false, size, true, second},
		{"needle", false, second, true, first},
		{"needle", false, first, true, -1},
		{"4e 65 65", true, 0, false, first},
		{"0x4e6565", true, 0, false, first},
		{"nothing like it", false, 0, false, -1},
		{"", false, 0, false, -1},
	} {
		p := NewPattern(c.typed, UTF8, c.bytes)
		got, err := p.Find(t.Context(), src, size, c.from, c.back, nil)
		if err != nil || got.Empty() != (c.want < 0) || !got.Empty() && got.Start != c.want {
			t.Errorf("%q from %d, back %v: %v, %v, want %d", c.typed, c.from, c.back, got, err, c.want)
		}
	}
	wide := string(UTF16BE.encode("\ufeffab\u6100"))
	got, err := NewPattern("a", UTF16BE, false).Find(t.Context(), strings.NewReader(wide), int64(len(wide)), 0, false, nil)
	if err != nil || got != (Range{2, 4}) {
		t.Errorf("UTF-16: %v, %v", got, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, err = NewPattern("never", UTF8, false).Find(ctx, endless("x"), 1<<40, 0, false, func(int64) { cancel() })
	if err != context.Canceled {
		t.Errorf("cancelled: %v", err)
	}
}

func TestLines(t *testing.T) {
	content := strings.Repeat("line\n", 200_000)
	src, size := strings.NewReader(content), int64(len(content))
	if n, err := CountLines(t.Context(), src, UTF8, 0, size, nil); n != 200_000 || err != nil {
		t.Errorf("%d lines, %v", n, err)
	}
	for newlines, want := range map[int64]int64{0: 0, 1: 5, 150_000: 750_000, 1 << 40: size - 1} {
		if at, err := FindLine(t.Context(), src, UTF8, 0, size, newlines, nil); at != want || err != nil {
			t.Errorf("line %d is at %d, %v, want %d", newlines, at, err, want)
		}
	}
}

func TestWindowForgets(t *testing.T) {
	w := NewWindow(endless("0123456789"), 1<<40)
	b := make([]byte, 100)
	for i := range int64(1000) {
		if n, err := w.ReadAt(b, i*blockSize+5); n != 100 || err != nil || b[0] != byte('0'+(i*blockSize+5)%10) {
			t.Fatalf("block %d: %d, %v, %q", i, n, err, b[0])
		}
	}
	if len(w.blocks) != maxBlocks || len(w.used) != maxBlocks {
		t.Errorf("%d blocks are kept", len(w.blocks))
	}
	before := w.BytesRead()
	w.ReadAt(b, 999*blockSize)
	if w.BytesRead() != before {
		t.Error("what was read is read again")
	}
	big := make([]byte, 4<<20)
	if n, err := w.ReadAt(big, 3); n != len(big) || err != nil || !bytes.HasPrefix(big, []byte("3456")) {
		t.Errorf("4 MiB: %d, %v", n, err)
	}
	if n, err := w.ReadAt(b, 1<<40-10); n != 10 || err != io.EOF {
		t.Errorf("the end: %d, %v", n, err)
	}
}

// FuzzText lays out any bytes: no control byte and nothing too wide comes of it,
// and every byte belongs to one row.
func FuzzText(f *testing.F) {
	f.Add([]byte("plain\r\n\ttab\x1b[31m\x9b2J\xff\u202e\u200d👩‍👧e\u0301"), uint8(10), true, uint8(0), uint8(3))
	f.Add([]byte("\xff\xfea\x00\n\x00\xd8\x3d\xde\x00"), uint8(3), false, uint8(1), uint8(0))
	f.Fuzz(func(t *testing.T, b []byte, width uint8, wrap bool, code, left uint8) {
		l := Layout{Width: int(width%100) + 1, Wrap: wrap, Code: Code(code % 3), Left: int(left), Method: []cells.Method{ansi.WcWidth, ansi.GraphemeWidth}[code/8%2]}
		p := &Pager{Src: NewWindow(bytes.NewReader(b), int64(len(b))), Rows: 4, Layout: l}
		rows, err := p.forward(0, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		at := int64(0)
		for _, r := range rows {
			if r.start != at || r.end <= r.start {
				t.Fatalf("row %+v behind %d", r, at)
			}
			at = r.end
		}
		if at != int64(len(b)) {
			t.Fatalf("rows end at %d of %d", at, len(b))
		}
		for _, top := range []int64{0, int64(len(b)) / 2, int64(len(b))} {
			page, err := p.At(top, 1)
			if err != nil || len(page.Lines) > p.Rows {
				t.Fatalf("%d lines, %v", len(page.Lines), err)
			}
			wantHarmless(t, page.Lines, l)
		}
		wantHarmless(t, Hex(b, l.Width, 3), Layout{Width: max(l.Width, 15), Method: l.Method})
	})
}

func wantHarmless(t *testing.T, lines []Line, l Layout) {
	t.Helper()
	for _, line := range lines {
		for _, r := range line.String() {
			if r < ' ' || r >= 0x7f && r < 0xa0 || r == '\u202e' || r == '\ufffe' {
				t.Fatalf("%q has %q", line, r)
			}
		}
		w := 0
		for _, s := range line {
			w += s.Text.Width(l.Method)
		}
		if w > max(l.Width, 4) {
			t.Fatalf("%q is %d wide, has %d", line, w, l.Width)
		}
	}
}
