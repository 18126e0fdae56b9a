package relay

import (
	"bytes"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/bargee/bargee/internal/wire"
)

// A clock stands still until it is moved.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// quicLike is a packet as QUIC has them, by its first byte.
func quicLike(size int, rnd *rand.Rand) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(rnd.Uint32())
	}
	b[0] |= 0x40
	return b
}

// What one sends the other gets, unchanged, in both directions.
func TestForwards(t *testing.T) {
	for _, loops := range []int{1, 2} {
		p, _ := newPlaneOf(t, loops)
		s, a, b := pairOf(t, p)
		if d := a.bind(); d.Joined {
			t.Error("the first one is told that the other is there")
		}
		if d := b.bind(); !d.Joined {
			t.Error("the second one is told that it is alone")
		}
		rnd := rand.New(rand.NewPCG(1, 2))
		for range 200 {
			packet := quicLike(1+rnd.IntN(1472), rnd)
			if rnd.IntN(4) == 0 {
				packet[0] = 0x20 + byte(rnd.IntN(5)) // of error correction
			}
			from, to := a, b
			if rnd.IntN(2) == 0 {
				from, to = b, a
			}
			from.send(packet)
			if got := to.hear(); !bytes.Equal(got, packet) {
				t.Fatalf("%d bytes became %d others", len(packet), len(got))
			}
		}
		if tr := s.Traffic(); tr.Packets != 200 || tr.Dropped != 0 {
			t.Errorf("counted was %+v", tr)
		}
	}
}

// Packets that the kernel joins are taken apart again as they were, also with a
// datagram of the peer's own among them.
func TestForwardsWhatWasJoined(t *testing.T) {
	p, _ := newPlaneOf(t, 1)
	_, a, b := pairOf(t, p)
	a.bind()
	b.bind()
	rnd := rand.New(rand.NewPCG(3, 4))
	var sent [][]byte
	for range 40 {
		sent = append(sent, quicLike(54, rnd)) // as long as a keep, so that they are joined
	}
	for i, packet := range sent {
		a.send(packet)
		if i == 20 {
			a.say(wire.Datagram{Type: wire.DatagramKeep})
		}
	}
	for i, packet := range sent {
		if got := b.hear(); !bytes.Equal(got, packet) {
			t.Fatalf("packet %d came as %d bytes", i, len(got))
		}
	}
	a.datagram(wire.DatagramKept)
}

// A leg belongs to who has its key and is where the packets come from.
// It holds M116.
func TestForgedDatagrams(t *testing.T) {
	p, _ := newPlaneOf(t, 1)
	s, a, b := pairOf(t, p)
	a.bind()
	b.bind()
	thief := newPeer(t, p, s, 0)
	thief.key = keyOf(9)
	thief.say(wire.Datagram{Type: wire.DatagramBind})
	thief.nothing()
	thief.say(wire.Datagram{Type: wire.DatagramAnswer, Cookie: [16]byte{1}})
	thief.nothing()

	heard := newPeer(t, p, s, 0) // knows what a said, byte for byte
	heard.counter = a.counter
	a.say(wire.Datagram{Type: wire.DatagramBind})
	c := a.datagram(wire.DatagramChallenge)
	answer := a.say(wire.Datagram{Type: wire.DatagramAnswer, Cookie: c.Cookie})
	a.datagram(wire.DatagramBound)
	heard.send(answer)
	heard.nothing()
	heard.say(wire.Datagram{Type: wire.DatagramKeep})
	heard.nothing()
	heard.counter += 10 // with the key, but a cookie for another address
	heard.say(wire.Datagram{Type: wire.DatagramAnswer, Cookie: c.Cookie})
	heard.nothing()
	b.send([]byte("\x40 still to a"))
	if got := a.hear(); string(got) != "\x40 still to a" {
		t.Errorf("a hears %q", got)
	}
}

// A peer that moves takes its leg along; its old address is nobody's then.
func TestPeerMoves(t *testing.T) {
	p, _ := newPlaneOf(t, 1)
	s, a, b := pairOf(t, p)
	a.bind()
	b.bind()
	moved := newPeer(t, p, s, 0)
	moved.counter = a.counter
	moved.bind()
	b.send([]byte("\x40 where are you"))
	if got := moved.hear(); string(got) != "\x40 where are you" {
		t.Errorf("after the move it hears %q", got)
	}
	before := p.Strays()
	a.send([]byte("\x40 from a stranger now"))
	b.silence(func() { moved.send([]byte("after it")) })
	if p.Strays() != before+1 {
		t.Error("the packet was not a stray")
	}
}

