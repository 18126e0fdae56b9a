package transport

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// inspect asks the kernel what a socket has got. It doubles buffers for its own
// bookkeeping, and says the double.
func inspect(conn net.PacketConn, r *SocketReport) {
	r.Batches = true
	sc, ok := conn.(syscall.Conn)
	if !ok {
		return
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) { // what cannot be asked stays zero
		if n, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF); err == nil {
			r.ReadBuffer = n / 2
		}
		if n, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_SNDBUF); err == nil {
			r.WriteBuffer = n / 2
		}
		n, err := unix.GetsockoptInt(int(fd), unix.IPPROTO_UDP, unix.UDP_GRO)
		r.GRO = err == nil && n == 1
		_, err = unix.GetsockoptInt(int(fd), unix.IPPROTO_UDP, unix.UDP_SEGMENT)
		r.GSO = err == nil
	})
}

// pathMTU is what the kernel knows: of the interface, and of ICMP that came back.
func pathMTU(to *net.UDPAddr) (mtu int, err error) {
	c, err := net.DialUDP("udp", nil, to)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, err
	}
	level, name := unix.IPPROTO_IP, unix.IP_MTU
	if to.IP.To4() == nil {
		level, name = unix.IPPROTO_IPV6, unix.IPV6_MTU
	}
	cerr := raw.Control(func(fd uintptr) { mtu, err = unix.GetsockoptInt(int(fd), level, name) })
	if cerr != nil {
		return 0, cerr
	}
	return mtu, err
}
