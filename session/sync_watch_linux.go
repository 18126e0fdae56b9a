package session

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/fsnotify/fsnotify"
)

// listenTo hears of changes below a directory, but for what the rules leave out. A
// tree with more directories than the system watches is heard of in part only, and
// the ear knows.
func listenTo(root string, out rules) *treeEar {
	t := &treeEar{changed: make(chan struct{}, 1), deaf: make(chan struct{})}
	giveUp := sync.OnceFunc(func() { close(t.deaf) })
	w, err := fsnotify.NewWatcher()
	if err != nil {
		giveUp()
		return t
	}
	h := &hearing{root: root, out: out, w: w}
	if h.add(root) != nil { // before the first sync, so that it misses nothing
		giveUp()
	}
	over := make(chan struct{})
	go func() {
		defer close(over)
		for {
			select {
			case ev, ok := <-w.Events:
				if !ok {
					return
				}
				if isPrivate(filepath.Base(ev.Name)) {
					continue
				}
				if ev.Has(fsnotify.Create) && h.add(ev.Name) != nil {
					giveUp()
				}
			case _, ok := <-w.Errors: // what was missed is found by looking
				if !ok {
					return
				}
			}
			select {
			case t.changed <- struct{}{}:
			default:
			}
		}
	}()
	t.stop = func() {
		w.Close()
		<-over
	}
	return t
}

type hearing struct {
	root string
	out  rules
	w    *fsnotify.Watcher
}

// add watches the directory name and those below it. What is no directory, or gone,
// is no error.
func (h *hearing) add(name string) error {
	return filepath.WalkDir(name, func(at string, e fs.DirEntry, err error) error {
		if err != nil || !e.IsDir() {
			return nil
		}
		if rel, err := filepath.Rel(h.root, at); err == nil && rel != "." && h.out.leavesOut(rel, true) {
			return fs.SkipDir
		}
		if err := h.w.Add(at); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		return nil
	})
}
