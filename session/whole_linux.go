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

// put writes data to a new file and gives it its name in d, which nobody may have if
// m does not say that it replaces one. The file has no name before (O_TMPFILE): so
// there is no partial that another writer could get hold of or a crash could leave, and
// a small file costs five calls of the system instead of thirteen. It reports false
// where the disk cannot do that.
func (d *heldDir) put(name string, data []byte, m meta) (done bool, err error) {
	if noTmpfile.Load() || d.unnamed.Load() {
		return false, nil
	}
	if err := before(changeCreate, d.dot, name); err != nil {
		return true, err
	}
	mode := fs.FileMode(0o666)
	if m.keepMode {
		mode = m.mode.Perm()
	}
	// The system applies the umask.
	fd, err := unix.Openat(int(d.dot.Fd()), ".", unix.O_RDWR|unix.O_TMPFILE|unix.O_CLOEXEC, uint32(mode))
	if err != nil {
		d.unnamed.Store(true) // the usual way tells what is wrong, if anything is
		return false, nil
	}
	defer unix.Close(fd)
	first, give := name, d.nameNew
	if m.replace {
		first, give = partialName(name, partialSuffix), d.nameOver
	}
	if err := fillNew(fd, d, first, data, m); err != nil {
		return true, &os.PathError{Op: "write", Path: name, Err: err}
	}
	if done, err = give(fd, name); done && err == nil && m.fsync {
		err = syncDir(d.root)
	}
	return done, err
}

// nameNew gives the file fd, which has no name, one that nobody has.
func (d *heldDir) nameNew(fd int, name string) (done bool, err error) {
	if err := before(changeRename, d.dot, name); err != nil {
		return true, err
	}
	done, err = d.link(fd, name)
	if errors.Is(err, unix.EEXIST) {
		err = errAppeared
	}
	return done, err
}

// nameOver gives the file fd, which has no name, that of another one. It is a partial
// for a moment, whole and locked as one: where there is another already, or somebody
// takes it away, that is for the usual way.
func (d *heldDir) nameOver(fd int, name string) (done bool, err error) {
	part := partialName(name, partialSuffix)
	if err := before(changeLink, d.dot, part); err != nil {
		return true, err
	}
	if unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB) != nil {
		return false, nil
	}
	if done, err := d.link(fd, part); !done || err != nil {
		return false, nil
	}
	if err := before(changeRename, d.dot, name); err != nil {
		return true, err
	}
	dir := int(d.dot.Fd())
	if unix.Renameat(dir, part, dir, name) != nil {
		return false, nil // the partial is taken up, and says what is wrong
	}
	return true, nil
}

// link gives the file fd, which has no name, its first one.
func (d *heldDir) link(fd int, name string) (done bool, err error) {
	switch err := unix.Linkat(fd, "", int(d.dot.Fd()), name, unix.AT_EMPTY_PATH); {
	case err == nil || errors.Is(err, unix.EEXIST):
		return true, err
	case errors.Is(err, unix.ENOENT): // older kernels want a capability for that
		noTmpfile.Store(true)
	default:
		d.unnamed.Store(true)
	}
	return false, nil
}

// fillNew writes the file fd, whose first name will be name.
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

// isEmpty tells whether nothing is in the directory dot, which was not read yet. It
// asks for no more names than it needs: those of a large directory take longer than a
// file that is written into it.
func isEmpty(dot *os.File) bool {
	var buf [512]byte // more than the longest name takes
	for {
		n, err := unix.Getdents(int(dot.Fd()), buf[:])
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil || n == 0 {
			return err == nil
		}
		if _, _, names := unix.ParseDirent(buf[:n], 1, nil); len(names) > 0 {
			return false
		}
	}
}
