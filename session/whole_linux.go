package session

import (
	"errors"
	"io/fs"
	"os"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// noTmpfile is set when files without a name cannot be made or named here.
var noTmpfile atomic.Bool

// putNew writes data to a new file and gives it its name in d, which nobody may
// have. The file has no name before (O_TMPFILE): so there is no partial that
// another writer could get hold of or a crash could leave, and a small file
// costs five calls of the system instead of thirteen. It reports false where
// the disk cannot do that.
func (d *heldDir) putNew(name string, data []byte, m meta) (done bool, err error) {
	if noTmpfile.Load() || d.unnamed.Load() {
		return false, nil
	}
	if err := before(changeCreate, d.dot, name); err != nil {
		return true, err
	}
	dir := int(d.dot.Fd())
	mode := fs.FileMode(0o666)
	if m.keepMode {
		mode = m.mode.Perm()
	}
	// The system applies the umask.
	fd, err := unix.Openat(dir, ".", unix.O_RDWR|unix.O_TMPFILE|unix.O_CLOEXEC, uint32(mode))
	if err != nil {
		d.unnamed.Store(true) // the usual way tells what is wrong, if anything is
		return false, nil
	}
	defer unix.Close(fd)
	if err := fillNew(fd, d, name, data, m); err != nil {
		return true, &os.PathError{Op: "write", Path: name, Err: err}
	}
	if err := before(changeRename, d.dot, name); err != nil {
		return true, err
	}
	switch err := unix.Linkat(fd, "", dir, name, unix.AT_EMPTY_PATH); {
	case err == nil && m.fsync:
		return true, syncDir(d.root)
	case err == nil:
		return true, nil
	case errors.Is(err, unix.EEXIST):
		return true, errAppeared
	case errors.Is(err, unix.ENOENT): // older kernels want a capability for that
		noTmpfile.Store(true)
		return false, nil
	default:
		d.unnamed.Store(true)
		return false, nil
	}
}

func fillNew(fd int, d *heldDir, name string, data []byte, m meta) error {
	if err := before(changeWrite, d.dot, name); err != nil {
		return err
	}
	for off := 0; off < len(data); {
		n, err := unix.Pwrite(fd, data[off:], int64(off))
		if err != nil && !errors.Is(err, unix.EINTR) {
			return err
		}
		off += max(n, 0)
	}
	if m.keepTime {
		if err := before(changeTimes, d.dot, name); err != nil {
			return err
		}
		if err := futimes(fd, m.modified); err != nil {
			return err
		}
	}
	if !m.fsync {
		return nil
	}
	if err := before(changeSync, d.dot, name); err != nil {
		return err
	}
	return unix.Fsync(fd)
}
