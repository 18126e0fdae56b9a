//go:build unix

package session

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

// Directories get their mode and their time after their content, in the first
// run, after an interruption, and when a later run adds something to one that
// is read-only by now.
func TestDirectoriesComeLast(t *testing.T) {
	bothWays(t, slowly, func(t *testing.T, b *bed, r *brittleReach, j Job, from, to string) {
		when := time.Date(2020, 2, 3, 4, 5, 6, 123456789, time.UTC)
		fill(t, filepath.Join(from, "d/e/small"), 3000, 1)
		fill(t, filepath.Join(from, "d/large"), 10*mib, 1)
		must(t, os.Symlink("small", filepath.Join(from, "d/e/link")))
		must(t, setModified(openDir(t, filepath.Join(from, "d/e")).root, "link", when))
		settle := func() {
			for _, name := range []string{"d/e", "d"} {
				must(t, os.Chtimes(filepath.Join(from, name), when, when))
				must(t, os.Chmod(filepath.Join(from, name), 0o555))
			}
		}
		check := func() {
			for _, name := range []string{"d", "d/e", "d/e/link"} {
				fi, err := os.Lstat(filepath.Join(to, name))
				must(t, err)
				if !fi.ModTime().Equal(when) || fi.IsDir() && fi.Mode() != fs.ModeDir|0o555 {
					t.Errorf("%s: %v, %v", name, fi.Mode(), fi.ModTime())
				}
			}
		}
		settle()
		t.Cleanup(func() { // or only root could remove them
			for _, name := range []string{from, to} {
				os.Chmod(filepath.Join(name, "d"), 0o755)
				os.Chmod(filepath.Join(name, "d/e"), 0o755)
			}
		})
		id := interrupted(t, b, r, j, func(id TransferID) { must(t, b.engine.Pause(id)) })
		synctest.Wait()
		r.release()
		must(t, b.engine.Resume(id))
		if tr, err := b.engine.Wait(t.Context(), id); err != nil || tr.State != StateDone || tr.Failures > 0 {
			t.Fatalf("%v %v: %v %v", err, tr.State, tr.Err, tr.Failed)
		}
		check()
		must(t, os.Chmod(filepath.Join(from, "d/e"), 0o755))
		fill(t, filepath.Join(from, "d/e/another"), 3000, 1)
		settle()
		if tr := b.run(j); tr.State != StateDone || tr.Failures > 0 {
			t.Fatalf("%v: %v %v", tr.State, tr.Err, tr.Failed)
		}
		check()
	})
}
