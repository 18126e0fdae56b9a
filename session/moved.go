package session

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"sort"
	"sync"
	"time"
)

// moved collects what a move has brought to its destination and still has to
// remove at the source.
type moved struct {
	mu    sync.Mutex
	items []Item
	gone  map[Path]bool // sources that are not there any more
}

// note remembers it, if it is at the destination now, and passes it on.
func (m *moved) note(observe func(Item)) func(Item) {
	return func(it Item) {
		if it.Result == Copied || it.Result == Resumed || it.Result == Unchanged {
			m.mu.Lock()
			m.items = append(m.items, it)
			m.mu.Unlock()
		}
		if observe != nil {
			observe(it)
		}
	}
}

// take returns what is to be removed and was not returned yet.
func (m *moved) take() []Item {
	m.mu.Lock()
	defer m.mu.Unlock()
	items := m.items
	m.items = nil
	return items
}

// back returns items that are still to be removed.
func (m *moved) back(items []Item) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.items = append(m.items, items...)
}

// forget tells that the source p is not there any more.
func (m *moved) forget(p Path) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.gone == nil {
		m.gone = map[Path]bool{}
	}
	m.gone[p] = true
}

// left returns those of sources that are still there: another attempt has
// nothing to do with the others.
func (m *moved) left(sources []Path) (out []Path) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range sources {
		if !m.gone[p] {
			out = append(out, p)
		}
	}
	return out
}

// willRemove has it written that sources of a move are about to go: an engine
// after this one must not miss them.
func (e *Engine) willRemove(q *queued) {
	e.mu.Lock()
	k := e.keeper
	if was := q.removing; was || k == nil {
		e.mu.Unlock()
		return
	}
	q.removing = true
	e.save(q)
	e.mu.Unlock()
	k.await()
}

// findGone finds the sources that an engine before this one has moved.
func (e *Engine) findGone(ctx context.Context, q *queued) {
	e.mu.Lock()
	removing := q.removing
	e.mu.Unlock()
	tree, err := e.Tree(q.job.From)
	if !removing || err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, gonePatience)
	defer cancel()
	for _, p := range q.job.Sources {
		if _, err := tree.Stat(ctx, p); errors.Is(err, fs.ErrNotExist) {
			q.moved.forget(p)
		}
	}
}

// gonePatience is how long a peer is asked for that: without an answer, what is
// gone fails as missing, and nothing worse.
const gonePatience = 10 * time.Second

// moveWithin moves inside one place by renaming. It returns the sources that
// cannot be moved so: those whose name is taken, or that lie on another disk.
func (e *Engine) moveWithin(ctx context.Context, q *queued, sources []Path) (left []Path, err error) {
	j := &q.job
	tree, err := e.Tree(j.From)
	if err != nil {
		return nil, err
	}
	into := j.Into || len(j.Sources) > 1
	if !into && !j.Exact {
		if d, err := tree.Stat(ctx, j.Destination); err == nil && d.Kind == Directory {
			into = true
		}
	}
	for _, p := range sources {
		ent, err := tree.Stat(ctx, p)
		if err != nil {
			return nil, atSource(p, err)
		}
		to := j.Destination
		if into {
			if to, err = to.Join(p.Base()); err != nil {
				return nil, err
			}
		}
		err = tree.Rename(ctx, p, to)
		if err != nil && j.From == Here && (KindOf(err) == Exists || KindOf(err) == Invalid /* another disk */) {
			left = append(left, p)
			continue
		}
		it := Item{Path: p, Name: to, Kind: ent.Kind, Size: ent.Size, Result: Copied}
		if err != nil {
			it.Result, it.Err = Failed, about(p, err)
		} else {
			q.moved.forget(p)
		}
		q.ledger.seen(p, ent.Kind, ent.Size)
		q.ledger.over(0, it)
	}
	q.moved.take() // what was renamed is gone already
	if len(left) == 0 {
		q.ledger.counted()
	}
	return left, nil
}

// removeMoved removes what a move has brought to its destination: files and
// links first, then directories that are empty by now, the deepest first.
func (e *Engine) removeMoved(ctx context.Context, q *queued) error {
	tree, err := e.Tree(q.job.From)
	if err != nil {
		return err
	}
	items := q.moved.take()
	var dirs []Item
	var stays error
	for i, it := range items {
		if it.Kind == Directory {
			dirs = append(dirs, it)
			continue
		}
		err := e.removeSource(ctx, tree, q, it)
		switch {
		case errors.Is(err, Changed), errors.Is(err, errItself):
			stays = err
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			q.moved.back(items[i:])
			return atSource(it.Path, err)
		}
	}
	sort.Slice(dirs, func(i, j int) bool { return len(dirs[i].Path.raw) > len(dirs[j].Path.raw) })
	for _, d := range dirs {
		err := e.refuseItself(ctx, q, d)
		if err == nil {
			err = tree.Remove(ctx, d.Path, false)
		}
		switch {
		case err == nil:
			q.moved.forget(d.Path)
		case errors.Is(err, errItself):
			stays = err
		case KindOf(err) != Exists && !errors.Is(err, fs.ErrNotExist):
			return atSource(d.Path, err)
		}
	}
	return stays
}

// removeSource removes a file or link, unless it is not what was copied any
// more, or the copy itself by another way.
func (e *Engine) removeSource(ctx context.Context, tree Tree, q *queued, it Item) error {
	is, err := tree.Stat(ctx, it.Path)
	if err != nil {
		return err
	}
	if is.Kind != it.Kind || is.Size != it.Size || !is.Modified.Equal(it.modified) {
		return &Error{Kind: Changed, Side: Source, Path: it.Path, Err: errors.New("it changed after it was copied, and stays")}
	}
	if q.job.To == Here && q.job.From == Here {
		a, aerr := os.Lstat(hostName(it.Path))
		b, berr := os.Lstat(hostName(it.Name))
		if err := errors.Join(aerr, berr); err != nil {
			return err
		}
		if os.SameFile(a, b) {
			return nil
		}
	}
	if err := e.refuseItself(ctx, q, it); err != nil {
		return err
	}
	if err := tree.Remove(ctx, it.Path, false); err != nil {
		return err
	}
	q.moved.forget(it.Path)
	return nil
}
