package relay

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/transport"
)

// network returns an endpoint in another network than the others: the loopback has
// 2^24 addresses, and limits are held by /24.
func (b *bed) network(n byte, id *transport.Identity) *transport.Endpoint {
	b.t.Helper()
	e, err := transport.ListenToRelay(netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, n, 1}), 0).String(), transport.Config{Identity: id}, b.plane.Addr().String())
	if err != nil {
		b.t.Skipf("no other network: %v", err) // systems whose loopback has one address
	}
	b.t.Cleanup(func() { e.Close() })
	return e
}

// A source that asks for thousands of rooms is told no after a few, at once and in
// one line of the log; somebody elsewhere joins as if nothing was.
func TestTenThousandJoins(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes long, above all under the race detector")
	}
	b := newBed(t)
	name := transport.RoomName{1}
	owner := b.dial(false)
	if _, err := transport.OpenRoom(t.Context(), owner, name, time.Minute, 0); err != nil {
		t.Fatal(err)
	}
	guesser := b.dial(false) // with a token, so that it is not sent away after 30 s
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	tried, began := 0, time.Now()
	for range 10_000 {
		guess := transport.RoomName{2}
		rand.Read(guess[1:])
		_, err := transport.JoinRoom(t.Context(), guesser, guess)
		switch {
		case errors.Is(err, transport.ErrNoRoom):
			tried++
		case !errors.Is(err, transport.ErrRoomBusy):
			t.Fatal(err)
		}
	}
	minutes := int(time.Since(began).Minutes()) + 1
	if most := defaultRoomLimits.perMinute * minutes; tried > most {
		t.Errorf("%d names were tried in %d minutes, want at most %d", tried, minutes, most)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 4<<20 {
		t.Errorf("%d bytes are held for it", grown)
	}
	if lines := b.relay.Status().Errors; len(lines) > 2 {
		t.Errorf("it fills the status: %q", lines)
	}
	elsewhere := b.network(9, identity(t))
	l, err := elsewhere.Dial(t.Context(), transport.Remote{Addresses: []string{b.plane.Addr().String()}, Guest: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := transport.JoinRoom(t.Context(), l, name); err != nil {
		t.Errorf("somebody else: %v", err)
	}
}

// A request that does not come is not waited for.
func TestSlowSender(t *testing.T) {
	b := newBed(t)
	b.relay.askWait = 20 * time.Millisecond
	l := b.dial(false)
	for range mostAsked + 8 {
		st, err := l.OpenStream(t.Context(), transport.Control)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := st.Write([]byte{100, 1}); err != nil { // of a message of 100 bytes, one
			t.Fatal(err)
		}
		st.SetReadDeadline(time.Now().Add(time.Minute))
		var aborted *transport.AbortError
		if _, err := st.Read(make([]byte, 1)); !errors.As(err, &aborted) {
			t.Fatalf("it ends with %v", err)
		}
	}
	if _, err := transport.OpenRoom(t.Context(), l, transport.RoomName{1}, time.Minute, 0); err != nil {
		t.Errorf("after that: %v", err)
	}
}

// flooder sends packets that begin connections and go nowhere, each from another
// socket: what somebody can do who answers nothing, from addresses that are not its
// own.
func flooder(ctx context.Context, t *testing.T, n byte, at net.Addr, initial []byte, sent *atomic.Int64) {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	var conns []net.PacketConn
	for range 64 {
		c, err := net.ListenPacket("udp", netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, n, 1}), 0).String())
		if err != nil {
			t.Skipf("no other network: %v", err)
		}
		defer c.Close()
		conns = append(conns, c)
	}
	packet := append([]byte{}, initial...)
	for i := 0; ; i++ {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		for range 10 {
			c := conns[i%len(conns)]
			rand.Read(packet[6:14]) // another connection: its keys do not fit, or it is begun anew
			c.WriteTo([]byte{byte(wire.DatagramHello)}, at)
			c.WriteTo(packet, at)
			sent.Add(1)
		}
	}
}

