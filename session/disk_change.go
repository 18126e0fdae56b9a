package session

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"time"
)

// Mkdir makes the directory p; with parents also those above it, and then one
// that is there already is no error.
func (d *disk) Mkdir(ctx context.Context, p Path, parents bool) error {
	switch err := ctx.Err(); {
	case err != nil:
		return about(p, err)
	case parents:
		if err := d.makeAll(p); err != nil {
			return about(p, err)
		}
		return nil
	case p.IsRoot():
		return newError(Exists, p, "the root is there already")
	}
	dir, name, err := d.at(p)
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := dir.Mkdir(name, 0o777); err != nil {
		return about(p, err)
	}
	return nil
}

// Rename moves from to to, and never replaces what is there.
func (d *disk) Rename(ctx context.Context, from, to Path) error {
	if err := ctx.Err(); err != nil {
		return about(from, err)
	}
	source, oldName, err := d.at(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, newName, err := d.at(to)
	if err != nil {
		return err
	}
	defer target.Close()
	err = moveNew(source, oldName, target, newName)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrExist):
		return about(to, err)
	}
	return about(from, err)
}

// Touch sets the modification time of p, or makes an empty file.
func (d *disk) Touch(ctx context.Context, p Path, modified time.Time, mustBeNew bool) error {
	if err := ctx.Err(); err != nil {
		return about(p, err)
	}
	if p.IsRoot() && mustBeNew {
		return newError(Exists, p, "the root is there already")
	}
	dir, name, err := d.self(p)
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := touch(dir, name, modified, mustBeNew); err != nil {
		return about(p, err)
	}
	return nil
}

// touch never opens what is there: to open a FIFO or a device has effects.
func touch(dir *os.Root, name string, modified time.Time, mustBeNew bool) error {
	if !mustBeNew {
		err := setModified(dir, name, modified)
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	f, err := dir.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	switch {
	case err == nil:
		f.Close()
	case mustBeNew || !errors.Is(err, fs.ErrExist):
		return err
	}
	return setModified(dir, name, modified)
}

// Remove removes a file, a link or an empty directory; with recursive a
// directory and all in it.
func (d *disk) Remove(ctx context.Context, p Path, recursive bool) error {
	if err := ctx.Err(); err != nil {
		return about(p, err)
	}
	if p.IsRoot() {
		return newError(Refused, p, "the root cannot be removed")
	}
	dir, name, err := d.at(p)
	if err != nil {
		return err
	}
	if recursive {
		return removeAll(ctx, dir, p)
	}
	defer dir.Close()
	if err := dir.Remove(name); err != nil {
		return about(p, err)
	}
	return nil
}

// clearing is a directory that removeAll empties.
type clearing struct {
	dir   *os.Root
	path  Path
	names []string // the next ones to go
}

// removeAll removes p, which lies in dir, and closes dir. It keeps the
// directories on its way open instead of calling itself, so a tree made to be
// deep costs one descriptor a level, and no more than MaxDepth of them.
func removeAll(ctx context.Context, dir *os.Root, p Path) error {
	parent, name := p.Split()
	way := []*clearing{{dir: dir, path: parent, names: []string{name}}}
	defer func() {
		for _, c := range way {
			c.dir.Close()
		}
	}()
	for {
		c := way[len(way)-1]
		if err := ctx.Err(); err != nil {
			return about(c.path, err)
		}
		switch more, err := c.more(len(way) > 1); {
		case err != nil:
			return about(c.path, err)
		case !more && len(way) == 1:
			return nil
		case !more: // empty now: c.path itself is what is next above
			c.dir.Close()
			way = way[:len(way)-1]
			continue
		}
		into, err := c.removeNext(len(way) > 1)
		if err != nil {
			return err
		}
		if into != nil {
			way = append(way, into)
		}
		if len(way) > MaxDepth {
			return newError(Limit, p, "more than %d directories deep", MaxDepth)
		}
	}
}

// more tells whether there is a next name. Names are read again from the
// start each time: a directory that changes while it is read may skip some.
func (c *clearing) more(refill bool) (bool, error) {
	if len(c.names) > 0 || !refill {
		return len(c.names) > 0, nil
	}
	f, err := c.dir.Open(".")
	if err != nil {
		return false, err
	}
	defer f.Close()
	c.names, err = f.Readdirnames(listBatch)
	if err == io.EOF {
		return false, nil
	}
	return len(c.names) > 0, err
}

// removeNext removes the next name; if it is a directory with something in it,
// it returns that, to be cleared first. With lenient it may be gone already.
func (c *clearing) removeNext(lenient bool) (*clearing, error) {
	name := c.names[0]
	p := c.path.Append(Path{name})
	err := c.dir.Remove(name)
	if err == nil || lenient && errors.Is(err, fs.ErrNotExist) {
		c.names = c.names[1:]
		return nil, nil
	}
	if fi, lerr := c.dir.Lstat(name); lerr != nil || !fi.IsDir() {
		return nil, about(p, err)
	}
	if !errors.Is(err, fs.ErrExist) { // else "not empty"
		return nil, about(p, err)
	}
	sub, err := enter(c.dir, name)
	if err != nil {
		return nil, about(p, err)
	}
	return &clearing{dir: sub, path: p}, nil
}
