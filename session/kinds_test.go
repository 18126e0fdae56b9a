//go:build unix

package session

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Everything that a tree can hold arrives as it was, or is passed over and
// reported, in both directions.
// F41.
func TestKindsOfEntries(t *testing.T) {
	long, odd := strings.Repeat("n", 255), "new\nline \xff\xfe"
	for way, job := range jobs {
		t.Run(way, func(t *testing.T) {
			b := newBed(t, ServerConfig{})
			j, from, to := job(b, "tree")
			at := func(name string) string { return filepath.Join(from, name) }
			put(t, at("empty"), "", older)
			put(t, at("mode"), "x", older)
			put(t, at("setuid"), "x", older)
			put(t, at("old"), "x", time.Date(1903, 2, 3, 4, 5, 6, 7, time.UTC))
			put(t, at(long), "x", older)
			put(t, at(odd), "x", older)
			put(t, at("a/b/c/d/e/f/g/deep"), "x", older)
			put(t, at(".bargee-1.part"), "x", older)
			must(t, os.Link(at("mode"), at("hard")))
			must(t, os.Symlink("../outside", at("link")))
			must(t, os.Mkdir(at("none"), 0o755))
			must(t, syscall.Mkfifo(at("fifo"), 0o644))
			must(t, os.Chmod(at("mode"), 0o640))
			must(t, os.Chmod(at("setuid"), 0o755|fs.ModeSetuid))
			must(t, os.Chmod(at("a/b"), 0o750))
			must(t, os.Chtimes(at("a/b"), newer, newer))
			must(t, os.Chtimes(from, newer, newer))
			results := map[string]Result{}
			j.Observe = func(it Item) { results[it.Path.Base()] = it.Result }
			tr := b.run(j)
			if tr.State != StateDone || tr.Failures > 0 || tr.Skipped != 1 || results["fifo"] != Skipped {
				t.Errorf("%v: %v %v, %d skipped", tr.State, tr.Err, tr.Failed, tr.Skipped)
			}
			for name, want := range map[string]struct {
				mode     fs.FileMode
				modified time.Time
			}{
				"empty": {0o644, older}, "mode": {0o640, older}, "hard": {0o640, older}, "setuid": {0o755, older}, long: {0o644, older},
				odd: {0o644, older}, "a/b/c/d/e/f/g/deep": {0o644, older}, "a/b": {0o750 | fs.ModeDir, newer}, ".": {0o755 | fs.ModeDir, newer},
				"none": {0o755 | fs.ModeDir, time.Time{}}, "old": {0o644, time.Date(1903, 2, 3, 4, 5, 6, 7, time.UTC)},
			} {
				fi, err := os.Lstat(filepath.Join(to, name))
				if err != nil || fi.Mode() != want.mode || !want.modified.IsZero() && !fi.ModTime().Equal(want.modified) {
					t.Errorf("%q: %v; %v", name, err, fi)
				}
			}
			if target, err := os.Readlink(filepath.Join(to, "link")); target != "../outside" {
				t.Errorf("the link leads to %q, %v", target, err)
			}
			for _, name := range []string{"fifo", ".bargee-1.part"} {
				gone(t, filepath.Join(to, name))
			}
			j.Options.KeepLinks = false
			if tr := b.run(j); tr.Skipped != 2 || tr.Sent > 0 || tr.Failures > 0 {
				t.Errorf("the second time: %d skipped, %d bytes sent, %v", tr.Skipped, tr.Sent, tr.Failed)
			}
		})
	}
}

// A link is replaced in one step, and one of the same target is left alone.
func TestLinks(t *testing.T) {
	b := newBed(t, ServerConfig{})
	j, from, to := jobs["upload"](b, "link")
	must(t, os.Symlink("new", from))
	must(t, os.Symlink("old", to))
	j.Options.OnConflict = Overwrite
	for _, want := range []Result{Copied, Unchanged} {
		var got Result
		j.Observe = func(it Item) { got = it.Result }
		if tr := b.run(j); tr.Failures > 0 || got != want {
			t.Errorf("%v, want %v: %v", got, want, tr.Failed)
		}
		if target, _ := os.Readlink(to); target != "new" {
			t.Errorf("it leads to %q", target)
		}
	}
	if n := privates(t, b.there); len(n) > 0 {
		t.Errorf("%q is left", n)
	}
}

// One source gets another name where the destination is none, and keeps its own
// where it is a directory.
func TestOneSourceAs(t *testing.T) {
	for way, job := range jobs {
		t.Run(way, func(t *testing.T) {
			b := newBed(t, ServerConfig{})
			j, from, to := job(b, "tree")
			put(t, filepath.Join(from, "sub/file"), "content", older)
			j.Into = false
			dest, err := j.Destination.Join("renamed")
			must(t, err)
			j.Destination = dest
			for _, want := range []string{"renamed/sub/file", "renamed/tree/sub/file"} {
				if tr := b.run(j); tr.State != StateDone || tr.Failures > 0 {
					t.Errorf("%v: %v %v", tr.State, tr.Err, tr.Failed)
				}
				holds(t, filepath.Join(filepath.Dir(to), want), "content")
			}
			j.Destination = dest.Append(Path{"missing/name"})
			if tr := b.run(j); tr.State != StateFailed || KindOf(tr.Err) != NotFound {
				t.Errorf("without a parent: %v %v", tr.State, tr.Err)
			}
		})
	}
}

