package relay

import (
	"bytes"
	"math/rand/v2"
	"net"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"
)

// What goes out in one call is of one size, but for the last packet, and no more
// than the kernel takes apart.
func TestOutgoing(t *testing.T) {
	to := netip.MustParseAddrPort("192.0.2.1:1")
	type buffer struct {
		n, segment int
		joins      bool
	}
	for name, x := range map[string][]buffer{
		"of one size":        {{1452, 1452, false}, {1452, 1452, true}, {1452, 1452, true}},
		"a shorter last":     {{1452, 1452, false}, {100, 100, true}, {1452, 1452, false}, {100, 100, false}},
		"a longer one":       {{100, 100, false}, {1452, 1452, false}},
		"joined by the card": {{2904, 1452, false}, {4356, 1452, true}, {1500, 1452, true}, {1452, 1452, false}},
		"of another size":    {{2904, 1452, false}, {2400, 1200, false}},
		"as much as goes":    {{43 * 1452, 1452, false}, {1452, 1452, true}, {1452, 1452, false}},
		"as many as go":      {{63 * 10, 10, false}, {10, 10, true}, {10, 10, false}},
	} {
		var o outgoing
		o.begin(x[0].n, x[0].segment, to)
		for i, b := range x[1:] {
			if got := o.join(b.n, b.segment); got != b.joins {
				t.Errorf("%s: buffer %d joins: %v", name, i+1, got)
			}
		}
	}
	var o outgoing
	o.begin(10, 10, to)
	for o.join(10, 10) {
	}
	if o.buffers != batchSize {
		t.Errorf("%d buffers make a message", o.buffers)
	}
}

// Packets of all sizes that come in bursts, one by one, each peer gets as they were
// and in their order.
func TestForwardsBursts(t *testing.T) {
	p, _ := newPlaneOf(t, 1)
	p.sockets[0].(*batchSocket).raw.Control(func(fd uintptr) { unix.SetsockoptInt(int(fd), unix.IPPROTO_UDP, unix.UDP_GRO, 0) })
	_, a, b := pairOf(t, p)
	a.bind()
	b.bind()
	rnd := rand.New(rand.NewPCG(5, 6))
	for range 20 {
		sent := map[*peer][][]byte{}
		for range 50 { // no more than a socket holds
			from, to := a, b
			if rnd.IntN(3) == 0 {
				from, to = b, a
			}
			packet := quicLike([]int{1452, 1452, 1452, 1200, 40, 1}[rnd.IntN(6)], rnd)
			sent[to] = append(sent[to], packet)
			from.send(packet)
		}
		for who, packets := range sent {
			for i, want := range packets {
				if got := who.hear(); !bytes.Equal(got, want) {
					t.Fatalf("leg %d: packet %d of %d bytes came as %d bytes", who.leg, i, len(want), len(got))
				}
			}
		}
	}
}

// Where no device on the way takes a message apart, its packets go out one by one,
// and the next ones are not gathered.
func TestSendApart(t *testing.T) {
	opened, err := openSocket("127.0.0.1:0", false, "")
	if err != nil {
		t.Fatal(err)
	}
	defer opened.close()
	s, to := opened.(*batchSocket), &peer{t: t}
	if to.c, err = net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}); err != nil {
		t.Fatal(err)
	}
	defer to.c.Close()
	at := to.c.LocalAddr().(*net.UDPAddr).AddrPort()
	rnd := rand.New(rand.NewPCG(7, 8))
	packets := [][]byte{quicLike(2400, rnd), quicLike(1200, rnd), quicLike(40, rnd)}
	b := newBatch()
	s.prepare(b, packets[0], 1200, at)
	s.prepare(b, packets[1], 1200, at)
	s.prepare(b, packets[2], 40, at)
	if b.pending != 1 || b.outgoing[0].buffers != 3 {
		t.Fatalf("%d messages, the first of %d buffers", b.pending, b.outgoing[0].buffers)
	}
	s.sendApart(b, 0, unix.EIO)
	for _, want := range [][]byte{packets[0][:1200], packets[0][1200:], packets[1], packets[2]} {
		if got := to.hear(); !bytes.Equal(got, want) {
			t.Fatalf("%d bytes came, want %d", len(got), len(want))
		}
	}
	b.pending = 0
	s.prepare(b, packets[1], 1200, at)
	s.prepare(b, packets[1], 1200, at)
	if b.pending != 2 {
		t.Errorf("%d messages after that", b.pending)
	}
}
