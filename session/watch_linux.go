package session

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// watchKey is what the directory dir is told apart by, whatever its name is.
func watchKey(dir *os.Root) (string, error) {
	fi, err := dir.Lstat(".")
	if err != nil {
		return "", err
	}
	id := identityOf(fi)
	return fmt.Sprintf("%x:%x", id.device, id.inode), nil
}

// watchName returns a name for the open directory dir that nobody can have lead
// elsewhere, and that is not taken: inotify looks at names only once. release
// closes what the name stands for; a directory that stays open would not be
// known to be removed.
func watchName(dir *os.Root, taken func(string) bool) (name string, release func(), err error) {
	err = handle(dir, func(fd int) error {
		for least := 3; ; least++ {
			n, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, least)
			if err != nil {
				return err
			}
			name = "/proc/self/fd/" + strconv.Itoa(n)
			if !taken(name) {
				release = func() { unix.Close(n) }
				return nil
			}
			unix.Close(n)
			least = n
		}
	})
	return name, release, err
}

// watchLimit says which limit of the system err is about.
func watchLimit(err error) string {
	switch {
	case errors.Is(err, unix.ENOSPC):
		return "the system watches no more directories: raise the sysctl fs.inotify.max_user_watches"
	case errors.Is(err, unix.EMFILE):
		return "the system lets no more programs watch: raise the sysctl fs.inotify.max_user_instances"
	}
	return ""
}
