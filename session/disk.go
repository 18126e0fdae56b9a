package session

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"
)

// ground is what Dir and Host do each in their own way: reach a directory.
type ground interface {
	open(p Path) (*os.Root, error) // the directory p; the caller closes it
	makeAll(p Path) error          // p and those above it, where they are missing
}

// disk is a Tree on ground. Whatever it does, it does to one name in one open
// directory, so that nobody can change under it what the path leads to.
type disk struct {
	ground
	jail bool // the names come from a peer
}

// at opens the directory that holds p and returns it with p's name in it. The
// caller closes it. The root is in no directory: Refused.
func (d *disk) at(p Path) (dir *os.Root, name string, err error) {
	parent, name := p.Split()
	if name == "" {
		return nil, "", newError(Refused, p, "this cannot be done to the root")
	}
	if err := d.vet(name); err != nil {
		return nil, "", about(p, err)
	}
	dir, err = d.open(parent)
	if err != nil {
		return nil, "", about(parent, err)
	}
	return dir, name, nil
}

// Stat describes p itself: a link, not what it points to.
func (d *disk) Stat(ctx context.Context, p Path) (Entry, error) {
	if err := ctx.Err(); err != nil {
		return Entry{}, about(p, err)
	}
	dir, name, err := d.self(p)
	if err != nil {
		return Entry{}, err
	}
	defer dir.Close()
	e, err := entryAt(dir, name)
	if err != nil {
		return Entry{}, about(p, err)
	}
	if name == "." {
		e.Name = ""
	}
	return e, nil
}

// self is at, but knows the root too, as "." in itself.
func (d *disk) self(p Path) (dir *os.Root, name string, err error) {
	if !p.IsRoot() {
		return d.at(p)
	}
	dir, err = d.open(p)
	if err != nil {
		return nil, "", about(p, err)
	}
	return dir, ".", nil
}

// listBatch is how many names are read from a directory at once.
const listBatch = 512

// inBatches has see told of all that read returns, until that is at the end, or
// see returns false; all tells which of them it was.
func inBatches[T any](ctx context.Context, read func(n int) ([]T, error), see func(T) bool) (all bool, err error) {
	for ctx.Err() == nil {
		part, err := read(listBatch)
		for _, e := range part {
			switch {
			case ctx.Err() != nil:
				return false, ctx.Err()
			case !see(e):
				return false, nil
			}
		}
		switch {
		case err == io.EOF:
			return true, nil
		case err != nil:
			return false, err
		}
	}
	return false, ctx.Err()
}

// List yields the entries of p in the disk's order. An entry that vanishes
// meanwhile is left out.
func (d *disk) List(ctx context.Context, p Path) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		if err := d.list(ctx, p, yield); err != nil {
			yield(Entry{}, about(p, err))
		}
	}
}

// list returns nil also when yield has had enough.
func (d *disk) list(ctx context.Context, p Path, yield func(Entry, error) bool) error {
	dir, err := d.open(p)
	if err != nil {
		return err
	}
	defer dir.Close()
	f, err := dir.Open(".")
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = inBatches(ctx, f.Readdirnames, func(name string) bool {
		if d.jail && isPrivate(name) {
			return true
		}
		e, err := entryAt(dir, name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return true
		case err != nil: // it is there, more we are not told
			e = Entry{Name: name, Kind: Other}
		}
		return yield(e, nil)
	})
	return err
}

// entryAt describes name in dir.
func entryAt(dir *os.Root, name string) (Entry, error) {
	fi, err := dir.Lstat(name)
	if err != nil {
		return Entry{}, err
	}
	e := entryOf(fi)
	e.Name = name
	if e.Kind == Link {
		// Without its target it is a link still.
		e.Target, _ = dir.Readlink(name)
	}
	return e, nil
}

// entryOf describes what fi does, a link without its target.
func entryOf(fi fs.FileInfo) Entry {
	e := Entry{Name: fi.Name(), Mode: fi.Mode().Perm(), Modified: fi.ModTime()}
	switch m := fi.Mode(); {
	case m.IsRegular():
		e.Kind, e.Size = RegularFile, fi.Size()
	case m.IsDir():
		e.Kind = Directory
	case m&fs.ModeSymlink != 0:
		e.Kind = Link
	default:
		e.Kind = Other
	}
	return e
}

// Space returns the free and the total bytes of the disk under the root.
func (d *disk) Space(ctx context.Context) (free, total uint64, err error) {
	if err := ctx.Err(); err != nil {
		return 0, 0, about(Path{}, err)
	}
	dir, err := d.open(Path{})
	if err != nil {
		return 0, 0, about(Path{}, err)
	}
	defer dir.Close()
	free, total, err = spaceOf(dir)
	if err != nil {
		return 0, 0, about(Path{}, err)
	}
	return free, total, nil
}
