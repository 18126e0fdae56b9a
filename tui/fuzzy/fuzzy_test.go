package fuzzy

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestBetterFitsComeFirst(t *testing.T) {
	for _, c := range []struct {
		query string
		texts []string // best first; those from "" on do not fit
	}{
		{"copy", []string{"copy to the other pane", "a file to copy", "recopying", "", "move", "typo c"}},
		{"siz", []string{"size", "sort by size", "", "zs", "mask"}},
		{"SORT name", []string{"sort by name", "", "sort by size", "name"}},
		{"größe", []string{"Größe", "", "groesse"}},
		{"", []string{"anything", ""}},
		{"tp", []string{"tag paths", "the other pane", "", "stop"}},
	} {
		last := 1 << 30
		fits := true
		for _, text := range c.texts {
			if text == "" {
				fits = false
				continue
			}
			score, ok := Score(c.query, text)
			if ok != fits {
				t.Errorf("%q in %q: %v, want %v", c.query, text, ok, fits)
			}
			if fits && (score > last || score == last && c.query != "") {
				t.Errorf("%q: %q scores %d, the one before %d", c.query, text, score, last)
			}
			last = score
		}
	}
}

func FuzzScore(f *testing.F) {
	f.Add("co pa", "copy to the other pane")
	f.Add("\xff", "a\xff\xfe")
	f.Fuzz(func(t *testing.T, query, text string) {
		score, ok := Score(query, text)
		if ok != (score > 0) && strings.TrimSpace(query) != "" && utf8.ValidString(query) {
			t.Errorf("Score(%q, %q) = %d, %v", query, text, score, ok)
		}
	})
}
