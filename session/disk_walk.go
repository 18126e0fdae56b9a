package session

import (
	"context"
	"errors"
	"io/fs"
	"os"
)

// A walker goes through a directory and all below it, and follows no link, not
// even one that takes a directory's place meanwhile. It keeps the directories
// on its way open, MaxDepth of them at the most, and of each one the names of
// the directories in it that are still to come.
type walker struct {
	d      *disk
	ctx    context.Context
	failed int64 // directories that could not be read
	visit  func(at *walkedDir, e fs.DirEntry) bool
	way    []walkedDir
}

type walkedDir struct {
	dir  *os.Root
	list *os.File // dir, while it is read
	path Path
	left nameList
}

// walkAll has visit see everything below the directory p, until it returns
// false. What cannot be read is counted; p itself must be.
func (w *walker) walkAll(p Path) error {
	dir, err := w.d.open(p)
	if err != nil {
		return about(p, err)
	}
	defer func() {
		for _, at := range w.way {
			at.dir.Close()
		}
	}()
	w.way = []walkedDir{{dir: dir, path: p}}
	more, err := w.read(&w.way[0])
	for more && err == nil {
		more, err = w.next()
	}
	if err != nil {
		return about(p, err)
	}
	return nil
}

// next enters the next directory, or leaves one that has no more.
func (w *walker) next() (more bool, err error) {
	at := &w.way[len(w.way)-1]
	if len(at.left) == 0 {
		at.dir.Close()
		w.way = w.way[:len(w.way)-1]
		return len(w.way) > 0, nil
	}
	name := at.left.take()
	p, err := at.path.Join(name)
	if err != nil || len(w.way) >= MaxDepth {
		w.failed++
		return true, nil
	}
	sub, err := enter(at.dir, name)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			w.failed++
		}
		return true, nil
	}
	w.way = append(w.way, walkedDir{dir: sub, path: p})
	more, err = w.read(&w.way[len(w.way)-1])
	if err != nil && w.ctx.Err() == nil {
		w.failed++
		return true, nil
	}
	return more, err
}

// read shows all of a directory to visit, and notes the directories in it.
func (w *walker) read(at *walkedDir) (more bool, err error) {
	f, err := openEntries(at.dir)
	if err != nil {
		return false, err
	}
	defer f.Close()
	at.list = f
	return inBatches(w.ctx, f.ReadDir, func(e fs.DirEntry) bool {
		if w.d.jail && isPrivate(e.Name()) {
			return true
		}
		if !w.visit(at, e) {
			return false
		}
		if e.IsDir() {
			at.left.add(e.Name())
		}
		return true
	})
}
