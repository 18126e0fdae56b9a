//go:build !linux

package session

import (
	"errors"
	"os"
)

// allocate: only Linux is asked to reserve room.
func allocate(*os.File, int64) (bool, error) { return false, nil }

func punch(*os.File, int64, int) error { return errors.ErrUnsupported }
