//go:build darwin || freebsd

package control

import (
	"golang.org/x/sys/unix"
)

// peerUser returns the user at the other end of a socket (getpeereid(3), by
// LOCAL_PEERCRED).
func peerUser(fd int) (int, error) {
	cred, err := unix.GetsockoptXucred(fd, unix.SOL_LOCAL, unix.LOCAL_PEERCRED)
	if err != nil {
		return 0, err
	}
	return int(cred.Uid), nil
}
