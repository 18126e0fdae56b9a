package session

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"os"
	"strings"
	"time"
)

// find returns what at the top of the offer p is or lies in, and the path in it.
func (o *Offer) find(p Path) (*offered, Path, error) {
	top, rest, _ := strings.Cut(p.raw, "/")
	it := o.names[top]
	if it == nil {
		return nil, Path{}, newError(NotFound, p, "is not offered")
	}
	return it, Path{rest}, nil
}

// said returns err, which is about something in the directory that holds it, with
// the path that this has in the offer: p, if err does not tell which.
func (it *offered) said(p Path, err error) error {
	var e *Error
	if err == nil || !errors.As(err, &e) {
		return err
	}
	out := *e
	if rest, ok := strings.CutPrefix(e.Path.raw, it.path.raw); ok && e.Path.Within(it.path) {
		out.Path = Path{it.name + rest}
	} else {
		out.Path = p
	}
	return &out
}

func (it *offered) stat(ctx context.Context) (Entry, error) {
	e, err := it.tree.Stat(ctx, it.path)
	e.Name = it.name
	return e, it.said(Path{it.name}, err)
}

// within does f with the directory that holds what p names, and its path there.
func within[T any](o *Offer, p Path, f func(*Dir, Path) (T, error)) (out T, err error) {
	it, rest, err := o.find(p)
	if err != nil {
		return out, err
	}
	inner := it.path.Append(rest)
	out, err = f(it.tree, inner)
	return out, it.said(p, err)
}

// eachWithin is within for what yields; at the root, top does.
func eachWithin[T any](o *Offer, p Path, top func(func(T, error) bool), f func(*Dir, Path) iter.Seq2[T, error]) iter.Seq2[T, error] {
	if p.IsRoot() {
		return top
	}
	return func(yield func(T, error) bool) {
		var none T
		it, rest, err := o.find(p)
		if err != nil {
			yield(none, err)
			return
		}
		inner := it.path.Append(rest)
		for v, err := range f(it.tree, inner) {
			if !yield(v, it.said(p, err)) {
				return
			}
		}
	}
}

