package transport

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"

	"github.com/quic-go/quic-go"
	"golang.org/x/net/ipv4"
	"golang.org/x/sys/unix"
)

// tuneSocket lets the kernel hand over many packets at once (UDP_GRO), which
// doubles what a core can receive. A kernel older than 5.0 cannot; then the
// socket stays plain.
func tuneSocket(c *net.UDPConn) net.PacketConn {
	raw, err := c.SyscallConn()
	if err != nil {
		return c
	}
	var gro error
	err = raw.Control(func(fd uintptr) {
		// With CAP_NET_ADMIN the kernel goes above its own limit.
		_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, socketBuffer)
		_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, socketBuffer)
		gro = unix.SetsockoptInt(int(fd), unix.IPPROTO_UDP, unix.UDP_GRO, 1)
	})
	if err != nil || gro != nil {
		return c
	}
	return newFECSocket(&groSocket{UDPConn: c, buf: make([]byte, superBuffer), oob: make([]byte, 256)})
}

const superBuffer = 64 << 10 // the most the kernel coalesces

// A groSocket hands quic-go the packets of a super-buffer one by one.
//
// quic-go ends every connection of the Transport at any error of ReadBatch that
// is not temporary, and a connection at any error of WriteMsgUDP but EMSGSIZE.
// A roaming laptop gives such errors while its connections should live on, so
// they are dealt with here: a packet that could not be sent is a lost packet.
type groSocket struct {
	*net.UDPConn

	// Of ReadBatch, which one goroutine calls:
	buf     []byte
	oob     []byte
	rest    []byte // of buf: packets not handed out yet
	segment int    // size of all packets in rest but the last, which may be shorter
	control []byte // of oob: control messages of each packet in rest
	from    *net.UDPAddr
	fromKey netip.AddrPort // what from was made of
}

var _ quic.OOBCapablePacketConn = (*groSocket)(nil)

// ReadBatch fills at least one message, or fails with net.ErrClosed or with a
// deadline.
func (s *groSocket) ReadBatch(ms []ipv4.Message, _ int) (int, error) {
	for len(s.rest) == 0 {
		empty, err := s.fill()
		if err != nil {
			return 0, err
		}
		if empty {
			s.hand(&ms[0], nil) // quic-go skips a datagram without data
			return 1, nil
		}
	}
	n := 0
	for n < len(ms) && len(s.rest) > 0 {
		size := min(s.segment, len(s.rest))
		s.hand(&ms[n], s.rest[:size])
		s.rest = s.rest[size:]
		n++
	}
	return n, nil
}

func (s *groSocket) hand(m *ipv4.Message, packet []byte) {
	m.N = copy(m.Buffers[0], packet) // a packet too long is none of QUIC's
	m.NN = copy(m.OOB, s.control)
	m.Addr = s.from
	m.Flags = 0
}

// fill reads a super-buffer; empty tells of a datagram without data.
func (s *groSocket) fill() (empty bool, err error) {
	n, oobn, flags, from, err := s.ReadMsgUDPAddrPort(s.buf, s.oob)
	switch {
	case errors.Is(err, net.ErrClosed) || errors.Is(err, os.ErrDeadlineExceeded):
		return false, err
	case err != nil:
		// ENOMEM, or what an ICMP message left behind: not the end, but no
		// reason to spin either.
		time.Sleep(time.Millisecond)
		return false, nil
	case flags&(unix.MSG_TRUNC|unix.MSG_CTRUNC) != 0:
		return false, nil // the size of the segments is lost
	}
	if from != s.fromKey {
		s.fromKey, s.from = from, net.UDPAddrFromAddrPort(from)
	}
	s.control, s.segment = splitControl(s.oob[:oobn])
	if s.segment <= 0 {
		s.segment = n
	}
	s.rest = s.buf[:n]
	return n == 0, nil
}

// splitControl takes the size of the segments out of the control messages; what
// is left (ECN, destination) goes with every segment.
func splitControl(oob []byte) (rest []byte, segment int) {
	for left := oob; len(left) >= unix.CmsgLen(0); {
		h, body, after, err := unix.ParseOneSocketControlMessage(left)
		if err != nil {
			break
		}
		if h.Level == unix.IPPROTO_UDP && h.Type == unix.UDP_GRO && len(body) >= 4 {
			segment = int(binary.NativeEndian.Uint32(body))
			// The kernel puts it last or first; close the gap either way.
			start := len(oob) - len(left)
			return append(oob[:start], after...), segment
		}
		left = after
	}
	return oob, segment
}

// WriteMsgUDP sends a packet, or several with UDP_SEGMENT.
func (s *groSocket) WriteMsgUDP(b, oob []byte, to *net.UDPAddr) (int, int, error) {
	n, oobn, err := s.UDPConn.WriteMsgUDP(b, oob, to)
	if err != nil && passes(err) {
		return len(b), len(oob), nil
	}
	return n, oobn, err
}

// passes tells whether err says that this packet did not get out, and nothing
// about the next.
func passes(err error) bool {
	for _, e := range []syscall.Errno{
		unix.ENOBUFS, unix.ENETUNREACH, unix.EHOSTUNREACH, unix.ENETDOWN,
		unix.EPERM, unix.EINVAL, unix.ECONNREFUSED,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
