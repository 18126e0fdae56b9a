package session

import (
	"context"
	"sync"

	"github.com/bargee/bargee/transport"
)

// This file is the half of a Copy that is on this machine.

// copyHere copies over a link in memory, to a server of the destination.
func (c *copying) copyHere(ctx context.Context) error {
	into, _, as, done, err := c.destination()
	if err != nil {
		return err
	}
	defer done()
	near, far := transport.Pipe()
	cfg := ServerConfig{Tree: into, PartialTTL: c.q.job.Options.PartialTTL}
	_, drop := c.from.Tree.(*Drop)
	cfg.vouched, cfg.WriteOnly = drop, drop // what is compared with an old file would be fetched for it
	serving := NewServer(cfg)
	var served sync.WaitGroup
	served.Go(func() { _ = serving.ServeLink(ctx, far) })
	defer served.Wait()
	defer serving.Close()
	defer near.Close("done")
	defer serving.transfers.wait() // to hear why it ends, and act on that
	return c.upload(ctx, near, Path{as})
}

// sources opens what is copied from here.
func (c *copying) sources(ctx context.Context) ([]source, func(), error) {
	if d, ok := c.from.Tree.(*Drop); ok {
		all, err := d.sourcesIn(ctx, c.from.Path)
		return all, func() {}, err
	}
	s, done, err := c.source()
	return []source{s}, done, err
}

// source opens what is copied from this machine.
func (c *copying) source() (s source, done func(), err error) {
	if only := c.q.job.only; only != nil {
		d, err := dirOf(c.from)
		if err != nil {
			return s, nil, atSource(c.from.Path, err)
		}
		return source{tree: d, shown: c.from.Path, picks: newPicks(only)}, func() { d.Close() }, nil
	}
	switch t := c.from.Tree.(type) {
	case *Dir:
		return source{tree: t, path: c.from.Path, shown: c.from.Path}, func() {}, nil
	case *Host:
		parent, name := c.from.Path.Split()
		d, err := t.Dir(parent)
		if err != nil {
			return s, nil, atSource(c.from.Path, err)
		}
		return source{tree: d, path: Path{name}, shown: c.from.Path}, func() { d.Close() }, nil
	}
	return s, nil, atSource(c.from.Path, newError(Refused, Path{}, "nothing can be copied from a %T", c.from.Tree))
}

// destination opens the directory that takes what is copied to this machine.
func (c *copying) destination() (dir *Dir, at Path, as string, done func(), err error) {
	switch t := c.to.Tree.(type) {
	case *Dir:
		dir, at, as, err = resolve(t, c.to.Path, c.q.job.Into, c.Exact)
	case *Host:
		dir, at, as, err = resolveOn(t, &c.q.job)
	default:
		err = newError(Refused, Path{}, "nothing can be copied to a %T", t)
	}
	if err != nil {
		return nil, Path{}, "", nil, atDestination(c.to.Path, err)
	}
	if c.sameTree() && c.to.Path.Within(c.from.Path) {
		dir.Close()
		return nil, Path{}, "", nil, newError(Invalid, c.to.Path, "it lies in %s, which is to be copied", c.from.Path)
	}
	return dir, at, as, func() { dir.Close() }, nil
}

// dirOf opens a directory of this machine.
func dirOf(at Location) (*Dir, error) {
	switch t := at.Tree.(type) {
	case *Host:
		return t.Dir(at.Path)
	case *Dir:
		root, err := t.open(at.Path)
		if err != nil {
			return nil, err
		}
		return newDir(root), nil
	}
	return nil, newError(Refused, at.Path, "a %T is no tree of this machine", at.Tree)
}

func (c *copying) sameTree() bool {
	if _, ok := c.from.Tree.(*Host); ok {
		_, ok = c.to.Tree.(*Host)
		return ok
	}
	return c.from.Tree == c.to.Tree
}
