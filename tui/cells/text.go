package cells

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/bargee/bargee/session"
	"github.com/charmbracelet/x/ansi"
)

// A Text may stand on the screen.
type Text struct{ s string }

// literal is what an untyped constant of another package can become, and a
// string variable cannot.
type literal string

// Say makes a Text of a constant.
func Say(s literal) Text { return Text{string(s)} }

// Sayf fills numbers, Texts and other values into a constant. Strings and
// errors among them are cleaned as Shown cleans them.
func Sayf(format literal, args ...any) Text {
	safe := make([]any, len(args))
	for i, a := range args {
		switch a := a.(type) {
		case Text:
			safe[i] = a.s
		case bool, int, int64, uint64, float64, rune:
			safe[i] = a
		default:
			safe[i] = Shown(fmt.Sprint(a)).s
		}
	}
	return Text{fmt.Sprintf(string(format), safe...)}
}

// Name shows the raw bytes of a name or path.
func Name(raw string) Text { return Text{session.Display(raw)} }

// Shown takes words that may have been through Display already, such as an
// error's, a place's name, or what somebody typed: blanks and backslashes stay
// as they are.
func Shown(s string) Text {
	var b strings.Builder
	for s != "" {
		i := strings.IndexAny(s, ` \`)
		if i < 0 {
			i = len(s)
		}
		b.WriteString(session.Display(s[:i]))
		if i < len(s) {
			b.WriteByte(s[i])
			i++
		}
		s = s[i:]
	}
	return Text{b.String()}
}

// Times repeats t.
func (t Text) Times(n int) Text { return Text{strings.Repeat(t.s, max(n, 0))} }

// Plus appends others to t.
func (t Text) Plus(others ...Text) Text {
	for _, o := range others {
		t.s += o.s
	}
	return t
}

// Empty tells whether t has nothing to show.
func (t Text) Empty() bool { return t.s == "" }

// String returns the text, for tests and for titles.
func (t Text) String() string { return t.s }

// A Method says how wide a cluster of letters is; it must be the renderer's.
type Method = ansi.Method

// Width returns how many cells t takes.
func (t Text) Width(m Method) int {
	if isASCII(t.s) {
		return len(t.s)
	}
	w := 0
	for _, c := range clusters(m, t.s) {
		w += c.width
	}
	return w
}

// Fit returns t if it is at most w cells wide, else its beginning and an ellipsis.
func (t Text) Fit(m Method, w int) Text {
	if t.Width(m) <= w {
		return t
	}
	return t.cut(m, w-1, 0)
}

// Squeeze returns t if it is at most w cells wide, else without its middle. The
// end that stays holds a name's extension.
func (t Text) Squeeze(m Method, w int) Text {
	if t.Width(m) <= w {
		return t
	}
	tail := min((w-1)/2, 4)
	if dot := strings.LastIndexByte(t.s, '.'); dot > 0 {
		if ext := (Text{t.s[dot:]}).Width(m); ext <= (w-1)/2 {
			tail = max(ext, min((w-1)/3, 8))
		}
	}
	return t.cut(m, w-1-tail, tail)
}

// ellipsis stands for what was cut off.
const ellipsis = "…"

// cut returns the clusters in the first head cells, an ellipsis, and those in
// the last tail cells.
func (t Text) cut(m Method, head, tail int) Text {
	if head < 0 {
		return Text{}
	}
	cs := clusters(m, t.s)
	var b strings.Builder
	for _, c := range cs {
		if head -= c.width; head < 0 {
			break
		}
		b.WriteString(c.s)
	}
	b.WriteString(ellipsis)
	from := len(cs)
	for from > 0 && tail >= cs[from-1].width {
		tail -= cs[from-1].width
		from--
	}
	for _, c := range cs[from:] {
		b.WriteString(c.s)
	}
	return Text{b.String()}
}

// cluster is what one or more cells hold.
type cluster struct {
	s     string
	width int
}

// maxCluster bounds the bytes in a cell: marks can be piled up without end.
const maxCluster = 32

// clusters divides s as the renderer will. What the renderer would join with
// its neighbour or drop, such as a mark behind an ASCII letter or a letter that
// takes in the next one, is mended so that it cannot.
func clusters(m Method, s string) []cluster {
	out := make([]cluster, 0, len(s))
	for s != "" {
		if n := drawn(s); n > 0 && (n == len(s) || s[n] < utf8.RuneSelf || drawn(s[n:]) > 0) {
			out = append(out, cluster{s[:n], 1})
			s = s[n:]
			continue
		}
		if s[0] >= utf8.RuneSelf {
			c, w := first(m, s)
			out = append(out, mend(m, c, w))
			s = s[len(c):]
			continue
		}
		if len(s) == 1 || s[1] < utf8.RuneSelf {
			out = append(out, cluster{s[:1], 1})
			s = s[1:]
			continue
		}
		letter, n := compose(s)
		out = append(out, cluster{letter, 1})
		s = s[n:]
	}
	return out
}

// drawn tells, quickly, that s begins with a line or block (U+2500 to U+259F), of
// which frames and bars are made, and returns how many bytes that has. They take
// one cell and join nothing.
func drawn(s string) int {
	if len(s) >= 3 && s[0] == 0xe2 && (s[1] == 0x94 || s[1] == 0x95 || s[1] == 0x96 && s[2] < 0xa0) {
		return 3
	}
	return 0
}

func mend(m Method, c string, w int) cluster {
	if len(c) > maxCluster {
		n := maxCluster
		for !utf8.RuneStart(c[n]) {
			n--
		}
		c = c[:n]
		_, w = first(m, c)
	}
	if w == 0 {
		c = " " + c
		_, w = first(m, c)
	}
	alone, _ := first(m, c+" ")
	whole, _ := first(m, c)
	joins := m.StringWidth("a"+c) != 1+w // the letter before it, in some terminals
	if alone != c || whole != c || joins || w < 1 || w > 4 {
		return cluster{"�", 1}
	}
	return cluster{c, w}
}

func first(m Method, s string) (string, int) {
	if m == ansi.GraphemeWidth {
		seq, w, _, _ := ansi.DecodeSequence(s, 0, nil)
		return seq, w
	}
	seq, w, _, _ := ansi.DecodeSequenceWc(s, 0, nil)
	return seq, w
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// Wrap divides t into lines of at most w cells, at blanks where there are some.
func (t Text) Wrap(m Method, w int) []Text {
	var lines []Text
	cs := clusters(m, t.s)
	join := func(cs []cluster) Text {
		var b strings.Builder
		for _, c := range cs {
			b.WriteString(c.s)
		}
		return Text{b.String()}
	}
	start, used, blank := 0, 0, 0
	for i := 0; i < len(cs); i++ {
		if used += cs[i].width; used > w && i > start {
			end := i
			if blank > start {
				end = blank
			}
			lines = append(lines, join(cs[start:end]))
			start, used, i = end, 0, end-1
			continue
		}
		if cs[i].s == " " {
			blank = i + 1
		}
	}
	return append(lines, join(cs[start:]))
}