// top yields what is at the top. What is gone by now is left out.
func (o *Offer) top(ctx context.Context) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for _, it := range o.items {
			e, err := it.stat(ctx)
			if errors.Is(err, NotFound) {
				continue
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// List yields the entries of dir.
func (o *Offer) List(ctx context.Context, dir Path) iter.Seq2[Entry, error] {
	return eachWithin(o, dir, o.top(ctx), func(d *Dir, p Path) iter.Seq2[Entry, error] { return d.List(ctx, p) })
}

// Names yields the names in dir.
func (o *Offer) Names(ctx context.Context, dir Path) iter.Seq2[Entry, error] {
	return eachWithin(o, dir, o.top(ctx), func(d *Dir, p Path) iter.Seq2[Entry, error] { return d.Names(ctx, p) })
}

// Stat describes p.
func (o *Offer) Stat(ctx context.Context, p Path) (Entry, error) {
	if p.IsRoot() {
		return Entry{Kind: Directory, Mode: 0o500}, nil
	}
	e, err := within(o, p, func(d *Dir, inner Path) (Entry, error) { return d.Stat(ctx, inner) })
	if err == nil {
		e.Name = p.Base()
	}
	return e, err
}

// StatAll describes names of dir.
func (o *Offer) StatAll(ctx context.Context, dir Path, names []string) ([]Entry, error) {
	if !dir.IsRoot() {
		return within(o, dir, func(d *Dir, p Path) ([]Entry, error) { return d.StatAll(ctx, p, names) })
	}
	out := make([]Entry, 0, len(names))
	for _, name := range names {
		e := Entry{Name: name, Kind: Gone}
		if it := o.names[name]; it != nil {
			if is, err := it.stat(ctx); err == nil {
				e = is
			}
		}
		out = append(out, e)
	}
	return out, nil
}

// Watch yields what changes in dir. The top of an offer stays as it is, and so
// is no directory to be watched.
func (o *Offer) Watch(ctx context.Context, dir Path) iter.Seq2[Change, error] {
	refused := func(yield func(Change, error) bool) {
		yield(Change{}, newError(Refused, dir, "an offer stays as it is"))
	}
	return eachWithin(o, dir, refused, func(d *Dir, p Path) iter.Seq2[Change, error] { return d.Watch(ctx, p) })
}

// Measure counts what is in p and below; of the root, all that is offered.
func (o *Offer) Measure(ctx context.Context, p Path) iter.Seq2[Measured, error] {
	return eachWithin(o, p, func(yield func(Measured, error) bool) {
		var all Measured
		for _, it := range o.items {
			sum, e := all, Entry{}
			e, err := it.stat(ctx)
			if err == nil && e.Kind == Directory {
				all.Dirs++
			}
			for m, merr := range it.tree.Measure(ctx, it.path) {
				if err = merr; err != nil {
					break
				}
				sum = Measured{Files: all.Files + m.Files, Dirs: all.Dirs + m.Dirs, Bytes: all.Bytes + m.Bytes, Failed: all.Failed + m.Failed}
				if !yield(sum, nil) {
					return
				}
			}
			switch {
			case ctx.Err() != nil:
				yield(all, about(p, ctx.Err()))
				return
			case err != nil:
				sum.Failed++
			}
			all = sum
		}
		all.Done = true
		yield(all, nil)
	}, func(d *Dir, inner Path) iter.Seq2[Measured, error] { return d.Measure(ctx, inner) })
}

// Find yields what is in dir and below and fits q.
func (o *Offer) Find(ctx context.Context, dir Path, q Query) iter.Seq2[Found, error] {
	if dir.IsRoot() {
		return findApart(ctx, o, dir, q)
	}
	it, rest, err := o.find(dir)
	return func(yield func(Found, error) bool) {
		if err != nil {
			yield(Found{}, err)
			return
		}
		inner := it.path.Append(rest)
		for f, err := range it.tree.Find(ctx, inner, q) {
			if !f.Path.IsRoot() {
				f.Path = Path{it.name + strings.TrimPrefix(f.Path.raw, it.path.raw)}
			}
			if !yield(f, it.said(dir, err)) {
				return
			}
		}
	}
}

// Open opens a regular file for reading.
func (o *Offer) Open(ctx context.Context, p Path) (File, error) {
	if p.IsRoot() {
		return nil, newError(NotAFile, p, "the root is a directory")
	}
	return within(o, p, func(d *Dir, inner Path) (File, error) { return d.Open(ctx, inner) })
}

// openFile is Open for a Server.
func (o *Offer) openFile(p Path) (*os.File, error) {
	if p.IsRoot() {
		return nil, newError(NotAFile, p, "the root is a directory")
	}
	return within(o, p, func(d *Dir, inner Path) (*os.File, error) { return d.openFile(inner) })
}

// Hash returns the digest of a file.
func (o *Offer) Hash(ctx context.Context, p Path, a Algorithm) ([]byte, error) {
	if p.IsRoot() {
		return nil, newError(NotAFile, p, "the root is a directory")
	}
	return within(o, p, func(d *Dir, inner Path) ([]byte, error) { return d.Hash(ctx, inner, a) })
}

// Space has no answer: what is offered may lie on several disks.
func (o *Offer) Space(context.Context) (free, total uint64, err error) {
	return 0, 0, newError(Refused, Path{}, "an offer has no space of its own")
}

// Nothing in an offer is changed.

var errOfferStays = newError(Refused, Path{}, "what is offered stays as it is")

// Mkdir is refused.
func (o *Offer) Mkdir(_ context.Context, p Path, _ bool) error { return about(p, errOfferStays) }

// Rename is refused.
func (o *Offer) Rename(_ context.Context, from, _ Path) error { return about(from, errOfferStays) }

// Remove is refused.
func (o *Offer) Remove(_ context.Context, p Path, _ bool) error { return about(p, errOfferStays) }

// Touch is refused.
func (o *Offer) Touch(_ context.Context, p Path, _ time.Time, _ bool) error {
	return about(p, errOfferStays)
}

// Chmod is refused.
func (o *Offer) Chmod(_ context.Context, p Path, _ fs.FileMode) error {
	return about(p, errOfferStays)
}

// Symlink is refused.
func (o *Offer) Symlink(_ context.Context, _ string, p Path) error { return about(p, errOfferStays) }
