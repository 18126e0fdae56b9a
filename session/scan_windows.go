package session

import (
	"io/fs"
	"os"
)

// scanModes: Windows has no modes that would have to agree.
const scanModes fs.FileMode = 0

// describeAt is entryAt.
func describeAt(dir *os.Root, _ *os.File, name string) (scanEntry, error) {
	e, err := entryAt(dir, name)
	return scanEntry{Entry: e}, err
}