// While others flood the relay with beginnings of connections, and hold as many
// silent ones as they can, two peers link to each other within 2 s.
func TestFloodOfHandshakes(t *testing.T) {
	if testing.Short() {
		t.Skip("it is about time, which the race detector takes")
	}
	quiet := time.Now()
	newBed(t).meet(false)
	patience := 8*time.Second + 5*time.Since(quiet) // on a machine that does something else, too
	b := newBed(t)
	at := net.UDPAddrFromAddrPort(b.plane.Addr())
	initial := b.firstPackets()[0]
	ctx, stop := context.WithCancel(t.Context())
	var wait sync.WaitGroup
	defer wait.Wait()
	defer stop()
	var sent, silent atomic.Int64
	for n := range byte(4) {
		wait.Go(func() { flooder(ctx, t, 20+n, at, initial, &sent) })
		wait.Go(func() {
			for ctx.Err() == nil {
				holdSilent(ctx, b, 40+n, &silent)
			}
		})
	}
	b.until(func() bool { return sent.Load() > 500 && silent.Load() > 8 })
	began := time.Now()
	near, far := b.meet(false)
	took := time.Since(began)
	go echo(t.Context(), far)
	exchange(t, near, []byte("in the middle of it"))
	if took > patience {
		t.Errorf("it took %v, want at most %v", took, patience)
	}
	t.Logf("%v beside %d beginnings and %d silent connections", took, sent.Load(), silent.Load())
}

// firstPackets are what a connection begins with: two of them, since the hello of
// TLS has a share of ML-KEM.
func (b *bed) firstPackets() (packets [][]byte) {
	sink, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		b.t.Fatal(err)
	}
	defer sink.Close()
	e, err := transport.Listen("127.0.0.1:0", transport.Config{Identity: identity(b.t)})
	if err != nil {
		b.t.Fatal(err)
	}
	defer e.Close()
	go e.Dial(b.t.Context(), transport.Remote{Addresses: []string{sink.LocalAddr().String()}, Guest: true})
	packet := make([]byte, 2048)
	sink.SetReadDeadline(time.Now().Add(time.Minute))
	for {
		n, err := sink.Read(packet)
		if err != nil {
			b.t.Fatal(err)
		}
		if n >= 1200 {
			packets = append(packets, bytes.Clone(packet[:n]))
		}
		if len(packets) == 2 {
			return packets
		}
	}
}

// holdSilent opens connections from a network and says nothing on them, until ctx ends
// or the relay has had enough.
func holdSilent(ctx context.Context, b *bed, n byte, silent *atomic.Int64) {
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, n, 1)})
	if err != nil {
		return
	}
	defer conn.Close()
	at := net.UDPAddrFromAddrPort(b.plane.Addr())
	conn.WriteTo([]byte{byte(wire.DatagramHello)}, at)
	_, key := keyPair(n)
	cert, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1)}, &x509.Certificate{SerialNumber: big.NewInt(1)}, key.Public(), key)
	if err != nil {
		b.t.Error(err)
		return
	}
	tr := &quic.Transport{Conn: conn}
	defer tr.Close()
	var wait sync.WaitGroup
	defer wait.Wait()
	for range 8 { // twice as many as one address may have
		wait.Go(func() {
			c, err := tr.Dial(ctx, at, &tls.Config{
				InsecureSkipVerify: true, NextProtos: []string{"bargee/1"},
				Certificates: []tls.Certificate{{Certificate: [][]byte{cert}, PrivateKey: key}},
			}, nil)
			if err != nil {
				return
			}
			silent.Add(1)
			select {
			case <-c.Context().Done():
			case <-ctx.Done():
				c.CloseWithError(0, "")
			}
		})
	}
}

