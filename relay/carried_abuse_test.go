package relay

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/bargee/bargee/internal/carrier"
	"github.com/bargee/bargee/internal/wire"
)

// carriedPlane is a relay that takes TCP, with a clock that the test may move.
func carriedPlane(t *testing.T) (p *Plane, at string, c *clock) {
	t.Helper()
	p, c = newPlaneOf(t, 1)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Carry(l, identity(t)); err != nil {
		t.Fatal(err)
	}
	return p, l.Addr().String(), c
}

// connect is a connection of somebody's own making, past the handshake.
func connect(t *testing.T, at string) *tls.Conn {
	t.Helper()
	c, err := tls.Dial("tcp", at, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{carrier.Protocol}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.NetConn().Close() })
	return c
}

// await waits until the state is as wanted.
func await(t *testing.T, p *Plane, what string, ok func(CarriedState) bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !ok(p.Carried()); {
		if time.Now().After(deadline) {
			t.Fatalf("%s: %+v", what, p.Carried())
		}
		runtime.Gosched()
	}
}

// ended reads until the other side has closed the connection.
func ended(t *testing.T, what string, c net.Conn) {
	t.Helper()
	c.SetReadDeadline(time.Now().Add(time.Minute))
	if n, err := io.Copy(io.Discard, c); errors.Is(err, net.ErrClosed) || n > 4096 {
		t.Errorf("%s: %d bytes came, %v", what, n, err)
	} else if nerr, ok := err.(net.Error); ok && nerr.Timeout() {
		t.Errorf("%s: the connection is open still", what)
	}
}

// What is no TLS, no relay's TLS or no frame is closed, and costs nothing.
func TestCarriedGarbage(t *testing.T) {
	p, at, _ := carriedPlane(t)
	for name, garbage := range map[string][]byte{
		"web":      []byte("GET / HTTP/1.1\r\nHost: relay\r\n\r\n"),
		"ssh":      []byte("SSH-2.0-OpenSSH_9.2\r\n"),
		"zeros":    make([]byte, 4096),
		"all ones": bytes.Repeat([]byte{0xff}, 100_000),
		"half TLS": {0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3},
	} {
		c, err := net.Dial("tcp", at)
		if err != nil {
			t.Fatal(err)
		}
		c.Write(garbage)
		c.(*net.TCPConn).CloseWrite()
		ended(t, name, c)
		c.Close()
	}
	for name, config := range map[string]*tls.Config{
		"no protocol":      {InsecureSkipVerify: true},
		"another protocol": {InsecureSkipVerify: true, NextProtos: []string{"h2"}},
		"TLS 1.2":          {InsecureSkipVerify: true, NextProtos: []string{carrier.Protocol}, MaxVersion: tls.VersionTLS12},
	} {
		if c, err := tls.Dial("tcp", at, config); err == nil { // the server's no comes after our yes
			ended(t, name, c)
			c.Close()
		}
	}
	for name, frames := range map[string][]byte{
		"no packets":  {0, 0, 0, 0},
		"web in TLS":  []byte("GET / HTTP/1.1\r\n\r\n"),
		"too long":    {0xff, 0xff, 0xff, 0xff},
		"too many":    {0, 1, 0xff, 0xff},
		"not a frame": bytes.Repeat([]byte{0xaa}, 10_000),
	} {
		c := connect(t, at)
		c.Write(frames)
		ended(t, name, c)
	}
	await(t, p, "all are gone", func(s CarriedState) bool {
		return s.Peers == 0 && s.Strangers == 0 && s.Held == 0 && s.Refused >= 8
	})
}

