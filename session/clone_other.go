//go:build !linux

package session

import (
	"errors"
	"os"
)

// clone is for disks that share blocks, which other systems offer by name only.
func clone(to, from *os.File) error { return errors.ErrUnsupported }
