package preview

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/bargee/bargee/tui/cells"
	"github.com/charmbracelet/x/ansi"
)

// A Code says how the bytes of a file are letters.
type Code uint8

// The codes. Binary is read as UTF-8 where somebody insists on text.
const (
	UTF8 Code = iota
	UTF16LE
	UTF16BE
	Binary
)

// String returns the word for the screen.
func (c Code) String() string {
	return [...]string{"UTF-8", "UTF-16LE", "UTF-16BE", "binary"}[min(c, Binary)]
}

// CodeOf tells the code of a file from its first bytes: by the mark of UTF-16,
// and else by how much of it is no text.
func CodeOf(head []byte) Code {
	switch {
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}):
		return UTF16LE
	case bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		return UTF16BE
	}
	head = head[:min(len(head), 8<<10)]
	strange := 0
	for i := 0; i < len(head); {
		r, n := utf8.DecodeRune(head[i:])
		switch {
		case r == 0:
			return Binary
		case r == utf8.RuneError && n == 1 && utf8.FullRune(head[i:]): // not one cut off at the end
			strange++
		case r < ' ' && r != '\t' && r != '\n' && r != '\r' && r != '\f' && r != '\b' && r != 0x1b:
			strange++
		}
		i += n
	}
	if strange > len(head)/8 {
		return Binary
	}
	return UTF8
}

// width is how many bytes the smallest letter has.
func (c Code) width() int {
	if c == UTF16LE || c == UTF16BE {
		return 2
	}
	return 1
}

// rune reads the letter at the beginning of b, or 0xfffd of size 1 or 2 if there
// is none. b is not empty.
func (c Code) rune(b []byte) (rune, int) {
	if c.width() == 1 {
		return utf8.DecodeRune(b)
	}
	unit := func(b []byte) rune {
		if c == UTF16LE {
			return rune(b[0]) | rune(b[1])<<8
		}
		return rune(b[0])<<8 | rune(b[1])
	}
	if len(b) < 2 {
		return utf8.RuneError, 1
	}
	r := unit(b)
	if !utf16.IsSurrogate(r) {
		return r, 2
	}
	if len(b) < 4 {
		return utf8.RuneError, 2
	}
	if pair := utf16.DecodeRune(r, unit(b[2:])); pair != utf8.RuneError {
		return pair, 4
	}
	return utf8.RuneError, 2
}

// encode returns text as the file has it.
func (c Code) encode(text string) []byte {
	if c.width() == 1 {
		return []byte(text)
	}
	var out []byte
	for _, u := range utf16.Encode([]rune(text)) {
		if c == UTF16LE {
			out = append(out, byte(u), byte(u>>8))
		} else {
			out = append(out, byte(u>>8), byte(u))
		}
	}
	return out
}

// newline returns where in b the first newline ends, 0 if there is none. b
// begins at a letter.
func (c Code) newline(b []byte) int {
	for at := 0; ; {
		i := bytes.IndexByte(b[at:], '\n')
		if i < 0 {
			return 0
		}
		if at += i; c.width() == 1 {
			return at + 1
		}
		at &^= 1
		if r, n := c.rune(b[at:]); r == '\n' && n == 2 {
			return at + 2
		}
		if at += 2; at >= len(b) {
			return 0
		}
	}
}

// A unit is the smallest part of a line that is shown: a letter with what stands
// on it, or the escape of a byte that is none.
type unit struct {
	size    int // bytes
	width   int // cells
	text    cells.Text
	escaped bool
	tab     bool
	newline bool
}

// maxAhead is how many letters are looked at to find those that stand as one.
const maxAhead = 32

// ascii holds the texts of the letters that most files are made of.
var ascii = func() (t [128]cells.Text) {
	for i := ' '; i < 127; i++ {
		t[i] = cells.Shown(string(i))
	}
	return t
}()

// next reads the unit at the beginning of b, which is not empty. start tells
// that it is the beginning of the file, where a byte order mark is not shown.
func (c Code) next(b []byte, m cells.Method, start bool) unit {
	r, n := c.rune(b)
	switch {
	case r == '\n':
		return unit{size: n, newline: true}
	case r == '\r' && len(b) > n:
		if after, k := c.rune(b[n:]); after == '\n' {
			return unit{size: n + k, newline: true}
		}
	case r == '\t':
		return unit{size: n, tab: true}
	case r == '\ufeff' && start:
		return unit{size: n}
	case r >= ' ' && r < 127 && c.alone(b[n:]):
		return unit{size: n, width: 1, text: ascii[r]}
	}
	if r == utf8.RuneError && (n < 3 || c.width() == 2) && !(c.width() == 2 && isReplacement(c, b)) {
		t := cells.Shown(string(b[:n]))
		return unit{size: n, width: t.Width(m), text: t, escaped: true}
	}
	return c.cluster(b, m)
}

// isReplacement tells the letter U+FFFD from what is none.
func isReplacement(c Code, b []byte) bool {
	return len(b) >= 2 && bytes.Equal(b[:2], c.encode("\ufffd"))
}

// alone tells, quickly, that nothing behind an ASCII letter can stand on it.
func (c Code) alone(b []byte) bool {
	if c.width() == 1 {
		return len(b) == 0 || b[0] < utf8.RuneSelf
	}
	r, _ := c.rune(b[:min(len(b), 4)])
	return len(b) == 0 || r < utf8.RuneSelf
}

// cluster reads a letter and what stands on it.
func (c Code) cluster(b []byte, m cells.Method) unit {
	var ahead []rune
	var ends []int
	for at := 0; at < len(b) && len(ahead) < maxAhead; {
		r, n := c.rune(b[at:])
		if r == utf8.RuneError && at > 0 || r == '\n' || r == '\r' || r == '\t' {
			break
		}
		at += n
		ahead, ends = append(ahead, r), append(ends, at)
		if r < ' ' {
			break
		}
	}
	if len(ahead) == 0 { // a carriage return alone
		_, n := c.rune(b)
		ahead, ends = []rune{'\r'}, []int{n}
	}
	first, _ := ansi.FirstGraphemeCluster(string(ahead), m)
	letters := max(utf8.RuneCountInString(first), 1)
	raw := string(ahead[:letters])
	t := cells.Shown(raw)
	return unit{size: ends[letters-1], width: t.Width(m), text: t, escaped: t.String() != raw}
}
