package session

import (
	"os"
	"time"
)

// enter opens the directory name in d, twice.
func (d *heldDir) enter(name string) (root *os.Root, dot *os.File, err error) {
	if root, err = enter(d.root, name); err != nil {
		return nil, nil, err
	}
	if dot, err = root.Open("."); err != nil {
		root.Close()
	}
	return root, dot, err
}

// setModified sets the modification time of name in d itself, also of a link.
func (d *heldDir) setModified(name string, modified time.Time) error {
	if err := before(changeTimes, d.dot, name); err != nil {
		return err
	}
	return setModified(d.root, name, modified)
}
