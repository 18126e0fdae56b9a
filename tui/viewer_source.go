package tui

import (
	"context"
	"sync"

	"github.com/bargee/bargee/session"
)

// A source is a file that is looked at, here or at a peer. It is opened when it
// is first read, and again after the link to its peer was lost; what is read is
// one state of it all the time. Its methods wait, and are for commands.
type source struct {
	engine Engine
	place  session.PlaceID
	path   session.Path
	parent context.Context

	mu     sync.Mutex
	ctx    context.Context
	cancel context.CancelFunc
	file   session.File
	seen   bool
	entry  session.Entry // as it was when it was opened first
}

func newSource(ctx context.Context, e Engine, at Location, name string) (*source, error) {
	p, err := at.Dir.Join(name)
	if err != nil {
		return nil, err
	}
	s := &source{engine: e, place: at.Place, path: p, parent: ctx}
	s.ctx, s.cancel = context.WithCancel(ctx)
	return s, nil
}

// another returns a source of the same state of the file whose reads end with
// ctx.
func (s *source) another(ctx context.Context) *source {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := &source{engine: s.engine, place: s.place, path: s.path, parent: ctx, seen: s.seen, entry: s.entry}
	o.ctx, o.cancel = context.WithCancel(ctx)
	return o
}

// open opens the file if it is not, and describes it as it is now.
func (s *source) open() (session.Entry, error) {
	f, err := s.opened()
	if err != nil {
		return session.Entry{}, err
	}
	return f.Stat()
}

// opened returns the open file.
func (s *source) opened() (session.File, error) {
	s.mu.Lock()
	f, ctx := s.file, s.ctx
	s.mu.Unlock()
	if f != nil {
		return f, nil
	}
	tree, err := s.engine.Tree(s.place)
	if err != nil {
		return nil, err
	}
	f, err = session.OpenAt(ctx, tree, s.path)
	if err != nil {
		return nil, err
	}
	e, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.file != nil: // somebody else was faster
		f.Close()
		return s.file, nil
	case ctx.Err() != nil:
		f.Close()
		return nil, ctx.Err()
	case s.seen && !sameState(s.entry, e):
		f.Close()
		return nil, &session.Error{Kind: session.Changed, Path: s.path}
	}
	s.file, s.seen, s.entry = f, true, e
	return f, nil
}

// sameState tells whether two descriptions are of one state of a file.
func sameState(a, b session.Entry) bool { return a.Size == b.Size && a.Modified.Equal(b.Modified) }

// ReadAt implements io.ReaderAt.
func (s *source) ReadAt(b []byte, off int64) (int, error) {
	f, err := s.opened()
	if err != nil {
		return 0, err
	}
	n, err := f.ReadAt(b, off)
	switch session.KindOf(err) {
	case session.Interrupted, session.Unreachable, session.Timeout:
		s.lose(f)
		if f, err = s.opened(); err != nil {
			return 0, err
		}
		n, err = f.ReadAt(b, off)
	}
	return n, err
}

// lose forgets a file that answers no more.
func (s *source) lose(f session.File) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file == f && f != nil {
		s.file.Close()
		s.file = nil
	}
}

// changed tells whether the file is another one by now, where that is cheap to
// tell: a peer says so itself when it is read.
func (s *source) changed() bool {
	s.mu.Lock()
	was, seen, ctx := s.entry, s.seen, s.ctx
	s.mu.Unlock()
	if s.place != session.Here || !seen {
		return false
	}
	tree, err := s.engine.Tree(s.place)
	if err != nil {
		return false
	}
	now, err := tree.Stat(ctx, s.path)
	return err != nil || now.Kind == session.RegularFile && !sameState(was, now)
}

// giveUp ends what waits. The source can be used again.
func (s *source) giveUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cancel()
	s.ctx, s.cancel = context.WithCancel(s.parent)
	if s.file != nil {
		s.file.Close()
		s.file = nil
	}
}

// anew takes the file as it is now, whatever it was.
func (s *source) anew() {
	s.giveUp()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = false
}

// close ends everything.
func (s *source) close() {
	s.giveUp()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cancel()
}
