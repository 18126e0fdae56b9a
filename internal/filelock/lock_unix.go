//go:build unix

package filelock

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// Lock has nobody else hold f, and waits for that. On a network's disk it may wait
// for long; nothing ends it before.
func Lock(f *os.File) error { return flock(f, unix.LOCK_EX) }

// TryLock has nobody else hold f, or fails with ErrHeld at once.
func TryLock(f *os.File) error { return flock(f, unix.LOCK_EX|unix.LOCK_NB) }

// TryShare holds f together with others that do, or fails with ErrHeld at once.
func TryShare(f *os.File) error { return flock(f, unix.LOCK_SH|unix.LOCK_NB) }

func flock(f *os.File, how int) error {
	for {
		err := unix.Flock(int(f.Fd()), how)
		switch {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EWOULDBLOCK):
			return ErrHeld
		default:
			return os.NewSyscallError("flock", err)
		}
	}
}
