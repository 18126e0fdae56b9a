package session

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"

	"github.com/bargee/bargee/internal/wire"
)

// link gives a file of dir another name in it.
func link(t *testing.T, dir, old, name string) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o777))
	must(t, os.Link(filepath.Join(dir, old), filepath.Join(dir, name)))
}

// oneFile expects the names in dir to be those of one file.
func oneFile(t *testing.T, dir string, names ...string) {
	t.Helper()
	first, err := os.Stat(filepath.Join(dir, names[0]))
	must(t, err)
	for _, name := range names {
		fi, err := os.Lstat(filepath.Join(dir, name))
		if err != nil || !os.SameFile(fi, first) {
			t.Errorf("%s is not %s (%v)", name, names[0], err)
		}
	}
	if n := links(first); n != 1 && n != uint64(len(names)) {
		t.Errorf("%s has %d names, want %d", names[0], n, len(names))
	}
}

// The names of a file are names of one file at the destination, too, in one
// directory or several, and its bytes travel once. A rerun finds all of it.
func TestHardLinks(t *testing.T) {
	for way, job := range jobs {
		t.Run(way, func(t *testing.T) {
			b := newBed(t, ServerConfig{})
			j, from, to := job(b, "tree")
			small, large := fill(t, filepath.Join(from, "small"), 3000, 1), fill(t, filepath.Join(from, "d/large"), 3*mib, 2)
			link(t, from, "small", "z")
			link(t, from, "small", "e/f/also")
			link(t, from, "d/large", "large")
			link(t, from, "d/large", "d/again")
			fill(t, filepath.Join(from, "alone"), 10, 3)
			must(t, os.Link(filepath.Join(from, "alone"), filepath.Join(filepath.Dir(from), "outside")))
			for run := range 2 {
				tr := b.run(j)
				if tr.State != StateDone || tr.Failures > 0 {
					t.Fatalf("%v: %v %v", tr.State, tr.Err, tr.Failed)
				}
				if most := int64(len(small) + len(large) + 10); tr.Sent > most || run == 1 && tr.Sent > 0 {
					t.Errorf("run %d: %d bytes were sent", run, tr.Sent)
				}
				holds(t, filepath.Join(to, "e/f/also"), string(small))
				holds(t, filepath.Join(to, "d/again"), string(large))
				oneFile(t, to, "small", "z", "e/f/also")
				oneFile(t, to, "large", "d/large", "d/again")
				oneFile(t, to, "alone")
			}
		})
	}
}

// Without links kept each name is a file of its own.
func TestHardLinksNotKept(t *testing.T) {
	b := newBed(t, ServerConfig{})
	fill(t, filepath.Join(b.here, "tree/a"), 3000, 1)
	link(t, filepath.Join(b.here, "tree"), "a", "b")
	j, _, to := jobs["upload"](b, "tree")
	j.Options.KeepLinks = false
	if tr := b.run(j); tr.Failures > 0 || tr.Sent != 6000 {
		t.Errorf("%v, %d bytes were sent", tr.Failed, tr.Sent)
	}
	oneFile(t, to, "a")
	oneFile(t, to, "b")
}

// A link replaces what has its name, if it may, at once; if it may not, only
// that name fails.
func TestHardLinkOverAnotherFile(t *testing.T) {
	for _, rule := range []Conflict{Overwrite, Fail, Skip, Rename} {
		t.Run(fmt.Sprint(rule), func(t *testing.T) {
			b := newBed(t, ServerConfig{})
			data := fill(t, filepath.Join(b.here, "tree/a"), 3000, 1)
			link(t, filepath.Join(b.here, "tree"), "a", "b")
			j, _, to := jobs["upload"](b, "tree")
			put(t, filepath.Join(to, "a"), "another", older)
			put(t, filepath.Join(to, "b"), "another", older)
			j.Options.OnConflict = rule
			tr := b.run(j)
			switch rule {
			case Overwrite:
				oneFile(t, to, "a", "b")
				holds(t, filepath.Join(to, "b"), string(data))
			case Rename:
				oneFile(t, to, "a (1)", "b (1)")
				holds(t, filepath.Join(to, "b"), "another")
			case Fail:
				if tr.Failures != 2 {
					t.Errorf("%d failed", tr.Failures)
				}
			}
			if n := privates(t, to); len(n) > 0 {
				t.Errorf("there are %q", n)
			}
		})
	}
}

