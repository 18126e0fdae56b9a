package cli

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/bargee/bargee/session"
)

// A madeDir is a directory that --relative-to had made, and the one that it stands for.
type madeDir struct {
	from, to     session.PlaceID
	source, made session.Path
}

// makeWay makes the directories of way below top, and notes those that were not there:
// they get modes and times in the end, as directories that are copied do.
func (c *copier) makeWay(w *watch, tree session.Tree, j *session.Job, from, top, way session.Path) error {
	source, at := from, top
	fresh := false
	for name := range strings.SplitSeq(way.Raw(), "/") {
		var err error
		if source, err = source.Join(name); err != nil {
			return err
		}
		if at, err = at.Join(name); err != nil {
			return err
		}
		if !fresh {
			_, err := tree.Stat(w, at) // where nothing is told, it is left as it is made
			fresh = errors.Is(err, session.NotFound)
		}
		if fresh && !c.made[at] {
			c.made[at] = true
			c.way = append(c.way, madeDir{j.From, j.To, source, at})
		}
	}
	c.made[j.Destination] = true
	return tree.Mkdir(w, j.Destination, true)
}

// finishWay gives the directories that were made modes and times, the innermost first.
func (c *copier) finishWay(ctx context.Context) error {
	if !slices.Contains(c.preserve, "mode") && !slices.Contains(c.preserve, "times") {
		return nil
	}
	w := c.app.watch(ctx)
	defer w.stop()
	for _, d := range slices.Backward(c.way) {
		if err := c.finishDir(w, d); err != nil {
			return failed("copy to", c.dst, w.explain(err))
		}
		w.moved()
	}
	return nil
}

func (c *copier) finishDir(w *watch, d madeDir) error {
	from, err := c.engine.Tree(d.from)
	if err != nil {
		return err
	}
	to, err := c.engine.Tree(d.to)
	if err != nil {
		return err
	}
	was, err := from.Stat(w, d.source)
	if err != nil || was.Kind != session.Directory {
		return err // a link to one has nothing of its own to give
	}
	if slices.Contains(c.preserve, "mode") {
		err = to.Chmod(w, d.made, was.Mode)
	}
	if slices.Contains(c.preserve, "times") {
		err = errors.Join(err, to.Touch(w, d.made, was.Modified, false))
	}
	return err
}
