package theme

import (
	"fmt"
	"image/color"
	"slices"
	"strconv"
	"strings"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"
)

// names are the terminal's colours, by their numbers; the bright ones follow.
var names = []string{"black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"}

// attributes are the words of a look that are no colour.
var attributes = map[string]func(lipgloss.Style) lipgloss.Style{
	"plain":     func(s lipgloss.Style) lipgloss.Style { return s },
	"bold":      func(s lipgloss.Style) lipgloss.Style { return s.Bold(true) },
	"dim":       func(s lipgloss.Style) lipgloss.Style { return s.Faint(true) },
	"italic":    func(s lipgloss.Style) lipgloss.Style { return s.Italic(true) },
	"underline": func(s lipgloss.Style) lipgloss.Style { return s.Underline(true) },
	"reverse":   func(s lipgloss.Style) lipgloss.Style { return s.Reverse(true) },
}

// Words lists what a look may be made of, for those who misspelled it.
func Words() []string {
	var out []string
	for w := range attributes {
		out = append(out, w)
	}
	slices.Sort(out)
	for _, n := range names {
		out = append(out, n, "bright-"+n)
	}
	return out
}

// Parse reads a look. The error says which word is none.
func Parse(look string) (lipgloss.Style, error) {
	s := lipgloss.NewStyle()
	colours := 0
	for word := range strings.FieldsSeq(strings.ToLower(look)) {
		if f := attributes[word]; f != nil {
			s = f(s)
			continue
		}
		c, ok := parseColour(word)
		switch {
		case !ok:
			return s, fmt.Errorf("%q is neither a colour nor an attribute", word)
		case colours > 0:
			return s, fmt.Errorf("%q is a second colour; there is only one, of the letters", word)
		}
		colours++
		s = s.Foreground(c)
	}
	return s, nil
}

func parseColour(word string) (color.Color, bool) {
	name, bright := strings.CutPrefix(word, "bright-")
	if i := slices.Index(names, name); i >= 0 {
		if bright {
			i += len(names)
		}
		return ansi.BasicColor(i), true
	}
	if n, err := strconv.ParseUint(word, 10, 8); err == nil {
		if n < 16 {
			return ansi.BasicColor(n), true
		}
		return lipgloss.ANSIColor(n), true
	}
	hex, ok := strings.CutPrefix(word, "#")
	if _, err := strconv.ParseUint(hex, 16, 32); !ok || err != nil || len(hex) != 6 && len(hex) != 3 {
		return nil, false
	}
	return lipgloss.Color(word), true
}
