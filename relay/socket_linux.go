package relay

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What a loop takes and sends in one call at most: buffers, each of one packet,
// or of as many as the kernel joins.
const (
	batchSize    = 32
	batchJoined  = 16
	superBuffer  = ownJoined
	socketBuffer = 8 << 20
)

// A batchSocket moves up to batchSize buffers a call (recvmmsg, sendmmsg), and
// packets that the kernel joined (UDP_GRO) as one buffer that it takes apart
// again (UDP_SEGMENT).
type batchSocket struct {
	*net.UDPConn
	raw  syscall.RawConn
	four bool   // the socket is of IPv4, and so are its addresses
	at   string // the zone of its addresses

	apart bool // the kernel takes nothing apart; of the loop
}

// canShare tells whether several loops can have sockets on one port.
const canShare = true

// openSocket opens a UDP socket; several that are shared have the same port, and
// the kernel spreads sources over them.
func openSocket(addr string, shared bool, zone string) (socket, error) {
	lc := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		if !shared {
			return nil
		}
		var err error
		control := c.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1) })
		return errors.Join(err, control)
	}}
	pc, err := lc.ListenPacket(context.Background(), "udp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", addr, err)
	}
	c := pc.(*net.UDPConn)
	s, err := adoptSocket(c, zone)
	if err != nil {
		c.Close()
	}
	return s, err
}

// adoptSocket makes ready a socket that is open.
func adoptSocket(c *net.UDPConn, zone string) (socket, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, err
	}
	if getInt(raw, unix.SO_RCVBUF) < 2*socketBuffer { // the kernel says twice what it was told
		_ = c.SetReadBuffer(socketBuffer)
	}
	if getInt(raw, unix.SO_SNDBUF) < 2*socketBuffer {
		_ = c.SetWriteBuffer(socketBuffer)
	}
	err = raw.Control(func(fd uintptr) {
		// With CAP_NET_ADMIN the kernel goes above its own limit; a smaller
		// buffer, or none joined, is slower and not wrong.
		_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, socketBuffer)
		_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, socketBuffer)
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_UDP, unix.UDP_GRO, 1)
	})
	return &batchSocket{UDPConn: c, raw: raw, four: c.LocalAddr().(*net.UDPAddr).IP.To4() != nil, at: zone}, err
}

// getInt reads an option of a socket; 0 if it cannot.
func getInt(raw syscall.RawConn, option int) (n int) {
	_ = raw.Control(func(fd uintptr) {
		if v, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, option); err == nil {
			n = v
		}
	})
	return n
}

func (s *batchSocket) addr() netip.AddrPort {
	a := s.LocalAddr().(*net.UDPAddr).AddrPort()
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

func (s *batchSocket) zone() string { return s.at }

func (s *batchSocket) close() error { return s.Close() }

func (s *batchSocket) send(b []byte, to netip.AddrPort) error {
	_, err := s.WriteToUDPAddrPort(b, plain(to))
	return err
}

// sendAll lets the kernel take the packets apart, or does so where it will not.
func (s *batchSocket) sendAll(b []byte, segment int, to netip.AddrPort) {
	if segment < len(b) {
		var oob [32]byte
		_, _, err := s.WriteMsgUDPAddrPort(b, putSegment(oob[:], segment), plain(to))
		if !errors.Is(err, unix.EMSGSIZE) && !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.EIO) {
			return
		}
	}
	for off := 0; off < len(b); off += segment {
		_ = s.send(b[off:min(off+segment, len(b))], to)
	}
}

// putSegment writes the control message that says how to take a buffer apart.
func putSegment(oob []byte, segment int) []byte {
	c := (*unix.Cmsghdr)(unsafe.Pointer(&oob[0]))
	c.Level, c.Type = unix.IPPROTO_UDP, unix.UDP_SEGMENT
	c.SetLen(unix.CmsgLen(2))
	binary.NativeEndian.PutUint16(oob[unix.CmsgLen(0):], uint16(segment))
	return oob[:unix.CmsgSpace(2)]
}

// mmsghdr is struct mmsghdr of recvmmsg(2).
type mmsghdr struct {
	hdr unix.Msghdr
	n   uint32
}

// A batch is the memory of a loop's calls. It belongs to one goroutine.
type batch struct {
	in, out   [batchSize]mmsghdr
	inV       [batchSize]unix.Iovec
	outV      [batchSize][batchSize]unix.Iovec
	outgoing  [batchSize]outgoing
	from, to  [batchSize]unix.RawSockaddrInet6 // or of IPv4, which is shorter
	inOOB     [batchSize][64]byte
	outOOB    [batchSize][32]byte
	bufs      [batchSize]*[]byte // of superBuffer bytes
	want, got int
	pending   int
}

func newBatch() *batch {
	b := &batch{want: batchJoined}
	for i := range b.bufs {
		buf := make([]byte, superBuffer)
		b.use(i, &buf)
	}
	return b
}

// use has what comes as number i put into buf.
func (b *batch) use(i int, buf *[]byte) {
	b.bufs[i] = buf
	b.inV[i].Base = &(*buf)[0]
	b.inV[i].SetLen(superBuffer)
}

