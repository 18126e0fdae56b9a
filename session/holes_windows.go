package session

import (
	"io/fs"
	"os"
)

// allocated: a FileInfo does not tell here, so files of Windows have no holes.
func allocated(fi fs.FileInfo) int64 { return fi.Size() }

func inHole(*os.File, int64, int) bool { return false }
