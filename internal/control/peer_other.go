//go:build unix && !linux && !darwin && !freebsd

package control

import "errors"

// peerUser fails where the system is not known to tell: there each process has
// its own queue.
func peerUser(int) (int, error) {
	return 0, errors.New("this system does not tell who is at the other end of a socket")
}
