//go:build !linux

package transport

import "net"

// tuneSocket leaves the socket as it is: quic-go reads a *net.UDPConn as fast
// as this system lets it.
func tuneSocket(c *net.UDPConn) net.PacketConn { return c }
