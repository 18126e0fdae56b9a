package session

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/bargee/bargee/internal/wire"
)

// errBrokenOff: an answer ended before it was whole.
var errBrokenOff = newError(Protocol, Path{}, "the peer's answer breaks off")

// Measure counts what p holds, where it is.
func (r *Remote) Measure(ctx context.Context, p Path) iter.Seq2[Measured, error] {
	if r.lacks(abilityMeasure) {
		return measureApart(ctx, r, p)
	}
	return func(yield func(Measured, error) bool) {
		c, err := r.ask(ctx, p, &wire.Request{Ask: &wire.Request_Measure{Measure: &wire.Measure{Path: []byte(p.raw)}}})
		if err != nil {
			yield(Measured{}, err)
			return
		}
		defer c.end()
		var sum Measured
		for part, err := range parts(c, func() *wire.Measured { return new(wire.Measured) }, whenever) {
			if r.found(abilityMeasure, err) {
				measureApart(ctx, r, p)(yield)
				return
			}
			if err != nil {
				yield(sum, err)
				return
			}
			sum = Measured{
				Files: int64(part.GetFiles()), Dirs: int64(part.GetDirs()), Bytes: int64(part.GetBytes()),
				Failed: int64(part.GetFailed()), Done: part.GetDone(),
			}
			c.over = sum.Done
			if !yield(sum, nil) || sum.Done {
				return
			}
		}
		yield(sum, about(p, errBrokenOff))
	}
}

// Find yields what is in dir and below and fits q; the peer looks for it.
func (r *Remote) Find(ctx context.Context, dir Path, q Query) iter.Seq2[Found, error] {
	if r.lacks(abilityFind) {
		return findApart(ctx, r, dir, q)
	}
	return func(yield func(Found, error) bool) {
		if _, err := q.compile(); err != nil {
			yield(Found{}, about(dir, err))
			return
		}
		c, err := r.ask(ctx, dir, &wire.Request{Ask: &wire.Request_Find{
			Find: &wire.Find{Path: []byte(dir.raw), Pattern: []byte(q.Pattern), Glob: q.Glob}}})
		if err != nil {
			yield(Found{}, err)
			return
		}
		defer c.end()
		h := hits{dir: dir, yield: yield, most: MaxFound}
		h.hear(c, func(err error) bool {
			if !r.found(abilityFind, err) {
				return false
			}
			findApart(ctx, r, dir, q)(yield)
			return true
		})
	}
}

// glob is Glob by the peer.
func (r *Remote) glob(ctx context.Context, dir Path, pattern string) iter.Seq2[Found, error] {
	return func(yield func(Found, error) bool) {
		if _, err := parseGlob(pattern); err != nil {
			yield(Found{}, about(dir, err))
			return
		}
		c, err := r.ask(ctx, dir, &wire.Request{Ask: &wire.Request_Glob{
			Glob: &wire.Glob{Path: []byte(dir.raw), Pattern: []byte(pattern)}}})
		if err != nil {
			yield(Found{}, err)
			return
		}
		defer c.end()
		h := hits{dir: dir, yield: yield, most: MaxGlobbed}
		h.hear(c, func(err error) bool {
			if !r.found(abilityGlob, err) {
				return false
			}
			globApart(ctx, r, dir, pattern, maxListings)(yield)
			return true
		})
	}
}

// hits hands on what a peer finds.
type hits struct {
	dir      Path
	yield    func(Found, error) bool
	n, most  int
	searched int64
	err      error
}

// hear hands on an answer, unless otherwise takes the error that it begins with.
func (h *hits) hear(c *call, otherwise func(error) bool) {
	for part, err := range parts(c, func() *wire.Hits { return new(wire.Hits) }, whenever) {
		if err != nil && otherwise(err) || h.take(part) {
			return
		}
		if err == nil {
			err = h.err
		}
		if err != nil {
			h.yield(Found{Searched: h.searched}, c.explain(err))
			return
		}
	}
}

// take hands on a part, and returns whether the caller has had enough.
func (h *hits) take(part *wire.Hits) (enough bool) {
	h.searched = int64(part.GetSearched())
	for _, w := range part.GetHits() {
		f, err := hitFromWire(h.dir, w)
		if h.n++; err == nil && h.n > h.most {
			err = fmt.Errorf("more than %d hits: %w", h.most, wire.ErrLimit)
		}
		if err != nil {
			h.err = err
			return false
		}
		f.Searched = h.searched
		if !h.yield(f, nil) {
			return true
		}
	}
	return len(part.GetHits()) == 0 && part.GetError() == nil && !h.yield(Found{Searched: h.searched}, nil)
}

// hitFromWire returns what a peer found below dir.
func hitFromWire(dir Path, w *wire.Hit) (Found, error) {
	rel, err := parseClean(string(w.GetPath()))
	if err == nil && rel.IsRoot() {
		err = errors.New("a hit without a path")
	}
	var whole Path
	if err == nil {
		whole, err = parseClean(dir.Append(rel).raw)
	}
	if err != nil {
		return Found{}, fmt.Errorf("%w: %w", err, wire.ErrInvalid)
	}
	if len(w.GetEntry().GetName()) > 0 {
		return Found{}, fmt.Errorf("a hit with two names: %w", wire.ErrInvalid)
	}
	e, err := entryFromWire(w.GetEntry())
	e.Name = rel.Base()
	return Found{Path: whole, Entry: e}, err
}

// Watch yields what changes in dir. Where the peer cannot tell, it is asked for
// the directory's time now and then.
func (r *Remote) Watch(ctx context.Context, dir Path) iter.Seq2[Change, error] {
	if r.lacks(abilityWatch) {
		return Poll(ctx, r, dir)
	}
	return func(yield func(Change, error) bool) {
		c, err := r.ask(ctx, dir, &wire.Request{Ask: &wire.Request_Watch{Watch: &wire.Watch{Path: []byte(dir.raw)}}})
		if err != nil {
			yield(Change{}, err)
			return
		}
		defer c.end()
		for part, err := range parts(c, func() *wire.Changes { return new(wire.Changes) }, atFirst) {
			if r.found(abilityWatch, err) {
				Poll(ctx, r, dir)(yield)
				return
			}
			change, bad := changeFromWire(part)
			if err == nil && bad != nil {
				err = c.explain(bad)
			}
			if err != nil {
				yield(Change{}, err)
				return
			}
			if !yield(change, nil) {
				return
			}
			_ = pause(ctx, time.Second/WatchRate/2) // if ctx ends, reading does
		}
		yield(Change{}, newError(Interrupted, dir, "the peer watches it no more"))
	}
}

// changeFromWire returns what a peer says of a directory.
func changeFromWire(w *wire.Changes) (Change, error) {
	c := Change{Again: w.GetAgain()}
	for _, raw := range w.GetNames() {
		name := string(raw)
		if err := checkName(name); err != nil {
			return Change{}, fmt.Errorf("changes: %w: %w", err, wire.ErrInvalid)
		}
		c.Names = append(c.Names, name)
	}
	return c, nil
}