// Who shows nothing is gone after a while; so is who begins a frame and does not go
// on, and a peer whose leg is free again.
func TestCarriedStrangers(t *testing.T) {
	p, at, clock := carriedPlane(t)
	s, err := p.Open([2][]byte{keyOf(1), keyOf(2)})
	if err != nil {
		t.Fatal(err)
	}
	idle, half, says := connect(t, at), connect(t, at), connect(t, at)
	half.Write([]byte{5, 0xdc, 0xff, 0xff, 1, 2, 3})
	bound := carrier.New(connect(t, at), 1<<20, nil)
	bindCarried(t, bound, s.ID, 0)
	await(t, p, "four connections", func(s CarriedState) bool { return s.Peers == 4 })
	clock.pass(strangerTime / 2)
	says.Write([]byte{0, 1, 0, 1, byte(wire.DatagramHello)}) // which does not make it known
	p.carried.sweep(p.now(), p.table.bound)
	await(t, p, "one is known", func(s CarriedState) bool { return s.Strangers == 3 && s.Peers == 4 })
	clock.pass(strangerTime/2 + time.Second)
	p.carried.sweep(p.now(), p.table.bound)
	ended(t, "an idle one", idle)
	ended(t, "half a frame", half)
	ended(t, "a hello", says)
	await(t, p, "the bound one is left", func(s CarriedState) bool { return s.Peers == 1 && s.Strangers == 0 })
	clock.pass(lifetime + time.Second)
	p.table.sweep(p.now())
	p.carried.sweep(p.now(), p.table.bound)
	await(t, p, "all are gone", func(s CarriedState) bool { return s.Peers == 0 })
}

// bindCarried binds a leg by hand.
func bindCarried(t *testing.T, c *carrier.Conn, session uint64, leg uint8) {
	t.Helper()
	key := keyOf(leg + 1)
	say := func(d wire.Datagram) wire.Datagram {
		t.Helper()
		d.Session, d.Leg = session, leg
		out := d.Append(nil, key)
		c.Send(out, len(out))
		c.SetReadDeadline(time.Now().Add(time.Minute))
		size, _, err := c.Next()
		b := make([]byte, size)
		if err == nil {
			err = c.Fill(b)
		}
		if err != nil {
			t.Fatal(err)
		}
		answer, err := wire.ParseDatagram(b)
		if err != nil {
			t.Fatalf("%x: %v", b, err)
		}
		return answer
	}
	now := uint64(time.Now().UnixNano())
	challenge := say(wire.Datagram{Type: wire.DatagramBind, Counter: now})
	if d := say(wire.Datagram{Type: wire.DatagramAnswer, Counter: now + 1, Cookie: challenge.Cookie}); d.Type != wire.DatagramBound {
		t.Fatalf("leg %d is not bound: %+v", leg, d)
	}
}

// The address of a connection that is over is nobody's: who has the same one next is
// sent nothing of what was for the one before.
func TestCarriedAddressIsNotInherited(t *testing.T) {
	p, at, _ := carriedPlane(t)
	s, _, far := pairOf(t, p)
	far.bind()
	raw := connect(t, at)
	c := carrier.New(raw, 1<<20, nil)
	bindCarried(t, c, s.ID, 0)
	from := carriedAddr(raw.LocalAddr().(*net.TCPAddr).AddrPort())
	if !p.table.bound(from) {
		t.Fatalf("%v is not bound", from)
	}
	c.Send([]byte("hello there"), 11)
	if got := far.hear(); string(got) != "hello there" {
		t.Errorf("%q came over UDP", got)
	}
	c.Cut()
	await(t, p, "it is gone", func(s CarriedState) bool { return s.Peers == 0 })
	for deadline := time.Now().Add(time.Minute); p.table.bound(from) && time.Now().Before(deadline); {
		runtime.Gosched()
	}
	if opener, _ := s.Bound(); opener || p.table.bound(from) {
		t.Error("its leg is bound still")
	}
	udp := netip.MustParseAddrPort(from.Addr().Unmap().String() + ":1")
	if carriedAddr(udp) == udp || !isCarried(carriedAddr(udp)) || isCarried(udp) || sourceOf(carriedAddr(udp)) != sourceOf(udp) {
		t.Errorf("%v and %v are mixed up", udp, carriedAddr(udp))
	}
}