// A leg without keeps is free after its lifetime; with them it stays.
func TestLegExpires(t *testing.T) {
	p, c := newPlaneOf(t, 1)
	s, a, b := pairOf(t, p)
	a.bind()
	b.bind()
	c.pass(lifetime - time.Second)
	a.say(wire.Datagram{Type: wire.DatagramKeep})
	a.datagram(wire.DatagramKept)
	c.pass(2 * time.Second)
	if n := p.table.sweep(c.now()); n != 1 {
		t.Errorf("%d legs were freed, want 1", n)
	}
	if opener, joiner := s.Bound(); !opener || joiner {
		t.Errorf("bound are %v and %v", opener, joiner)
	}
	a.say(wire.Datagram{Type: wire.DatagramKeep})
	if d := a.datagram(wire.DatagramKept); d.Joined {
		t.Error("the other is said to be there")
	}
}

// What leaves is gone at once, and an ended session forwards nothing.
func TestLeaveAndEnd(t *testing.T) {
	p, _ := newPlaneOf(t, 1)
	s, a, b := pairOf(t, p)
	a.bind()
	b.bind()
	b.say(wire.Datagram{Type: wire.DatagramLeave})
	b.say(wire.Datagram{Type: wire.DatagramKeep}) // no answer: it is not bound
	b.nothing()
	b.bind()
	p.End(s)
	a.send([]byte("\x40 into nothing"))
	b.nothing()
	if n := len(p.table.byID); n != 0 {
		t.Errorf("%d sessions are left", n)
	}
	late := wire.Datagram{Type: wire.DatagramAnswer, Session: s.ID, Counter: a.counter + 1} // found the session before its end
	if p.table.hear(s, late, netip.MustParseAddrPort("192.0.2.1:1"), p.now()) {
		t.Error("a leg of an ended session is bound")
	}
	for i := range p.table.byAddr {
		if n := len(p.table.byAddr[i].m); n != 0 {
			t.Errorf("%d addresses are left", n)
		}
	}
}

// The relay's own listener hears those who said hello, and no legs.
func TestOwnListener(t *testing.T) {
	p, c := newPlaneOf(t, 1)
	s, a, _ := pairOf(t, p)
	stranger := newPeer(t, p, s, 1)
	own := p.Own()
	read := make(chan string)
	go func() {
		b := make([]byte, 1500)
		for {
			n, from, err := own.ReadFrom(b)
			if err != nil {
				close(read)
				return
			}
			own.WriteTo([]byte("heard"), from)
			read <- string(b[:n])
		}
	}()
	hello := []byte{byte(wire.DatagramHello)}
	stranger.send([]byte("\xc0 too early"))
	stranger.send(hello)
	stranger.send([]byte("\xc0 initial"))
	if got := <-read; got != "\xc0 initial" {
		t.Errorf("the listener hears %q", got)
	}
	if got := stranger.hear(); string(got) != "heard" {
		t.Errorf("the answer is %q", got)
	}
	a.bind()
	a.send(hello)
	a.send([]byte("\xc0 of a lane whose other end is not there"))
	c.pass(lifetime + time.Second)
	stranger.send([]byte("\xc0 too late"))
	stranger.send(hello)
	stranger.send([]byte("\xc0 again"))
	if got := <-read; got != "\xc0 again" {
		t.Errorf("the listener hears %q", got)
	}
	p.Close()
	if _, open := <-read; open {
		t.Error("the listener lives on")
	}
}

// A relay does not answer what relays say: whoever forges one packet of another
// relay's would have the two of them, or one and itself, talk for ever.
func TestRelaysDoNotTalk(t *testing.T) {
	p, _ := newPlaneOf(t, 1)
	from := netip.MustParseAddrPort("192.0.2.1:6768")
	said := [][]byte{p.hear(wire.Hello(), from)}
	if g, err := wire.ParseGreeting(said[0]); err != nil || g.Observed != from {
		t.Fatalf("a hello is answered with %v, %v", g, err)
	}
	key := make([]byte, 32)
	for _, d := range []wire.Datagram{{Type: wire.DatagramBind}, {Type: wire.DatagramAnswer}, {Type: wire.DatagramKeep}} {
		said = append(said, p.hear(d.Append(nil, key), from))
	}
	s, err := p.Open([2][]byte{key, key})
	if err != nil {
		t.Fatal(err)
	}
	bind := wire.Datagram{Type: wire.DatagramBind, Session: s.ID, Counter: 1}
	said = append(said, p.hear(bind.Append(nil, key), from))
	for i, out := range said {
		if out == nil {
			t.Errorf("%d: no answer", i)
		} else if again := p.hear(out, from); again != nil {
			t.Errorf("%d: the answer %x is answered with %x", i, out, again)
		}
	}
	other := netip.MustParseAddrPort("192.0.2.2:6768")
	if p.hear(said[0], other); p.table.find(other).credit != nil {
		t.Error("a greeting is taken for a hello")
	}
}

