package relay

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"testing"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/transport"
)

func TestCutZone(t *testing.T) {
	for _, test := range [][3]string{
		{"192.0.2.1:7", "192.0.2.1:7", ""},
		{"192.0.2.1%2:7", "192.0.2.1:7", "2"},
		{"[2001:db8::1%12]:7", "[2001:db8::1]:7", "12"},
		{"[2001:db8::1]:7", "[2001:db8::1]:7", ""},
		{"%", "", ""},
	} {
		if at, zone := cutZone(test[0]); at != test[1] || zone != test[2] {
			t.Errorf("%s: %q and %q", test[0], at, zone)
		}
	}
	for _, s := range []string{"192.0.2.1:7", "[2001:db8::1]:7"} {
		at := netip.MustParseAddrPort(s)
		if z := zoned(at, "2"); z == at || plain(z) != at || z == zoned(at, "3") {
			t.Errorf("%v at the second entrance is %v", at, z)
		}
		text := net.UDPAddrFromAddrPort(zoned(at, "2")).String()
		if got, zone := cutZone(text); got != s || zone != "2" || PeerAddress(text) != s {
			t.Errorf("%s is read as %s and %q", text, got, zone)
		}
	}
}

// crossed has the two legs of a session come in at two entrances: each hears the other,
// and from the address that it sends to.
func crossed(t *testing.T, p *Plane) {
	t.Helper()
	addrs := p.Addrs()
	if len(addrs) != 2 {
		t.Fatalf("the relay is at %v", addrs)
	}
	s, a, b := pairOf(t, p)
	b.relay = addrs[1]
	a.bind()
	if d := b.bind(); !d.Joined {
		t.Error("the second one is told that it is alone")
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, at := range [][2]*peer{{a, b}, {b, a}} {
		from, to := at[0], at[1]
		for range 40 {
			packet := quicLike(1+rnd.IntN(1400), rnd)
			from.send(packet)
			got := make([]byte, 2048)
			n, by, err := to.c.ReadFromUDPAddrPort(got)
			if err != nil || !bytes.Equal(got[:n], packet) || plain(by) != to.relay {
				t.Fatalf("leg %d hears %d bytes of %v, which sends to %v: %v", to.leg, n, by, to.relay, err)
			}
		}
	}
	a.send(wire.Hello()) // a leg stays one
	if g, err := wire.ParseGreeting(a.hear()); err != nil || g.Observed != plain(a.c.LocalAddr().(*net.UDPAddr).AddrPort()) {
		t.Errorf("greeted with %+v, %v", g, err)
	}
	if tr := s.Traffic(); tr.Packets != 80 || tr.Dropped != 0 {
		t.Errorf("counted was %+v", tr)
	}
}

func TestEntrances(t *testing.T) {
	p, err := NewPlane("127.0.0.1:0", 2, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	crossed(t, p)
}

// Sockets that somebody else opened may be on several addresses, too.
func TestPlaneOnTwoAddresses(t *testing.T) {
	var conns []*net.UDPConn
	for _, network := range []string{"udp4", "udp4"} {
		c, err := net.ListenUDP(network, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, c)
	}
	p, err := NewPlaneOn(conns...)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	crossed(t, p)
}

// An entrance that cannot be opened is named, and the others are given up.
func TestEntranceTaken(t *testing.T) {
	c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if p, err := NewPlane("127.0.0.1:0", 1, c.LocalAddr().String()); err == nil || !bytes.Contains([]byte(err.Error()), []byte(c.LocalAddr().String())) {
		t.Errorf("%v, %v", p, err)
	}
}

// Two who come in at different entrances meet in a room, and their link carries what
// it shall: by way of the relay, and directly then.
func TestMeetAtTwoEntrances(t *testing.T) {
	b := newBed(t)
	for i, direct := range []bool{false, true} {
		h := b.host(transport.RoomOptions{})
		r := b.remote(false)
		r.Address = b.plane.Addrs()[1].String()
		near := b.endpoint(transport.Config{})
		l, err := near.DialRoom(t.Context(), r, h.name, transport.Remote{Key: h.key, Secret: h.secret})
		if err != nil {
			t.Fatal(err)
		}
		far, err := h.endpoint.Accept(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		go echo(t.Context(), far)
		if direct {
			wantPaths(t, l, map[transport.Path]int{transport.PathRelay: 1, transport.PathDirect: 1})
		}
		exchange(t, l, []byte(fmt.Sprint("through both ", i)))
		h.hosted.Close()
	}
}
