//go:build !linux

package relay

import (
	"errors"
	"net"
	"net/netip"
)

// A plainSocket moves a packet a call: what every system can.
type plainSocket struct {
	*net.UDPConn
	at string // the zone of its addresses
}

// canShare tells whether several loops can have sockets on one port.
const canShare = false

func openSocket(addr string, _ bool, zone string) (socket, error) {
	a, err := net.ResolveUDPAddr("udp", addr)
	if err != nil {
		return nil, err
	}
	c, err := net.ListenUDP("udp", a)
	if err != nil {
		return nil, err
	}
	return plainSocket{c, zone}, nil
}

func adoptSocket(c *net.UDPConn, zone string) (socket, error) { return plainSocket{c, zone}, nil }

func (s plainSocket) run(p *Plane) error {
	buf := make([]byte, 64<<10)
	answer := func(b []byte, to netip.AddrPort) { _ = s.send(b, to) } // lost, as packets are
	for {
		n, from, err := s.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return err
		}
		if err != nil || n == 0 {
			continue
		}
		from = zoned(plain(from), s.at)
		v, rest := p.judge(buf[:n], n, from, answer)
		switch {
		case v.own:
			p.own.put(rest, len(rest), from)
		case v.to.IsValid():
			p.send(rest, n, v.to)
		}
	}
}

func (s plainSocket) send(b []byte, to netip.AddrPort) error {
	_, err := s.WriteToUDPAddrPort(b, plain(to))
	return err
}

func (s plainSocket) sendAll(b []byte, segment int, to netip.AddrPort) {
	for off := 0; off < len(b); off += segment {
		_ = s.send(b[off:min(off+segment, len(b))], to) // lost, as packets are
	}
}

func (s plainSocket) addr() netip.AddrPort { return s.LocalAddr().(*net.UDPAddr).AddrPort() }

func (s plainSocket) zone() string { return s.at }

func (s plainSocket) close() error { return s.Close() }
