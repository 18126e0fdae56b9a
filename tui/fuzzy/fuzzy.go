package fuzzy

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// What a word of a query is worth in a text, best first. A text in which one of
// the words is not found at all does not fit.
const (
	wholeWord = 100
	wordStart = 80
	inside    = 50
	scattered = 20 // its letters, in their order
)

// Good is the least score of a text that has the words in it, not only their
// letters.
const Good = inside - 19

// Score tells how well a text fits a query, more being better, and whether it
// does. Case does not matter. The words of the query may stand in any order; the
// empty query fits everything.
func Score(query, text string) (score int, ok bool) {
	text = strings.ToLower(text)
	for word := range strings.FieldsSeq(strings.ToLower(query)) {
		n := scoreWord(word, text)
		if n == 0 {
			return 0, false
		}
		score += n
	}
	return score, true
}

// scoreWord looks for a word: earlier in the text is better.
func scoreWord(word, text string) int {
	best, from := 0, 0
	for {
		i := strings.Index(text[from:], word)
		if i < 0 {
			break
		}
		at := from + i
		before, _ := utf8.DecodeLastRuneInString(text[:at])
		after, _ := utf8.DecodeRuneInString(text[at+len(word):])
		n := inside
		if at == 0 || !letter(before) {
			if n = wordStart; at+len(word) == len(text) || !letter(after) {
				n = wholeWord
			}
		}
		best = max(best, n-min(at, 19))
		_, size := utf8.DecodeRuneInString(text[at:])
		from = at + size
	}
	if best > 0 {
		return best
	}
	return scatteredScore(word, text)
}

// scatteredScore looks for the letters of a word in their order; the closer
// together the better. The first one has to begin a word, since else nearly
// everything is found in a long text.
func scatteredScore(word, text string) int {
	first, size := utf8.DecodeRuneInString(word)
	before := ' '
	best := 0
	for i, r := range text {
		if r == first && !letter(before) {
			if span := spread(word[size:], text[i+size:]); span >= 0 {
				best = max(best, scattered-min(span, scattered-1))
			}
		}
		before = r
	}
	return best
}

// spread is how many letters of text lie between those of word; -1 if they are
// not there.
func spread(word, text string) int {
	skipped := 0
	for _, r := range word {
		i := strings.IndexRune(text, r)
		if i < 0 {
			return -1
		}
		skipped += i
		text = text[i+utf8.RuneLen(r):]
	}
	return skipped
}

func letter(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
