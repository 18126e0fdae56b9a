package dav

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"

	"golang.org/x/net/webdav"

	"github.com/bargee/bargee/session"
)

// A fileSystem is a Tree as webdav sees one. Its errors are recorded with the
// request that met them: webdav turns most of them into 404 or 405, whatever
// they say.
type fileSystem struct {
	cfg   Config
	props *properties
}

var _ webdav.FileSystem = (*fileSystem)(nil)

// path returns where name is in the tree. What lies above the root of the view
// has no name.
func (f *fileSystem) path(name string) (session.Path, error) {
	p, err := session.ParsePath(path.Clean("/" + name))
	if err != nil {
		return p, &session.Error{Kind: session.BadName, Err: err}
	}
	return f.cfg.Root.Append(p), nil
}

func (f *fileSystem) Mkdir(ctx context.Context, name string, _ os.FileMode) error {
	return f.change(ctx, "mkdir", name, func(ctx context.Context, p session.Path) error {
		return f.cfg.Tree.Mkdir(ctx, p, false)
	})
}

// change does something to name, unless nothing may be changed.
func (f *fileSystem) change(ctx context.Context, op, name string, do func(context.Context, session.Path) error) error {
	r := requestOf(ctx)
	p, err := f.path(name)
	if err == nil {
		err = f.mayChange(p)
	}
	if err != nil {
		return r.failed(op, name, err)
	}
	w := f.wait(ctx)
	defer w.end()
	return r.failed(op, name, w.explain(do(w, p)))
}

var (
	errReadOnly = &session.Error{Kind: session.Refused, Err: errors.New("it is mounted read-only")}
	errRoot     = &session.Error{Kind: session.Refused, Err: errors.New("the root of the mount stays as it is")}
	errNotShown = &session.Error{Kind: session.Refused, Err: errors.New("a link or special file has that name at the peer")}
)

func (f *fileSystem) mayChange(p session.Path) error {
	switch {
	case f.cfg.ReadOnly:
		return errReadOnly
	case p == f.cfg.Root:
		return errRoot
	}
	return nil
}

// RemoveAll removes name and all in it; what a MOVE or COPY replaces is set aside
// first.
func (f *fileSystem) RemoveAll(ctx context.Context, name string) error {
	r := requestOf(ctx)
	err := f.change(ctx, "remove", name, func(ctx context.Context, p session.Path) error {
		if r.replaces {
			return f.setAside(ctx, r, p)
		}
		return f.cfg.Tree.Remove(ctx, p, true)
	})
	if err == nil && !r.replaces {
		f.props.remove(key(name))
	}
	return err
}

func (f *fileSystem) Rename(ctx context.Context, from, to string) error {
	err := f.change(ctx, "rename", from, func(ctx context.Context, p session.Path) error {
		q, err := f.path(to)
		if err == nil {
			err = f.mayChange(q)
		}
		if err != nil {
			return err
		}
		return f.cfg.Tree.Rename(ctx, p, q)
	})
	if err == nil {
		f.props.move(key(from), key(to))
	}
	return err
}

func (f *fileSystem) Stat(ctx context.Context, name string) (os.FileInfo, error) {
	i, err := f.stat(ctx, name)
	if err != nil {
		return nil, err
	}
	return i, nil
}

func (f *fileSystem) stat(ctx context.Context, name string) (info, error) {
	r := requestOf(ctx)
	if i, ok := r.listed[key(name)]; ok {
		return i, nil
	}
	p, err := f.path(name)
	if err != nil {
		return info{}, r.failed("stat", name, err)
	}
	e, err := f.entry(ctx, p)
	if err == nil && !isShown(e) {
		err = fs.ErrNotExist
	}
	if err != nil {
		return info{}, r.failed("stat", name, err)
	}
	return info{name: path.Base(key(name)), entry: e}, nil
}

func (f *fileSystem) entry(ctx context.Context, p session.Path) (session.Entry, error) {
	w := f.wait(ctx)
	defer w.end()
	e, err := f.cfg.Tree.Stat(w, p)
	return e, w.explain(err)
}

// isShown tells whether WebDAV has a word for e.
func isShown(e session.Entry) bool {
	return e.Kind == session.RegularFile || e.Kind == session.Directory
}

// OpenFile opens name. Nothing is fetched before it is read.
func (f *fileSystem) OpenFile(ctx context.Context, name string, flag int, perm os.FileMode) (webdav.File, error) {
	if flag&os.O_CREATE != 0 {
		return f.create(ctx, name, perm)
	}
	i, err := f.stat(ctx, name)
	if err != nil {
		return nil, err
	}
	p, err := f.path(name)
	if err != nil {
		return nil, requestOf(ctx).failed("open", name, err)
	}
	return &readFile{node: node{f, ctx, name, p, i}}, nil
}

// list returns what is in the directory name, all of it or an error.
func (f *fileSystem) list(ctx context.Context, name string, p session.Path) ([]os.FileInfo, error) {
	r := requestOf(ctx)
	w := f.wait(ctx)
	defer w.end()
	var all []os.FileInfo
	for e, err := range f.cfg.Tree.List(w, p) {
		if err != nil {
			return nil, r.failed("list", name, &listError{w.explain(err)})
		}
		w.moved()
		if !isShown(e) {
			continue
		}
		i := info{name: e.Name, entry: e}
		all = append(all, i)
		r.list(path.Join(key(name), e.Name), i)
	}
	return all, nil
}

// A listError is of a listing that would be incomplete. It matches no error of io/fs,
// of which webdav makes a listing without the rest.
type listError struct{ why error }

func (e *listError) Error() string { return "list: " + e.why.Error() }

// key is the one form of a name.
func key(name string) string { return path.Clean("/" + name) }