// Whatever somebody sends from an address that is not its own, no more than three
// times as many bytes go to that address.
func TestAmplification(t *testing.T) {
	b := newBed(t)
	owner := b.dial(false)
	name := transport.RoomName{1}
	if _, err := transport.OpenRoom(t.Context(), owner, name, time.Minute, 0); err != nil {
		t.Fatal(err)
	}
	leg, err := transport.JoinRoom(t.Context(), b.dial(true), name)
	if err != nil {
		t.Fatal(err)
	}
	hello := []byte{byte(wire.DatagramHello)}
	first := b.firstPackets()
	initial := first[0]
	version := append([]byte{}, initial...)
	copy(version[1:], []byte{0x1a, 0x2a, 0x3a, 0x4a}) // which asks for negotiation
	short := make([]byte, 1200)
	rand.Read(short)
	short[0] = 0x40 // which asks for a stateless reset
	signed := func(d wire.Datagram, key []byte) []byte {
		d.Session, d.Leg, d.Counter = leg.Session, leg.Number, uint64(time.Now().UnixNano())
		return d.Append(nil, key)
	}
	bind := signed(wire.Datagram{Type: wire.DatagramBind}, leg.Key)
	for name, packets := range map[string][][]byte{
		"hello":                  {hello},
		"a beginning":            {hello, initial},
		"a whole beginning":      {hello, initial, first[1]},
		"twice the same":         {hello, initial, initial},
		"without hello":          {initial},
		"an unknown version":     {hello, version},
		"of no connection":       {hello, short},
		"a short one of none":    {hello, short[:64]},
		"bind, with the key":     {bind, bind, bind},
		"bind, with another key": {signed(wire.Datagram{Type: wire.DatagramBind}, keyOf(9))},
		"answer":                 {signed(wire.Datagram{Type: wire.DatagramAnswer}, leg.Key)},
		"keep":                   {signed(wire.Datagram{Type: wire.DatagramKeep}, leg.Key)},
		"of nobody's session":    {append([]byte{byte(wire.DatagramBind)}, make([]byte, 33)...)},
		"noise":                  {short[:1], short[1:700], short[500:]},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(b.plane.Addr()))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			sent, got := 0, 0
			for _, p := range packets {
				n, err := conn.Write(p)
				if err != nil {
					t.Fatal(err)
				}
				sent += n
			}
			// What comes by itself later, such as a handshake that is sent again, counts.
			conn.SetReadDeadline(time.Now().Add(1500 * time.Millisecond))
			buf := make([]byte, 2048)
			for {
				n, err := conn.Read(buf)
				if err != nil {
					break
				}
				got += n
			}
			if got > 3*sent {
				t.Errorf("%d bytes came back for %d", got, sent)
			}
			t.Logf("%d bytes came back for %d: %.2f", got, sent, float64(got)/float64(sent))
		})
	}
}

// Hellos of forged addresses fill no more memory than that of some, keep nobody out,
// and take no leg's place.
func TestFloodOfHellos(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes long, above all under the race detector")
	}
	table, now := newTable(), time.Unix(1_000_000, 0)
	s := &Session{ID: 1}
	s.legs[0].key = keyOf(1)
	table.add(s)
	leg := netip.MustParseAddrPort("192.0.2.1:1")
	if !table.hear(s, wire.Datagram{Type: wire.DatagramAnswer, Counter: 1}, leg, now) {
		t.Fatal("the leg is not bound")
	}
	all := 0
	for i := range len(table.byAddr) * mostGreeted * 2 {
		table.greet(netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 7), now)
	}
	for i := range table.byAddr {
		all += len(table.byAddr[i].m)
	}
	if most := len(table.byAddr) * (mostGreeted + 1); all > most {
		t.Errorf("%d addresses are remembered, want at most %d", all, most)
	}
	honest := netip.MustParseAddrPort("198.51.100.1:1")
	if table.greet(honest, now); !now.Before(table.find(honest).until) {
		t.Error("an honest one is not heard")
	}
	if table.find(leg).session != s {
		t.Error("a leg lost its place")
	}
}
