package transport

import (
	"io/fs"
	"os"

	"golang.org/x/sys/windows"
)

const openNonblock = 0

func lockFile(f *os.File) error {
	return windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK, 0, 1, 0, new(windows.Overlapped))
}

// The state directory lies in the user's profile, whose access list keeps
// others out; mode bits say nothing here.
func checkPrivate(string, fs.FileInfo) error { return nil }

// NTFS journals renames; a directory cannot be synced there.
func syncDir(string) {}
