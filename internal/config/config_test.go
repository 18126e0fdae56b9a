package config

import (
	"fmt"
	"strings"
	"testing"

	"github.com/bargee/bargee/tui"
)

func TestFileIsTaken(t *testing.T) {
	c := Default()
	problems := c.Read([]byte(`
mouse = false
theme = "vivid"
sort = "time"
[theme-looks]
folder = "bold #ff8800"
[keys]
copy = ["K", "F5"]
sort-by-size = ["s z"]
help = []
filter = "Ctrl-F"
`), "f.toml")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if c.Mouse || c.Theme != "vivid" || c.Sort != "time" || c.Looks["folder"] != "bold #ff8800" {
		t.Errorf("%+v", c)
	}
	for action, want := range map[string]string{"copy": "[K f5]", "sort-by-size": "[s z]", "help": "[]", "filter": "[ctrl+f]"} {
		if got := fmt.Sprint(c.Keys[action]); got != want {
			t.Errorf("%s has %s, want %s", action, got, want)
		}
	}
}

// What cannot be taken is said with its place and what would be right.
func TestProblems(t *testing.T) {
	for _, c := range []struct{ text, want, hint string }{
		{"mouse = \"yes\"", "1:9: mouse is true or false", "mouse = true"},
		{"\nmuose = true", "2:1: there is no setting \"muose\"", "did you mean mouse?"},
		{"theme = \"vivd\"", "1:9: theme cannot be \"vivd\"", "did you mean vivid?"},
		{"theme = 3", "1:9: theme is one of", "theme = \"default\""},
		{"mouse = ", "1:8: ", ""},
		{"mouse = true\nmouse = true", "2:1: ", ""},
		{"[colors]\na = 1", "2:1: there is no table colors", "there are: keys, theme-looks"},
		{"[theme-looks]\n  foldr = \"blue\"", "2:3: nothing has the look \"foldr\"", "did you mean folder?"},
		{"[theme-looks]\nfolder = \"bleu\"", "2:10: \"bleu\" is neither a colour nor an attribute", "did you mean blue?"},
		{"[theme-looks]\nfolder = \"red green\"", "2:10: \"green\" is a second colour", "for example"},
		{"[keys]\ncpoy = [\"K\"]", "2:1: \"cpoy\" is no action", "did you mean copy?"},
		{"[keys]\ncopy = [\"K\", \"ctrl+b\"]", "2:14: ctrl+b does not reach every program: tmux", "take a letter"},
		{"[keys]\ncopy = [\"ctrl+i\"]", "2:9: ctrl+i does not reach every program: many terminals send it for Tab", ""},
		{"[keys]\ncopy = [\"alt+c\"]", "2:9: alt+c does not reach every program", ""},
		{"[keys]\ncopy = [\"foo\"]", "2:9: \"foo\" is no key", ""},
		{"[keys]\ncopy = [\"a b c\"]", "2:9: \"a b c\" is not one key", ""},
		{"[keys]\ncopy = [3]", "2:9: a key is written in quotes", ""},
		{"[keys]\ncopy = true", "2:8: keys are written as a list", "copy = [\"K\", \"f5\"]"},
		{"[keys]\ncopy = [\"/\"]", "2:9: \"/\" is a key of filter already", "give filter another: filter = []"},
		{"[keys]\ncopy = [\"f6\"]", "2:9: \"f6\" is a key of move already", "move = [\"m\"]"},
		{"[keys]\ncopy = [\"s\"]", "2:9: \"s\" begins like a key of sort-by-name", ""},
		{"[keys]\ncopy = [\"/ a\"]", "2:9: \"/ a\" begins like a key of filter", ""},
		{"[keys]\ncopy = [\"X\"]\nmove = [\"X\"]", "3:9: \"X\" is a key of copy already", ""},
		{"[keys]\ncopy = [\"X\", \"X\"]", "2:14: \"X\" stands there twice", ""},
		{"[keys]\nquit = []", "2:1: quit needs a key", "without the line it has q, f10, ctrl+c"},
		{"keys = { copy = [\"ctrl+s\"] }", "1:18: ctrl+s does not reach every program", ""},
		{"keys.copy = [\"ctrl+s\"]", "1:14: ctrl+s does not reach", ""},
	} {
		problems := Default().Read([]byte(c.text), "f.toml")
		if len(problems) == 0 || !strings.HasPrefix(problems[0].String(), c.want) || !strings.Contains(problems[0].Hint, c.hint) {
			t.Errorf("%q:\n got %v (hints %+v)\nwant %s (hint %s)", c.text, problems, problems, c.want, c.hint)
		}
	}
}

