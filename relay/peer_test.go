package relay

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/bargee/bargee/internal/wire"
)

// A peer is a socket that talks to a relay by hand.
type peer struct {
	t       *testing.T
	c       *net.UDPConn
	relay   netip.AddrPort
	session uint64
	leg     uint8
	key     []byte
	counter uint64
}

func keyOf(n byte) []byte { return bytes.Repeat([]byte{n}, 32) }

// newPlaneOf opens a relay on loopback, with a clock that the test may move.
func newPlaneOf(t *testing.T, loops int) (*Plane, *clock) {
	t.Helper()
	c := &clock{at: time.Unix(1_000_000, 0)}
	p, err := newPlane([]string{"127.0.0.1:0"}, loops, c.now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p, c
}

// pairOf opens a session and two peers, which have not bound their legs.
func pairOf(t *testing.T, p *Plane, allow ...Allowance) (s *Session, a, b *peer) {
	t.Helper()
	s, err := p.Open([2][]byte{keyOf(1), keyOf(2)}, allow...)
	if err != nil {
		t.Fatal(err)
	}
	return s, newPeer(t, p, s, 0), newPeer(t, p, s, 1)
}

func newPeer(t *testing.T, p *Plane, s *Session, leg uint8) *peer {
	t.Helper()
	c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &peer{t: t, c: c, relay: p.Addr(), session: s.ID, leg: leg, key: keyOf(leg + 1)}
}

func (p *peer) send(b []byte) {
	p.t.Helper()
	if _, err := p.c.WriteToUDPAddrPort(b, p.relay); err != nil {
		p.t.Fatal(err)
	}
}

// say sends a datagram with the next counter and returns what went out.
func (p *peer) say(d wire.Datagram) []byte {
	p.t.Helper()
	p.counter++
	d.Session, d.Leg, d.Counter = p.session, p.leg, p.counter
	b := d.Append(nil, p.key)
	p.send(b)
	return b
}

// hear returns the next packet.
func (p *peer) hear() []byte {
	p.t.Helper()
	b := make([]byte, 64<<10)
	p.c.SetReadDeadline(time.Now().Add(time.Minute))
	n, err := p.c.Read(b)
	if err != nil {
		p.t.Fatalf("leg %d hears nothing: %v", p.leg, err)
	}
	return b[:n]
}

// silence sees that nothing comes: p is sent something that must come after it.
func (p *peer) silence(after func()) {
	p.t.Helper()
	after()
	if b := p.hear(); string(b) != "after it" {
		p.t.Errorf("leg %d hears %x", p.leg, b)
	}
}

// datagram returns the next packet as one, whose mac is right.
func (p *peer) datagram(want wire.DatagramType) wire.Datagram {
	p.t.Helper()
	b := p.hear()
	d, err := wire.ParseDatagram(b)
	if err != nil || d.Type != want {
		p.t.Fatalf("leg %d hears %x, want %#x", p.leg, b, want)
	}
	if want != wire.DatagramChallenge && !wire.Signed(b, p.key) {
		p.t.Errorf("%#x is not signed", want)
	}
	return d
}

// bind binds the leg to this socket.
func (p *peer) bind() wire.Datagram {
	p.t.Helper()
	p.say(wire.Datagram{Type: wire.DatagramBind})
	c := p.datagram(wire.DatagramChallenge)
	p.say(wire.Datagram{Type: wire.DatagramAnswer, Cookie: c.Cookie})
	d := p.datagram(wire.DatagramBound)
	if own := p.c.LocalAddr().(*net.UDPAddr).AddrPort(); d.Observed != own {
		p.t.Errorf("leg %d is told that it is at %v, not %v", p.leg, d.Observed, own)
	}
	return d
}

// nothing sees that no answer comes to what the relay has read already.
func (p *peer) nothing() {
	p.t.Helper()
	p.c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	b := make([]byte, 2048)
	if n, err := p.c.Read(b); !errors.Is(err, os.ErrDeadlineExceeded) {
		p.t.Errorf("leg %d hears %x, %v", p.leg, b[:n], err)
	}
}
