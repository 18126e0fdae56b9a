//go:build unix

package transport

import (
	"fmt"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

const openNonblock = unix.O_NONBLOCK

func checkPrivate(path string, info fs.FileInfo) error {
	if info.Mode().Perm()&0o077 == 0 {
		return nil
	}
	quoted := "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
	return fmt.Errorf("%s can be read by others (mode %04o): %w: type chmod 600 %s",
		path, info.Mode().Perm(), fs.ErrPermission, quoted)
}

// syncDir makes a rename in dir outlive a power cut, where the file system can.
func syncDir(dir string) {
	if d, err := os.Open(dir); err == nil {
		d.Sync() // some file systems cannot; the rename itself is done
		d.Close()
	}
}
