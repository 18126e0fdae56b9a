package cli

import (
	"os"
	"path/filepath"
	"time"

	"github.com/bargee/bargee/internal/filelock"
)

// lockWait is how long another process may have a file that is to be changed.
const lockWait = 10 * time.Second

// locked runs f while no other process is in locked for the same file, which is read
// and replaced as a whole. The lock is a file beside it.
func locked(name string, f func() error) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	lock, err := os.OpenFile(filepath.Join(filepath.Dir(name), "."+filepath.Base(name)+".lock"), os.O_RDONLY|os.O_CREATE, 0o644) // of another user it can be locked, too
	if err != nil {
		return err
	}
	defer lock.Close() // which also unlocks
	for late := time.Now().Add(lockWait); ; time.Sleep(2 * time.Millisecond) {
		if err = filelock.TryLock(lock); err == nil {
			return f()
		}
		if time.Now().After(late) {
			return &os.PathError{Op: "lock", Path: name, Err: err}
		}
	}
}
