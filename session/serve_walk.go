package session

import (
	"context"
	"iter"
	"time"

	"github.com/bargee/bargee/internal/wire"
)

// measure writes what a directory holds: so far, and at the end the whole.
func (e *exchange) measure(ctx context.Context, ask *wire.Measure) error {
	p, err := e.s.path(ask.GetPath())
	if err != nil {
		return err
	}
	if !take(e.v.walks) {
		return errManyWalks
	}
	defer give(e.v.walks)
	for m, err := range e.s.tree().Measure(ctx, p) {
		part := &wire.Measured{
			Files: uint64(m.Files), Dirs: uint64(m.Dirs), Bytes: uint64(m.Bytes), Failed: uint64(m.Failed), Done: m.Done,
		}
		if err != nil {
			part.Error = toWire(err)
		}
		if err := e.write(part); err != nil {
			return e.cut(err)
		}
	}
	return e.st.Close()
}

var errManyWalks = newError(Busy, Path{}, "%d trees are being measured or searched already", maxWalks)

// Hits go out when there are some, and none waits long for others.
const (
	maxHits     = 64
	longestHits = 50 * time.Millisecond
)

// find writes what fits a query.
func (e *exchange) find(ctx context.Context, ask *wire.Find) error {
	p, err := e.s.path(ask.GetPath())
	if err != nil {
		return err
	}
	if !take(e.v.walks) {
		return errManyWalks
	}
	defer give(e.v.walks)
	q := Query{Pattern: string(ask.GetPattern()), Glob: ask.GetGlob()}
	return e.hits(p, e.s.tree().Find(ctx, p, q))
}

// glob writes what a pattern stands for.
func (e *exchange) glob(ctx context.Context, ask *wire.Glob) error {
	p, err := e.s.path(ask.GetPath())
	if err != nil {
		return err
	}
	if !take(e.v.walks) {
		return errManyWalks
	}
	defer give(e.v.walks)
	return e.hits(p, globApart(ctx, e.s.tree(), p, string(ask.GetPattern()), 0))
}

// hits writes what was found below p.
func (e *exchange) hits(p Path, all iter.Seq2[Found, error]) error {
	part, bytes, said := new(wire.Hits), 0, time.Time{}
	for f, err := range all {
		part.Searched = uint64(f.Searched)
		hit := !f.Path.IsRoot()
		if err != nil {
			part.Error = toWire(err)
			break
		}
		if hit {
			w := hitToWire(p, f)
			part.Hits = append(part.Hits, w)
			bytes += len(w.Path) + len(w.Entry.Target) + 64
		}
		if hit && len(part.Hits) < maxHits && bytes < maxEntryBytes && time.Since(said) < longestHits {
			continue
		}
		if err := e.write(part); err != nil {
			return e.cut(err)
		}
		part, bytes, said = new(wire.Hits), 0, time.Now()
	}
	if len(part.Hits) > 0 || part.Error != nil {
		e.write(part)
	}
	e.st.Close()
	return nil
}

// hitToWire returns f, found below base, as it travels.
func hitToWire(base Path, f Found) *wire.Hit {
	w := &wire.Hit{Path: []byte(below(base, f.Path.Parent(), f.Path.Base())), Entry: entryToWire(f.Entry)}
	w.Entry.Name = nil
	return w
}

// watch writes what changes in a directory, until the asker has enough.
func (e *exchange) watch(ctx context.Context, ask *wire.Watch) error {
	p, err := e.s.path(ask.GetPath())
	if err != nil {
		return err
	}
	if !take(e.v.watches) {
		return newError(Refused, p, "%d directories are watched on this link already", maxWatches)
	}
	defer give(e.v.watches)
	for c, err := range e.s.tree().Watch(ctx, p) {
		part := &wire.Changes{Again: c.Again}
		for _, name := range c.Names {
			part.Names = append(part.Names, []byte(name))
		}
		if err != nil {
			part.Error = toWire(err)
		}
		if err := e.write(part); err != nil {
			return e.cut(err)
		}
	}
	return e.st.Close()
}
