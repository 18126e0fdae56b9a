package session

import (
	"errors"
	"syscall"

	"golang.org/x/sys/windows"
)

// systemKind returns the kind of an error of the operating system.
func systemKind(err error) Kind {
	var no syscall.Errno
	if !errors.As(err, &no) {
		return Internal
	}
	switch no {
	case windows.ERROR_DISK_FULL, windows.ERROR_HANDLE_DISK_FULL:
		return NoSpace
	case windows.ERROR_DIRECTORY:
		return NotADirectory
	case windows.ERROR_INVALID_NAME, windows.ERROR_FILENAME_EXCED_RANGE:
		return BadName
	case windows.ERROR_DIR_NOT_EMPTY:
		return Exists
	case windows.ERROR_SHARING_VIOLATION, windows.ERROR_LOCK_VIOLATION, windows.ERROR_BUSY:
		return Busy
	case windows.ERROR_WRITE_PROTECT:
		return Permission
	case windows.ERROR_NOT_SAME_DEVICE, windows.ERROR_INVALID_PARAMETER:
		return Invalid
	case windows.ERROR_TOO_MANY_OPEN_FILES:
		return Limit
	}
	return Internal
}
