//go:build !linux

package carrier

import "net"

// Tune leaves the connection as it is: other systems have no such settings, or
// none that x/sys knows on all of them.
func Tune(*net.TCPConn) {}
