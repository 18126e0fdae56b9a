package session

import "golang.org/x/sys/unix"

const utimeOmit = unix.UTIME_OMIT

func renameExclusive(from int, oldName string, to int, newName string) error {
	return unix.Renameat2(from, oldName, to, newName, unix.RENAME_NOREPLACE)
}
