package session

import (
	"errors"
	"io/fs"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// chmodAt sets the mode of name in dir, if may allows it for what lies there.
// That is held by a descriptor which opens nothing (O_PATH), so that nothing
// else can take its place between the look and the change.
func chmodAt(dir *os.Root, name string, mode fs.FileMode, may func(fs.FileInfo) error) error {
	return handle(dir, func(at int) error {
		fd, err := unix.Openat(at, name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		if err != nil {
			return err
		}
		f := os.NewFile(uintptr(fd), name)
		defer f.Close()
		fi, err := f.Stat()
		if err != nil {
			return err
		}
		if err := may(fi); err != nil {
			return err
		}
		err = unix.Fchmodat(fd, "", uint32(mode), unix.AT_EMPTY_PATH)
		if errors.Is(err, unix.EOPNOTSUPP) { // before Linux 6.6
			err = unix.Chmod("/proc/self/fd/"+strconv.Itoa(fd), uint32(mode))
		}
		return err
	})
}
