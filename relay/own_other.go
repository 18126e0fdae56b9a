//go:build !linux

package relay

import "net"

// ownPacketConn is what the listener gets of c.
func ownPacketConn(c *ownConn) net.PacketConn { return c }
