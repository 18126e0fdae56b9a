package tui

import (
	"strings"
	"testing"
	"unicode"

	tea "charm.land/bubbletea/v2"
)

// M118: what is pasted steers nothing: it becomes one line of letters, as long
// as an input may be.
func TestPasteIsTamed(t *testing.T) {
	for _, pasted := range []string{
		"\x1b[2J\x1b]52;c;eA==\a", "a\nb\r\nc", "\x9b31m\u009b", "\u202egpj.exe", "\x00\x7f", strings.Repeat("x\x1b", 100_000),
	} {
		in := newInput("")
		in.edit(tea.PasteMsg{Content: pasted})
		if n := len([]rune(in.Value())); n > maxInput {
			t.Errorf("%.20q: %d letters", pasted, n)
		}
		for _, r := range in.Value() {
			if unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control) {
				t.Errorf("%.20q: %U is in the line", pasted, r)
				break
			}
		}
	}
}
