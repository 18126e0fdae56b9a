package bucket

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"path"
)

// Delete removes a file, and directories that are empty then.
func (d *Directory) Delete(ctx context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	file := path.Join(objectsDir, key)
	mu := d.nameOf(key)
	mu.Lock()
	err := d.root.Remove(file)
	mu.Unlock()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	}
	return d.pruned(path.Dir(file))
}

// pruned removes a directory and those above it as long as they are empty, and syncs
// the first that stays.
func (d *Directory) pruned(dir string) error {
	for dir != objectsDir && d.root.Remove(dir) == nil {
		dir = path.Dir(dir)
	}
	return d.syncDir(dir)
}

// DeleteAll takes a whole directory out of sight in one step.
func (d *Directory) DeleteAll(ctx context.Context, dir string) error {
	if err := checkKey(dir); err != nil {
		return err
	}
	from, to := path.Join(objectsDir, dir), d.nextBegun()
	err := d.root.Rename(from, to)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	}
	if err := d.pruned(path.Dir(from)); err != nil {
		return err
	}
	return d.root.RemoveAll(to)
}

// List walks the files.
func (d *Directory) List(ctx context.Context, dir string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		if dir != "" {
			if err := checkKey(dir); err != nil {
				yield(Object{}, err)
				return
			}
		}
		d.walk(ctx, dir, yield)
	}
}

// walk yields what is below a directory, as long as it is wanted.
func (d *Directory) walk(ctx context.Context, dir string, yield func(Object, error) bool) bool {
	for e, err := range d.entries(ctx, dir) {
		if err != nil {
			return yield(Object{}, err)
		}
		key := path.Join(dir, e.Name())
		if e.IsDir() {
			if !d.walk(ctx, key, yield) {
				return false
			}
			continue
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed meanwhile
		}
		if err != nil {
			return yield(Object{}, err)
		}
		if !yield(Object{Key: key, Size: info.Size(), Modified: info.ModTime()}, nil) {
			return false
		}
	}
	return true
}

// Names reads one directory.
func (d *Directory) Names(ctx context.Context, dir string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		if dir != "" {
			if err := checkKey(dir); err != nil {
				yield("", err)
				return
			}
		}
		for e, err := range d.entries(ctx, dir) {
			if err != nil {
				yield("", err)
				return
			}
			if !yield(e.Name(), nil) {
				return
			}
		}
	}
}

// entries reads a directory a few hundred names at a time; one that is not there is
// empty.
func (d *Directory) entries(ctx context.Context, dir string) iter.Seq2[fs.DirEntry, error] {
	return func(yield func(fs.DirEntry, error) bool) {
		f, err := d.root.Open(path.Join(objectsDir, dir))
		if errors.Is(err, fs.ErrNotExist) {
			return
		}
		if err != nil {
			yield(nil, err)
			return
		}
		defer f.Close()
		for {
			some, err := f.ReadDir(256)
			for _, e := range some {
				if !yield(e, nil) {
					return
				}
			}
			if errors.Is(err, io.EOF) || errors.Is(err, fs.ErrNotExist) { // the directory was removed meanwhile
				return
			}
			if err := errors.Join(err, ctx.Err()); err != nil {
				yield(nil, err)
				return
			}
		}
	}
}

// A dirSync is a directory that is being synced, and those who wait for it.
type dirSync struct {
	done chan struct{}
	err  error
	next *dirSync // who came after it began: for all of them together
}

// syncDir has a directory's names on disk. Many objects get into one directory at a
// time: who comes while it is being synced shares the next sync with all the others
// that wait.
func (d *Directory) syncDir(dir string) error {
	d.mu.Lock()
	running := d.syncs[dir]
	if running == nil {
		mine := &dirSync{done: make(chan struct{})}
		d.syncs[dir] = mine
		d.mu.Unlock()
		return d.syncNow(dir, mine)
	}
	if running.next != nil {
		next := running.next
		d.mu.Unlock()
		<-next.done
		return next.err
	}
	mine := &dirSync{done: make(chan struct{})}
	running.next = mine
	d.mu.Unlock()
	<-running.done
	return d.syncNow(dir, mine)
}

// syncNow syncs, tells who waits, and lets the next one begin. One that is gone needs
// none: who removed it synced what is above.
func (d *Directory) syncNow(dir string, mine *dirSync) error {
	err := syncDir(d.root, dir)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	d.mu.Lock()
	if mine.err = err; mine.next == nil {
		delete(d.syncs, dir)
	} else {
		d.syncs[dir] = mine.next
	}
	d.mu.Unlock()
	close(mine.done)
	return err
}
