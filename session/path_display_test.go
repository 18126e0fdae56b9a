package session

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestDisplay(t *testing.T) {
	for _, c := range []struct{ raw, shown string }{
		{"", ""},
		{"plain.txt", "plain.txt"},
		{"two words", "two words"},
		{"日本語/한국어.txt", "日本語/한국어.txt"},
		{"naïve e\u0301", "naïve e\u0301"},
		{"می\u200cخواهم", "می\u200cخواهم"},
		{"👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"},
		{"❤️\u200d🔥🧑🏽\u200d🚀1️⃣🏳️\u200d🌈", "❤️\u200d🔥🧑🏽\u200d🚀1️⃣🏳️\u200d🌈"},
		{"क्\u200dष", "क्\u200dष"},

		{`a\b`, `a\\b`},                                                    // M05
		{"a\nb\tc\r", `a\nb\tc\x0d`},                                       // M08
		{"\x1b[2J\a", `\x1b[2J\x07`},                                       // M09, M10, M11
		{"\x9b\x9d \u009b", `\x9b\x9d\x20\u009b`},                          // M12
		{"\x7f\b", `\x7f\x08`},                                             // M13
		{"photo\u202egpj.exe", `photo\u202egpj.exe`},                       // M14
		{"\u2066\u2069\u200e", `\u2066\u2069\u200e`},                       // M15
		{"a\u200b\ufeff\u00ad\U000e0041", `a\u200b\ufeff\u00ad\U000e0041`}, // M16
		{"\u115f\u3164\u2800", `\u115f\u3164\u2800`},                       // M17
		{"\xff\xc0\xaf\xed\xa0\x80", `\xff\xc0\xaf\xed\xa0\x80`},           // M19
		{" a ", `\x20a\x20`},                                               // M25
		{"   ", `\x20\x20\x20`},
		{"a / b", `a\x20/\x20b`},
		{"\u0301a/\u0301b", `\u0301a/\u0301b`},
		{"\\\u0301", `\\\u0301`},
		{"a\u200cb", `a\u200cb`}, // joins nothing, and nobody would see it
		{"👨\u200d", `👨\u200d`},
		{"a\ufe0f", `a\ufe0f`},
		{"❤️️", `❤️\ufe0f`},
		{"1\ufe0f", `1\ufe0f`},
		{"\ue000\U000f0000", `\ue000\U000f0000`}, // private use
		{"\ufffd", "\ufffd"},                     // the letter itself is valid
	} {
		if got := Display(c.raw); got != c.shown {
			t.Errorf("Display(%+q) = %+q, want %+q", c.raw, got, c.shown)
		}
		if got := Undisplay(Display(c.raw)); got != c.raw {
			t.Errorf("%+q comes back as %+q", c.raw, got)
		}
	}
}

// M18: marks piled on a letter paint over the lines above; eight may stay.
func TestDisplayClipsMarks(t *testing.T) {
	got := Display("a" + strings.Repeat("\u0301", 10_000))
	if !strings.HasPrefix(got, "a"+strings.Repeat("\u0301", maxMarks)+`\u0301`) {
		t.Errorf("%.40q", got)
	}
}

func TestUndisplayTakesOtherBackslashesAsTheyAre(t *testing.T) {
	for _, s := range []string{`\`, `a\`, `\q`, `\x`, `\x4`, `\xZZ`, `\xAB`, `\u12`, `\U0011000`, `\ud800`, `\Uffffffff`} {
		if got := Undisplay(s); got != s {
			t.Errorf("%q became %q", s, got)
		}
	}
}

// Words that were shown once are sent and shown again.
func TestSanitizeIsStable(t *testing.T) {
	for _, s := range append([]string{`C:\new`, `\`, "\x1b]52;c;x\a"}, nastyNames...) {
		once := sanitize(s)
		if again := sanitize(once); again != once {
			t.Errorf("%q, then %q", once, again)
		}
		if got := sanitize(Display(s)); got != Display(s) {
			t.Errorf("Display(%q) did not stay: %q", s, got)
		}
	}
}

func FuzzDisplay(f *testing.F) {
	for _, name := range nastyNames {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		shown := Display(raw)
		if !utf8.ValidString(shown) {
			t.Errorf("%q is shown as invalid UTF-8: %q", raw, shown)
		}
		for _, r := range shown {
			if unicode.Is(unicode.C, r) && !isJoiner(r) || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp) ||
				unicode.Is(unicode.Zs, r) && r != ' ' {
				t.Errorf("%q is shown with %U: %q", raw, r, shown)
			}
		}
		if back := Undisplay(shown); back != raw {
			t.Errorf("%q is shown as %q, which is %q", raw, shown, back)
		}
		if raw != "" && strings.TrimSpace(shown) == "" {
			t.Errorf("%q is shown as nothing", raw)
		}
	})
}
