package session

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"os"
	"strings"
	"time"

	"github.com/bmatcuk/doublestar/v4"
)

// Find yields what is in p and below and fits q.
func (d *disk) Find(ctx context.Context, p Path, q Query) iter.Seq2[Found, error] {
	return func(yield func(Found, error) bool) {
		match, err := q.compile()
		if err != nil {
			yield(Found{}, about(p, err))
			return
		}
		s := &search{match: match, base: p, yield: yield, told: time.Now()}
		w := &walker{d: d, ctx: ctx, visit: func(at *walkedDir, e fs.DirEntry) bool {
			return s.look(at.path, e.Name(), func() (Entry, error) { return foundEntry(at.dir, e) })
		}}
		if err = w.walkAll(p); err == nil {
			err = s.err
		}
		if err != nil && !s.enough {
			yield(Found{Searched: s.searched}, about(p, err))
		}
	}
}

// A matcher tells whether something fits: its name, and its path below the
// directory that is searched.
type matcher func(name string, below func() string) bool

// compile returns what holds names against q.
func (q Query) compile() (matcher, error) {
	switch {
	case q.Pattern == "":
		return nil, newError(BadName, Path{}, "nothing to look for")
	case len(q.Pattern) > MaxPattern:
		return nil, newError(Limit, Path{}, "a pattern of %d bytes, at most %d", len(q.Pattern), MaxPattern)
	case !q.Glob:
		return contains(q.Pattern), nil
	}
	pattern := strings.Trim(q.Pattern, "/")
	if waysOf(pattern) > maxWays {
		return nil, newError(BadName, Path{}, "%s stands for more than %d patterns", Display(clip(q.Pattern)), maxWays)
	}
	if !doublestar.ValidatePattern(pattern) {
		return nil, newError(BadName, Path{}, "%s is no pattern", Display(clip(q.Pattern)))
	}
	if strings.Contains(pattern, "/") {
		return func(_ string, below func() string) bool { return doublestar.MatchUnvalidated(pattern, below()) }, nil
	}
	return func(name string, _ func() string) bool { return doublestar.MatchUnvalidated(pattern, name) }, nil
}

// maxWays is how many patterns one with braces may stand for. Each of them may
// be held against each name.
const maxWays = 256

// waysOf returns how many patterns without braces pattern stands for, or more.
func waysOf(pattern string) int {
	n := 1
	for _, group := range strings.Split(pattern, "{")[1:] {
		if n *= 1 + strings.Count(group, ","); n > maxWays {
			break
		}
	}
	return n
}

func contains(part string) matcher {
	part = strings.ToLower(part)
	return func(name string, _ func() string) bool { return strings.Contains(strings.ToLower(name), part) }
}

// errFoundEnough ends a search with more hits than anybody looks through.
var errFoundEnough = newError(Limit, Path{}, "stopped after %d hits", MaxFound)

// foundEntry describes e in dir, as far as we are told.
func foundEntry(dir *os.Root, e fs.DirEntry) (Entry, error) {
	entry, err := entryAt(dir, e.Name())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Entry{Name: e.Name(), Kind: kindOf(e.Type())}, nil
	}
	return entry, err
}

// A search holds what a walk comes by against a query.
type search struct {
	match    matcher
	base     Path
	yield    func(Found, error) bool
	enough   bool // the caller's word
	searched int64
	hits     int
	told     time.Time
	err      error // why it ends before all was seen
}

// look holds name in at against the query, and returns whether to go on. What
// else there is to know of a hit, entry tells.
func (s *search) look(at Path, name string, entry func() (Entry, error)) bool {
	s.searched++
	if !s.match(name, func() string { return below(s.base, at, name) }) {
		if s.searched%64 == 0 && time.Since(s.told) >= time.Second/MeasureRate {
			s.tell(Found{Searched: s.searched})
		}
		return !s.enough
	}
	if s.hits == MaxFound {
		s.err = errFoundEnough
		return false
	}
	p, err := at.Join(name)
	if err != nil {
		return true // too long for a path: nobody could open it
	}
	e, err := entry()
	if err != nil {
		return true // gone by now
	}
	s.hits++
	s.tell(Found{Path: p, Entry: e, Searched: s.searched})
	return !s.enough
}

func (s *search) tell(f Found) {
	s.told = time.Now()
	s.enough = !s.yield(f, nil)
}

// below returns the path of name in at as it is seen from base.
func below(base, at Path, name string) string {
	dir := strings.TrimPrefix(strings.TrimPrefix(at.raw, base.raw), "/")
	if dir == "" {
		return name
	}
	return dir + "/" + name
}
