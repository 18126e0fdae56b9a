//go:build unix

package session

import "golang.org/x/sys/unix"

// linkInto gives the file oldName in from the name newName in to as well, which
// nobody may have. It does not follow a link.
func linkInto(from *heldDir, oldName string, to *heldDir, newName string) error {
	if err := before(changeLink, to.dot, newName); err != nil {
		return err
	}
	return unix.Linkat(int(from.dot.Fd()), oldName, int(to.dot.Fd()), newName, 0)
}
