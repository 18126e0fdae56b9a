package listing

import (
	"cmp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Natural compares names as people do: without regard to case, and numbers in
// them by value. Names that differ only in that compare by their bytes, so that
// no two names are equal.
func Natural(a, b string) int {
	x, y := a, b
	for x != "" && y != "" {
		if digit(x[0]) && digit(y[0]) {
			var n, m string
			n, x = number(x)
			m, y = number(y)
			if c := cmp.Or(cmp.Compare(len(n), len(m)), strings.Compare(n, m)); c != 0 {
				return c
			}
			continue
		}
		r, i := fold(x)
		s, j := fold(y)
		if r != s {
			return cmp.Compare(r, s)
		}
		x, y = x[i:], y[j:]
	}
	return cmp.Or(cmp.Compare(len(x), len(y)), strings.Compare(a, b))
}

func digit(c byte) bool { return '0' <= c && c <= '9' }

// number splits the digits off the beginning of s, leading zeros left out. Any
// digit stands for '0' beside other letters: see prefix.
func number(s string) (digits, rest string) {
	i := 0
	for i < len(s) && digit(s[i]) {
		i++
	}
	return strings.TrimLeft(s[:i], "0"), s[i:]
}

// fold returns the first letter of s in lower case, its length, and for a digit
// always '0'. What is not ASCII stays above it, and bad bytes above all.
func fold(s string) (rune, int) {
	c := s[0]
	switch {
	case digit(c):
		return '0', 1
	case 'A' <= c && c <= 'Z':
		return rune(c) + 'a' - 'A', 1
	case c < utf8.RuneSelf:
		return rune(c), 1
	}
	r, n := utf8.DecodeRuneInString(s)
	if r == utf8.RuneError && n == 1 {
		return unicode.MaxRune + rune(c), 1
	}
	if l := unicode.ToLower(r); l >= utf8.RuneSelf {
		r = l
	}
	return r, n
}

// prefix packs the beginning of a name, up to its first number or letter beyond
// ASCII, so that comparing two prefixes never contradicts Natural: where they
// are equal, Natural decides.
func prefix(s string) uint64 {
	var k uint64
	n := 0
	for ; n < 8 && n < len(s); n++ {
		c := s[n]
		if digit(c) || c >= utf8.RuneSelf {
			if digit(c) {
				c = '0'
			} else {
				c = 0xff
			}
			k = k<<8 | uint64(c)
			n++
			break
		}
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		k = k<<8 | uint64(c)
	}
	return k << (8 * (8 - n))
}
