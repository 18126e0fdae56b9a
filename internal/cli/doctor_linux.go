package cli

import (
	"os"

	"golang.org/x/sys/unix"
)

// dropCache has the next read of f come from the disk, if the system likes to.
func dropCache(f *os.File) { _ = unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED) }
