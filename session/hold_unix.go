//go:build linux || darwin || freebsd

package session

import (
	"errors"
	"os"

	"github.com/bargee/bargee/internal/filelock"
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
	lock := filelock.TryLock
	if shared {
		lock = filelock.TryShare
	}
	if errors.Is(lock(f), filelock.ErrHeld) {
		f.Close()
		return nil, errHeld
	}
	return f, nil
}
