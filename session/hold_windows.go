package session

import (
	"errors"
	"os"

	"github.com/bargee/bargee/internal/filelock"
)

// holdDir has nobody else hold dir until what is returned is closed: Busy where
// somebody does. Windows locks no directories: it is a file in it, which is hidden
// as partials are. One that cannot be made holds nobody up.
func holdDir(dir *os.Root, shared bool) (*os.File, error) {
	f, err := dir.OpenFile(privatePrefix+"sync"+partialSuffix, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return dir.Open(".")
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
