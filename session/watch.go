package session

import (
	"context"
	"errors"
	"iter"
	"os"
	"time"
)

// pollEvery is how often a directory is looked at whose system tells nothing.
const pollEvery = 2 * time.Second

// Poll is Watch by Stat, every 2 s, for where nothing can be watched: it tells
// that a directory changed when its time did. So it sees what comes and goes,
// and not that a file grows.
func Poll(ctx context.Context, t Tree, dir Path) iter.Seq2[Change, error] {
	return poll(ctx, dir, func() (time.Time, error) {
		e, err := t.Stat(ctx, dir)
		return e.Modified, err
	})
}

// poll is Poll for a directory whose time modified returns.
func poll(ctx context.Context, dir Path, modified func() (time.Time, error)) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		was, err := modified()
		if err == nil && !yield(Change{}, nil) {
			return
		}
		for err == nil {
			if err = pause(ctx, pollEvery); err != nil {
				break
			}
			var is time.Time
			if is, err = modified(); err == nil && !is.Equal(was) && !yield(Change{Again: true}, nil) {
				return
			}
			was = is
		}
		yield(Change{}, about(dir, err))
	}
}

// pause waits, and returns early, with why, if ctx ends first. It is also what
// holds a peer that talks all the time to a pace.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Watch yields what changes in p: what the system tells, and besides, every 2 s,
// whether the path still leads there, and whether the directory's time changed
// without a word, as it does on disks of other machines.
func (d *disk) Watch(ctx context.Context, p Path) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		w, err := d.beginWatch(p)
		if errors.Is(err, errors.ErrUnsupported) {
			d.poll(ctx, p)(yield)
			return
		}
		if err != nil {
			yield(Change{}, about(p, err))
			return
		}
		defer watches.leave(w.ear)
		if !yield(Change{}, nil) {
			return
		}
		tick := time.NewTicker(pollEvery)
		defer tick.Stop()
		for err == nil {
			var c Change
			select {
			case <-tick.C:
				c, err = w.look()
			case <-w.ear.wake:
				c, err = w.hear(ctx)
			case <-ctx.Done():
				err = ctx.Err()
			}
			if err == nil && (c.Again || len(c.Names) > 0) {
				if !yield(c, nil) {
					return
				}
				err = pause(ctx, time.Second/WatchRate)
			}
		}
		yield(Change{}, about(p, err))
	}
}

// poll is Poll for p, or where it leads.
func (d *disk) poll(ctx context.Context, p Path) iter.Seq2[Change, error] {
	return poll(ctx, p, func() (time.Time, error) {
		dir, err := d.open(p)
		if err != nil {
			return time.Time{}, err
		}
		defer dir.Close()
		is, err := dir.Lstat(".")
		if err != nil {
			return time.Time{}, err
		}
		return is.ModTime(), nil
	})
}

// A watch is a directory that is watched for somebody.
type watch struct {
	d     *disk
	path  Path
	ear   *ear
	is    os.FileInfo // the directory, as it was when it was looked at last
	heard bool        // something, since then
}

func (d *disk) beginWatch(p Path) (*watch, error) {
	dir, err := d.open(p)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	is, err := dir.Lstat(".")
	if err != nil {
		return nil, err
	}
	e, err := watches.join(dir)
	return &watch{d: d, path: p, ear: e, is: is}, err
}

// look returns what can be seen of the directory from outside.
func (w *watch) look() (Change, error) {
	dir, err := w.d.open(w.path)
	if err != nil {
		return Change{}, err
	}
	defer dir.Close()
	is, err := dir.Lstat(".")
	if err != nil {
		return Change{}, err
	}
	if !os.SameFile(is, w.is) || wasRemoved(is) {
		return Change{}, errOther
	}
	unheard := !w.heard && !is.ModTime().Equal(w.is.ModTime())
	w.is, w.heard = is, false
	return Change{Again: unheard}, nil
}

// replaceWait is how long another directory may take to come into the place of
// one that was removed, to be seen as that.
const replaceWait = 100 * time.Millisecond

// errOther ends a watch whose directory is elsewhere by now.
var errOther = newError(Changed, Path{}, "another directory has its place now")

// hear returns what the system told.
func (w *watch) hear(ctx context.Context) (Change, error) {
	w.heard = true
	c, over := w.ear.take()
	if over {
		if err := pause(ctx, replaceWait); err != nil {
			return c, err
		}
		if _, err := w.look(); err != nil {
			return c, err
		}
		return c, errOther
	}
	if w.d.jail {
		seen := c.Names[:0]
		for _, name := range c.Names {
			if !isPrivate(name) {
				seen = append(seen, name)
			}
		}
		c.Names = seen
	}
	return c, nil
}