// The root of a tree has no name; what lies in it keeps its names below the new one.
func TestRootAs(t *testing.T) {
	b := newBed(t, ServerConfig{})
	put(t, filepath.Join(b.there, "a/b"), "content", older)
	put(t, filepath.Join(b.there, "c"), "content", older)
	tr := b.run(Job{From: b.peer, Sources: []Path{{}}, Destination: b.path("new"), Options: DefaultOptions()})
	if tr.State != StateDone || tr.Failures > 0 {
		t.Errorf("%v: %v %v", tr.State, tr.Err, tr.Failed)
	}
	holds(t, filepath.Join(b.here, "new/a/b"), "content")
	holds(t, filepath.Join(b.here, "new/c"), "content")
}

// Filters are for names anywhere, or with a slash for paths below the source.
func TestFilters(t *testing.T) {
	b := newBed(t, ServerConfig{})
	j, from, to := jobs["download"](b, "tree")
	for _, name := range []string{"a.go", "a.txt", "sub/b.go", "sub/skip.go", "vendor/c.go", "sub/vendor/d.go"} {
		put(t, filepath.Join(from, name), "x", older)
	}
	j.Options.Include, j.Options.Exclude = []string{"*.go"}, []string{"skip.*", "/vendor"}
	b.run(j)
	var got []string
	filepath.WalkDir(to, func(p string, d fs.DirEntry, err error) error {
		if !d.IsDir() {
			rel, _ := filepath.Rel(to, p)
			got = append(got, rel)
		}
		return err
	})
	if strings.Join(got, " ") != "a.go sub/b.go sub/vendor/d.go" {
		t.Errorf("got %q", got)
	}
}

// What a server does not allow is refused, file by file or at once.
func TestLimitsOfAServer(t *testing.T) {
	for _, c := range []struct {
		cfg   ServerConfig
		way   string
		chunk int
		kind  Kind
		item  bool // it is the file that fails
	}{
		{ServerConfig{MaxFileSize: 9}, "upload", 0, Limit, true},
		{ServerConfig{MaxFileSize: 9}, "download", 0, Limit, true},
		{ServerConfig{ReadOnly: true}, "upload", 0, Refused, false},
		{ServerConfig{WriteOnly: true}, "download", 0, Refused, false},
		{ServerConfig{MinChunkSize: mib}, "upload", 64 << 10, ChunkSize, false},
		{ServerConfig{MaxChunkSize: mib}, "download", 2 * mib, ChunkSize, false},
	} {
		b := newBed(t, c.cfg)
		j, from, to := jobs[c.way](b, "file")
		put(t, from, "ten bytes!", older)
		j.Options.ChunkSize, j.Options.Retry = c.chunk, 0
		tr := b.run(j)
		err := tr.Err
		if c.item && tr.Failures == 1 {
			err = tr.Failed[0].Err
		}
		if KindOf(err) != c.kind {
			t.Errorf("%+v: %v: %v %v", c, tr.State, tr.Err, tr.Failed)
		}
		gone(t, to)
	}
}

// A source that changes is sent again as it is then, or given up, but never
// mixed; one that goes is reported. The others arrive.
// F59, F60, F61, F63.
func TestSourceTrouble(t *testing.T) {
	for name, c := range map[string]struct {
		trouble func(t *testing.T, name string)
		kind    Kind // "" where it arrives as it is in the end
	}{
		"grows":    {func(t *testing.T, name string) { fill(t, name, 11*mib, 2) }, ""},
		"shrinks":  {func(t *testing.T, name string) { must(t, os.Truncate(name, 5*mib)) }, ""},
		"is empty": {func(t *testing.T, name string) { must(t, os.Truncate(name, 0)) }, ""},
		"touched":  {func(t *testing.T, name string) { must(t, os.Chtimes(name, newer, newer)) }, ""},
		"rewritten, its time set back": {func(t *testing.T, name string) {
			fi, _ := os.Stat(name)
			fill(t, name, 10*mib, 3)
			must(t, os.Chtimes(name, fi.ModTime(), fi.ModTime()))
		}, ""},
		"replaced": {func(t *testing.T, name string) {
			fill(t, name+".new", 10*mib, 4)
			must(t, os.Rename(name+".new", name))
		}, ""},
		"deleted":     {func(t *testing.T, name string) { must(t, os.Remove(name)) }, NotFound},
		"a directory": {func(t *testing.T, name string) { must(t, os.Remove(name)); must(t, os.Mkdir(name, 0o755)) }, Changed},
	} {
		t.Run(name, func(t *testing.T) {
			bothWays(t, slowly, func(t *testing.T, b *bed, r *brittleReach, j Job, from, to string) {
				fill(t, from, 10*mib, 1)
				id := interrupted(t, b, r, j, func(TransferID) { c.trouble(t, from) })
				r.release()
				tr, err := b.engine.Wait(t.Context(), id)
				if err != nil || tr.State != StateDone {
					t.Fatalf("%v %v: %v", err, tr.State, tr.Err)
				}
				if c.kind != "" {
					if tr.Failures != 1 || KindOf(tr.Failed[0].Err) != c.kind {
						t.Errorf("%v, want %s", tr.Failed, c.kind)
					}
					gone(t, to)
					return
				}
				data, err := os.ReadFile(from)
				must(t, err)
				sameFile(t, to, data)
				if tr.Failures > 0 || tr.FilesDone != 1 || tr.Files != 1 || tr.Bytes != int64(len(data)) {
					t.Errorf("%d of %d files, %d bytes; %v", tr.FilesDone, tr.Files, tr.Bytes, tr.Failed)
				}
			})
		})
	}
}
