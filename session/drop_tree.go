package session

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"iter"
	"time"

	"lukechampine.com/blake3"
)

func (d *Drop) node(p Path) (*dropNode, error) {
	if n := d.nodes[p.raw]; n != nil {
		return n, nil
	}
	return nil, newError(NotFound, p, "is not in the drop")
}

func (d *Drop) dir(p Path) (*dropNode, error) {
	n, err := d.node(p)
	if err == nil && n.entry.Kind != Directory {
		return nil, newError(NotADirectory, p, "is no directory")
	}
	return n, err
}

// List yields the entries of dir.
func (d *Drop) List(ctx context.Context, dir Path) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		n, err := d.dir(dir)
		if err != nil {
			yield(Entry{}, err)
			return
		}
		for _, c := range n.children {
			if ctx.Err() != nil {
				yield(Entry{}, about(dir, context.Cause(ctx)))
				return
			}
			if !yield(c.entry, nil) {
				return
			}
		}
	}
}

// Names yields the same: all is known.
func (d *Drop) Names(ctx context.Context, dir Path) iter.Seq2[Entry, error] { return d.List(ctx, dir) }

// Stat describes p.
func (d *Drop) Stat(_ context.Context, p Path) (Entry, error) {
	n, err := d.node(p)
	if err != nil {
		return Entry{}, err
	}
	return n.entry, nil
}

// StatAll describes names of dir.
func (d *Drop) StatAll(ctx context.Context, dir Path, names []string) ([]Entry, error) {
	if _, err := d.dir(dir); err != nil {
		return nil, err
	}
	return statEach(ctx, d, dir, names)
}

// Watch is refused: a drop stays as it is.
func (d *Drop) Watch(_ context.Context, dir Path) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) { yield(Change{}, about(dir, errDropStays)) }
}

// Measure counts what is in p and below.
func (d *Drop) Measure(_ context.Context, p Path) iter.Seq2[Measured, error] {
	return func(yield func(Measured, error) bool) {
		n, err := d.node(p)
		if err != nil {
			yield(Measured{}, err)
			return
		}
		var sum Measured
		n.count(&sum)
		if n.entry.Kind == Directory {
			sum.Dirs--
		}
		sum.Done = true
		yield(sum, nil)
	}
}

func (n *dropNode) count(sum *Measured) {
	if n.entry.Kind != Directory {
		sum.Files++
		if n.entry.Kind == RegularFile {
			sum.Bytes += n.entry.Size
		}
		return
	}
	sum.Dirs++
	for _, c := range n.children {
		c.count(sum)
	}
}

// Find yields what is in dir and below and fits q.
func (d *Drop) Find(ctx context.Context, dir Path, q Query) iter.Seq2[Found, error] {
	return findApart(ctx, d, dir, q)
}

// Open opens a file for reading. It lives as long as ctx.
func (d *Drop) Open(ctx context.Context, p Path) (File, error) {
	n, err := d.node(p)
	if err != nil {
		return nil, err
	}
	if n.entry.Kind != RegularFile {
		return nil, newError(NotAFile, p, "is no file")
	}
	f := &dropFile{d: d, n: n, ctx: ctx}
	f.SectionReader = io.NewSectionReader(f.section(), 0, n.entry.Size)
	return f, nil
}

// A dropFile is a File in a drop.
type dropFile struct {
	*io.SectionReader
	d   *Drop
	n   *dropNode
	ctx context.Context
}

type readAtFunc func(p []byte, off int64) (int, error)

func (f readAtFunc) ReadAt(p []byte, off int64) (int, error) { return f(p, off) }

func (f *dropFile) section() io.ReaderAt {
	return readAtFunc(func(p []byte, off int64) (int, error) {
		if err := f.d.data.readAt(f.ctx, p, f.n.at+off); err != nil {
			return 0, err
		}
		return len(p), nil
	})
}

func (f *dropFile) Stat() (Entry, error) { return f.n.entry, nil }
func (f *dropFile) Close() error         { return nil }

// Hash returns the digest of a file, which is read for it.
func (d *Drop) Hash(ctx context.Context, p Path, a Algorithm) ([]byte, error) {
	f, err := d.Open(ctx, p)
	if err != nil {
		return nil, err
	}
	h := sha256.New()
	switch a {
	case SHA256:
	case BLAKE3:
		h = blake3.New(32, nil)
	default:
		return nil, newError(Invalid, p, "no algorithm %q", a)
	}
	if _, err := io.CopyBuffer(h, f, make([]byte, 64<<10)); err != nil {
		return nil, about(p, err)
	}
	return h.Sum(nil), nil
}

// Space has no answer: nothing can be put into a drop.
func (d *Drop) Space(context.Context) (free, total uint64, err error) {
	return 0, 0, newError(Refused, Path{}, "a drop has no space of its own")
}

// Nothing in a drop is changed.

var errDropStays = &Error{Kind: Refused, Err: errors.New("what is in a drop stays as it is")}

// Mkdir is refused.
func (d *Drop) Mkdir(_ context.Context, p Path, _ bool) error { return about(p, errDropStays) }

// Rename is refused.
func (d *Drop) Rename(_ context.Context, from, _ Path) error { return about(from, errDropStays) }

// Remove is refused.
func (d *Drop) Remove(_ context.Context, p Path, _ bool) error { return about(p, errDropStays) }

// Touch is refused.
func (d *Drop) Touch(_ context.Context, p Path, _ time.Time, _ bool) error {
	return about(p, errDropStays)
}

// Chmod is refused.
func (d *Drop) Chmod(_ context.Context, p Path, _ fs.FileMode) error { return about(p, errDropStays) }

// Symlink is refused.
func (d *Drop) Symlink(_ context.Context, _ string, p Path) error { return about(p, errDropStays) }
