package session

import (
	"context"
	"io/fs"
	"iter"
	"time"
)

// maxSeen is how many files with several names Measure remembers, 32 MiB of
// them; names of more count each.
const maxSeen = 1 << 20

// Measure counts what p holds.
func (d *disk) Measure(ctx context.Context, p Path) iter.Seq2[Measured, error] {
	return func(yield func(Measured, error) bool) {
		e, err := d.Stat(ctx, p)
		if err != nil {
			yield(Measured{}, err)
			return
		}
		if e.Kind != Directory && !d.leads(p, e) {
			yield(Measured{Files: 1, Bytes: e.Size, Done: true}, nil)
			return
		}
		s := &scale{yield: yield, seen: make(map[fileID]struct{}), told: time.Now()}
		w := &walker{d: d, ctx: ctx, visit: s.weigh}
		err = w.walkAll(p)
		s.sum.Failed = w.failed
		switch {
		case err != nil:
			yield(s.sum, err)
		case !s.enough:
			s.sum.Done = true
			yield(s.sum, nil)
		}
	}
}

// leads tells whether the link p leads to a directory that may be entered.
func (d *disk) leads(p Path, e Entry) bool {
	if d.jail || e.Kind != Link {
		return false
	}
	dir, err := d.open(p)
	if err != nil {
		return false
	}
	dir.Close()
	return true
}

// A fileID is what the names of one file have in common.
type fileID struct{ device, inode uint64 }

// A scale adds up what a walk comes by.
type scale struct {
	sum    Measured
	yield  func(Measured, error) bool
	enough bool // the caller's word
	seen   map[fileID]struct{}
	told   time.Time
	n      int
}

func (s *scale) weigh(at *walkedDir, e fs.DirEntry) bool {
	if e.IsDir() {
		s.sum.Dirs++
	} else {
		s.sum.Files++
		if e.Type().IsRegular() {
			s.sum.Bytes += s.size(at, e.Name())
		}
	}
	if s.n++; s.n%64 == 0 && time.Since(s.told) >= time.Second/MeasureRate {
		s.told = time.Now()
		s.enough = !s.yield(s.sum, nil)
	}
	return !s.enough
}

// size returns the bytes that name adds: none for another name of a file that
// was counted, or one that is gone by now.
func (s *scale) size(at *walkedDir, name string) int64 {
	size, links, id, ok := weightOf(at, name)
	if !ok {
		return 0
	}
	if links > 1 {
		if _, again := s.seen[id]; again {
			return 0
		}
		if len(s.seen) < maxSeen {
			s.seen[id] = struct{}{}
		}
	}
	return size
}
