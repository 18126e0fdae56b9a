package dav

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/bargee/bargee/session"
)

// A node is an open file or directory: what it is, and its properties.
type node struct {
	fs   *fileSystem
	ctx  context.Context // of the request
	name string
	path session.Path
	info info
}

func (n *node) Stat() (os.FileInfo, error) { return n.info, nil }

var (
	errNotOpenForWriting = &session.Error{Kind: session.Refused, Err: errors.New("is open for reading")}
	errIsDirectory       = &session.Error{Kind: session.NotAFile, Err: errors.New("is a directory")}
	errChanged           = &session.Error{Kind: session.Changed, Err: errors.New("changed while it was read")}
)

// A readFile is open for reading; it is opened at the peer when it is read first.
type readFile struct {
	node
	at   int64
	file session.File // nil before it is read
	wait *wait        // that it lives in
}

func (f *readFile) Read(b []byte) (int, error) {
	if f.at >= f.info.entry.Size && !f.info.IsDir() {
		return 0, io.EOF
	}
	n, err := f.read(b)
	f.at += int64(n)
	if err != nil && err != io.EOF {
		r := requestOf(f.ctx)
		r.broke(err)
		return n, r.failed("read", f.name, err)
	}
	return n, err
}

func (f *readFile) read(b []byte) (int, error) {
	if f.info.IsDir() {
		return 0, errIsDirectory
	}
	if f.file == nil {
		if err := f.open(); err != nil {
			return 0, err
		}
	}
	f.wait.moved()
	n, err := f.file.Read(b)
	if err == io.EOF && f.at+int64(n) < f.info.entry.Size {
		err = errChanged
	}
	return n, f.wait.explain(err)
}

// open opens the file that was described, or none.
func (f *readFile) open() error {
	w := f.fs.wait(f.ctx)
	file, err := f.fs.cfg.Tree.Open(w, f.path)
	if err != nil {
		err = w.explain(err)
		w.end()
		return err
	}
	e, err := file.Stat()
	if err == nil && (e.Size != f.info.entry.Size || !e.Modified.Equal(f.info.entry.Modified)) {
		err = errChanged
	}
	if err == nil && f.at != 0 {
		_, err = file.Seek(f.at, io.SeekStart)
	}
	if err != nil {
		file.Close()
		w.end()
		return err
	}
	f.file, f.wait = file, w
	return nil
}

func (f *readFile) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += f.at
	case io.SeekEnd:
		offset += f.info.entry.Size
	}
	if offset < 0 {
		return 0, os.ErrInvalid
	}
	if f.file != nil && offset != f.at {
		if _, err := f.file.Seek(offset, io.SeekStart); err != nil {
			return 0, err
		}
	}
	f.at = offset
	return offset, nil
}

// Readdir returns all that is in the directory; webdav asks for nothing else.
func (f *readFile) Readdir(int) ([]os.FileInfo, error) { return f.fs.list(f.ctx, f.name, f.path) }

func (f *readFile) Write([]byte) (int, error) { return 0, errNotOpenForWriting }

func (f *readFile) Close() error {
	if f.file == nil {
		return nil
	}
	defer f.wait.end()
	return f.file.Close()
}
