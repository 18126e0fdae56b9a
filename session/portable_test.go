package session

import (
	"strings"
	"testing"
)

func TestUnportable(t *testing.T) {
	for why, names := range map[string][]string{
		"":           {"a", "a.b", "schön 日本", ".hidden", "CONSOLE", "com", "com0", "com10", "nul1", "lpt", "a b", strings.Repeat("a", 255)},
		"any of":     {"a:b", "a\\b", "a*", "a?", "\"a\"", "<", ">", "|"},
		"control":    {"a\nb", "\x01", "a\tb"},
		"at the end": {"a.", "a ", "...", "con."},
		"device":     {"con", "CON", "Nul.txt", "aux.tar.gz", "prn .txt", "COM1", "lpt9.x", "com²", "clock$", "conin$", "CONOUT$"},
		"UTF-8":      {"latin-\xe9"},
	} {
		for _, name := range names {
			if got := unportable(name); (got == "") != (why == "") || !strings.Contains(got, why) {
				t.Errorf("%q: %q, want %q", name, got, why)
			}
		}
	}
}
