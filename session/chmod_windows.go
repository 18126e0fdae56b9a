package session

import (
	"io/fs"
	"os"
)

// chmodAt: what Windows calls a mode is a read-only bit, and no permission.
func chmodAt(*os.Root, string, fs.FileMode, func(fs.FileInfo) error) error {
	return newError(Refused, Path{}, "Windows has no permission bits that could be set")
}
