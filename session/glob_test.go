package session

import (
	"context"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// globbed returns the paths that pattern stands for, sorted, with spaces between.
func globbed(t *testing.T, tree Tree, dir Path, pattern string) string {
	t.Helper()
	var got []string
	for f, err := range Glob(t.Context(), tree, dir, pattern) {
		must(t, err)
		if !f.Path.IsRoot() {
			if f.Entry.Name != f.Path.Base() || f.Entry.Size < 0 {
				t.Errorf("%s: %+v", pattern, f)
			}
			got = append(got, f.Path.Raw())
		}
	}
	slices.Sort(got)
	return strings.Join(got, " ")
}

// A pattern stands for what a shell with globstar makes of it.
func TestGlob(t *testing.T) {
	dir := t.TempDir()
	names := []string{"a.jpg", "b.jpg", "c.JPG", ".hid.jpg", "d1/e.jpg", "d1/.f.jpg", "d1/s/g.jpg", "d2/h.txt", ".d/i.jpg", "{x}", "[y]", "d1/{x,y}.jpg"}
	if runtime.GOOS != "windows" {
		names = append(names, "st*r", `b\s`)
	}
	for _, name := range names {
		put(t, filepath.Join(dir, name), "1", older)
	}
	if err := os.Symlink("d2", filepath.Join(dir, "d1", "link")); err != nil {
		t.Skip(err)
	}
	d := openDir(t, dir)
	remote, _ := served(t, ServerConfig{Tree: d})
	host := NewHost()
	top, err := host.PathOf(dir)
	must(t, err)
	for _, c := range []struct{ below, pattern, want string }{
		{"", "*.jpg", "a.jpg b.jpg"},
		{"", "?.[jJ]*", "a.jpg b.jpg c.JPG"},
		{"", "[!a].jpg", "b.jpg"},
		{"", ".*.jpg", ".hid.jpg"},
		{"", "*/*.jpg", "d1/e.jpg d1/{x,y}.jpg"},
		{"", "d?", "d1 d2"},
		{"", "**/*.jpg", "a.jpg b.jpg d1/e.jpg d1/s/g.jpg d1/{x,y}.jpg"},
		{"", "**/**/g*", "d1/s/g.jpg"},
		{"", "**/s/**", "d1/s/g.jpg"},
		{"", "**/d1/**/g.*", "d1/s/g.jpg"},
		{"d1", "**", "d1/e.jpg d1/link d1/s d1/s/g.jpg d1/{x,y}.jpg"},
		{"d1", "s/*", "d1/s/g.jpg"},
		{"d1", "*/g.jpg", "d1/s/g.jpg"},
		{"", "{a,b}.*", ""},
		{"", "{*}", "{x}"},
		{"", `\[y\]`, "[y]"},
		{"", `d1/\{*`, "d1/{x,y}.jpg"},
		{"", "[y", ""},
		{"none", "*", ""},
		{"a.jpg", "*", ""},
		{"", "d*/none", ""},
	} {
		for name, tree := range map[string]Tree{"dir": d, "remote": remote, "host": host} {
			below, want := Path{c.below}, c.want
			if name == "host" {
				below = top.Append(below)
				var all []string
				for w := range strings.FieldsSeq(want) {
					all = append(all, top.Raw()+"/"+w)
				}
				want = strings.Join(all, " ")
			}
			if got := globbed(t, tree, below, c.pattern); got != want {
				t.Errorf("%s: %s/%s stands for %q, want %q", name, c.below, c.pattern, got, want)
			}
		}
	}
	if runtime.GOOS != "windows" {
		if got := globbed(t, remote, Path{}, `st\*?`); got != "st*r" {
			t.Errorf("%q", got)
		}
	}
}

// A crowd is a tree with one directory of so many files.
type crowd struct {
	Tree
	n int
}

func (c crowd) Names(context.Context, Path) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for i := range c.n {
			if !yield(Entry{Name: strconv.Itoa(i), Size: -1}, nil) {
				return
			}
		}
	}
}

func (c crowd) StatAll(_ context.Context, _ Path, names []string) ([]Entry, error) {
	return make([]Entry, len(names)), nil
}

// What no pattern is, is refused before anything is listed; and a search ends with
// its context, and after so many hits.
func TestGlobLimits(t *testing.T) {
	d := openDir(t, t.TempDir())
	remote, _ := served(t, ServerConfig{Tree: d})
	for name, tree := range map[string]Tree{"dir": d, "remote": remote} {
		for pattern, want := range map[string]Kind{
			"a//b*": BadName, "../*": BadName, "*/./b": BadName, "": BadName, "**/a/**/b/**/c/**/d/**": BadName,
			strings.Repeat("*", maxGlob+1): Limit,
		} {
			var err error
			for _, err = range Glob(t.Context(), tree, Path{}, pattern) {
			}
			if KindOf(err) != want {
				t.Errorf("%s: %q: %v", name, clip(pattern), err)
			}
		}
		ctx, stop := context.WithCancel(t.Context())
		stop()
		for _, err := range Glob(ctx, tree, Path{}, "*") {
			if KindOf(err) != Cancelled {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	for n, want := range map[int]Kind{MaxGlobbed: "", MaxGlobbed + 1: Limit} {
		hits, kind := 0, Kind("")
		for f, err := range Glob(t.Context(), crowd{d, n}, Path{}, "*") {
			if err != nil {
				kind = KindOf(err)
			} else if !f.Path.IsRoot() {
				hits++
			}
		}
		if hits != MaxGlobbed || kind != want {
			t.Errorf("of %d: %d hits, %q", n, hits, kind)
		}
	}
}