// What cannot be sent under one name is tried under the other, and fails there
// for the same reason.
func TestHardLinkToWhatFailed(t *testing.T) {
	b := newBed(t, ServerConfig{MaxFileSize: 1000})
	fill(t, filepath.Join(b.here, "tree/a"), 3000, 1)
	link(t, filepath.Join(b.here, "tree"), "a", "b")
	fill(t, filepath.Join(b.here, "tree/c"), 30, 1)
	j, _, to := jobs["upload"](b, "tree")
	if tr := b.run(j); tr.Failures != 2 || tr.FilesDone != 3 {
		t.Errorf("%d failed of %d", tr.Failures, tr.FilesDone)
	}
	oneFile(t, to, "c")
}

// After an interruption the names of a file are those of one file still.
func TestHardLinksOfAnInterruptedTransfer(t *testing.T) {
	bothWays(t, slowly, func(t *testing.T, b *bed, r *brittleReach, j Job, from, to string) {
		fill(t, filepath.Join(from, "a"), 3000, 1)
		fill(t, filepath.Join(from, "large"), 10*mib, 1)
		link(t, from, "a", "b")
		link(t, from, "large", "sub/large")
		link(t, from, "a", "sub/c")
		id := interrupted(t, b, r, j, func(id TransferID) { must(t, b.engine.Pause(id)) })
		synctest.Wait()
		r.release()
		must(t, b.engine.Resume(id))
		tr, err := b.engine.Wait(t.Context(), id)
		if err != nil || tr.State != StateDone || tr.Failures > 0 || tr.FilesDone != 5 || tr.Files != 5 {
			t.Fatalf("%v %v: %v, %d of %d", err, tr.State, tr.Failed, tr.FilesDone, tr.Files)
		}
		oneFile(t, to, "a", "b", "sub/c")
		oneFile(t, to, "large", "sub/large")
	})
}

// What a peer says of names is looked at, and how much of it is remembered is
// bounded: names of what is not known are files of their own.
func TestNamesOfAPeer(t *testing.T) {
	dir := &heldDir{}
	file := func(id uint64) *inFile {
		return &inFile{id: id, path: Path{"f"}, name: fmt.Sprint("f", id), dir: dir, entry: Entry{Kind: RegularFile}}
	}
	var n namesIn
	first := file(5)
	must(t, n.described(first, &wire.Announce{Id: 5, Names: 3}))
	for _, link := range []uint64{6, 7, 1 << 40} {
		if err := n.described(file(6), &wire.Announce{Id: 6, Names: 3, Link: link}); KindOf(err) != Protocol {
			t.Errorf("entry 6 as a link to %d: %v", link, err)
		}
	}
	for id, known := range map[uint64]bool{5: true, 4: false} {
		f := file(6)
		must(t, n.described(f, &wire.Announce{Id: 6, Names: 3, Link: id}))
		if (f.linkTo != nil) != known {
			t.Errorf("a link to entry %d: known %t, want %t", id, f.linkTo != nil, known)
		}
	}
	must(t, n.described(file(7), &wire.Announce{Id: 7, Names: 3, Link: 5}))
	if len(n.files) != 0 || n.bytes != 0 {
		t.Errorf("%d files and %d bytes are remembered when all names came", len(n.files), n.bytes)
	}
	for id := uint64(1); id <= maxNamesIn+10; id++ {
		must(t, n.described(file(id), &wire.Announce{Id: id, Names: 1 << 31}))
	}
	if len(n.files) != maxNamesIn || n.bytes > maxNamesInBytes {
		t.Errorf("%d files and %d bytes are remembered", len(n.files), n.bytes)
	}
}
