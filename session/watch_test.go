package session

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"
)

// A watching is a Watch under way in a test.
type watching struct {
	t       *testing.T
	changes chan Change
	err     chan error
	stop    context.CancelFunc
}

// watchFor begins to watch, and returns when nothing is missed any more.
func watchFor(t *testing.T, tree Tree, dir Path) *watching {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	w := &watching{t: t, changes: make(chan Change), err: make(chan error, 1), stop: stop}
	over := make(chan struct{})
	go func() {
		defer close(over)
		for c, err := range tree.Watch(ctx, dir) {
			if err != nil {
				w.err <- err
				return
			}
			select {
			case w.changes <- c:
			case <-ctx.Done():
				return
			}
		}
	}()
	t.Cleanup(func() { stop(); <-over })
	if c := w.next(); c.Again || len(c.Names) > 0 {
		t.Errorf("it begins with %v", c)
	}
	return w
}

const watchWait = time.Minute

func (w *watching) next() Change {
	w.t.Helper()
	select {
	case c := <-w.changes:
		return c
	case err := <-w.err:
		w.t.Fatalf("it ends: %v", err)
	case <-time.After(watchWait):
		w.t.Fatal("nothing is told")
	}
	return Change{}
}

// hears waits until all names were told, or that there is too much to tell.
func (w *watching) hears(names ...string) {
	w.t.Helper()
	for len(names) > 0 {
		c := w.next()
		if c.Again {
			return
		}
		names = slices.DeleteFunc(names, func(n string) bool { return slices.Contains(c.Names, n) })
	}
}

// ends waits for the end, whatever is told before.
func (w *watching) ends(kinds ...Kind) {
	w.t.Helper()
	late := time.After(watchWait)
	for {
		select {
		case <-w.changes:
		case err := <-w.err:
			if !slices.Contains(kinds, KindOf(err)) {
				w.t.Errorf("it ends with %v, want %v", err, kinds)
			}
			return
		case <-late:
			w.t.Fatal("it does not end")
		}
	}
}

func TestWatch(t *testing.T) {
	everywhere(t, func(t *testing.T, dir string, tree Tree, at func(string) Path) {
		dir = filepath.Join(dir, "dir")
		must(t, os.Mkdir(dir, 0o755))
		w := watchFor(t, tree, at("dir"))
		write(t, filepath.Join(dir, "new"), "x")
		w.hears("new")
		must(t, os.Rename(filepath.Join(dir, "new"), filepath.Join(dir, "old")))
		w.hears("new", "old")
		must(t, os.Mkdir(filepath.Join(dir, "sub"), 0o755))
		must(t, os.Remove(filepath.Join(dir, "old")))
		w.hears("sub", "old")
		w.stop()
		select {
		case <-w.err:
		case <-time.After(watchWait):
			t.Error("it does not end with its context")
		}
	})
}

// What is watched may go away, be moved, or be taken the place of, itself or
// something above it.
func TestWatchOfWhatGoes(t *testing.T) {
	everywhere(t, func(t *testing.T, dir string, tree Tree, at func(string) Path) {
		for _, err := range tree.Watch(t.Context(), at("none")) {
			if !errors.Is(err, NotFound) {
				t.Errorf("what is not there: %v", err)
			}
		}
		for name, c := range map[string]struct {
			kinds []Kind
			do    func(dir string) error
		}{
			"removed":     {[]Kind{NotFound}, func(dir string) error { return os.Remove(filepath.Join(dir, "a/b")) }},
			"all removed": {[]Kind{NotFound}, func(dir string) error { return os.RemoveAll(filepath.Join(dir, "a")) }},
			"moved":       {[]Kind{NotFound}, func(dir string) error { return os.Rename(filepath.Join(dir, "a/b"), filepath.Join(dir, "c")) }},
			"moved above": {[]Kind{NotFound}, func(dir string) error { return os.Rename(filepath.Join(dir, "a"), filepath.Join(dir, "c")) }},
			"another there": {[]Kind{Changed}, func(dir string) error {
				return errors.Join(os.Rename(filepath.Join(dir, "a/b"), filepath.Join(dir, "c")), os.Mkdir(filepath.Join(dir, "a/b"), 0o755))
			}},
			// A host follows the link.
			"a link there": {[]Kind{NotADirectory, NotFound}, func(dir string) error {
				return errors.Join(os.Rename(filepath.Join(dir, "a/b"), filepath.Join(dir, "c")), os.Symlink("nowhere", filepath.Join(dir, "a/b")))
			}},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel() // each waits for the clock that looks at a path
				must(t, os.MkdirAll(filepath.Join(dir, name, "a/b"), 0o755))
				w := watchFor(t, tree, at(name+"/a/b"))
				must(t, c.do(filepath.Join(dir, name)))
				w.ends(c.kinds...)
			})
		}
	})
}

