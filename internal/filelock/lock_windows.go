package filelock

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// Lock has nobody else hold f, and waits for that.
func Lock(f *os.File) error { return lockByte(f, windows.LOCKFILE_EXCLUSIVE_LOCK) }

// TryLock has nobody else hold f, or fails with ErrHeld at once.
func TryLock(f *os.File) error {
	return lockByte(f, windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY)
}

// TryShare holds f together with others that do, or fails with ErrHeld at once.
func TryShare(f *os.File) error { return lockByte(f, windows.LOCKFILE_FAIL_IMMEDIATELY) }

func lockByte(f *os.File, how uint32) error {
	err := windows.LockFileEx(windows.Handle(f.Fd()), how, 0, 1, 0, &windows.Overlapped{OffsetHigh: 1 << 30})
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) || errors.Is(err, windows.ERROR_IO_PENDING) {
		return ErrHeld
	}
	return os.NewSyscallError("LockFileEx", err)
}
