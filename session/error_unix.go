//go:build unix

package session

import (
	"errors"
	"syscall"
)

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
	case syscall.EISDIR, syscall.ENXIO, syscall.ENODEV:
		return NotAFile
	case syscall.ENAMETOOLONG, syscall.EILSEQ, syscall.ELOOP:
		return BadName
	case syscall.EROFS:
		return Permission
	case syscall.EFBIG, syscall.EMFILE, syscall.ENFILE, syscall.EMLINK:
		return Limit
	case syscall.EBUSY, syscall.ETXTBSY:
		return Busy
	case syscall.EINVAL, syscall.EXDEV:
		return Invalid
	case syscall.ESTALE:
		return NotFound
	case syscall.ETIMEDOUT:
		return Timeout
	}
	return Internal
}