// One who does not read what the other leg sends is held up by nobody, and costs no
// more than may wait for it.
func TestCarriedSlowReader(t *testing.T) {
	p, at, _ := carriedPlane(t)
	s, _, far := pairOf(t, p)
	far.bind()
	slow := connect(t, at)
	bindCarried(t, carrier.New(slow, 1<<20, nil), s.ID, 0)
	packet := bytes.Repeat([]byte{0x40}, 1200)
	for deadline := time.Now().Add(time.Minute); p.Traffic().Dropped == 0; {
		far.send(packet)
		if time.Now().After(deadline) {
			t.Fatal("nothing is dropped, although nothing is read")
		}
	}
	if held := p.Carried().Held; held > 2*carriedQueue {
		t.Errorf("%d bytes are held for it", held)
	}
	_, c, d := pairOf(t, p) // others have what they had
	c.bind()
	d.bind()
	c.send([]byte("as ever"))
	if got := d.hear(); string(got) != "as ever" {
		t.Errorf("%q", got)
	}
	slow.NetConn().Close()
	await(t, p, "nothing is held", func(s CarriedState) bool { return s.Held == 0 && s.Peers == 0 })
}

// Thousands of connections that say nothing cost a bounded piece of memory each, and
// one of a source that has too many strangers is not taken.
func TestCarriedIdle(t *testing.T) {
	const many = 200
	p, at, _ := carriedPlane(t)
	p.carried.mu.Lock()
	p.carried.door = newDoor(doorLimits{inside: 2 * many, perSource: many, perMinute: 10 * many, sources: 10})
	p.carried.mu.Unlock()
	heap := func() uint64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapInuse + m.StackInuse
	}
	before := heap()
	var all []*tls.Conn
	for range many {
		all = append(all, connect(t, at))
	}
	await(t, p, "all are there", func(s CarriedState) bool { return s.Peers == many })
	each := (int64(heap()) - int64(before)) / many // others may have given back what they had
	t.Logf("%d bytes for each connection, with the dialler's half", each)
	if each > 100<<10 {
		t.Errorf("a connection costs %d bytes", each)
	}
	c, err := net.Dial("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	ended(t, "one too many", c)
	c.Close()
	for _, c := range all {
		c.NetConn().Close()
	}
	await(t, p, "all are gone", func(s CarriedState) bool { return s.Peers == 0 && s.Strangers == 0 })
}

// The door counts who is inside, by source and in all, and forgets who was.
func TestDoor(t *testing.T) {
	at := func(s string) netip.Prefix { return sourceOf(netip.AddrPortFrom(netip.MustParseAddr(s), 1)) }
	now := time.Unix(1000, 0)
	d := newDoor(doorLimits{inside: 4, perSource: 2, perMinute: 5, sources: 3})
	enter := func(from string, want bool) {
		t.Helper()
		if got := d.enter(at(from), now); got != want {
			t.Errorf("%s is let in: %v", from, got)
		}
	}
	enter("192.0.2.1", true)
	enter("192.0.2.200", true) // the same /24
	enter("192.0.2.3", false)  // its third
	enter("198.51.100.1", true)
	enter("2001:db8::1", true)
	enter("203.0.113.1", false) // the fifth in all
	d.leave(at("192.0.2.1"))
	enter("203.0.113.1", false) // a fourth source, and nobody to forget
	d.leave(at("192.0.2.1"))
	enter("203.0.113.1", true) // in place of one who has nobody inside
	for range 4 {
		d.leave(at("203.0.113.1"))
		enter("203.0.113.1", true)
	}
	d.leave(at("203.0.113.1"))
	enter("203.0.113.1", false) // its sixth within a minute
	now = now.Add(time.Minute)
	enter("203.0.113.1", true)
	d.leave(at("203.0.113.1"))
	now = now.Add(time.Minute)
	d.sweep(now)
	if len(d.sources) != 2 || d.inside != 2 {
		t.Errorf("%d sources are remembered, %d are inside", len(d.sources), d.inside)
	}
}
