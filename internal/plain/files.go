package plain

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"sort"
	"strings"

	"github.com/dustin/go-humanize"

	"github.com/bargee/bargee/session"
)

// at returns a side, if there is one.
func (r *run) at(side int) (*Side, error) {
	if r.sides[side] == nil {
		return nil, errors.New("nothing is connected there: connect ADDRESS")
	}
	return r.sides[side], nil
}

// tree returns the tree of the side that commands are about, and the side.
func (r *run) tree(side int) (session.Tree, *Side, error) {
	s, err := r.at(side)
	if err != nil {
		return nil, nil, err
	}
	t, err := r.Engine.Tree(s.Place)
	return t, s, err
}

// resolve returns the path that somebody means in a directory: relative to it, or
// from the root of the tree.
func resolve(dir session.Path, typed string) (session.Path, error) {
	if strings.HasPrefix(typed, "/") {
		dir = session.Path{}
	}
	for name := range strings.SplitSeq(typed, "/") {
		switch name {
		case "", ".":
			continue
		case "..":
			dir = dir.Parent()
			continue
		}
		next, err := dir.Join(session.Undisplay(name))
		if err != nil {
			return dir, err
		}
		dir = next
	}
	return dir, nil
}

func (r *run) ls(ctx context.Context, args []string) error {
	tree, s, err := r.tree(r.side)
	if err != nil {
		return err
	}
	dir := s.Dir
	if len(args) > 0 {
		if dir, err = resolve(dir, strings.Join(args, " ")); err != nil {
			return err
		}
	}
	var entries []session.Entry
	for e, err := range tree.List(ctx, dir) {
		if err != nil {
			return err
		}
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b session.Entry) int { return strings.Compare(a.Name, b.Name) })
	for _, e := range entries {
		r.say("%s", describe(e))
	}
	r.say("%s in %s", count(len(entries), "entry"), dir)
	return nil
}

// describe is an entry in words.
func describe(e session.Entry) string {
	name := session.Display(e.Name)
	when := e.Modified.Local().Format("2006-01-02 15:04")
	switch e.Kind {
	case session.Directory:
		return fmt.Sprintf("directory %s, %s", name, when)
	case session.Link:
		return fmt.Sprintf("link %s to %s, %s", name, session.Display(e.Target), when)
	case session.RegularFile:
		return fmt.Sprintf("file %s, %s, %s", name, size(e.Size), when)
	}
	return fmt.Sprintf("%s %s, %s", e.Kind, name, when)
}

func (r *run) cd(ctx context.Context, args []string) error {
	tree, s, err := r.tree(r.side)
	if err != nil {
		return err
	}
	dir, err := resolve(s.Dir, strings.Join(args, " "))
	if err != nil {
		return err
	}
	if len(args) > 0 && !dir.IsRoot() {
		e, err := tree.Stat(ctx, dir)
		if err != nil {
			return err
		}
		if e.Kind == session.RegularFile || e.Kind == session.Other {
			return &session.Error{Kind: session.NotADirectory, Path: dir, Err: errors.New("is not a directory")}
		}
	}
	s.Dir = dir
	r.say("%s", r.name(r.side))
	return nil
}

func (r *run) mkdir(ctx context.Context, args []string) error {
	return r.change(ctx, args[:1], "made", func(t session.Tree, p []session.Path) error { return t.Mkdir(ctx, p[0], false) })
}

func (r *run) mv(ctx context.Context, args []string) error {
	return r.change(ctx, args[:2], "renamed", func(t session.Tree, p []session.Path) error { return t.Rename(ctx, p[0], p[1]) })
}

func (r *run) change(_ context.Context, args []string, done string, f func(session.Tree, []session.Path) error) error {
	tree, s, err := r.tree(r.side)
	if err != nil {
		return err
	}
	var paths []session.Path
	for _, a := range args {
		p, err := resolve(s.Dir, a)
		if err != nil {
			return err
		}
		paths = append(paths, p)
	}
	if err := f(tree, paths); err != nil {
		return err
	}
	r.say("%s: %s", done, paths[len(paths)-1])
	return nil
}

func (r *run) rm(ctx context.Context, args []string) error {
	last := len(args) - 1
	names := args
	sure := strings.ToLower(args[last]) == "yes" && last > 0
	if sure {
		names = args[:last]
	}
	tree, s, err := r.tree(r.side)
	if err != nil {
		return err
	}
	entries, err := r.meant(ctx, tree, s.Dir, names)
	if err != nil {
		return err
	}
	if !sure {
		r.say("that would delete %s: %s; say rm %s yes", count(len(entries), "entry"), listed(entries), strings.Join(names, " "))
		return nil
	}
	for _, e := range entries {
		if err := tree.Remove(ctx, e.path, e.Kind == session.Directory); err != nil {
			return err
		}
		r.say("deleted: %s", e.path)
	}
	return nil
}

// A named entry is one that somebody meant.
type namedEntry struct {
	session.Entry
	path session.Path
}

func listed(entries []namedEntry) string {
	var names []string
	for _, e := range entries[:min(len(entries), 5)] {
		names = append(names, session.Display(e.Name))
	}
	if n := len(entries) - len(names); n > 0 {
		names = append(names, fmt.Sprintf("and %d more", n))
	}
	return strings.Join(names, ", ")
}

// meant finds what names stand for: an entry by its name, else all that fit the
// last part of it as a pattern.
func (r *run) meant(ctx context.Context, tree session.Tree, dir session.Path, names []string) ([]namedEntry, error) {
	var out []namedEntry
	for _, typed := range names {
		p, err := resolve(dir, typed)
		if err != nil {
			return nil, err
		}
		if p.IsRoot() {
			return nil, &session.Error{Kind: session.Refused, Err: errors.New("/ is not taken as a whole; name what is in it")}
		}
		e, err := tree.Stat(ctx, p)
		if err == nil {
			e.Name = p.Base()
			out = append(out, namedEntry{e, p})
			continue
		}
		if session.KindOf(err) != session.NotFound || !strings.ContainsAny(p.Base(), "*?[") {
			return nil, err
		}
		found := len(out)
		for e, lerr := range tree.List(ctx, p.Parent()) {
			if lerr != nil {
				return nil, lerr
			}
			if ok, perr := path.Match(p.Base(), e.Name); perr != nil || !ok || strings.HasPrefix(e.Name, ".") && !strings.HasPrefix(p.Base(), ".") {
				continue
			}
			at, jerr := p.Parent().Join(e.Name)
			if jerr != nil {
				return nil, jerr
			}
			out = append(out, namedEntry{e, at})
		}
		if len(out) == found {
			return nil, err
		}
		more := out[found:]
		sort.Slice(more, func(i, j int) bool { return more[i].Name < more[j].Name }) // not as the disk has them
	}
	return out, nil
}

func size(n int64) string {
	if n < 0 {
		return "of unknown size"
	}
	return humanize.Bytes(uint64(n))
}

func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	if strings.HasSuffix(thing, "y") {
		thing = strings.TrimSuffix(thing, "y") + "ie"
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
