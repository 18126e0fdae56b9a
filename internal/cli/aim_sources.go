package cli

import (
	"context"
	"errors"
	"strings"

	"github.com/bargee/bargee/session"
)

// expandSources has c.sources be what its patterns stand for, and returns why those
// of several cannot be copied that cannot: none of them keeps the others.
func (c *copier) expandSources(ctx context.Context) (map[source]error, error) {
	var all []target
	for _, src := range c.sources {
		group, err := c.expandSource(ctx, src)
		if err != nil {
			return nil, failed("copy", src, err)
		}
		all = append(all, group...)
	}
	c.sources = all
	if len(all) < 2 {
		return nil, nil
	}
	return c.missing(ctx)
}

func (c *copier) expandSource(ctx context.Context, src target) ([]target, error) {
	id, _, err := c.locate(ctx, src)
	if err != nil {
		return nil, err
	}
	p := c.placed(src)
	if p.tree, err = c.engine.Tree(id); err != nil {
		return nil, err
	}
	w := c.app.watch(ctx)
	defer w.stop()
	group, err := c.expand(w, p, src, w.moved)
	return group, w.explain(err)
}

// A source is something to be copied, and where.
type source struct {
	place session.PlaceID
	path  session.Path
}

// missing looks at all sources, a directory at a time, and returns what is wrong
// with those that cannot be copied.
func (c *copier) missing(ctx context.Context) (map[source]error, error) {
	names := map[source][]string{} // of each directory
	for _, src := range c.sources {
		id, path, err := c.locate(ctx, src)
		if err != nil {
			return nil, err
		}
		if !path.IsRoot() {
			dir := source{id, path.Parent()}
			names[dir] = append(names[dir], path.Base())
		}
	}
	w := c.app.watch(ctx)
	defer w.stop()
	bad := map[source]error{}
	for dir, names := range names {
		tree, err := c.engine.Tree(dir.place)
		if err != nil {
			return nil, err
		}
		for len(names) > 0 {
			some := names[:min(len(names), session.MaxStatNames)]
			names = names[len(some):]
			c.lookAt(w, tree, dir, some, bad)
			if err := context.Cause(w); err != nil {
				return nil, w.explain(err)
			}
			w.moved()
		}
	}
	return bad, nil
}

// lookAt adds to bad what is wrong with names in dir.
func (c *copier) lookAt(w *watch, tree session.Tree, dir source, names []string, bad map[source]error) {
	entries, err := tree.StatAll(w, dir.path, names)
	for i, name := range names {
		path, perr := dir.path.Join(name)
		if perr != nil {
			continue
		}
		why := err
		switch {
		case err != nil:
		case entries[i].Kind == session.Gone:
			why = &session.Error{Kind: session.NotFound, Side: session.Source, Path: path, Err: errors.New("no such file or directory")}
		case entries[i].Kind == session.Directory && !c.recursive:
			why = &session.Error{Kind: session.NotAFile, Side: session.Source, Path: path, Err: errors.New("is a directory; -r copies directories")}
		}
		if why != nil {
			bad[source{dir.place, path}] = why
		}
	}
}

// below aims j, which copies src at path, so that it keeps its path as seen from
// --relative-to. The directories on the way are made; a dry run that comes to where
// there are none asks for the first of them as a new name.
func (c *copier) below(ctx context.Context, j *session.Job, src target, path session.Path) error {
	from, err := c.relativePath(src)
	if err != nil {
		return err
	}
	if path == from || !path.Within(from) {
		return usage("does not lie below "+session.Display(c.relativeTo), "--relative-to is a directory above what is copied").about("copy", src.String())
	}
	j.Sources, j.Into = []session.Path{path}, true
	c.report.named(path)
	way, err := session.ParsePath(below(from, path.Parent()))
	if err != nil || way.IsRoot() {
		return failed("copy", src, err)
	}
	tree, err := c.engine.Tree(j.To)
	if err != nil {
		return err
	}
	w := c.app.watch(ctx)
	defer w.stop()
	top := j.Destination
	j.Destination = top.Append(way)
	if err := notIntoItself(j, src, path); err != nil {
		return err
	}
	if c.made[j.Destination] {
		return nil
	}
	if !c.dryRun {
		return failed("copy to", c.dst, w.explain(c.makeWay(w, tree, j, from, top, way)))
	}
	at := top
	for name := range strings.SplitSeq(way.Raw(), "/") {
		if at, err = at.Join(name); err != nil {
			return failed("copy to", c.dst, err)
		}
		if _, err := tree.Stat(w, at); errors.Is(err, session.NotFound) {
			j.Destination, j.Into, j.Exact = at, false, true
			return nil
		} else if err != nil {
			return failed("copy to", c.dst, w.explain(err))
		}
		w.moved()
	}
	c.made[j.Destination] = true
	return nil
}

// relativePath returns what --relative-to stands for where src is: a path there, or
// an address.
func (c *copier) relativePath(src target) (session.Path, error) {
	t, err := parseTarget(c.relativeTo, c.app.getenv("BARGEE_TARGET"))
	if err != nil {
		return session.Path{}, err
	}
	switch {
	case t.isLocal() && !src.isLocal():
		t = src
		t.path = rooted(c.relativeTo)
	case t.peer() != src.peer():
		return session.Path{}, usage("is on another machine than "+src.String(), "").about("--relative-to", session.Display(c.relativeTo))
	}
	path, err := c.placed(t).path(t)
	return path, failed("copy", t, err)
}
