package cells

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"
)

func TestSqueeze(t *testing.T) {
	for _, c := range []struct {
		name string
		w    int
		want string
	}{
		{"short.txt", 20, "short.txt"},
		{"Arrival.2016.2160p.mkv", 18, "Arrival.2016…p.mkv"},
		{"東京物語.1953.mkv", 12, "東京物….mkv"},
		{"no extension in here", 10, "no ex…here"},
		{"archive.a-very-long-extension", 12, "archive…sion"},
		{"abc", 1, "…"},
		{"abc", 0, ""},
	} {
		got := Name(c.name).Squeeze(ansi.WcWidth, c.w)
		if got.String() != c.want {
			t.Errorf("Squeeze(%q, %d) = %q, want %q", c.name, c.w, got, c.want)
		}
		if w := got.Width(ansi.WcWidth); w > c.w {
			t.Errorf("Squeeze(%q, %d) is %d wide", c.name, c.w, w)
		}
	}
}

func TestSayfCleansWhatItIsGiven(t *testing.T) {
	hostile := "a\x1b[31mb\x07"
	for _, got := range []Text{
		Sayf("%s", hostile), Sayf("%v", errors.New(hostile)), Sayf("%s", []string{hostile}), Shown(hostile), Name(hostile),
	} {
		if strings.ContainsAny(got.String(), "\x1b\x07") {
			t.Errorf("%q reached the screen", got)
		}
	}
	if got := Shown(`\x1b `).String(); got != `\x1b ` {
		t.Errorf("Shown escapes twice: %q", got)
	}
}

