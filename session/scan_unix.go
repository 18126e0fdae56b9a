//go:build linux || darwin || freebsd

package session

import (
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// scanModes are the bits of a mode that a disk keeps here.
const scanModes fs.FileMode = permBits

// describeAt is entryAt for a directory that is open as list, and tells the inode.
func describeAt(dir *os.Root, list *os.File, name string) (e scanEntry, err error) {
	var st unix.Stat_t
	if err := unix.Fstatat(int(list.Fd()), name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return e, err
	}
	e.Name, e.identity = name, st.Ino
	e.Mode = fs.FileMode(st.Mode) & permBits
	e.Modified = time.Unix(st.Mtim.Unix())
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		e.Kind, e.Size = RegularFile, st.Size
	case unix.S_IFDIR:
		e.Kind = Directory
	case unix.S_IFLNK:
		e.Kind = Link
		e.Target, _ = dir.Readlink(name)
	default:
		e.Kind = Other
	}
	return e, nil
}
