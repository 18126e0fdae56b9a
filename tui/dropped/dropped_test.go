package dropped

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// As terminals and file managers drop and copy them.
func TestParse(t *testing.T) {
	for text, want := range map[string][]string{
		"/home/a/b.txt":                          {"/home/a/b.txt"},
		"'/home/a/My File.txt' ":                 {"/home/a/My File.txt"},     // GNOME Terminal, Konsole
		`/home/a/My\ File\ \(1\).txt `:           {"/home/a/My File (1).txt"}, // iTerm2, Terminal.app
		`"C:\Users\a\My File.txt"`:               {`C:\Users\a\My File.txt`},  // Windows Terminal
		`C:\Users\a\b.txt`:                       {`C:\Users\a\b.txt`},
		"/home/a/My File.txt":                    {"/home/a/My File.txt"}, // kitty, foot
		"/a/b.txt /c/d.txt":                      {"/a/b.txt", "/c/d.txt"},
		"'/a/b c.txt' '/d/e f.txt'":              {"/a/b c.txt", "/d/e f.txt"},
		"/a/b\n/c/d e\r\n\n/f\n":                 {"/a/b", "/c/d e", "/f"},
		"file:///home/a/My%20File.txt":           {"/home/a/My File.txt"},
		"file://localhost/a/b\nfile:/c":          {"/a/b", "/c"},
		"file:///a/b file:///c/d":                {"/a/b", "/c/d"},
		"file:///C:/Users/a%20b":                 {"C:/Users/a b"},
		"file://server/share/x":                  {"file://server/share/x"},
		"file:///a/%zz":                          {"file:///a/%zz"},
		"~/x.txt":                                {"~/x.txt"},
		`'/it'\''s here.txt'`:                    {"/it's here.txt"},
		"/it's here.txt":                         {"/it's here.txt"},
		"/a\n/a\n/b":                             {"/a", "/b"},
		"x-special/nautilus-clipboard\ncopy\n/a": {"x-special/nautilus-clipboard", "copy", "/a"},
		"":                                       nil,
		" \n\t ":                                 nil,
		"/日本 語/ファイル.txt":                         {"/日本 語/ファイル.txt"},
		`/a\\b`:                                  {`/a\b`},
	} {
		got, more := Parse(text)
		if !slices.Equal(got, want) || more {
			t.Errorf("Parse(%q) = %q, %v, want %q", text, got, more, want)
		}
	}
}

// 100 KB and more are bounded, and take no time of the order of their square.
func TestParseIsBounded(t *testing.T) {
	var b strings.Builder
	for i := range 60_000 {
		fmt.Fprintf(&b, "/some/where/%d\n", i)
	}
	for _, text := range []string{b.String(), strings.Repeat("x", 3<<20), strings.Repeat("'", 1<<20), strings.Repeat("\\ ", 1<<20), strings.Repeat("/a ", 1<<19)} {
		begun := time.Now()
		paths, more := Parse(text)
		if took := time.Since(begun); took > 20*time.Second {
			t.Errorf("%d bytes took %v", len(text), took)
		}
		if len(paths) > MaxPaths || len(text) > MaxText && !more {
			t.Errorf("%d paths of %d bytes, more %v", len(paths), len(text), more)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"'/a b' /c", `/a\ b`, "file:///a%20b", "\"", "\\", "/a\x00/b", "C:\\x y"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		paths, _ := Parse(text)
		total := 0
		for _, p := range paths {
			if p == "" || strings.ContainsAny(p, "\n\r") && !strings.Contains(text, "%") {
				t.Errorf("%q holds the path %q", text, p)
			}
			total += len(p)
		}
		if total > len(text) {
			t.Errorf("%q became longer: %q", text, paths)
		}
	})
}
