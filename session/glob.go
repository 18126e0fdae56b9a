package session

import (
	"context"
	"iter"
	"strings"
	"time"

	"github.com/bmatcuk/doublestar/v4"
)

// Limits of what a Glob may say and find.
const (
	MaxGlobbed = 100_000 // hits of one Glob
	maxGlob    = 4096    // bytes of a pattern
	maxDeep    = 4       // times that ** may stand in one
)

// IsGlob tells whether s has one of the letters that make a pattern of a path:
// * ? [.
func IsGlob(s string) bool { return strings.ContainsAny(s, "*?[") }

// Glob yields what the pattern stands for below dir, in no order. It is read as a
// shell reads it: names between slashes, with *, ? and [a-z]; ** is any number of
// directories, and all that is in them where it comes last; a backslash takes the
// meaning of the letter behind it. A name with a dot in front fits only what
// begins with one. Links to directories are entered where the tree follows links,
// but never by **. What cannot be read fits nothing. A Found without a path tells
// how far it is; after MaxGlobbed hits it ends with Limit. At a peer the other
// side looks.
func Glob(ctx context.Context, t Tree, dir Path, pattern string) iter.Seq2[Found, error] {
	if r, ok := t.(*Remote); ok && !r.lacks(abilityGlob) {
		return r.glob(ctx, dir, pattern)
	}
	most := 0
	if _, ok := t.(*Remote); ok {
		most = maxListings
	}
	return globApart(ctx, t, dir, pattern, most)
}

// globApart is Glob by the other methods of t, and looks into no more directories
// than most; 0: any number.
func globApart(ctx context.Context, t Tree, dir Path, pattern string, most int) iter.Seq2[Found, error] {
	return func(yield func(Found, error) bool) {
		steps, err := parseGlob(pattern)
		if err != nil {
			yield(Found{}, about(dir, err))
			return
		}
		g := &globbing{ctx: ctx, tree: t, yield: yield, most: most, told: time.Now()}
		if deepOf(steps) > 1 {
			g.seen = map[Path]bool{}
		}
		if err := g.expand(dir, steps); err != nil && !g.enough {
			yield(Found{Searched: g.searched}, about(dir, err))
		}
	}
}

// A globStep is a name of a pattern.
type globStep struct {
	name    string // the name itself, or what a name is held against
	magic   bool
	deep    bool // **
	dotted  bool // it may fit names with a dot in front
	matches func(string) bool
}

// parseGlob takes a pattern apart.
func parseGlob(pattern string) ([]globStep, error) {
	if len(pattern) > maxGlob {
		return nil, newError(Limit, Path{}, "a pattern of %d bytes, at most %d", len(pattern), maxGlob)
	}
	var steps []globStep
	for name := range strings.SplitSeq(pattern, "/") {
		s, err := parseGlobStep(name)
		if err != nil {
			return nil, err
		}
		if n := len(steps); s.deep && n > 0 && steps[n-1].deep {
			continue
		}
		steps = append(steps, s)
	}
	if steps[len(steps)-1].deep { // all that is below
		all, _ := parseGlobStep("*")
		steps = append(steps, all)
	}
	if n := deepOf(steps); n > maxDeep {
		return nil, newError(BadName, Path{}, "%s has ** in it %d times, at most %d", Display(clip(pattern)), n, maxDeep)
	}
	return steps, nil
}

