//go:build unix

package session

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// readWhole reads a file of one chunk into buf, in as few calls of the system
// as there can be: that it is the file which was announced, and a regular one,
// is seen when it was read. It reports false for one that has several names,
// which is looked at more closely (checkPlanted).
func (f *outFile) readWhole(buf []byte) (data []byte, done bool, err error) {
	if f.path.IsRoot() {
		return nil, false, nil
	}
	dir, err := f.dirs.hold(f.path.Parent())
	if err != nil {
		return nil, true, err
	}
	defer f.dirs.release(dir)
	var fd int
	err = f.dirs.patiently(func() (err error) {
		fd, err = openat(int(dir.dot.Fd()), f.path.Base())
		return err
	})
	if errors.Is(err, unix.ELOOP) || errors.Is(err, unix.ENXIO) {
		return nil, true, errChanged // it was a file
	}
	if err != nil {
		return nil, true, &os.PathError{Op: "open", Path: f.path.Base(), Err: err}
	}
	defer unix.Close(fd)
	want := int(f.entry.Size)
	n, readErr := preadAll(fd, buf[:want])
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return nil, true, &os.PathError{Op: "stat", Path: f.path.Base(), Err: err}
	}
	switch {
	case identityOfStat(&st) != f.ident:
		return nil, true, errChanged
	case st.Nlink > 1:
		return nil, false, nil
	case readErr != nil:
		return nil, true, &os.PathError{Op: "read", Path: f.path.Base(), Err: readErr}
	case n != want:
		return nil, true, errChanged
	}
	return buf[:n], true, nil
}

// openat opens name for reading. It neither follows a link nor waits for the
// other end of a FIFO.
func openat(dir int, name string) (fd int, err error) {
	for {
		fd, err = unix.Openat(dir, name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
		if !errors.Is(err, unix.EINTR) {
			return fd, err
		}
	}
}

// preadAll reads until b is full or the file ends.
func preadAll(fd int, b []byte) (n int, err error) {
	for n < len(b) {
		m, err := unix.Pread(fd, b[n:], int64(n))
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil || m == 0 {
			return n, err
		}
		n += m
	}
	return n, nil
}

func identityOfStat(st *unix.Stat_t) identity {
	return identity{
		size: st.Size, modified: st.Mtim.Nano(), changed: st.Ctim.Nano(),
		device: uint64(st.Dev), inode: uint64(st.Ino),
	}
}
