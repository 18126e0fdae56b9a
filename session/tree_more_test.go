package session

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// everywhere runs a test with a directory as a jail, as part of this machine
// and at a peer.
func everywhere(t *testing.T, test func(t *testing.T, dir string, tree Tree, at func(string) Path)) {
	for _, name := range []string{"dir", "host", "remote"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			var tree Tree = openDir(t, dir)
			base := Path{}
			switch name {
			case "host":
				h := NewHost()
				p, err := h.PathOf(dir)
				must(t, err)
				tree, base = h, p
			case "remote":
				tree, _ = served(t, ServerConfig{Tree: tree.(*Dir)})
			}
			test(t, dir, tree, func(name string) Path { return base.Append(Path{name}) })
		})
	}
}

// bush makes some directories with files, links and a FIFO in dir.
func bush(t *testing.T, dir string) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Join(dir, "a/b/c"), 0o755))
	write(t, filepath.Join(dir, "one"), "1")
	write(t, filepath.Join(dir, "a/Two.txt"), "22")
	write(t, filepath.Join(dir, "a/b/three.TXT"), "333")
	write(t, filepath.Join(dir, "a/b/c/four"), "4444")
	must(t, os.Link(filepath.Join(dir, "a/b/c/four"), filepath.Join(dir, "a/b/c/vier")))
	must(t, os.Symlink("..", filepath.Join(dir, "a/up")))
}

func TestNames(t *testing.T) {
	everywhere(t, func(t *testing.T, dir string, tree Tree, at func(string) Path) {
		bush(t, dir)
		got := map[string]EntryKind{}
		for e, err := range tree.Names(t.Context(), at("a")) {
			must(t, err)
			got[e.Name] = e.Kind
		}
		want := map[string]EntryKind{"b": Directory, "Two.txt": RegularFile, "up": Link}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("got %v, want %v", got, want)
		}
		for _, err := range tree.Names(t.Context(), at("one")) {
			if !errors.Is(err, NotADirectory) {
				t.Errorf("a file: %v", err)
			}
		}
	})
}

func TestStatAll(t *testing.T) {
	everywhere(t, func(t *testing.T, dir string, tree Tree, at func(string) Path) {
		bush(t, dir)
		got, err := tree.StatAll(t.Context(), at("a"), []string{"up", "none", "Two.txt", "b"})
		must(t, err)
		if len(got) != 4 || got[0].Target != ".." || got[1].Kind != Gone || got[1].Name != "none" || got[2].Size != 2 || got[3].Kind != Directory {
			t.Errorf("got %v", got)
		}
		for _, bad := range []string{"", "..", "b/three.TXT", "\x00"} {
			if got, err := tree.StatAll(t.Context(), at("a"), []string{bad}); !errors.Is(err, BadName) {
				t.Errorf("%q: %v, %v", bad, got, err)
			}
		}
		if _, err := tree.StatAll(t.Context(), at("a"), make([]string, MaxStatNames+1)); !errors.Is(err, Limit) {
			t.Errorf("too many: %v", err)
		}
		if _, err := tree.StatAll(t.Context(), at("none"), []string{"x"}); !errors.Is(err, NotFound) {
			t.Errorf("no directory: %v", err)
		}
	})
}

func TestMeasure(t *testing.T) {
	everywhere(t, func(t *testing.T, dir string, tree Tree, at func(string) Path) {
		bush(t, dir)
		var last Measured
		for m, err := range tree.Measure(t.Context(), at("a")) {
			must(t, err)
			last = m
		}
		// The link is a file, and not followed; two names are one file's bytes.
		want := Measured{Files: 5, Dirs: 2, Bytes: 9, Done: true}
		if last != want {
			t.Errorf("got %+v, want %+v", last, want)
		}
	})
}

func TestFind(t *testing.T) {
	everywhere(t, func(t *testing.T, dir string, tree Tree, at func(string) Path) {
		bush(t, dir)
		for _, c := range []struct {
			q    Query
			want []string
		}{
			{Query{Pattern: "TX"}, []string{"Two.txt", "b/three.TXT"}},
			{Query{Pattern: "*.txt", Glob: true}, []string{"Two.txt"}},
			{Query{Pattern: "**/c/*", Glob: true}, []string{"b/c/four", "b/c/vier"}},
			{Query{Pattern: "b/*.{txt,TXT}", Glob: true}, []string{"b/three.TXT"}},
			{Query{Pattern: "one"}, nil},
		} {
			var got []string
			for f, err := range tree.Find(t.Context(), at("a"), c.q) {
				must(t, err)
				if !f.Path.IsRoot() {
					got = append(got, below(at("a"), f.Path.Parent(), f.Entry.Name))
				}
			}
			slices.Sort(got)
			if !slices.Equal(got, c.want) {
				t.Errorf("%+v: got %q, want %q", c.q, got, c.want)
			}
		}
		for _, bad := range []Query{{}, {Pattern: "[", Glob: true}} {
			for _, err := range tree.Find(t.Context(), at("a"), bad) {
				if !errors.Is(err, BadName) {
					t.Errorf("%+v: %v", bad, err)
				}
			}
		}
	})
}

func TestChmodAndSymlink(t *testing.T) {
	dir := t.TempDir()
	bush(t, dir)
	d := openDir(t, dir)
	must(t, d.Chmod(t.Context(), Path{"one"}, 0o7640))
	if fi, err := os.Stat(filepath.Join(dir, "one")); err != nil || fi.Mode() != 0o640 {
		t.Errorf("%v, %v", fi.Mode(), err)
	}
	must(t, d.Chmod(t.Context(), Path{"a/b"}, 0o700))
	for p, kind := range map[string]Kind{"a/up": NotAFile, "none": NotFound, "a/up/one": NotADirectory, "": Refused} {
		if err := d.Chmod(t.Context(), Path{p}, 0o777); !errors.Is(err, kind) {
			t.Errorf("chmod %q: %v, want %v", p, err, kind)
		}
	}
	for _, target := range []string{"/etc/passwd", "../../..", "a b\x1b", "a//b/"} {
		must(t, d.Symlink(t.Context(), target, Path{"a/link"}))
		if got, err := os.Readlink(filepath.Join(dir, "a/link")); err != nil || got != target {
			t.Errorf("%q became %q, %v", target, got, err)
		}
		if err := d.Symlink(t.Context(), "x", Path{"a/link"}); !errors.Is(err, fs.ErrExist) {
			t.Errorf("twice: %v", err)
		}
		must(t, d.Remove(t.Context(), Path{"a/link"}, false))
	}
	for _, bad := range []string{"", "a\x00b", string(make([]byte, MaxTarget+1))} {
		if err := d.Symlink(t.Context(), bad, Path{"x"}); !errors.Is(err, BadName) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
