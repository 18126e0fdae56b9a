package session

import (
	"errors"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/windows"
)

// flush closes the file, since an open one cannot be renamed, and reports what
// the system has to say then.
func flush(f *os.File) error { return f.Close() }

// lockFile locks f against other writers, or fails with errBusy at once.
func lockFile(f *os.File) error {
	err := windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY,
		0, 1, 0, &windows.Overlapped{OffsetHigh: 1 << 30}) // a byte far behind the data, which stays readable
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return errBusy
	}
	return err
}

// moveNew gives the partial its name if nobody has it.
func (p *partial) moveNew(part string) error { return moveNew(p.dir, part, p.dir, p.name) }

func links(fs.FileInfo) uint64 { return 1 }

func umask() fs.FileMode { return 0 }

// setFileTime sets the modification time of f by its name in dir.
func setFileTime(dir *os.Root, name string, _ *os.File, modified time.Time) error {
	return dir.Chtimes(name, time.Time{}, modified)
}
