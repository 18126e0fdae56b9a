package session

import "golang.org/x/sys/unix"

const utimeOmit = unix.UTIME_OMIT

// renameExclusive: FreeBSD's kernel has no rename that never replaces.
func renameExclusive(int, string, int, string) error { return unix.ENOSYS }
