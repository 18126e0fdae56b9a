//go:build unix

package session

import (
	"errors"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// allocated returns how many bytes of a file are on the disk.
func allocated(fi fs.FileInfo) int64 {
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		return st.Blocks * 512
	}
	return fi.Size()
}

// inHole tells whether n bytes at off lie in a hole, as far as the disk tells.
// What is behind the end counts as one. It moves where the file stands, which
// nothing that works on files with holes cares about.
func inHole(file *os.File, off int64, n int) bool {
	data, err := unix.Seek(int(file.Fd()), off, unix.SEEK_DATA)
	if errors.Is(err, unix.ENXIO) {
		return true
	}
	return err == nil && data >= off+int64(n)
}
