package cli

import (
	"os"

	"golang.org/x/sys/windows"
)

// lockNow locks f as long as it is open, or fails at once. The byte that is locked
// is none of the content, which stays readable.
func lockNow(f *os.File) error {
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	return windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, &windows.Overlapped{OffsetHigh: 1})
}

// endProcess ends a supervisor; its role hears of it by the pipe between them.
func endProcess(pid int) error {
	p, err := os.FindProcess(pid)
	if err != nil {
		return err
	}
	return p.Kill()
}
