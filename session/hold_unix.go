//go:build linux || darwin || freebsd

package session

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// holdDir has nobody else hold dir, among all processes of this machine, until what
// is returned is closed: Busy where somebody does. The lock is on the directory
// itself, so that nothing has to be made in it, and a process that is killed leaves
// none behind. Disks that know no locks hold nobody up.
func holdDir(dir *os.Root, shared bool) (*os.File, error) {
	f, err := dir.Open(".")
	if err != nil {
		return nil, err
	}
	how := unix.LOCK_EX
	if shared {
		how = unix.LOCK_SH
	}
	if errors.Is(unix.Flock(int(f.Fd()), how|unix.LOCK_NB), unix.EWOULDBLOCK) {
		f.Close()
		return nil, errHeld
	}
	return f, nil
}
