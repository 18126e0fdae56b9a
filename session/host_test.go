package session

import (
	"io"
	"os"
	"path/filepath"
	"testing"
)

func TestHostNames(t *testing.T) {
	h := NewHost()
	dir := t.TempDir()
	p, err := h.PathOf(filepath.Join(dir, "a", "..", "b"))
	must(t, err)
	if got, want := h.Name(p), filepath.Join(dir, "b"); got != want {
		t.Errorf("Name: %q, want %q", got, want)
	}
	t.Chdir(dir)
	here, err := h.PathOf(".")
	must(t, err)
	below, err := h.PathOf("b")
	must(t, err)
	if below.Parent() != here || below != p {
		t.Errorf("b is %s, seen from %s", below, here)
	}
	root, err := h.PathOf(h.Name(Path{}))
	if err != nil || !root.IsRoot() && filepath.VolumeName(dir) == "" {
		t.Errorf("the root is %v, %v", root, err)
	}
}

// The user's own links lead where he expects; what a link is asked for itself
// stays about the link.
func TestHostFollowsTheUsersLinks(t *testing.T) {
	h := NewHost()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "real/file"), "content")
	must(t, os.Symlink("real", filepath.Join(dir, "linked")))
	must(t, os.Symlink("real/file", filepath.Join(dir, "alias")))
	base, err := h.PathOf(dir)
	must(t, err)

	if got := entriesOf(t, h, base.Append(Path{"linked"}).Raw()); len(got) != 1 || got["file"].Size != 7 {
		t.Errorf("linked: %v", got)
	}
	if e, err := h.Stat(t.Context(), base.Append(Path{"linked"})); err != nil || e.Kind != Link || e.Target != "real" {
		t.Errorf("Stat: %+v, %v", e, err)
	}
	for _, name := range []string{"alias", "linked/file"} {
		f, err := h.Open(t.Context(), base.Append(Path{name}))
		must(t, err)
		if b, err := io.ReadAll(f); err != nil || string(b) != "content" {
			t.Errorf("%s: %q, %v", name, b, err)
		}
		f.Close()
		if _, err := h.Hash(t.Context(), base.Append(Path{name}), BLAKE3); err != nil {
			t.Errorf("Hash of %s: %v", name, err)
		}
	}
	must(t, h.Mkdir(t.Context(), base.Append(Path{"linked/x/y"}), true))
	must(t, h.Remove(t.Context(), base.Append(Path{"linked"}), true))
	if _, err := os.Stat(filepath.Join(dir, "real/x/y")); err != nil {
		t.Errorf("Remove of a link removed what it points to: %v", err)
	}
}

// A directory of the user becomes a jail once a peer has to do with it.
func TestHostDir(t *testing.T) {
	h := NewHost()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "file"), "content")
	must(t, os.Symlink("/", filepath.Join(dir, "out")))
	base, err := h.PathOf(dir)
	must(t, err)
	d, err := h.Dir(base)
	must(t, err)
	defer d.Close()
	if got := entriesOf(t, d, ""); len(got) != 2 {
		t.Errorf("listed: %v", got)
	}
	_, err = d.Stat(t.Context(), Path{"out/etc"})
	wantKind(t, err, NotADirectory)
	_, err = h.Dir(base.Append(Path{"file"}))
	wantKind(t, err, NotADirectory)
	_, err = h.Dir(base.Append(Path{"nothing"}))
	wantKind(t, err, NotFound)
}
