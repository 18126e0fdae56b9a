//go:build unix

package control

import (
	"fmt"
	"io/fs"
	"syscall"
)

// identity returns what makes a directory the same one.
func identity(fi fs.FileInfo) string {
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	return fmt.Sprint(st.Dev, st.Ino)
}
