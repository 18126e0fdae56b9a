//go:build unix

package session

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// enter opens the directory name in d, twice: one call of the system tells that it is
// a directory and no link, and the other handle is held against what that opened.
func (d *heldDir) enter(name string) (root *os.Root, dot *os.File, err error) {
	fd, err := unix.Openat(int(d.dot.Fd()), name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		if root, err = enter(d.root, name); err != nil { // it says more of what is wrong
			return nil, nil, err
		}
		if dot, err = root.Open("."); err != nil {
			root.Close()
		}
		return root, dot, err
	}
	dot = os.NewFile(uintptr(fd), d.root.Name()+"/"+name+"/.")
	if root, err = d.root.OpenRoot(name + "/."); err != nil {
		dot.Close()
		return nil, nil, orReplaced(err)
	}
	a, err := dot.Stat()
	if b, berr := root.Lstat("."); err != nil || berr != nil || !os.SameFile(a, b) {
		dot.Close()
		root.Close()
		return nil, nil, errReplaced
	}
	return root, dot, nil
}

// setModified sets the modification time of name in d itself, also of a link.
func (d *heldDir) setModified(name string, modified time.Time) error {
	if err := before(changeTimes, d.dot, name); err != nil {
		return err
	}
	return setModifiedAt(int(d.dot.Fd()), name, modified)
}
