package cli

import (
	"bufio"
	"bytes"
	"strings"
	"testing"

	"github.com/bargee/bargee/tui"
)

// The list of actions that is printed is the table of the screen, all of it.
func TestActionsArePrinted(t *testing.T) {
	var out bytes.Buffer
	a := &app{stdout: bufio.NewWriter(&out), stderr: &out, getenv: func(name string) string {
		if name == "BARGEE_HOME" {
			return t.TempDir()
		}
		return ""
	}}
	if code := a.run(t.Context(), []string{"config", "show", "--actions"}); code != 0 {
		t.Fatalf("exit code %d: %s", code, out.String())
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	actions := tui.Actions()
	if len(lines) != len(actions) {
		t.Fatalf("%d lines for %d actions", len(lines), len(actions))
	}
	for i, x := range actions {
		want := strings.Join(strings.Fields(strings.Join([]string{x.Name, x.Where, strings.Join(x.Keys, ", "), x.Does}, " ")), " ")
		if got := strings.Join(strings.Fields(lines[i]), " "); got != want {
			t.Errorf("line %d is %q, want %q", i+1, got, want)
		}
	}
}

func TestLocalesThatDrawWide(t *testing.T) {
	for lang, want := range map[string]bool{"zh_CN.UTF-8": true, "ja_JP.utf8": true, "ko_KR": true, "de_DE.UTF-8": false, "C": false, "": false} {
		if got := drawsWide(func(name string) string {
			if name == "LANG" {
				return lang
			}
			return ""
		}); got != want {
			t.Errorf("%s: %v, want %v", lang, got, want)
		}
	}
}
