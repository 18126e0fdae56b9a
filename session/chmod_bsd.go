//go:build darwin || freebsd

package session

import (
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// chmodAt sets the mode of name in dir, if may allows it for what lies there. A
// link that takes its place in between gets the mode itself.
func chmodAt(dir *os.Root, name string, mode fs.FileMode, may func(fs.FileInfo) error) error {
	fi, err := dir.Lstat(name)
	if err != nil {
		return err
	}
	if err := may(fi); err != nil {
		return err
	}
	return handle(dir, func(at int) error {
		return unix.Fchmodat(at, name, uint32(mode), unix.AT_SYMLINK_NOFOLLOW)
	})
}
