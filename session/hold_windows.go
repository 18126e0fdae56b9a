package session

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// holdDir has nobody else hold dir until what is returned is closed: Busy where
// somebody does. Windows locks no directories: it is a file in it, which is hidden
// as partials are. One that cannot be made holds nobody up.
func holdDir(dir *os.Root, shared bool) (*os.File, error) {
	f, err := dir.OpenFile(privatePrefix+"sync"+partialSuffix, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return dir.Open(".")
	}
	how := uint32(windows.LOCKFILE_FAIL_IMMEDIATELY)
	if !shared {
		how |= windows.LOCKFILE_EXCLUSIVE_LOCK
	}
	err = windows.LockFileEx(windows.Handle(f.Fd()), how, 0, 1, 0, &windows.Overlapped{OffsetHigh: 1 << 30})
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		f.Close()
		return nil, errHeld
	}
	return f, nil
}
