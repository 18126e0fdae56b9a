package session

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"iter"
	"slices"
	"time"
)

// A DropBox as a Tree.

// entries are what the root shows.
func (b *DropBox) entries(all []BoxedDrop) (out []Entry) {
	for _, d := range all {
		out = append(out, Entry{Name: d.Name, Kind: Directory, Mode: 0o700, Modified: d.Stored})
		if d.Note != "" {
			out = append(out, Entry{Name: d.Name + noteSuffix, Kind: RegularFile, Size: int64(len(d.Note)), Mode: 0o600, Modified: d.Stored})
		}
	}
	return out
}

// List yields drops, or what is in one.
func (b *DropBox) List(ctx context.Context, dir Path) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		if !dir.IsRoot() {
			d, rest, release, err := b.hold(ctx, dir)
			if err != nil {
				yield(Entry{}, err)
				return
			}
			defer release()
			d.List(ctx, rest)(yield)
			return
		}
		all, err := b.look(ctx)
		if err != nil {
			yield(Entry{}, err)
			return
		}
		for _, e := range b.entries(all) {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// Names yields the same.
func (b *DropBox) Names(ctx context.Context, dir Path) iter.Seq2[Entry, error] {
	return b.List(ctx, dir)
}

// Stat describes p.
func (b *DropBox) Stat(ctx context.Context, p Path) (Entry, error) {
	name, rest := p.first()
	if p.IsRoot() {
		return Entry{Kind: Directory, Mode: 0o700}, nil
	}
	if rest.IsRoot() {
		d, _, err := b.named(ctx, name)
		if err != nil {
			return Entry{}, err
		}
		for _, e := range b.entries([]BoxedDrop{d}) {
			if e.Name == name {
				return e, nil
			}
		}
	}
	d, rest, release, err := b.hold(ctx, p)
	if err != nil {
		return Entry{}, err
	}
	defer release()
	return d.Stat(ctx, rest)
}

// StatAll describes names of dir.
func (b *DropBox) StatAll(ctx context.Context, dir Path, names []string) ([]Entry, error) {
	return statEach(ctx, b, dir, names)
}

// watchBox is how often a box is looked at for drops that came or went.
const watchBox = 10 * time.Second

// Drop implements Box.
func (b *DropBox) Drop(ctx context.Context, p Path) (BoxedDrop, error) {
	name, _ := p.first()
	if !p.IsRoot() {
		d, _, err := b.named(ctx, name)
		return d, err
	}
	all, err := b.look(ctx)
	if err != nil {
		return BoxedDrop{}, err
	}
	var last BoxedDrop
	for _, d := range all {
		if d.Ours && d.Stored.After(last.Stored) {
			last = d
		}
	}
	if last.ID == (DropID{}) {
		return last, newError(NotFound, p, "nothing was stored there from here")
	}
	return last, nil
}

// Watch asks the depot now and then; in a drop nothing changes.
func (b *DropBox) Watch(ctx context.Context, dir Path) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		if !yield(Change{}, nil) {
			return
		}
		tick := time.NewTicker(watchBox)
		defer tick.Stop()
		b.mu.Lock()
		last := b.known
		b.mu.Unlock()
		away := false
		for {
			select {
			case <-tick.C:
			case <-ctx.Done():
				yield(Change{}, about(dir, context.Cause(ctx)))
				return
			}
			if !dir.IsRoot() {
				continue
			}
			now, err := b.look(ctx)
			if err != nil { // a depot that is away is back some time
				if !away && ctx.Err() == nil && !yield(Change{Again: true}, nil) { // who reads again hears why
					return
				}
				away = true
				continue
			}
			if slices.EqualFunc(now, last, BoxedDrop.same) && !away {
				continue
			}
			last, away = now, false
			if !yield(Change{Again: true}, nil) {
				return
			}
		}
	}
}

// same tells whether two look the same.
func (d BoxedDrop) same(o BoxedDrop) bool {
	return d.ID == o.ID && d.Name == o.Name && d.Ours == o.Ours && d.Note == o.Note && d.Stored.Equal(o.Stored)
}

// Measure counts what is in p and below.
func (b *DropBox) Measure(ctx context.Context, p Path) iter.Seq2[Measured, error] {
	return measureApart(ctx, b, p)
}

