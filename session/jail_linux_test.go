package session

import "golang.org/x/sys/unix"

// flip swaps two names in one step.
func flip(a, b string) error {
	return unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE)
}
