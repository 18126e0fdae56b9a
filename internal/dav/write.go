package dav

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"time"

	"golang.org/x/net/webdav"

	"github.com/bargee/bargee/session"
)

// A writeFile is a file under way: it lies in the spool until it is closed.
type writeFile struct {
	node
	spool    *os.File
	size     int64
	mode     os.FileMode
	keepMode bool
}

// create begins a file that replaces what there may be under name.
func (f *fileSystem) create(ctx context.Context, name string, perm os.FileMode) (webdav.File, error) {
	r := requestOf(ctx)
	w, err := f.newFile(ctx, r, name, perm)
	if err != nil {
		return nil, r.failed("create", name, err)
	}
	return w, nil
}

func (f *fileSystem) newFile(ctx context.Context, r *request, name string, perm os.FileMode) (*writeFile, error) {
	p, err := f.path(name)
	if err == nil {
		err = f.mayChange(p)
	}
	if err != nil {
		return nil, err
	}
	w := &writeFile{node: node{fs: f, ctx: ctx, name: name, path: p}, mode: perm, keepMode: r.method == "COPY"}
	old, err := f.entry(ctx, p)
	switch {
	case err == nil && old.Kind == session.Directory:
		return nil, errIsDirectory
	case err == nil && !isShown(old):
		return nil, errNotShown
	case err == nil: // who saves a file does not mean to change who may read it
		w.mode, w.keepMode = old.Mode, true
	case session.KindOf(err) != session.NotFound:
		return nil, err
	default:
		if err := f.checkParent(ctx, p.Parent()); err != nil {
			return nil, err
		}
	}
	if w.spool, err = os.CreateTemp(f.cfg.Spool, "put-*"); err != nil {
		return nil, spoolError(err)
	}
	return w, nil
}

func (f *fileSystem) checkParent(ctx context.Context, dir session.Path) error {
	e, err := f.entry(ctx, dir)
	if err != nil {
		return err
	}
	if e.Kind != session.Directory {
		return &session.Error{Kind: session.NotADirectory, Err: errors.New("what should hold it is no directory")}
	}
	return nil
}

// spoolError is err without the name of the file in the spool.
func spoolError(err error) error {
	kind := session.KindOf(err)
	if kind != session.NoSpace {
		kind = session.Internal
	}
	why := err
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		why = pe.Err
	}
	return &session.Error{Kind: kind, Err: fmt.Errorf("the spool on the machine of the mount: %w", why)}
}

func (w *writeFile) Write(b []byte) (int, error) {
	n, err := w.spool.Write(b)
	w.size += int64(n)
	if err != nil {
		err = spoolError(err)
		r := requestOf(w.ctx)
		r.broke(err)
		return n, r.failed("write", w.name, err)
	}
	return n, nil
}

// Stat describes what was written so far; its tag is that of the file at the peer,
// which is asked for when that is there.
func (w *writeFile) Stat() (os.FileInfo, error) {
	return info{
		name:  path.Base(key(w.name)),
		entry: session.Entry{Kind: session.RegularFile, Size: w.size, Mode: w.mode, Modified: time.Now()},
		again: func(ctx context.Context) (session.Entry, error) { return w.fs.entry(ctx, w.path) },
	}, nil
}

// Close sends the file, and returns when it is there, verified and under its name.
// One that is incomplete goes nowhere.
func (w *writeFile) Close() error {
	r := requestOf(w.ctx)
	defer os.Remove(w.spool.Name())
	err := w.finish(r)
	err = errors.Join(err, w.spool.Close())
	if err == nil {
		err = w.fs.cfg.Put(w.ctx, Upload{File: w.spool.Name(), To: w.path, KeepMode: w.keepMode})
	}
	if err == nil && !r.modified.IsZero() {
		err = w.date(r.modified)
	}
	return r.failed("write", w.name, err)
}

// date gives the file its time where it was there already, and so was not sent.
func (w *writeFile) date(modified time.Time) error {
	e, err := w.fs.entry(w.ctx, w.path)
	if err != nil || e.Modified.Equal(modified) {
		return err
	}
	wait := w.fs.wait(w.ctx)
	defer wait.end()
	return wait.explain(w.fs.cfg.Tree.Touch(wait, w.path, modified, false))
}

func (w *writeFile) finish(r *request) error {
	if r.broken != nil {
		return fmt.Errorf("not all of it came: %w", r.broken)
	}
	if w.keepMode {
		if err := w.spool.Chmod(w.mode.Perm() | 0o400); err != nil { // it has to be read to be sent
			return spoolError(err)
		}
	}
	if !r.modified.IsZero() {
		if err := os.Chtimes(w.spool.Name(), time.Time{}, r.modified); err != nil {
			return spoolError(err)
		}
	}
	return nil
}

func (w *writeFile) Read([]byte) (int, error)           { return 0, fs.ErrInvalid }
func (w *writeFile) Seek(int64, int) (int64, error)     { return 0, fs.ErrInvalid }
func (w *writeFile) Readdir(int) ([]os.FileInfo, error) { return nil, fs.ErrInvalid }
