//go:build unix

package control

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// makePrivate takes from others what they may do in our directory, and refuses
// one of theirs.
func makePrivate(dir string, fi fs.FileInfo) error {
	if st, ok := fi.Sys().(*syscall.Stat_t); ok && int(st.Uid) != os.Geteuid() {
		return fmt.Errorf("%s belongs to user %d", dir, st.Uid)
	}
	if fi.Mode().Perm()&0o077 == 0 {
		return nil
	}
	return os.Chmod(dir, 0o700)
}
