//go:build unix

package control

import (
	"fmt"
	"net"
	"os"
	"syscall"
)

// sameUser fails unless a process of our own user is at the other end of c: it
// may see all we do, and be told secrets.
func sameUser(c net.Conn) error {
	raw, ok := c.(syscall.Conn)
	if !ok {
		return fmt.Errorf("a %T has nobody at its other end", c)
	}
	sc, err := raw.SyscallConn()
	if err != nil {
		return err
	}
	var user int
	var uerr error
	if err := sc.Control(func(fd uintptr) { user, uerr = peerUser(int(fd)) }); err != nil {
		return err
	}
	if uerr != nil {
		return uerr
	}
	if user != os.Geteuid() {
		return fmt.Errorf("user %d is at its other end", user)
	}
	return nil
}
