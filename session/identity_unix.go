//go:build unix

package session

import (
	"io/fs"
	"syscall"
)

// identityOf returns the identity of what fi describes.
func identityOf(fi fs.FileInfo) identity {
	id := identity{size: fi.Size(), modified: fi.ModTime().UnixNano()}
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		id.device, id.inode, id.changed = uint64(st.Dev), uint64(st.Ino), changeTime(st)
	}
	return id
}
