//go:build linux || darwin || freebsd

package session

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// openFlags has an open never wait: that of a FIFO would, until somebody writes.
const openFlags = unix.O_NONBLOCK

// unfit says why this system cannot keep a file under name. Unix takes all
// that a Path can hold, or says no itself.
func unfit(string) string { return "" }

// wasRemoved tells whether the open directory that fi describes was deleted.
func wasRemoved(fi fs.FileInfo) bool {
	st, ok := fi.Sys().(*syscall.Stat_t)
	return ok && st.Nlink == 0
}

// mayBePlanted tells whether somebody else could have made the hard link file
// in the directory parent: it has other names, and either it belongs to
// somebody else, or somebody else may make names in that directory.
func mayBePlanted(file, parent fs.FileInfo) bool {
	f, ok := file.Sys().(*syscall.Stat_t)
	if !ok || f.Nlink < 2 {
		return false
	}
	d, ok := parent.Sys().(*syscall.Stat_t)
	us := uint32(os.Geteuid())
	return !ok || f.Uid != us || d.Uid != us || parent.Mode()&0o002 != 0
}

// handle lends do the descriptor of dir.
func handle(dir *os.Root, do func(fd int) error) error {
	f, err := dir.Open(".")
	if err != nil {
		return err
	}
	defer f.Close()
	return do(int(f.Fd()))
}

// openEntries opens dir for reading what is in it, names with their kinds. A file
// that os.Root opens would look at each of them for that.
func openEntries(dir *os.Root) (*os.File, error) {
	var f *os.File
	err := handle(dir, func(fd int) error {
		again, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
		if err == nil {
			f = os.NewFile(uintptr(again), ".")
		}
		return err
	})
	return f, err
}

// weightOf returns the bytes, the number of names and the identity of the regular
// file name in a directory that is being read; ok is false for anything else.
func weightOf(at *walkedDir, name string) (size int64, links uint64, id fileID, ok bool) {
	var st unix.Stat_t
	if unix.Fstatat(int(at.list.Fd()), name, &st, unix.AT_SYMLINK_NOFOLLOW) != nil || st.Mode&unix.S_IFMT != unix.S_IFREG {
		return 0, 0, id, false
	}
	return st.Size, uint64(st.Nlink), fileID{uint64(st.Dev), st.Ino}, true
}

// setModified sets the modification time of name in dir itself, also of a link.
func setModified(dir *os.Root, name string, modified time.Time) error {
	return handle(dir, func(fd int) error { return setModifiedAt(fd, name, modified) })
}

func setModifiedAt(dir int, name string, modified time.Time) error {
	ts, err := unix.TimeToTimespec(modified)
	if err != nil {
		return err
	}
	return unix.UtimesNanoAt(dir, name, []unix.Timespec{{Nsec: utimeOmit}, ts}, unix.AT_SYMLINK_NOFOLLOW)
}

func spaceOf(dir *os.Root) (free, total uint64, err error) {
	err = handle(dir, func(fd int) error {
		var st unix.Statfs_t
		if err := unix.Fstatfs(fd, &st); err != nil {
			return err
		}
		size := uint64(st.Bsize)
		free, total = uint64(max(st.Bavail, 0))*size, uint64(st.Blocks)*size
		return nil
	})
	return free, total, err
}

// shortOf says what the disk is short of, where err is that it is full: there
// may be room, and no inode left for another file.
func shortOf(dir *os.Root, err error) error {
	if !errors.Is(err, unix.ENOSPC) {
		return err
	}
	var st unix.Statfs_t
	if handle(dir, func(fd int) error { return unix.Fstatfs(fd, &st) }) == nil && st.Files > 0 && st.Ffree == 0 {
		return newError(NoSpace, Path{}, "the disk has no free inodes: files have to go, however small")
	}
	return err
}

// moveNew renames oldName in source to newName in target, and never replaces
// what is there. Where the disk cannot promise that in one step, a file gets
// its new name by a hard link, which never replaces either.
func moveNew(source *os.Root, oldName string, target *os.Root, newName string) error {
	return handle(source, func(from int) error {
		return handle(target, func(to int) error { return moveNewAt(from, oldName, to, newName) })
	})
}

func moveNewAt(from int, oldName string, to int, newName string) error {
	err := renameExclusive(from, oldName, to, newName)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		return moveByLink(from, oldName, to, newName)
	}
	return err
}

// moveByLink is moveNew without the kernel's help. A directory has no hard
// links: there it looks first and then renames, and another directory, empty,
// that comes up in between would be replaced.
func moveByLink(from int, oldName string, to int, newName string) error {
	var st unix.Stat_t
	if err := unix.Fstatat(from, oldName, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		if err := unix.Linkat(from, oldName, to, newName, 0); err != nil {
			return err
		}
		return unix.Unlinkat(from, oldName, 0)
	}
	var there unix.Stat_t
	switch err := unix.Fstatat(to, newName, &there, unix.AT_SYMLINK_NOFOLLOW); {
	case err == nil:
		return unix.EEXIST
	case err != unix.ENOENT:
		return err
	}
	return unix.Renameat(from, oldName, to, newName)
}

// orWhyNoLink returns the error of a link that was not made: on a Unix it says
// all there is to say.
func orWhyNoLink(err error) error { return err }
