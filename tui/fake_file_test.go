package tui

import (
	"context"
	"io"
	"io/fs"
	"strings"
	"sync/atomic"

	"github.com/bargee/bargee/session"
)

// fakeContent is what a file of a fakeTree holds.
type fakeContent struct {
	io.ReaderAt
	size int64
	read atomic.Int64  // bytes
	hold chan struct{} // if not nil, reading waits for it
	asks chan struct{} // and says here that it does
	err  error
}

// fill gives a file its content, and makes it if it is not there.
func (t *fakeTree) fill(p, content string) *fakeContent {
	return t.fillWith(p, strings.NewReader(content), int64(len(content)))
}

func (t *fakeTree) fillWith(p string, r io.ReaderAt, size int64) *fakeContent {
	dir, name := "", p
	if i := strings.LastIndexByte(p, '/'); i >= 0 {
		dir, name = p[:i], p[i+1:]
	}
	t.put(dir, session.Entry{Name: name, Size: size, Mode: 0o644, Modified: testNow})
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.files == nil {
		t.files = make(map[string]*fakeContent)
	}
	c := &fakeContent{ReaderAt: r, size: size, asks: make(chan struct{}, 64)}
	t.files[p] = c
	return c
}

func (t *fakeTree) Open(ctx context.Context, p session.Path) (session.File, error) {
	e, err := t.Stat(ctx, p)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.files[p.Raw()]
	if c == nil {
		return nil, &session.Error{Kind: session.Permission, Path: p, Err: fs.ErrPermission}
	}
	return &fakeFile{SectionReader: io.NewSectionReader(c, 0, c.size), ctx: ctx, c: c, e: e}, nil
}

type fakeFile struct {
	*io.SectionReader
	ctx context.Context
	c   *fakeContent
	e   session.Entry
}

func (f *fakeFile) Stat() (session.Entry, error) { return f.e, nil }
func (f *fakeFile) Close() error                 { return nil }

func (f *fakeFile) ReadAt(b []byte, off int64) (int, error) {
	if err := f.wait(); err != nil {
		return 0, err
	}
	n, err := f.SectionReader.ReadAt(b, off)
	f.c.read.Add(int64(n))
	return n, err
}

func (f *fakeFile) Read(b []byte) (int, error) {
	if err := f.wait(); err != nil {
		return 0, err
	}
	return f.SectionReader.Read(b)
}

func (f *fakeFile) wait() error {
	if f.c.hold != nil {
		f.c.asks <- struct{}{}
		select {
		case <-f.c.hold:
		case <-f.ctx.Done():
			return f.ctx.Err()
		}
	}
	return f.c.err
}

// nothing is a file of zeros of any size.
type nothing struct{}

func (nothing) ReadAt(b []byte, off int64) (int, error) {
	clear(b)
	return len(b), nil
}
