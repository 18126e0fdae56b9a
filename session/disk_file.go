package session

import (
	"context"
	"crypto/sha256"
	"hash"
	"io"
	"os"

	"lukechampine.com/blake3"
)

// Open opens a regular file for reading.
func (d *disk) Open(ctx context.Context, p Path) (File, error) {
	if err := ctx.Err(); err != nil {
		return nil, about(p, err)
	}
	f, err := d.openFile(p)
	if err != nil {
		return nil, err
	}
	return &diskFile{f: f, path: p}, nil
}

// openFile opens the regular file p for reading. The caller closes it.
func (d *disk) openFile(p Path) (*os.File, error) {
	if p.IsRoot() {
		return nil, newError(NotAFile, p, "the root is a directory")
	}
	dir, name, err := d.at(p)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	f, err := openRegular(dir, name)
	if err != nil {
		return nil, about(p, err)
	}
	if d.jail {
		if err := checkPlanted(dir, f); err != nil {
			f.Close()
			return nil, about(p, err)
		}
	}
	return f, nil
}

// openRegular opens the regular file name in dir. os.Root would follow a link
// that stays in dir and open FIFOs and devices, so it is looked at before (to
// refuse) and after (to be sure). With openFlags a FIFO that takes its place
// in between does not hold us up.
func openRegular(dir *os.Root, name string) (*os.File, error) {
	seen, err := dir.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !seen.Mode().IsRegular() {
		return nil, newError(NotAFile, Path{}, "is %s, not a regular file", nounOf(seen))
	}
	f, err := dir.OpenFile(name, os.O_RDONLY|openFlags, 0)
	if err != nil {
		return nil, orReplaced(err)
	}
	if is, err := f.Stat(); err != nil || !os.SameFile(seen, is) {
		f.Close()
		return nil, errReplaced
	}
	return f, nil
}

// checkPlanted refuses a file in dir that somebody else may have linked there
// to have us hand out what only we can read: hard links lead out of every jail.
func checkPlanted(dir *os.Root, f *os.File) error {
	file, err := f.Stat()
	if err != nil || links(file) < 2 {
		return err
	}
	parent, err := dir.Lstat(".")
	if err != nil {
		return err
	}
	if mayBePlanted(file, parent) {
		return newError(Permission, Path{}, "has several hard links, and others could have made them")
	}
	return nil
}

// Hash returns the digest of the file p.
func (d *disk) Hash(ctx context.Context, p Path, a Algorithm) ([]byte, error) {
	h, err := newHash(a)
	if err != nil {
		return nil, about(p, err)
	}
	f, err := d.openFile(p)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	// The assembly under BLAKE3 works on many blocks at a time.
	buf := make([]byte, 1<<20)
	for {
		if err := ctx.Err(); err != nil {
			return nil, about(p, err)
		}
		n, err := f.Read(buf)
		h.Write(buf[:n])
		if err == io.EOF {
			return h.Sum(nil), nil
		}
		if err != nil {
			return nil, about(p, err)
		}
	}
}

func newHash(a Algorithm) (hash.Hash, error) {
	switch a {
	case BLAKE3:
		return blake3.New(32, nil), nil
	case SHA256:
		return sha256.New(), nil
	}
	return nil, newError(Invalid, Path{}, "unknown digest algorithm %q", string(a))
}

// diskFile is a File of this machine.
type diskFile struct {
	f    *os.File
	path Path
}

func (f *diskFile) Read(b []byte) (int, error) {
	n, err := f.f.Read(b)
	return n, f.about(err)
}

func (f *diskFile) ReadAt(b []byte, off int64) (int, error) {
	n, err := f.f.ReadAt(b, off)
	return n, f.about(err)
}

func (f *diskFile) Seek(offset int64, whence int) (int64, error) {
	n, err := f.f.Seek(offset, whence)
	return n, f.about(err)
}

func (f *diskFile) Close() error { return f.about(f.f.Close()) }

func (f *diskFile) Stat() (Entry, error) {
	fi, err := f.f.Stat()
	if err != nil {
		return Entry{}, f.about(err)
	}
	e := entryOf(fi)
	e.Name = f.path.Base()
	return e, nil
}

// about leaves nil and io.EOF as they are.
func (f *diskFile) about(err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return about(f.path, err)
}
