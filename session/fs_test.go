package session

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// nastyNames are names that a Unix disk takes.
var nastyNames = []string{
	"plain.txt", " leading and trailing ", "   ", "日本語.txt", "👨\u200d👩\u200d👧 family.jpg", "می\u200cخواهم",
	"line\nbreak", "tab\there", "\x1b[2J\x1b]0;title\x07", "back\\slash", `\n`, `\x41`, "\xff\xfe", "a\xc0\xafb",
	"photo\u202egpj.exe", "\u200b", "\u2066isolate", "tag\U000e0041", "\u3164", "e\u0301", "\u0301first",
	"slope\u29f5x41", "⧵⧵", "-rf", "~", "$HOME", "*?[a]", "C:evil", "..\\..\\evil", "\u009b31m", "\x9b31m", "\x7f",
}

// nastyTree makes a tree of them and returns its files as an FS names them.
func nastyTree(t *testing.T, dir string) []string {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("other disks do not take all of these names")
	}
	var want []string
	for i, name := range nastyNames {
		write(t, filepath.Join(dir, name), strings.Repeat(name, i))
		sub := filepath.Join(dir, "sub", name)
		write(t, filepath.Join(sub, name), name)
		want = append(want, fsName(name), "sub/"+fsName(name)+"/"+fsName(name))
	}
	must(t, os.Symlink("plain.txt", filepath.Join(dir, "link")))
	must(t, os.Symlink("/nowhere\x1b", filepath.Join(dir, "sub", "dangling")))
	must(t, os.Mkdir(filepath.Join(dir, "empty"), 0o700))
	return append(want, "link", "sub/dangling", "empty")
}

func TestFSOfADir(t *testing.T) {
	dir := t.TempDir()
	want := nastyTree(t, dir)
	must(t, fstest.TestFS(FS(t.Context(), openDir(t, dir)), want...))
}

func TestFSOfARemote(t *testing.T) {
	dir := t.TempDir()
	want := nastyTree(t, dir)
	remote, _ := served(t, ServerConfig{Tree: openDir(t, dir)})
	must(t, fstest.TestFS(FS(t.Context(), remote), want...))
}

func TestFSLinks(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "file"), "content")
	must(t, os.Symlink("to\\file", filepath.Join(dir, "link")))
	fsys := FS(t.Context(), openDir(t, dir))

	if got, err := fs.ReadLink(fsys, "link"); err != nil || fsRaw(got) != "to\\file" {
		t.Errorf("ReadLink: %q, %v", got, err)
	}
	if _, err := fs.ReadLink(fsys, "file"); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("ReadLink of a file: %v", err)
	}
	if fi, err := fs.Stat(fsys, "link"); err != nil || fi.Mode().Type() != fs.ModeSymlink {
		t.Errorf("Stat: %v, %v", fi, err)
	}
	if _, err := fs.ReadFile(fsys, "link"); !errors.Is(err, NotAFile) {
		t.Errorf("ReadFile followed the link, or: %v", err)
	}
	var pe *fs.PathError
	if _, err := fs.Stat(fsys, "nothing"); !errors.Is(err, fs.ErrNotExist) || !errors.As(err, &pe) || pe.Path != "nothing" {
		t.Errorf("Stat of nothing: %v", err)
	}
}

// A file has one name: what fsName does not write, FS does not open.
func TestFSNamesAreUnique(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "A"), "content")
	fsys := FS(t.Context(), openDir(t, dir))
	for _, name := range []string{"⧵x41", `\x41`, "⧵u0041", "A/", "./A"} {
		if _, err := fsys.Open(name); err == nil {
			t.Errorf("%q opens the file A", name)
		}
	}
}

func FuzzFSName(f *testing.F) {
	for _, name := range nastyNames {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		name := fsName(raw)
		if back := fsRaw(name); back != raw {
			t.Errorf("%q became %q and then %q", raw, name, back)
		}
		if strings.Contains(name, `\`) {
			t.Errorf("%q became %q, with a backslash", raw, name)
		}
		if p, err := parseClean(raw); err == nil && !p.IsRoot() {
			if q, err := pathOf(name); err != nil || q != p {
				t.Errorf("%q became %q, which is %v, %v", raw, name, q, err)
			}
		}
	})
}

// An FS walks like any other.
func TestFSWalk(t *testing.T) {
	dir := t.TempDir()
	want := nastyTree(t, dir)
	var got []string
	must(t, fs.WalkDir(FS(t.Context(), openDir(t, dir)), ".", func(p string, d fs.DirEntry, err error) error {
		got = append(got, p)
		return err
	}))
	for _, name := range want {
		if !slices.Contains(got, name) {
			t.Errorf("%q was not walked to", name)
		}
	}
}
