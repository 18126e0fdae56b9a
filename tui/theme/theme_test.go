package theme

import (
	"slices"
	"strings"
	"testing"

	"charm.land/lipgloss/v2"
)

func TestBuiltInThemesAreWhole(t *testing.T) {
	for _, name := range Names() {
		for _, on := range []Background{Unknown, Dark, Light} {
			looks := Looks(name, on)
			for _, r := range Roles {
				if looks[r] == "" {
					t.Errorf("%s on background %d has no look for %s", name, on, r)
				}
				if _, err := Parse(looks[r]); err != nil {
					t.Errorf("%s, %s: %v", name, r, err)
				}
				if strings.Contains(looks[r], "#") {
					t.Errorf("%s, %s: %s is none of the terminal's own colours", name, r, looks[r])
				}
			}
		}
	}
}

// What is hard to read on a background is not used on it.
func TestColoursSuitTheBackground(t *testing.T) {
	for on, bad := range map[Background][]string{
		Unknown: {"yellow", "white", "black", "bright-yellow", "bright-cyan", "bright-white"},
		Dark:    {"blue", "black"},
		Light:   {"yellow", "cyan", "white", "bright-yellow", "bright-cyan", "bright-green", "bright-white"},
	} {
		for _, name := range Names() {
			for role, look := range Looks(name, on) {
				for word := range strings.FieldsSeq(look) {
					if slices.Contains(bad, word) {
						t.Errorf("%s: %s is %s on background %d", name, role, look, on)
					}
				}
			}
		}
	}
}

func TestMonoHasNoColour(t *testing.T) {
	for role, look := range Looks("mono", Dark) {
		s, _ := Parse(look)
		if _, none := s.GetForeground().(lipgloss.NoColor); !none && role != Done {
			t.Errorf("%s is %s", role, look)
		}
	}
}

func TestParse(t *testing.T) {
	for look, want := range map[string]lipgloss.Style{
		"bold blue":       lipgloss.NewStyle().Bold(true).Foreground(lipgloss.Blue),
		"bright-red":      lipgloss.NewStyle().Foreground(lipgloss.BrightRed),
		"12":              lipgloss.NewStyle().Foreground(lipgloss.BrightBlue),
		"plain":           lipgloss.NewStyle(),
		"":                lipgloss.NewStyle(),
		"#ff8800":         lipgloss.NewStyle().Foreground(lipgloss.Color("#ff8800")),
		"Reverse DIM 200": lipgloss.NewStyle().Reverse(true).Faint(true).Foreground(lipgloss.ANSIColor(200)),
	} {
		got, err := Parse(look)
		if err != nil || got.Render("x") != want.Render("x") {
			t.Errorf("Parse(%q) renders %q, %v, want %q", look, got.Render("x"), err, want.Render("x"))
		}
	}
	for _, look := range []string{"blu", "red green", "#12345", "#gggggg", "256", "bold bright", "-1"} {
		if _, err := Parse(look); err == nil {
			t.Errorf("%q is taken for a look", look)
		}
	}
}