// The root of a jail stays open, and is gone all the same.
func TestWatchOfTheRoot(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "root")
	must(t, os.Mkdir(dir, 0o755))
	w := watchFor(t, openDir(t, dir), Path{})
	must(t, os.Remove(dir))
	w.ends(NotFound)
}

// However much changes, little is told, and the last word is not lost.
func TestWatchStorm(t *testing.T) {
	dir := t.TempDir()
	remote, _ := served(t, ServerConfig{Tree: openDir(t, dir)})
	w := watchFor(t, remote, Path{})
	begun := time.Now()
	stormed := make(chan struct{})
	go func() {
		defer close(stormed)
		for i := range 10_000 {
			os.WriteFile(filepath.Join(dir, fmt.Sprint(i)), nil, 0o644)
		}
	}()
	told, names := 0, 0
	for over := false; !over; {
		select {
		case c := <-w.changes:
			told++
			names += len(c.Names)
			if len(c.Names) > maxChanged {
				t.Errorf("%d names at once", len(c.Names))
			}
		case <-stormed:
			over = true
		}
	}
	if most := 2 + int(time.Since(begun)/(time.Second/WatchRate)); told > most {
		t.Errorf("%d times in %v, at most %d", told, time.Since(begun), most)
	}
	write(t, filepath.Join(dir, "last"), "")
	w.hears("last")
	t.Logf("told %d times, %d names, in %v", told, names, time.Since(begun))
}

// Watchers of a directory share what the system gives, and give it back.
func TestWatchShared(t *testing.T) {
	dir := t.TempDir()
	d := openDir(t, dir)
	a, b := watchFor(t, d, Path{}), watchFor(t, NewHost(), hostPath(t, dir))
	watches.mu.Lock()
	shared := 0
	for _, w := range watches.byKey { // an earlier test's may be about to end
		if len(w.ears) == 2 {
			shared++
		}
	}
	if shared != 1 {
		t.Errorf("%d of %d are watched by two", shared, len(watches.byKey))
	}
	watches.mu.Unlock()
	write(t, filepath.Join(dir, "one"), "")
	a.hears("one")
	b.hears("one")
	a.stop()
	<-a.err
	write(t, filepath.Join(dir, "two"), "")
	b.hears("two")
	b.stop()
	<-b.err
	asked := func() bool { // an earlier test's watch may be about to end
		watches.changing.Lock()
		defer watches.changing.Unlock()
		return watches.notify != nil
	}
	for late := time.Now().Add(30 * time.Second); asked(); runtime.Gosched() {
		if time.Now().After(late) {
			t.Fatal("the system is still asked")
		}
	}
}

func hostPath(t *testing.T, name string) Path {
	t.Helper()
	p, err := NewHost().PathOf(name)
	must(t, err)
	return p
}

// There are so many watches on a link, and in a process.
func TestWatchLimits(t *testing.T) {
	dir := t.TempDir()
	d := openDir(t, dir)
	remote, _ := served(t, ServerConfig{Tree: d})
	for range maxWatches {
		watchFor(t, remote, Path{})
	}
	for c, err := range remote.Watch(t.Context(), Path{}) {
		if !errors.Is(err, Refused) {
			t.Fatalf("%v, %v", c, err)
		}
	}
	_, err := remote.Stat(t.Context(), Path{})
	must(t, err)
	for i := range maxWatched - 1 {
		must(t, os.Mkdir(filepath.Join(dir, fmt.Sprint(i)), 0o755))
		watchFor(t, d, Path{fmt.Sprint(i)})
	}
	must(t, os.Mkdir(filepath.Join(dir, "more"), 0o755))
	for c, err := range d.Watch(t.Context(), Path{"more"}) {
		if !errors.Is(err, Refused) {
			t.Fatalf("%v, %v", c, err)
		}
	}
}

// A peer does not hear of partials.
func TestWatchTellsNothingOfPartials(t *testing.T) {
	dir := t.TempDir()
	w := watchFor(t, openDir(t, dir), Path{})
	write(t, filepath.Join(dir, privatePrefix+"x"+partialSuffix), "")
	write(t, filepath.Join(dir, "file"), "")
	if c := w.next(); len(c.Names) != 1 || c.Names[0] != "file" {
		t.Errorf("told of %q", c.Names)
	}
}
