package cli

import (
	"context"
	"errors"
	"path/filepath"
	"slices"

	"github.com/bargee/bargee/session"
)

// maxSources is how many sources a job may have; what is more goes into another.
const maxSources = 1000

// jobs connects to all places and says what is to be done.
func (c *copier) jobs(ctx context.Context) ([]session.Job, error) {
	to, dst, err := c.locate(ctx, c.dst)
	if err != nil {
		return nil, err
	}
	missing, err := c.expandSources(ctx)
	if err != nil {
		return nil, err
	}
	into, err := c.into(ctx, to, dst)
	if err != nil {
		return nil, failed("copy to", c.dst, err)
	}
	if into && c.nameless {
		return nil, usage("is a directory, and standard input has no name to get there", "write the new file's name behind it").about("copy to", c.dst.String())
	}
	var jobs []session.Job
	for _, src := range c.sources {
		j := session.Job{
			To: to, Destination: dst, Into: into, Move: c.moves, Priority: c.priority, Foreground: true,
			Options: c.options(), Observe: c.report.item,
		}
		ok, err := c.aim(ctx, &j, src, missing)
		if err != nil {
			return nil, err
		}
		if ok {
			jobs = merged(jobs, j)
		}
	}
	return jobs, nil
}

// merged appends j to jobs, or its sources to those of a job that is like it.
func merged(jobs []session.Job, j session.Job) []session.Job {
	if n := len(jobs) - 1; n >= 0 && jobs[n].Into && j.Into && jobs[n].From == j.From && jobs[n].Destination == j.Destination &&
		len(jobs[n].Sources)+len(j.Sources) <= maxSources {
		jobs[n].Sources = append(jobs[n].Sources, j.Sources...)
		return jobs
	}
	for chunk := range slices.Chunk(j.Sources, maxSources) {
		part := j
		part.Sources = chunk
		jobs = append(jobs, part)
	}
	return jobs
}

// aim sets what j is to copy, which is src, and where that leads to. It reports
// false where it has told of a source that cannot be copied.
func (c *copier) aim(ctx context.Context, j *session.Job, src target, missing map[source]error) (ok bool, err error) {
	var path session.Path
	if j.From, path, err = c.locate(ctx, src); err != nil {
		return false, err
	}
	if err := missing[source{j.From, path}]; err != nil { // one of several: the others are copied
		c.report.item(session.Item{Path: path, Result: session.Failed, Err: err})
		return false, nil
	}
	if c.relativeTo != "" {
		return true, c.below(ctx, j, src, path)
	}
	contents := src.contents()
	if src.isLocal() && src.isDir() { // a link with a slash behind it is the directory that it leads to
		behind, err := c.behind(path)
		if err != nil {
			return false, failed("copy", src, err)
		}
		if j.Into && !contents && behind != path {
			if j.Destination, err = j.Destination.Join(path.Base()); err != nil {
				return false, failed("copy", src, err)
			}
			contents = c.isDirectory(ctx, j.To, j.Destination)
			j.Into = contents
		}
		path = behind
	}
	j.Sources = []session.Path{path}
	c.report.named(path)
	if j.Into && contents {
		j.Sources, err = c.entries(ctx, j.From, path)
		return len(j.Sources) > 0, failed("copy", src, err)
	}
	j.Exact = !j.Into
	return true, notIntoItself(j, src, path)
}

// notIntoItself refuses what would never end.
func notIntoItself(j *session.Job, src target, path session.Path) error {
	end := j.Destination
	if j.Into && !path.IsRoot() {
		var err error
		if end, err = end.Join(path.Base()); err != nil {
			return failed("copy", src, err)
		}
	}
	if j.From != j.To || !end.Within(path) {
		return nil
	}
	why := "the destination lies within it"
	if end == path {
		why = "is the destination itself"
	}
	return failed("copy", src, &session.Error{Kind: session.Invalid, Path: path, Err: errors.New(why)})
}

// behind returns where a path on this machine leads.
func (c *copier) behind(path session.Path) (session.Path, error) {
	name, err := filepath.EvalSymlinks(c.host.Name(path))
	if err != nil {
		return path, err
	}
	return c.host.PathOf(name)
}

func (c *copier) isDirectory(ctx context.Context, id session.PlaceID, path session.Path) bool {
	w := c.app.watch(ctx)
	defer w.stop()
	tree, err := c.engine.Tree(id)
	if err != nil {
		return false
	}
	e, err := tree.Stat(w, path)
	return err == nil && e.Kind == session.Directory
}

// entries returns what lies in a directory.
func (c *copier) entries(ctx context.Context, id session.PlaceID, dir session.Path) ([]session.Path, error) {
	w := c.app.watch(ctx)
	defer w.stop()
	tree, err := c.engine.Tree(id)
	if err != nil {
		return nil, err
	}
	var all []session.Path
	for e, err := range tree.List(w, dir) {
		if err != nil {
			return nil, w.explain(err)
		}
		w.moved()
		p, err := dir.Join(e.Name)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

// locate returns the place and the path of t, connecting if it has to.
func (c *copier) locate(ctx context.Context, t target) (session.PlaceID, session.Path, error) {
	id, ok := c.places[t.peer()]
	if !ok {
		c.reach.letAsk(c.app, t)
		secret, err := c.admit(ctx, t.root(), &c.reachFlags, func(secret string) (err error) {
			id, err = c.engine.Connect(ctx, c.reach.word(t), secret)
			return err
		})
		if err != nil {
			return 0, session.Path{}, err
		}
		c.places[t.peer()], c.roots[id], c.secret[id] = id, t.root(), secret
	}
	path, err := c.placed(t).path(t)
	return id, path, failed("copy", t, err)
}

// placed returns the place of t, without its tree.
func (c *copier) placed(t target) *place {
	p := &place{root: t.root()}
	if t.isLocal() {
		p.host = c.host
	}
	return p
}

// into tells whether dst is a directory that takes the sources under their own
// names. If it is not there, the directory above it has to be.
func (c *copier) into(ctx context.Context, id session.PlaceID, dst session.Path) (bool, error) {
	if dst.IsRoot() {
		return true, nil
	}
	tree, err := c.engine.Tree(id)
	if err != nil {
		return false, err
	}
	p := &place{root: c.dst.root(), tree: tree}
	if id == session.Here {
		p.host = c.host
	}
	w := c.app.watch(ctx)
	defer w.stop()
	into, err := intoDirectory(w, "copy to", p, c.dst, dst, len(c.sources) > 1 || c.relativeTo != "")
	if err != nil || into || dst.Parent().IsRoot() {
		return into, w.explain(err)
	}
	_, err = tree.Stat(w, dst.Parent())
	return false, w.explain(err)
}
