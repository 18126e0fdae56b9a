//go:build darwin || freebsd

package session

import (
	"errors"
	"os"
)

// watchKey: kqueue would have every file of a directory opened to tell of it, so
// directories are looked at instead.
func watchKey(*os.Root) (string, error) { return "", errors.ErrUnsupported }

func watchName(*os.Root, func(string) bool) (string, func(), error) {
	return "", nil, errors.ErrUnsupported
}

func watchLimit(error) string { return "" }