// Find yields what fits q.
func (b *DropBox) Find(ctx context.Context, dir Path, q Query) iter.Seq2[Found, error] {
	return findApart(ctx, b, dir, q)
}

// Open opens a file of a drop, or a note.
func (b *DropBox) Open(ctx context.Context, p Path) (File, error) {
	if name, rest := p.first(); rest.IsRoot() && !p.IsRoot() {
		d, note, err := b.named(ctx, name)
		if err != nil {
			return nil, err
		}
		if !note {
			return nil, newError(NotAFile, p, "is a drop")
		}
		return &noteFile{bytes.NewReader([]byte(d.Note)), b.entries([]BoxedDrop{d})[1]}, nil
	}
	d, rest, release, err := b.hold(ctx, p)
	if err != nil {
		return nil, err
	}
	f, err := b.read(ctx, d, rest)
	if err != nil {
		release()
		return nil, about(p, err)
	}
	return &boxedFile{f, release}, nil
}

// errCounted is why a drop is not looked into by whoever passes by.
var errCounted = &Error{Kind: Refused, Err: errors.New("to read it would count as a download: copy it to receive it")}

func (b *DropBox) read(ctx context.Context, d *Drop, p Path) (File, error) {
	if d.state.Downloads >= 0 {
		return nil, errCounted
	}
	return d.Open(ctx, p)
}

// A boxedFile keeps its drop open.
type boxedFile struct {
	File
	release func()
}

// Close lets go of the drop.
func (f *boxedFile) Close() error {
	defer f.release()
	return f.File.Close()
}

// A noteFile is a note, opened.
type noteFile struct {
	*bytes.Reader
	entry Entry
}

func (n *noteFile) Close() error         { return nil }
func (n *noteFile) Stat() (Entry, error) { return n.entry, nil }

// Hash digests a file of a drop.
func (b *DropBox) Hash(ctx context.Context, p Path, a Algorithm) ([]byte, error) {
	d, rest, release, err := b.hold(ctx, p)
	if err != nil {
		return nil, err
	}
	defer release()
	if d.state.Downloads >= 0 {
		return nil, about(p, errCounted)
	}
	return d.Hash(ctx, rest, a)
}

// Remove removes a drop from the depot.
func (b *DropBox) Remove(ctx context.Context, p Path, recursive bool) error {
	name, rest := p.first()
	if p.IsRoot() || !rest.IsRoot() {
		return about(p, errDropStays)
	}
	at, note, err := b.named(ctx, name)
	switch {
	case err != nil:
		return err
	case note:
		return newError(Refused, p, "it goes with its drop")
	case !recursive:
		return newError(Refused, p, "there are files in it")
	case !at.Ours:
		return newError(Refused, p, "it was stored by somebody else")
	}
	if err := b.cfg.Remove(ctx, at.ID); err != nil {
		return about(p, err)
	}
	b.putAway(at.ID)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.known = slices.DeleteFunc(slices.Clone(b.known), func(d BoxedDrop) bool { return d.ID == at.ID })
	return nil
}

// Space has no answer: the depot says no when it is full.
func (b *DropBox) Space(context.Context) (free, total uint64, err error) {
	return 0, 0, newError(Refused, Path{}, "a drop box has no space of its own")
}

// Mkdir is refused, as is all that would change a drop.
func (b *DropBox) Mkdir(_ context.Context, p Path, _ bool) error { return b.refuse(p) }

// Rename is refused.
func (b *DropBox) Rename(_ context.Context, from, _ Path) error { return b.refuse(from) }

// Touch is refused.
func (b *DropBox) Touch(_ context.Context, p Path, _ time.Time, _ bool) error { return b.refuse(p) }

// Chmod is refused.
func (b *DropBox) Chmod(_ context.Context, p Path, _ fs.FileMode) error { return b.refuse(p) }

// Symlink is refused.
func (b *DropBox) Symlink(_ context.Context, _ string, p Path) error { return b.refuse(p) }

func (b *DropBox) refuse(p Path) error {
	return newError(Refused, p, "in a drop box nothing is made or changed: copy files into it to store them")
}