// TestHostileNames writes names made to break the screen and looks for control
// bytes in what the terminal gets, and for rows that are not as wide as the grid.
func TestHostileNames(t *testing.T) {
	const w = 17
	rounds := 1_000_000
	if testing.Short() || raceEnabled {
		rounds = 5_000 // nothing runs beside this; the run without the detector tries them all
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, m := range []Method{ansi.WcWidth, ansi.GraphemeWidth} {
		g := NewGrid(w, 2, m)
		for range rounds / 2 {
			name := hostileName(rnd)
			g.Reset(w, 2, m)
			border := Style{}
			g.Put(Rect{0, 0, 1, 1}, border, Say("│"))
			g.Put(Rect{1, 0, w - 2, 1}, border, Name(name).Squeeze(m, w-2))
			g.Put(Rect{w - 1, 0, 1, 1}, border, Say("│"))
			g.PutRight(Rect{0, 1, w, 1}, border, Shown(name))
			out := g.Render()
			for i, r := range out {
				if r < ' ' && r != '\n' || r >= 0x7f && r < 0xa0 || r == utf8.RuneError && !strings.HasPrefix(out[i:], "�") {
					t.Fatalf("%q: %q reached the terminal", name, r)
				}
			}
			for _, row := range g.Plain() {
				if got := m.StringWidth(row); got != w {
					t.Fatalf("%q: the row %q is %d wide, want %d", name, row, got, w)
				}
			}
			if row := g.Plain()[0]; !strings.HasSuffix(row, "│") || !strings.HasPrefix(row, "│") {
				t.Fatalf("%q: the border is gone: %q", name, row)
			}
		}
	}
}

// pieces are what hostile names are made of.
var pieces = []string{
	"\x1b[2J", "\x1b]0;x\x07", "\x1b]52;c;eA==\x1b\\", "\x9b31m", "\r", "\n", "\t", "\x00", "\x7f", "\u0085", "\u009b",
	"\u202e", "\u2066", "\u200b", "\u200d", "\u200c", "\ufeff", "\u00ad", "\u2028", "\u034f", "\ufe0f", "\ufe0e",
	"é", "e\u0301", "\u0301", "\u0e33", "\u1112\u1161\u11ab", "\u1100", "\u0d4e", "\u0600", "\U000110bd",
	"東", "京", "ａ", "─", "█", "╭", "👨\u200d👩\u200d👧", "🏳️\u200d🌈", "🇩🇪", "🇩", "👍🏽", "🏽", "☺️", "\u20e3", "1️⃣",
	"\xff", "\xc3", "\xed\xa0\x80", "\xf4\x90\x80\x80", "a", " ", "-", ".mkv", "\\", "\\x1b",
}

func hostileName(rnd *rand.Rand) string {
	var b strings.Builder
	for range 1 + rnd.IntN(12) {
		switch rnd.IntN(4) {
		case 0:
			b.WriteByte(byte(rnd.IntN(256)))
		case 1:
			b.WriteRune(rune(rnd.IntN(utf8.MaxRune)))
		default:
			b.WriteString(pieces[rnd.IntN(len(pieces))])
		}
	}
	return b.String()
}

func TestMarksAreComposed(t *testing.T) {
	for in, want := range map[string]string{
		"cafe\u0301.txt": "café.txt", "A\u030angstro\u0308m": "Ångström", "q\u0301": "q", "n\u0303o": "ño",
		"1\ufe0f\u20e3": "1", "3🏽": "3�",
	} {
		g := NewGrid(12, 1, ansi.WcWidth)
		g.Put(Rect{0, 0, 12, 1}, Style{}, Name(in))
		if got := strings.TrimRight(g.Plain()[0], " "); got != want {
			t.Errorf("%q is shown as %q, want %q", in, got, want)
		}
	}
}

func TestOverlayCutsWideLetters(t *testing.T) {
	g := NewGrid(6, 1, ansi.WcWidth)
	g.Put(Rect{0, 0, 6, 1}, Style{}, Name("東京物"))
	g.Put(Rect{1, 0, 1, 1}, Style{}, Say("|"))
	if got := g.Plain()[0]; got != " |京物" {
		t.Errorf("the row is %q", got)
	}
	rest := g.Put(Rect{0, 0, 3, 1}, Style{}, Name("東京"))
	if rest.W != 1 || rest.X != 2 {
		t.Errorf("half a letter was written: %+v is left", rest)
	}
}

// TestHostileLayers composes strings as Lip Gloss and Bubbles would return them,
// with hostile names in them: what Compose lets through is what Put would.
func TestHostileLayers(t *testing.T) {
	const w = 17
	rnd := rand.New(rand.NewPCG(3, 4))
	for _, m := range []Method{ansi.WcWidth, ansi.GraphemeWidth} {
		g := NewGrid(w, 3, m)
		for range 2_000 {
			name := hostileName(rnd)
			g.Reset(w, 3, m)
			g.Compose(lipgloss.NewLayer(lipgloss.NewStyle().Bold(true).Render("a") + name + "z").X(1).Y(1))
			for i, r := range g.Render() {
				if r < ' ' && r != '\n' && r != '\x1b' || r >= 0x7f && r < 0xa0 {
					t.Fatalf("%q: %q reached the terminal at %d", name, r, i)
				}
			}
			if out := g.Render(); strings.Contains(out, "\x1b]") {
				t.Fatalf("%q: a command reached the terminal: %q", name, out)
			}
			for _, row := range g.Plain() {
				if got := m.StringWidth(row); got != w || Shown(row).String() != row {
					t.Fatalf("%q: the row %q is %d wide, want %d, and shown as %q", name, row, got, w, Shown(row))
				}
			}
		}
	}
}

func TestLayersKeepTheirLook(t *testing.T) {
	g := NewGrid(8, 1, ansi.WcWidth)
	look := Look(lipgloss.NewStyle().Foreground(lipgloss.Blue).Bold(true))
	g.Compose(lipgloss.NewLayer(look.Render(Name("東"))).X(1), lipgloss.NewLayer(look.Render(Say("x"))).X(4))
	composed := g.Render()
	g.Reset(8, 1, ansi.WcWidth)
	g.Put(Rect{1, 0, 2, 1}, look, Name("東"))
	g.Put(Rect{4, 0, 1, 1}, look, Say("x"))
	if put := g.Render(); put != composed {
		t.Errorf("composed is %q, put is %q", composed, put)
	}
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		text string
		w    int
		want []string
	}{
		{"", 5, []string{""}},
		{"abc", 5, []string{"abc"}},
		{"abcde", 5, []string{"abcde"}},
		{"abcdef", 5, []string{"abcde", "f"}},
		{"ab cdef gh", 5, []string{"ab ", "cdef ", "gh"}},
		{"ab cdefghijk", 5, []string{"ab ", "cdefg", "hijk"}},
		{"東京物語", 5, []string{"東京", "物語"}},
		{"東", 1, []string{"東"}},
	} {
		var got []string
		for _, line := range Shown(c.text).Wrap(ansi.WcWidth, c.w) {
			got = append(got, line.String())
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%q in %d: %q, want %q", c.text, c.w, got, c.want)
		}
	}
}
