//go:build linux || darwin || freebsd

package session

import (
	"errors"
	"os"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// hasXattrs tells whether files have extended attributes on this system.
const hasXattrs = true

// localXattr returns what the system calls an attribute, and whether it is one
// that travels.
func localXattr(name string) (string, bool) {
	if runtime.GOOS == "darwin" {
		return name, !strings.HasPrefix(name, "com.apple.")
	}
	return "user." + name, true
}

// listXattrs lists the attributes of file that travel, by their names there.
func listXattrs(file *os.File) (names []string, err error) {
	list, err := sized(func(b []byte) (int, error) { return unix.Flistxattr(int(file.Fd()), b) })
	if err != nil {
		return nil, err
	}
	for name := range strings.SplitSeq(string(list), "\x00") {
		name, ours := travelling(name)
		if ours {
			names = append(names, name)
		}
	}
	return names, nil
}

// travelling returns the name under which an attribute travels, if it does.
func travelling(local string) (name string, ours bool) {
	if name = local; runtime.GOOS != "darwin" {
		if name, ours = strings.CutPrefix(local, "user."); !ours {
			return "", false
		}
	}
	back, ours := localXattr(name)
	return name, ours && back == local && name != ""
}

func readXattr(file *os.File, name string) ([]byte, error) {
	local, _ := localXattr(name)
	return sized(func(b []byte) (int, error) { return unix.Fgetxattr(int(file.Fd()), local, b) })
}

func writeXattr(file *os.File, name string, value []byte) error {
	local, ours := localXattr(name)
	if !ours {
		return nil
	}
	return unix.Fsetxattr(int(file.Fd()), local, value, 0)
}

// sized calls get for the size and then for the value, again if that grew.
func sized(get func([]byte) (int, error)) ([]byte, error) {
	for {
		n, err := get(nil)
		if err != nil || n == 0 {
			return nil, err
		}
		b := make([]byte, n)
		n, err = get(b)
		if !errors.Is(err, unix.ERANGE) {
			return b[:max(n, 0)], err
		}
	}
}
