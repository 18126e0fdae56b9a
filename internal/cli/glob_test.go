package cli

import (
	"slices"
	"testing"
)

func TestSplitGlob(t *testing.T) {
	for path, want := range map[string][3]string{
		"/a/b*/c":      {"/a/", "b*/c", ""},
		"*":            {"", "*", ""},
		"/*":           {"/", "*", ""},
		"photos/*.jpg": {"photos/", "*.jpg", ""},
		"../x/**/y":    {"../x/", "**/y", ""},
		"/a*/":         {"/", "a*", "/"},
		"/a*//":        {"/", "a*", "//"},
		"/a*/.":        {"/", "a*", "/."},
		"/a//b*/./c":   {"/a//", "b*/c", ""},
		`/a\*/b*`:      {"/", `a\*/b*`, ""},
	} {
		before, pattern, behind := splitGlob(path)
		if got := [3]string{before, pattern, behind}; got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}

func TestOutermost(t *testing.T) {
	var all []target
	for _, path := range []string{"/a", "/a/b", "/a/b/c", "/ab", "/c/d", "/c/de/"} {
		all = append(all, target{kind: knownTarget, name: "peer", path: path})
	}
	all = append(all, target{kind: knownTarget, name: "other", path: "/a/b"})
	var got []string
	for _, t := range outermost(all) {
		got = append(got, t.name+":"+t.path)
	}
	if want := []string{"peer:/a", "peer:/ab", "peer:/c/d", "peer:/c/de/", "other:/a/b"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
