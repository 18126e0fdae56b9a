package session

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/bargee/bargee/internal/filelock"
)

// heldTest is a directory of a test with what files says in it.
func heldTest(t *testing.T, files map[string]string) (string, *heldDirs) {
	t.Helper()
	name := t.TempDir()
	for at, content := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(name, at)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(name, at), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tree, err := OpenDir(name)
	if err != nil {
		t.Fatal(err)
	}
	h := newHeldDirs(tree)
	t.Cleanup(func() { h.close(); tree.Close() })
	return name, h
}

// A small file that replaces another one is that or the old one, whatever comes in
// between, and a partial of somebody else stays his.
func TestPutReplaces(t *testing.T) {
	broken := errors.New("the machine stopped")
	tests := []struct {
		name   string
		before func(t *testing.T, dir string) // what stands beside the file
		fails  change                         // 0: none
		done   bool
		err    error
		now    string
		part   bool
	}{
		{name: "it is replaced", done: true, now: "new"},
		{name: "it stopped before the partial had a name", fails: changeLink, done: true, err: broken, now: "old"},
		{name: "it stopped before the file had its own", fails: changeRename, done: true, err: broken, now: "old", part: true},
		{name: "somebody writes it", now: "old", part: true, before: func(t *testing.T, dir string) {
			f, err := os.Create(filepath.Join(dir, partialName("a", partialSuffix)))
			if err == nil {
				err = filelock.TryLock(f)
			}
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { f.Close() })
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			name, h := heldTest(t, map[string]string{"in/a": "old"})
			d, err := h.hold(Path{"in"})
			if err != nil {
				t.Fatal(err)
			}
			defer h.release(d)
			dir := filepath.Join(name, "in")
			if test.before != nil {
				test.before(t, dir)
			}
			onChange = func(what change, _ string) error {
				if what == test.fails && test.fails != 0 {
					return broken
				}
				return nil
			}
			done, err := d.put("a", []byte("new"), meta{replace: true})
			onChange = nil
			if d.unnamed.Load() || noTmpfile.Load() {
				t.Skip("this disk has no files without a name")
			}
			if done != test.done || !errors.Is(err, test.err) {
				t.Errorf("done %v, %v", done, err)
			}
			if now, err := os.ReadFile(filepath.Join(dir, "a")); string(now) != test.now {
				t.Errorf("the file has %q, %v", now, err)
			}
			if _, err := os.Lstat(filepath.Join(dir, partialName("a", partialSuffix))); (err == nil) != test.part {
				t.Errorf("the partial: %v", err)
			}
			if test.before != nil {
				return
			}
			p, err := openPartial(d.root, "a") // nobody holds what is left
			if err != nil {
				t.Fatal(err)
			}
			p.discard()
		})
	}
}

// A directory that is opened by way of the one above it is no link, and is found again
// when it was closed meanwhile.
func TestHeldByTheOneAbove(t *testing.T) {
	name, h := heldTest(t, map[string]string{"a/b/f": "1", "a/c/f": "2"})
	if err := os.Symlink("c", filepath.Join(name, "a", "link")); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		for _, p := range []string{"a/b", "a/c", "a"} {
			d, err := h.hold(Path{p})
			if err != nil {
				t.Fatal(err)
			}
			if d.fresh.Load() || d.path.raw != p {
				t.Errorf("%s is %s, fresh %v", p, d.path.raw, d.fresh.Load())
			}
			h.release(d)
		}
		if _, err := h.hold(Path{"a/link"}); KindOf(err) != NotADirectory {
			t.Errorf("a link was held: %v", err)
		}
		if _, err := h.hold(Path{"a/none/b"}); KindOf(err) != NotFound {
			t.Errorf("what is not there: %v", err)
		}
		if !h.closeIdle() || len(h.open) > 0 {
			t.Errorf("%d directories are open", len(h.open))
		}
	}
}
