package session

import "golang.org/x/sys/unix"

const utimeOmit = -2 // UTIME_OMIT of sys/stat.h

func renameExclusive(from int, oldName string, to int, newName string) error {
	return unix.RenameatxNp(from, oldName, to, newName, unix.RENAME_EXCL)
}