// run hands what comes to p, until the socket is closed.
func (s *batchSocket) run(p *Plane) error {
	b := newBatch()
	answer := func(out []byte, to netip.AddrPort) { _ = s.send(out, to) } // lost, as packets are
	for {
		if err := s.receive(b); err != nil {
			return err
		}
		b.pending = 0
		for i := range b.got {
			packets, segment, from := b.message(i)
			if len(packets) == 0 {
				continue
			}
			from = zoned(from, s.at)
			switch v, rest := p.judge(packets, segment, from, answer); {
			case v.own:
				b.use(i, p.own.swap(b.bufs[i], rest, segment, from))
			case !v.to.IsValid():
			case v.to.Addr().Zone() == s.at:
				s.prepare(b, rest, segment, v.to)
			default: // of another entrance, or TCP
				p.send(rest, segment, v.to)
			}
		}
		s.flush(b)
	}
}

// receive waits for packets and takes what is there. Errors that an ICMP message
// left behind are none of ours.
func (s *batchSocket) receive(b *batch) error {
	for i := range b.in {
		h := &b.in[i].hdr
		h.Name, h.Namelen = (*byte)(unsafe.Pointer(&b.from[i])), unix.SizeofSockaddrInet6
		h.Iov = &b.inV[i]
		h.SetIovlen(1)
		h.Control = &b.inOOB[i][0]
		h.SetControllen(len(b.inOOB[i]))
		h.Flags = 0
	}
	for {
		n, errno := 0, syscall.Errno(0)
		err := s.raw.Read(func(fd uintptr) bool {
			r, _, e := unix.Syscall6(unix.SYS_RECVMMSG, fd, uintptr(unsafe.Pointer(&b.in[0])), uintptr(b.want), unix.MSG_DONTWAIT, 0, 0)
			n, errno = int(r), e
			return errno != unix.EAGAIN && errno != unix.EINTR
		})
		if err != nil {
			return err // closed
		}
		if errno == 0 {
			b.got, b.want = n, b.next(n)
			return nil
		}
	}
}

// next is how many buffers to ask for after n of them: of joined packets fewer, so
// that all of them stay in the processor's cache.
func (b *batch) next(n int) (want int) {
	bytes := 0
	for i := range n {
		bytes += int(b.in[i].n)
	}
	if bytes > n*superBuffer/16 {
		return batchJoined
	}
	return batchSize
}

// message returns what came as number i: packets of one size, but for the last
// one, which may be shorter.
func (b *batch) message(i int) (packets []byte, segment int, from netip.AddrPort) {
	m := &b.in[i]
	n := int(m.n)
	if m.hdr.Flags&(unix.MSG_TRUNC|unix.MSG_CTRUNC) != 0 {
		return nil, 0, from // the size of the packets is lost
	}
	segment = joinedSize(b.inOOB[i][:m.hdr.Controllen])
	if segment <= 0 || segment > n {
		segment = n
	}
	return (*b.bufs[i])[:n], segment, addrOf(&b.from[i])
}

// joinedSize returns the size of packets that the kernel joined, 0 for one.
func joinedSize(oob []byte) int {
	for len(oob) >= unix.CmsgLen(0) {
		h, body, rest, err := unix.ParseOneSocketControlMessage(oob)
		if err != nil {
			return 0
		}
		if h.Level == unix.IPPROTO_UDP && h.Type == unix.UDP_GRO && len(body) >= 4 {
			return int(binary.NativeEndian.Uint32(body))
		}
		oob = rest
	}
	return 0
}

func addrOf(sa *unix.RawSockaddrInet6) netip.AddrPort {
	if sa.Family == unix.AF_INET {
		four := (*unix.RawSockaddrInet4)(unsafe.Pointer(sa))
		return netip.AddrPortFrom(netip.AddrFrom4(four.Addr), ntohs(four.Port))
	}
	return netip.AddrPortFrom(netip.AddrFrom16(sa.Addr).Unmap(), ntohs(sa.Port))
}

// ntohs makes a number of a port in the order of the network, and back.
func ntohs(port uint16) uint16 {
	var b [2]byte
	binary.NativeEndian.PutUint16(b[:], port)
	return binary.BigEndian.Uint16(b[:])
}

// sockaddr writes to in the family of the socket.
func (s *batchSocket) sockaddr(sa *unix.RawSockaddrInet6, to netip.AddrPort) (size uint32) {
	if s.four {
		four := (*unix.RawSockaddrInet4)(unsafe.Pointer(sa))
		*four = unix.RawSockaddrInet4{Family: unix.AF_INET, Port: ntohs(to.Port()), Addr: to.Addr().As4()}
		return unix.SizeofSockaddrInet4
	}
	*sa = unix.RawSockaddrInet6{Family: unix.AF_INET6, Port: ntohs(to.Port()), Addr: to.Addr().As16()}
	return unix.SizeofSockaddrInet6
}

// flush sends what was prepared. A buffer that the kernel will not take apart
// goes out packet by packet; what cannot be sent is lost, as packets are.
func (s *batchSocket) flush(b *batch) {
	for i := range b.pending {
		s.describe(b, i)
	}
	for first := 0; first < b.pending; {
		n, errno := 0, syscall.Errno(0)
		err := s.raw.Write(func(fd uintptr) bool {
			r, _, e := unix.Syscall6(unix.SYS_SENDMMSG, fd, uintptr(unsafe.Pointer(&b.out[first])), uintptr(b.pending-first), unix.MSG_DONTWAIT, 0, 0)
			n, errno = int(r), e
			return errno != unix.EAGAIN && errno != unix.EINTR
		})
		if err != nil {
			return // closed
		}
		if errno == 0 {
			first += n
			continue
		}
		s.sendApart(b, first, errno)
		first++
	}
}
