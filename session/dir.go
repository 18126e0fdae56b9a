package session

import (
	"os"
)

// A Dir is a directory of this machine as a jail: nothing outside of it can be
// reached through it, whatever names, links or races a peer comes up with. It
// is what a server serves, and what transfers read from and write to.
type Dir struct {
	root *os.Root
}

// OpenDir opens the directory name. The caller closes it.
func OpenDir(name string) (*Dir, error) {
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, about(Path{}, err)
	}
	return &Dir{root: root}, nil
}

// Close releases the directory.
func (d *Dir) Close() error { return d.root.Close() }
