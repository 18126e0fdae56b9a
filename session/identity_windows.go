package session

import "io/fs"

// identityOf returns the identity of what fi describes: size and time, since
// the rest is not told by a FileInfo here.
func identityOf(fi fs.FileInfo) identity {
	return identity{size: fi.Size(), modified: fi.ModTime().UnixNano()}
}
