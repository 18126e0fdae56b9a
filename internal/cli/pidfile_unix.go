//go:build unix

package cli

import (
	"os"
	"syscall"
)

// lockNow locks f as long as it is open, or fails at once.
func lockNow(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }

// endProcess asks a process to end.
func endProcess(pid int) error { return syscall.Kill(pid, syscall.SIGTERM) }