// An address that is another session's leg is not bound without a cookie, by whomever:
// packets from there belong to that one.
func TestQuickBindOfALeg(t *testing.T) {
	p, _ := newPlaneOf(t, 1)
	home := netip.MustParseAddr("192.0.2.1")
	at := func(port uint16) netip.AddrPort { return netip.AddrPortFrom(home, port) }
	sessions := make([]*Session, 2)
	for i := range sessions {
		var err error
		if sessions[i], err = p.Open([2][]byte{keyOf(1), keyOf(2)}); err != nil {
			t.Fatal(err)
		}
		sessions[i].home(home, home)
	}
	counter := uint64(0)
	bind := func(s *Session, from netip.AddrPort) wire.DatagramType {
		counter++
		bind := wire.Datagram{Type: wire.DatagramBind, Quick: true, Session: s.ID, Counter: counter}
		d, err := wire.ParseDatagram(p.hear(bind.Append(nil, keyOf(1)), from))
		if err != nil {
			t.Fatal(err)
		}
		return d.Type
	}
	for i, step := range []struct {
		s    *Session
		port uint16
		want wire.DatagramType
	}{
		{sessions[0], 1, wire.DatagramBound},
		{sessions[1], 1, wire.DatagramChallenge},
		{sessions[0], 1, wire.DatagramBound},
		{sessions[1], 2, wire.DatagramBound},
		{sessions[0], 2, wire.DatagramChallenge},
		{sessions[0], 3, wire.DatagramBound},
		{sessions[1], 1, wire.DatagramBound}, // which it has left
	} {
		if got := bind(step.s, at(step.port)); got != step.want {
			t.Errorf("step %d: %#x, want %#x", i, got, step.want)
		}
	}
}

// refusing allows nothing after the first bytes.
type refusing struct{ left int }

func (r *refusing) Allow(_ time.Time, n int) bool {
	r.left -= n
	return r.left >= 0
}

// TestAllowance holds M117.
func TestAllowance(t *testing.T) {
	p, _ := newPlaneOf(t, 1)
	s, a, b := pairOf(t, p, &refusing{left: 1000})
	a.bind()
	b.bind()
	for range 3 {
		a.send(packetOf(400))
	}
	b.hear()
	b.hear()
	b.nothing()
	if tr := s.Traffic(); tr.Packets != 2 || tr.Dropped != 1 || tr.Bytes != 800 {
		t.Errorf("counted was %+v", tr)
	}
}

func packetOf(size int) []byte {
	b := make([]byte, size)
	b[0] = 0x40
	return b
}

func TestCookieAges(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	j := newCookieJar(now)
	at := netip.MustParseAddrPort("192.0.2.1:5")
	d := wire.Datagram{Session: 7, Leg: 1}
	d.Cookie = j.bake(d, at, now)
	for _, c := range []struct {
		after time.Duration
		at    netip.AddrPort
		leg   uint8
		good  bool
	}{
		{0, at, 1, true},
		{cookieTime, at, 1, true},
		{0, at, 0, false},
		{0, netip.MustParseAddrPort("192.0.2.1:6"), 1, false},
		{0, netip.MustParseAddrPort("192.0.2.2:5"), 1, false},
		{2 * cookieTime, at, 1, false},
	} {
		d.Leg = c.leg
		if got := j.good(d, c.at, now.Add(c.after)); got != c.good {
			t.Errorf("after %v at %v for leg %d: %v", c.after, c.at, c.leg, got)
		}
	}
	later := now.Add(100 * cookieTime) // nobody asked meanwhile
	d.Leg = 1
	if j.good(d, at, later) {
		t.Error("an old cookie is good after a long silence")
	}
}

// A million hellos from forged sources take bounded memory, and who was known
// before them stays so.
func TestHellosAreBounded(t *testing.T) {
	table, now := newTable(), time.Unix(0, 0)
	for i := range 1_000_000 {
		table.greet(netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 1), now)
	}
	n := 0
	for i := range table.byAddr {
		n += len(table.byAddr[i].m)
	}
	if most := len(table.byAddr) * mostGreeted; n > most {
		t.Errorf("%d are known, at most %d", n, most)
	}
	first := netip.MustParseAddrPort("10.0.0.0:1")
	table.greet(first, now.Add(time.Second))
	if until := table.find(first).until; until != now.Add(time.Second+lifetime) {
		t.Errorf("the first is known until %v", until)
	}
	table.sweep(now.Add(lifetime + 2*time.Second))
	for i := range table.byAddr {
		if n := len(table.byAddr[i].m); n != 0 {
			t.Fatalf("%d are known after their time", n)
		}
	}
}

var _ net.PacketConn = (*ownConn)(nil)
