package session

import (
	"io"
	"io/fs"
	"iter"
)

// fsFile is a File as an fs.File, with io.Seeker and io.ReaderAt.
type fsFile struct {
	File
	name string
}

func (f *fsFile) Stat() (fs.FileInfo, error) {
	e, err := f.File.Stat()
	if err != nil {
		return nil, fsError("stat", f.name, err)
	}
	return infoOf(f.name, e), nil
}

func (f *fsFile) Read(b []byte) (int, error) {
	n, err := f.File.Read(b)
	return n, fsError("read", f.name, err)
}

func (f *fsFile) ReadAt(b []byte, off int64) (int, error) {
	n, err := f.File.ReadAt(b, off)
	return n, fsError("read", f.name, err)
}

func (f *fsFile) Seek(offset int64, whence int) (int64, error) {
	n, err := f.File.Seek(offset, whence)
	return n, fsError("seek", f.name, err)
}

func (f *fsFile) Close() error { return fsError("close", f.name, f.File.Close()) }

// fsSpecial is what is neither a file nor a directory: it has a description.
type fsSpecial struct {
	name string
	info fs.FileInfo
}

func (s *fsSpecial) Stat() (fs.FileInfo, error) { return s.info, nil }
func (s *fsSpecial) Close() error               { return nil }

func (s *fsSpecial) Read([]byte) (int, error) {
	return 0, fsError("read", s.name, newError(NotAFile, Path{}, "is no regular file"))
}

// fsDir is an open directory. It asks for its entries when they are first read.
type fsDir struct {
	fsSpecial
	fsys *treeFS
	path Path
	next func() (Entry, error, bool) // nil before the first ReadDir
	stop func()
}

// ReadDir returns the next n entries, or with n <= 0 all that are left.
func (d *fsDir) ReadDir(n int) ([]fs.DirEntry, error) {
	if d.next == nil {
		d.next, d.stop = iter.Pull2(d.fsys.tree.List(d.fsys.ctx, d.path))
	}
	var list []fs.DirEntry
	for n <= 0 || len(list) < n {
		e, err, ok := d.next()
		if err != nil {
			return list, fsError("readdir", d.name, err)
		}
		if !ok {
			break
		}
		list = append(list, fs.FileInfoToDirEntry(infoOf(fsName(e.Name), e)))
	}
	if n > 0 && len(list) == 0 {
		return nil, io.EOF
	}
	return list, nil
}

// Close gives up what was not read of the directory.
func (d *fsDir) Close() error {
	if d.stop != nil {
		d.stop()
	}
	return nil
}
