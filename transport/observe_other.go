//go:build !linux

package transport

import "net"

// inspect finds out nothing: these systems do not batch UDP as Linux does, and
// quic-go warns of small buffers nowhere else.
func inspect(net.PacketConn, *SocketReport) {}

// pathMTU is the MTU of the interface that leads there.
func pathMTU(to *net.UDPAddr) (int, error) {
	c, err := net.DialUDP("udp", nil, to)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	local := c.LocalAddr().(*net.UDPAddr).IP
	all, err := net.Interfaces()
	if err != nil {
		return 0, err
	}
	for _, i := range all {
		addresses, _ := i.Addrs() // of one that is gone
		for _, a := range addresses {
			if n, ok := a.(*net.IPNet); ok && n.IP.Equal(local) {
				return i.MTU, nil
			}
		}
	}
	return 0, nil
}
