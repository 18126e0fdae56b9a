package relay

import (
	"net"
	"net/netip"
	"os"
	"sync"
	"time"
)

// An ownConn is what the relay's own QUIC listener has for a socket: the packets
// that are for the relay itself, from all loops.
type ownConn struct {
	at      netip.AddrPort
	out     func(b []byte, segment int, to netip.AddrPort)
	may     func(to netip.AddrPort, n int) bool // so many bytes may go there
	in      chan ownPacket
	closed  chan struct{}
	once    sync.Once
	buffers sync.Pool

	// Of the one goroutine that reads:
	from  netip.AddrPort
	named *net.UDPAddr // what it was made into

	mu       sync.Mutex
	deadline time.Time
	changed  chan struct{} // closed when the deadline is another one
}

type ownPacket struct {
	b    *[]byte
	n    int
	from netip.AddrPort
}

// ownQueue is how many packets wait for the listener at most; more are lost, as
// in a kernel's buffer.
const ownQueue = 1024

func newOwnConn(at netip.AddrPort, out func(b []byte, segment int, to netip.AddrPort), may func(to netip.AddrPort, n int) bool) *ownConn {
	c := &ownConn{at: at, out: out, may: may, in: make(chan ownPacket, ownQueue), closed: make(chan struct{}), changed: make(chan struct{})}
	c.buffers.New = func() any { b := make([]byte, 1500); return &b }
	return c
}

// Own returns the conn of the relay's own listener. It hears only sources that
// said hello (wire.DatagramHello) and are no leg of a session: what comes too
// early for a session, or after a NAT has moved a peer, must not be answered by
// somebody who is not the other peer.
func (p *Plane) Own() net.PacketConn { return ownPacketConn(p.own) }

// put hands a packet over, or drops it.
func (c *ownConn) put(packet []byte, from netip.AddrPort) {
	b := c.buffers.Get().(*[]byte)
	if len(packet) > len(*b) {
		c.buffers.Put(b)
		return // none of QUIC's
	}
	select {
	case c.in <- ownPacket{b, copy(*b, packet), from}:
	default:
		c.buffers.Put(b)
	}
}

func (c *ownConn) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
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
		case p := <-c.in:
			n, from := c.hand(b, p)
			return n, from, nil
		case <-over:
			return 0, nil, os.ErrDeadlineExceeded
		case <-changed:
		case <-c.closed:
			return 0, nil, net.ErrClosed
		}
	}
}

// hand copies a packet into b, and has its buffer back.
func (c *ownConn) hand(b []byte, p ownPacket) (n int, from *net.UDPAddr) {
	n = copy(b, (*p.b)[:p.n])
	c.buffers.Put(p.b)
	return n, c.addr(p.from)
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
