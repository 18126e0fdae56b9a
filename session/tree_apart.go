package session

import (
	"context"
	"errors"
	"iter"
	"time"
)

// What can be done with the oldest of a Tree's methods, where the newer ones
// are not to be had: at a peer of an older version.

// statEach is StatAll by Stat.
func statEach(ctx context.Context, t Tree, dir Path, names []string) ([]Entry, error) {
	if err := checkNames(dir, names); err != nil {
		return nil, err
	}
	out := make([]Entry, len(names))
	for i, name := range names {
		p, err := dir.Join(name)
		if err != nil {
			return nil, about(dir, err)
		}
		e, err := t.Stat(ctx, p)
		switch {
		case err == nil:
			out[i] = e
		case errors.Is(err, NotFound):
			out[i] = Entry{Name: name, Kind: Gone}
		case errors.Is(err, Permission), errors.Is(err, BadName):
			out[i] = Entry{Name: name, Kind: Other}
		default:
			return nil, err
		}
	}
	return out, nil
}

// maxListings is how many directories of a peer are listed, one after the
// other, before a walk from here is given up: at 100 ms each, 100 s.
const maxListings = 1000

// errTooMany ends such a walk.
var errTooMany = newError(Limit, Path{}, "stopped after %d directories: the peer's version cannot do this by itself, and to list them from here takes too long", maxListings)

// eachBelow has visit see all below dir by List, until it returns false. It
// returns how many directories could not be read.
func eachBelow(ctx context.Context, t Tree, dir Path, visit func(at Path, e Entry) bool) (failed int64, err error) {
	left := []Path{dir}
	for n := 0; len(left) > 0; n++ {
		if n == maxListings {
			return failed, about(dir, errTooMany)
		}
		at := left[len(left)-1]
		left = left[:len(left)-1]
		for e, err := range t.List(ctx, at) {
			if err != nil {
				if n == 0 || ctx.Err() != nil || errors.Is(err, Interrupted) || errors.Is(err, Unreachable) {
					return failed, err
				}
				failed++
				break
			}
			if !visit(at, e) {
				return failed, nil
			}
			if e.Kind != Directory {
				continue
			}
			if p, err := at.Join(e.Name); err == nil && len(left) < maxListings {
				left = append(left, p)
			} else {
				failed++
			}
		}
	}
	return failed, nil
}

// measureApart is Measure by List. It does not know the names of one file.
func measureApart(ctx context.Context, t Tree, p Path) iter.Seq2[Measured, error] {
	return func(yield func(Measured, error) bool) {
		e, err := t.Stat(ctx, p)
		if err != nil {
			yield(Measured{}, err)
			return
		}
		if e.Kind != Directory {
			yield(Measured{Files: 1, Bytes: e.Size, Done: true}, nil)
			return
		}
		var sum Measured
		told, enough := time.Now(), false
		sum.Failed, err = eachBelow(ctx, t, p, func(_ Path, e Entry) bool {
			if e.Kind == Directory {
				sum.Dirs++
			} else {
				sum.Files++
				sum.Bytes += e.Size
			}
			if time.Since(told) >= time.Second/MeasureRate {
				told = time.Now()
				enough = !yield(sum, nil)
			}
			return !enough
		})
		if !enough {
			sum.Done = err == nil
			yield(sum, err)
		}
	}
}

// findApart is Find by List.
func findApart(ctx context.Context, t Tree, dir Path, q Query) iter.Seq2[Found, error] {
	return func(yield func(Found, error) bool) {
		match, err := q.compile()
		if err != nil {
			yield(Found{}, about(dir, err))
			return
		}
		s := &search{match: match, base: dir, yield: yield, told: time.Now()}
		_, err = eachBelow(ctx, t, dir, func(at Path, e Entry) bool {
			return s.look(at, e.Name, func() (Entry, error) { return e, nil })
		})
		if err == nil {
			err = s.err
		}
		if err != nil && !s.enough {
			yield(Found{Searched: s.searched}, about(dir, err))
		}
	}
}