func parseGlobStep(name string) (globStep, error) {
	held := strings.NewReplacer("{", `\{`, "}", `\}`, `\{`, `\{`, `\}`, `\}`, `\\`, `\\`).Replace(name) // braces are the shell's
	if name == "**" {
		return globStep{deep: true}, nil
	}
	if plain := unquoteGlob(name); !isMagic(name) || !doublestar.ValidatePattern(held) {
		return globStep{name: plain}, checkName(plain)
	}
	return globStep{
		name: name, magic: true, dotted: strings.HasPrefix(strings.TrimPrefix(name, `\`), "."),
		matches: func(s string) bool { return doublestar.MatchUnvalidated(held, s) },
	}, nil
}

// isMagic tells whether a letter of name has a meaning that no backslash takes.
func isMagic(name string) bool {
	for i := 0; i < len(name); i++ {
		switch name[i] {
		case '\\':
			i++
		case '*', '?', '[':
			return true
		}
	}
	return false
}

// unquoteGlob takes the backslashes away.
func unquoteGlob(name string) string {
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		if name[i] == '\\' && i+1 < len(name) {
			i++
		}
		b.WriteByte(name[i])
	}
	return b.String()
}

func deepOf(steps []globStep) (n int) {
	for _, s := range steps {
		if s.deep {
			n++
		}
	}
	return n
}

// A globbing is a Glob under way.
type globbing struct {
	ctx      context.Context
	tree     Tree
	yield    func(Found, error) bool
	seen     map[Path]bool // where a pattern may come by something twice
	enough   bool          // the caller's word
	hits     int
	listed   int
	most     int
	searched int64
	told     time.Time
}

// expand finds what steps, of which there is one at least, stand for below at.
func (g *globbing) expand(at Path, steps []globStep) error {
	s, last := steps[0], len(steps) == 1
	switch {
	case g.enough:
		return nil
	case s.deep:
		if err := g.expand(at, steps[1:]); err != nil {
			return err
		}
		subs, err := g.names(at, func(e Entry) bool { return e.Kind == Directory && e.Name[0] != '.' })
		if err != nil {
			return err
		}
		return g.each(at, subs, steps)
	case s.magic:
		names, err := g.names(at, func(e Entry) bool {
			return (s.dotted || e.Name[0] != '.') && s.matches(e.Name) && (last || e.Kind == Directory || e.Kind == Link)
		})
		switch {
		case err != nil:
			return err
		case last:
			return g.found(at, names)
		}
		return g.each(at, names, steps[1:])
	case last:
		return g.found(at, []string{s.name})
	}
	return g.each(at, []string{s.name}, steps[1:])
}

// each goes on by steps in each of the directories names.
func (g *globbing) each(at Path, names []string, steps []globStep) error {
	for _, name := range names {
		p, err := at.Join(name)
		if err != nil {
			continue // too long: nobody could open it
		}
		if err := g.expand(p, steps); err != nil {
			return err
		}
	}
	return nil
}

// names returns the names in a directory that fit; of one that cannot be read, none.
func (g *globbing) names(dir Path, fits func(Entry) bool) ([]string, error) {
	if g.listed++; g.most > 0 && g.listed > g.most {
		return nil, errTooMany
	}
	var names []string
	for e, err := range g.tree.Names(g.ctx, dir) {
		if err != nil {
			return names, unlessClosed(err)
		}
		if g.searched++; g.searched%64 == 0 && time.Since(g.told) >= time.Second/MeasureRate {
			g.tell(Found{Searched: g.searched})
		}
		if g.enough {
			return nil, nil
		}
		if fits(e) {
			names = append(names, e.Name)
		}
	}
	return names, nil
}

// unlessClosed returns nil for what is only shut to us, or not there.
func unlessClosed(err error) error {
	switch KindOf(err) {
	case NotFound, NotADirectory, Permission, BadName, Changed:
		return nil
	}
	return err
}

// found yields those of names in dir that are there.
func (g *globbing) found(dir Path, names []string) error {
	for len(names) > 0 && !g.enough {
		some := names[:min(len(names), MaxStatNames)]
		names = names[len(some):]
		entries, err := g.tree.StatAll(g.ctx, dir, some)
		if err != nil {
			return unlessClosed(err)
		}
		for i, e := range entries {
			p, err := dir.Join(some[i])
			if err != nil || e.Kind == Gone || g.seen[p] {
				continue
			}
			if g.hits++; g.hits > MaxGlobbed {
				return newError(Limit, Path{}, "more than %d names fit", MaxGlobbed)
			}
			if g.seen != nil {
				g.seen[p] = true
			}
			e.Name = p.Base()
			if g.tell(Found{Path: p, Entry: e, Searched: g.searched}); g.enough {
				return nil
			}
		}
	}
	return nil
}

func (g *globbing) tell(f Found) {
	g.told = time.Now()
	g.enough = g.enough || !g.yield(f, nil)
}