// A key may mean one thing in the panes and another in the queue, and be taken
// over when it is given up elsewhere.
func TestKeysThatDoNotCollide(t *testing.T) {
	for _, text := range []string{
		"[keys]\nskip = [\"c\"]",
		"[keys]\nfilter = [\"c\"]\ncopy = [\"/\"]",
	} {
		if problems := Default().Read([]byte(text), "f.toml"); len(problems) > 0 {
			t.Errorf("%q: %v", text, problems)
		}
	}
}

// The key table itself is held to the rules.
func TestDefaultsAreFreeOfProblems(t *testing.T) {
	if problems := conflicts(tui.Actions(), nil); len(problems) > 0 {
		t.Error(problems)
	}
	for _, a := range tui.Actions() {
		for _, k := range a.Keys {
			if a.Name == "suspend" && k == "ctrl+z" {
				continue
			}
			if got, what, _ := parseKey(k); got != k {
				t.Errorf("%s: %q is %q, %s", a.Name, k, got, what)
			}
		}
	}
}

func TestEnvironmentBeatsTheFileAndFlagsBeatBoth(t *testing.T) {
	c := Default()
	if p := c.Read([]byte("slow = false\nmouse = false\ntheme = \"mono\"\n"), "f.toml"); len(p) > 0 {
		t.Fatal(p)
	}
	env := map[string]string{"BARGEE_SLOW": "1", "BARGEE_THEME": "vivid", "BARGEE_TMUX_PASSTHROUGH": "yes"}
	if p := c.Environment(func(n string) string { return env[n] }); len(p) > 0 {
		t.Fatal(p)
	}
	if p := c.Flag("theme", "high-contrast"); len(p) > 0 {
		t.Fatal(p)
	}
	if !c.Slow || c.Mouse || c.Theme != "high-contrast" || !c.Passthrough {
		t.Errorf("%+v", c)
	}
	show := c.Show()
	for _, want := range []string{"# --theme", "# BARGEE_SLOW", "# f.toml:2", "# default"} {
		if !strings.Contains(show, want) {
			t.Errorf("%q is not in\n%s", want, show)
		}
	}
	if p := c.Environment(func(n string) string { return "maybe" }); len(p) != len(Settings) {
		t.Errorf("%d of %d settings refuse nonsense", len(p), len(Settings))
	}
}

// What Show writes makes the same configuration again.
func TestShowIsAFile(t *testing.T) {
	c := Default()
	c.Read([]byte("ascii = \"yes\"\n[keys]\ncopy = [\"\\\"\", \"^\", '#']\nbookmarks = ['\\']\njump = [\"'\"]\nhidden = []\n[theme-looks]\ndim = \"plain\"\n"), "f.toml")
	again := Default()
	if p := again.Read([]byte(c.Show()), "again"); len(p) > 0 {
		t.Fatalf("%v in\n%s", p, c.Show())
	}
	if fmt.Sprint(again.Keys, again.Looks, again.ASCII) != fmt.Sprint(c.Keys, c.Looks, c.ASCII) {
		t.Errorf("%v, want %v", again, c)
	}
}

func FuzzRead(f *testing.F) {
	f.Add("mouse = true\n[keys]\ncopy = [\"K\", 's n']\n")
	f.Add("keys = { copy = [['x']], a.b = 1 }\n[[keys]]\n[theme-looks]\nx = 1979-05-27\n")
	f.Add("a = \"\"\"\nx\"\"\"\n\"\" = [1, [2], {b = 3}]")
	f.Fuzz(func(t *testing.T, text string) {
		lines := strings.Count(text, "\n") + 1
		for _, p := range Default().Read([]byte(text), "f") {
			if p.At.Line > lines || p.What == "" {
				t.Errorf("%q: %v", text, p)
			}
		}
	})
}
