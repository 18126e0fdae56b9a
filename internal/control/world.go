package control

import (
	"crypto/sha256"
	"fmt"
	"hash"
	"io/fs"
	"os"
)

// World digests what this process sees of the machine, and how it acts there.
// Who runs the engine reads and writes files in place of others: in a container
// that shares a home directory, "/data" may be something else, and under another
// umask files get other permissions. Such processes have queues of their own.
func World() (sum [32]byte) {
	h := sha256.New()
	if root, err := os.Stat("/"); err == nil {
		describe(h, root)
	}
	system(h)
	return [32]byte(h.Sum(nil))
}

func describe(h hash.Hash, fi fs.FileInfo) { fmt.Fprintln(h, fi.Name(), identity(fi)) }
