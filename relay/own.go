package relay

import (
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// An ownConn is what the relay's own QUIC listener has for a socket: the packets
// that are for the relay itself, from all loops.
type ownConn struct {
	at     netip.AddrPort
	out    func(b []byte, segment int, to netip.AddrPort)
	may    func(to netip.AddrPort, n int) bool // so many bytes may go there
	in     chan ownPackets
	held   atomic.Int64 // bytes of buffers in it
	closed chan struct{}
	once   sync.Once
	one    sync.Pool // buffers of a packet
	many   sync.Pool // of packets that came joined

	// Of the one goroutine that reads:
	now   ownPackets // of which it has taken some
	from  netip.AddrPort
	named *net.UDPAddr // what it was made into

	mu       sync.Mutex
	deadline time.Time
	changed  chan struct{} // closed when the deadline is another one
}

// ownPackets are packets of one size, but for the last one, which may be shorter.
type ownPackets struct {
	b       *[]byte
	rest    []byte // of b, what was not read yet
	segment int
	from    netip.AddrPort
}

// What waits for the listener at most: ownQueue buffers, of ownBytes together. More is
// lost, as in a kernel's buffer.
const (
	ownQueue = 1024
	ownBytes = 8 << 20
)

func newOwnConn(at netip.AddrPort, out func(b []byte, segment int, to netip.AddrPort), may func(to netip.AddrPort, n int) bool) *ownConn {
	c := &ownConn{at: at, out: out, may: may, in: make(chan ownPackets, ownQueue), closed: make(chan struct{}), changed: make(chan struct{})}
	c.one.New = func() any { b := make([]byte, ownPacket); return &b }
	c.many.New = func() any { b := make([]byte, ownJoined); return &b }
	return c
}

// Own returns the conn of the relay's own listener. It hears only sources that
// said hello (wire.DatagramHello) and are no leg of a session: what comes too
// early for a session, or after a NAT has moved a peer, must not be answered by
// somebody who is not the other peer.
func (p *Plane) Own() net.PacketConn { return ownPacketConn(p.own) }

// Sizes of buffers.
const (
	ownPacket = 1500     // larger ones are none of QUIC's
	ownJoined = 64 << 10 // as many packets as a kernel joins
	ownFew    = 8 << 10  // for less it is not worth a buffer of that size
)

// put hands over packets of segment bytes, but for the last one, which may be shorter,
// or drops them.
func (c *ownConn) put(packets []byte, segment int, from netip.AddrPort) {
	if segment > ownPacket {
		return
	}
	most := segment
	if len(packets) >= ownFew {
		most = ownJoined - ownJoined%segment
	}
	for ; len(packets) > 0; packets = packets[min(most, len(packets)):] {
		c.putNow(packets[:min(most, len(packets))], segment, from)
	}
}

// putNow hands over what fits into one buffer.
func (c *ownConn) putNow(packets []byte, segment int, from netip.AddrPort) {
	b := c.pool(len(packets)).Get().(*[]byte)
	c.offer(ownPackets{b, (*b)[:copy(*b, packets)], segment, from})
}

// swap is put of packets in a buffer of ownJoined bytes, and returns one for what
// comes next: another one where it was not worth copying.
func (c *ownConn) swap(b *[]byte, packets []byte, segment int, from netip.AddrPort) *[]byte {
	if len(packets) < ownFew || segment > ownPacket {
		c.put(packets, segment, from)
		return b
	}
	next := c.many.Get().(*[]byte)
	c.offer(ownPackets{b, packets, segment, from})
	return next
}

// offer hands over a buffer, or drops what is in it.
func (c *ownConn) offer(p ownPackets) {
	if c.held.Add(int64(len(*p.b))) > ownBytes {
		c.free(p)
		return
	}
	select {
	case c.in <- p:
	default:
		c.free(p)
	}
}

// pool has buffers for n bytes.
func (c *ownConn) pool(n int) *sync.Pool {
	if n <= ownPacket {
		return &c.one
	}
	return &c.many
}

// free has a buffer back.
func (c *ownConn) free(p ownPackets) {
	c.held.Add(-int64(len(*p.b)))
	c.pool(len(*p.b)).Put(p.b)
}

func (c *ownConn) ReadFrom(b []byte) (int, net.Addr, error) {
	for len(c.now.rest) == 0 {
		c.mu.Lock()
		deadline, changed := c.deadline, c.changed
		c.mu.Unlock()
		var over <-chan time.Time
		if !deadline.IsZero() {
			timer := time.NewTimer(time.Until(deadline))
			defer timer.Stop()
			over = timer.C
		}
		select {
		case c.now = <-c.in:
		case <-over:
			return 0, nil, os.ErrDeadlineExceeded
		case <-changed:
		case <-c.closed:
			return 0, nil, net.ErrClosed
		}
	}
	n, from := c.hand(b)
	return n, from, nil
}

// hand copies the next packet of c.now into b, and has the buffer back behind the last.
func (c *ownConn) hand(b []byte) (n int, from *net.UDPAddr) {
	packet := c.now.rest[:min(c.now.segment, len(c.now.rest))]
	c.now.rest = c.now.rest[len(packet):]
	n, from = copy(b, packet), c.addr(c.now.from)
	if len(c.now.rest) == 0 {
		c.free(c.now)
	}
	return n, from
}

func (c *ownConn) WriteTo(b []byte, to net.Addr) (int, error) {
	a, ok := to.(*net.UDPAddr)
	if !ok {
		return 0, net.InvalidAddrError("not an address of a peer")
	}
	c.write(b, len(b), a.AddrPort())
	return len(b), nil
}

// write sends packets of one size; what may not go there, or cannot, is lost, as
// packets are.
func (c *ownConn) write(b []byte, segment int, to netip.AddrPort) {
	if isCarried(to) || c.may(to, len(b)) {
		c.out(b, segment, to)
	}
}

// addr is the source of a packet as the listener sees it. One who comes over TCP is
// known by the zone, as those of a further entrance are; transport knows that zone.
func (c *ownConn) addr(from netip.AddrPort) *net.UDPAddr {
	if from != c.from || c.named == nil {
		c.from, c.named = from, net.UDPAddrFromAddrPort(from)
	}
	return c.named
}

func (c *ownConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return nil
}

func (c *ownConn) LocalAddr() net.Addr { return net.UDPAddrFromAddrPort(c.at) }

func (c *ownConn) SetDeadline(t time.Time) error { return c.SetReadDeadline(t) }

func (c *ownConn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deadline = t
	close(c.changed)
	c.changed = make(chan struct{})
	return nil
}

// SetWriteDeadline does nothing: writing does not wait.
func (c *ownConn) SetWriteDeadline(time.Time) error { return nil }
