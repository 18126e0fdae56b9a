package tui

import (
	"context"
	"io/fs"
	"iter"
	"slices"
	"strings"

	"github.com/bargee/bargee/session"
)

func (t *fakeTree) Names(ctx context.Context, dir session.Path) iter.Seq2[session.Entry, error] {
	return func(yield func(session.Entry, error) bool) {
		for e, err := range t.List(ctx, dir) {
			if err == nil {
				e = session.Entry{Name: e.Name, Kind: e.Kind, Size: -1}
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

func (t *fakeTree) StatAll(_ context.Context, dir session.Path, names []string) ([]session.Entry, error) {
	t.record("stat %s %d", dir, len(names))
	t.mu.Lock()
	stat := t.stat
	t.mu.Unlock()
	var out []session.Entry
	if stat != nil {
		for _, name := range names {
			out = append(out, stat(name))
		}
		return out, nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(names) > 64 {
		at := make(map[string]session.Entry, len(t.dirs[dir.Raw()]))
		for _, e := range t.dirs[dir.Raw()] {
			at[e.Name] = e
		}
		for _, name := range names {
			e, ok := at[name]
			if !ok {
				e = session.Entry{Name: name, Kind: session.Gone}
			}
			out = append(out, e)
		}
		return out, nil
	}
	for _, name := range names {
		i := slices.IndexFunc(t.dirs[dir.Raw()], func(e session.Entry) bool { return e.Name == name })
		if i < 0 {
			out = append(out, session.Entry{Name: name, Kind: session.Gone})
			continue
		}
		out = append(out, t.dirs[dir.Raw()][i])
	}
	return out, nil
}

// Watch yields what is sent on changes, until it is closed: then the directory
// is gone.
func (t *fakeTree) Watch(ctx context.Context, dir session.Path) iter.Seq2[session.Change, error] {
	return func(yield func(session.Change, error) bool) {
		t.mu.Lock()
		changes, refuse := t.changes, t.refuse
		t.mu.Unlock()
		if refuse != nil {
			yield(session.Change{}, refuse)
			return
		}
		if !yield(session.Change{}, nil) {
			return
		}
		for {
			select {
			case c, ok := <-changes:
				if !ok {
					yield(session.Change{}, &session.Error{Kind: session.NotFound, Path: dir, Err: fs.ErrNotExist})
					return
				}
				if !yield(c, nil) {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}
}

func (t *fakeTree) Chmod(_ context.Context, p session.Path, mode fs.FileMode) error {
	t.record("chmod %s %o", p, mode)
	t.mu.Lock()
	defer t.mu.Unlock()
	dir, name := p.Split()
	for i := range t.dirs[dir.Raw()] {
		if e := &t.dirs[dir.Raw()][i]; e.Name == name {
			e.Mode = mode
		}
	}
	return nil
}

func (t *fakeTree) Symlink(_ context.Context, target string, p session.Path) error {
	dir, name := p.Split()
	t.record("symlink %s %s", target, p)
	t.put(dir.Raw(), session.Entry{Name: name, Kind: session.Link, Target: target, Mode: 0o777})
	return nil
}

// below yields all that lies below dir, a directory before what is in it.
func (t *fakeTree) below(dir session.Path) iter.Seq2[session.Path, session.Entry] {
	return func(yield func(session.Path, session.Entry) bool) {
		t.mu.Lock()
		entries := slices.Clone(t.dirs[dir.Raw()])
		t.mu.Unlock()
		for _, e := range entries {
			p, err := dir.Join(e.Name)
			if err != nil || !yield(p, e) {
				return
			}
			if e.Kind != session.Directory {
				continue
			}
			for p, e := range t.below(p) {
				if !yield(p, e) {
					return
				}
			}
		}
	}
}

func (t *fakeTree) Measure(_ context.Context, p session.Path) iter.Seq2[session.Measured, error] {
	return func(yield func(session.Measured, error) bool) {
		var sum session.Measured
		for _, e := range t.below(p) {
			if e.Kind == session.Directory {
				sum.Dirs++
			} else {
				sum.Files, sum.Bytes = sum.Files+1, sum.Bytes+e.Size
			}
			if !yield(sum, nil) {
				return
			}
		}
		sum.Done = true
		yield(sum, nil)
	}
}

func (t *fakeTree) Find(_ context.Context, dir session.Path, q session.Query) iter.Seq2[session.Found, error] {
	return func(yield func(session.Found, error) bool) {
		var n int64
		for p, e := range t.below(dir) {
			n++
			if strings.Contains(e.Name, q.Pattern) && !yield(session.Found{Path: p, Entry: e, Searched: n}, nil) {
				return
			}
		}
	}
}
