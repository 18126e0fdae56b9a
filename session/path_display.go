package session

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Display returns a name or path as it may reach a terminal, a log or an error.
// What could steer a terminal or deceive a reader stands there as an escape in
// Go's form: controls, invalid UTF-8, invisible and direction-changing letters,
// spaces at the ends of a name, marks piled up or with nothing to stand on. So
// does the backslash, and Undisplay turns all of it back.
func Display(s string) string {
	if plainASCII(s) {
		return s
	}
	var b strings.Builder
	var before lookback
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if before.admits(r, n, s[n:]) {
			b.WriteString(s[:n])
			before.push(r)
		} else {
			writeEscape(&b, r, s[:n])
			before = lookback{}
		}
		s = s[n:]
	}
	return b.String()
}

// plainASCII tells, quickly, that most names need no escape.
func plainASCII(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == '\\' {
			return false
		}
	}
	return true
}

func writeEscape(b *strings.Builder, r rune, raw string) {
	switch {
	case r == '\\':
		b.WriteString(`\\`)
	case r == '\n':
		b.WriteString(`\n`)
	case r == '\t':
		b.WriteString(`\t`)
	case len(raw) == 1: // ASCII, or a byte that is no UTF-8
		fmt.Fprintf(b, `\x%02x`, raw[0])
	case r < 0x10000:
		fmt.Fprintf(b, `\u%04x`, r)
	default:
		fmt.Fprintf(b, `\U%08x`, r)
	}
}

// maxMarks is how many combining marks may stand on one letter. Vietnamese
// and Hebrew need three; more than that is made to paint over other lines.
const maxMarks = 8

// lookback is what was shown directly before a letter: marks and joiners are
// fit to be shown only on something that they belong to. The zero lookback is
// the beginning, or an escape, whose last digit must not grow a mark.
type lookback struct {
	prev  rune
	base  rune // the last letter that was no mark
	marks int  // on base
}

func (l *lookback) push(r rune) {
	l.prev = r
	switch {
	case unicode.Is(unicode.M, r):
		l.marks++
	case !isJoiner(r):
		l.base, l.marks = r, 0
	}
}

// admits tells whether r, n bytes long and followed by rest, may be shown as it is.
func (l *lookback) admits(r rune, n int, rest string) bool {
	switch {
	case r == utf8.RuneError && n == 1, r == '\\', looksLikeNothing(r):
		return false
	case r == ' ': // not at an end of a name
		return l.prev != 0 && l.prev != '/' && rest != "" && rest[0] != '/'
	case isJoiner(r):
		next, _ := utf8.DecodeRuneInString(rest)
		return joins(l.base) && !isJoiner(l.prev) && next > unicode.MaxLatin1 && next != utf8.RuneError && !isJoiner(next)
	case r == '\ufe0e' || r == '\ufe0f': // this symbol as text, as emoji
		return l.prev == l.base && (l.base > unicode.MaxLatin1 && !unicode.IsLetter(l.base) ||
			strings.ContainsRune("#*0123456789", l.base) && strings.HasPrefix(rest, "\u20e3")) // a keycap
	case unicode.Is(unicode.M, r):
		return l.prev != 0 && l.prev != '/' && l.marks < maxMarks
	}
	return unicode.IsPrint(r)
}

// looksLikeNothing lists what Go calls printable and nobody sees, so that two
// names could look the same, or one like none.
func looksLikeNothing(r rune) bool {
	switch {
	case r == '\u034f', r == '\u115f', r == '\u1160', r == '\u17b4', r == '\u17b5',
		r == '\u2800', r == '\u3164', r == '\uffa0':
		return true
	case r >= '\u180b' && r <= '\u180f', // Mongolian variation selectors
		r >= '\ufe00' && r <= '\ufe0d',         // variation selectors but those of emoji
		r >= '\U000e0100' && r <= '\U000e01ef': // and their supplement
		return true
	}
	return false
}

func isJoiner(r rune) bool { return r == '\u200c' || r == '\u200d' }

// joins tells whether a joiner after base changes how it looks: in Persian and
// Indic names and in family emoji. After a Latin letter it would be invisible.
func joins(base rune) bool {
	if unicode.IsLetter(base) {
		return base > unicode.MaxLatin1 && !unicode.In(base, unicode.Latin, unicode.Greek, unicode.Cyrillic,
			unicode.Armenian, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana)
	}
	return unicode.In(base, unicode.So, unicode.Sk) && base > unicode.MaxLatin1
}

// Undisplay turns what Display wrote back into the bytes of the name. A
// backslash that begins no escape of Display stands for itself.
func Undisplay(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for s != "" {
		out, n := unescape(s)
		b.WriteString(out)
		s = s[n:]
	}
	return b.String()
}

// unescape reads the byte or the escape at the start of s; it returns the
// bytes it stands for and its length.
func unescape(s string) (string, int) {
	if s[0] != '\\' || len(s) < 2 {
		return s[:1], 1
	}
	digits := 0
	switch s[1] {
	case '\\':
		return `\`, 2
	case 'n':
		return "\n", 2
	case 't':
		return "\t", 2
	case 'x':
		digits = 2
	case 'u':
		digits = 4
	case 'U':
		digits = 8
	}
	if digits == 0 || len(s) < 2+digits {
		return s[:1], 1
	}
	var v uint32
	for i := 2; i < 2+digits; i++ {
		d := strings.IndexByte("0123456789abcdef", s[i])
		if d < 0 {
			return s[:1], 1
		}
		v = v<<4 | uint32(d)
	}
	if digits == 2 {
		return string([]byte{byte(v)}), 4
	}
	if !utf8.ValidRune(rune(v)) {
		return s[:1], 1
	}
	return string(rune(v)), 2 + digits
}

// sanitize makes words of a peer or of the system fit to be shown. Words that
// went through Display before stay as they are.
func sanitize(s string) string { return Display(Undisplay(s)) }
