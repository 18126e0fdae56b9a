package relay

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"os"
	"syscall"

	"golang.org/x/net/ipv4"
	"golang.org/x/sys/unix"
)

// An ownBatch is a quic.OOBCapablePacketConn with ReadBatch: an ownConn that takes buffers of many packets, and hands over what
// waits in one call: without that the relay itself sends a third of what it could. The
// system's part of it (what it can do, and options) is a socket that nothing is sent
// on: those of the Plane are the loops', and stay as they are.
type ownBatch struct {
	*ownConn
	system *os.File
}

// ownPacketConn is what the listener gets of c.
func ownPacketConn(c *ownConn) net.PacketConn {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return c
	}
	return &ownBatch{ownConn: c, system: os.NewFile(uintptr(fd), "udp")}
}

// An ownName is where the listener is. It is no *net.UDPAddr, so that nobody tries
// which packets fit: those of the Plane may be fragmented.
type ownName struct{ netip.AddrPort }

func (ownName) Network() string { return "udp" }

func (b *ownBatch) LocalAddr() net.Addr { return ownName{b.at} }

func (b *ownBatch) SyscallConn() (syscall.RawConn, error) { return b.system.SyscallConn() }

func (b *ownBatch) SetReadBuffer(int) error { return nil }

func (b *ownBatch) Close() error { return errors.Join(b.ownConn.Close(), b.system.Close()) }

// ReadMsgUDP is never called: there is ReadBatch.
func (b *ownBatch) ReadMsgUDP(_, _ []byte) (n, oobn, flags int, from *net.UDPAddr, err error) {
	return 0, 0, 0, nil, errors.ErrUnsupported
}

// ReadBatch waits for a packet, and takes those that wait behind it.
func (b *ownBatch) ReadBatch(ms []ipv4.Message, _ int) (n int, err error) {
	size, from, err := b.ReadFrom(ms[0].Buffers[0])
	if err != nil {
		return 0, err
	}
	ms[0].N, ms[0].NN, ms[0].Flags, ms[0].Addr = size, 0, 0, from
	for n = 1; n < len(ms); n++ {
		if len(b.now.rest) == 0 {
			select {
			case b.now = <-b.in:
			default:
				return n, nil
			}
		}
		ms[n].N, ms[n].Addr = b.hand(ms[n].Buffers[0])
		ms[n].NN, ms[n].Flags = 0, 0
	}
	return n, nil
}

// WriteMsgUDP sends a packet, or several with UDP_SEGMENT; of ECN the Plane knows
// nothing, which QUIC finds out.
func (b *ownBatch) WriteMsgUDP(packets, oob []byte, to *net.UDPAddr) (n, oobn int, err error) {
	segment := askedSize(oob)
	if segment <= 0 || segment > len(packets) {
		segment = len(packets)
	}
	b.write(packets, segment, to.AddrPort())
	return len(packets), len(oob), nil
}

// askedSize is the size of packets in a buffer that the kernel shall take apart, 0
// for one.
func askedSize(oob []byte) int {
	for len(oob) >= unix.CmsgLen(0) {
		h, body, rest, err := unix.ParseOneSocketControlMessage(oob)
		if err != nil {
			return 0
		}
		if h.Level == unix.IPPROTO_UDP && h.Type == unix.UDP_SEGMENT && len(body) >= 2 {
			return int(binary.NativeEndian.Uint16(body))
		}
		oob = rest
	}
	return 0
}
