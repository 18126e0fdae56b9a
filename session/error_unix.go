//go:build unix

package session

import (
	"errors"
	"os"
	"syscall"
)

type linkError = os.LinkError

// systemKind returns the kind of an error of the operating system.
func systemKind(err error) Kind {
	var no syscall.Errno
	if !errors.As(err, &no) {
		return Internal
	}
	switch no {
	case syscall.ENOSPC, syscall.EDQUOT:
		return NoSpace
	case syscall.ENOTDIR:
		return NotADirectory
	case syscall.EISDIR:
		return NotAFile
	case syscall.ENAMETOOLONG, syscall.EILSEQ:
		return BadName
	case syscall.EROFS:
		return Permission
	case syscall.ENOTEMPTY:
		return Exists
	case syscall.EFBIG:
		return Limit
	}
	return Internal
}
