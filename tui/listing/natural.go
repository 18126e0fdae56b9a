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
func Natural(a, b string) int { return cmp.Or(fold(a, b), strings.Compare(a, b)) }

// fold is Natural without the last resort.
func fold(a, b string) int {
	for a != "" && b != "" {
		if digit(a[0]) && digit(b[0]) {
			var n, m string
			n, a = number(a)
			m, b = number(b)
			if c := cmp.Or(cmp.Compare(len(n), len(m)), strings.Compare(n, m)); c != 0 {
				return c
			}
			continue
		}
		r, i := letter(a)
		s, j := letter(b)
		if r != s {
			return cmp.Compare(r, s)
		}
		a, b = a[i:], b[j:]
	}
	return cmp.Compare(len(a), len(b))
}

func digit(c byte) bool { return '0' <= c && c <= '9' }

// number splits the digits off the beginning of s, leading zeros left out. Any
// digit stands for '0' beside other letters: see key.
func number(s string) (digits, rest string) {
	i := 0
	for i < len(s) && digit(s[i]) {
		i++
	}
	return strings.TrimLeft(s[:i], "0"), s[i:]
}

// badByte is where bytes stand that are no UTF-8: above all letters.
const badByte = unicode.MaxRune + 1

// letter returns the first letter of s in lower case, its length, and for a
// digit always '0'. What is not ASCII stays above it.
func letter(s string) (rune, int) {
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
		return badByte + rune(c), 1
	}
	if l := unicode.ToLower(r); l >= utf8.RuneSelf {
		r = l
	}
	return r, n
}
