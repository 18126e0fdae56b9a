package relay

import (
	"bytes"
	"errors"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/bargee/bargee/transport"
)

// carry has a bed's relay take TCP too, at its own port.
func (b *bed) carry() {
	b.t.Helper()
	l, err := net.Listen("tcp", b.plane.Addr().String())
	for begin := time.Now(); errors.Is(err, syscall.EADDRINUSE) && time.Since(begin) < 30*time.Second; { // since newBed looked
		<-time.After(10 * time.Millisecond)
		l, err = net.Listen("tcp", b.plane.Addr().String())
	}
	if err != nil {
		b.t.Fatal(err)
	}
	if err := b.plane.Carry(l, b.id); err != nil {
		b.t.Fatal(err)
	}
}

// A deaf socket is one of a network that blocks UDP: nothing gets out, nothing in.
type deaf struct{ net.PacketConn }

func (d deaf) WriteTo(b []byte, _ net.Addr) (int, error) { return len(b), nil }

// deafEndpoint is one whose UDP is blocked.
func (b *bed) deafEndpoint(cfg transport.Config) *transport.Endpoint {
	b.t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		b.t.Fatal(err)
	}
	if cfg.Identity == nil {
		cfg.Identity = identity(b.t)
	}
	e, err := transport.NewEndpoint(deaf{c}, cfg)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { e.Close() })
	return e
}

// Where UDP is blocked, on either side or on both, peers meet over TCP, at once.
func TestCarried(t *testing.T) {
	for name, blocked := range map[string]struct{ host, joiner bool }{
		"both": {true, true}, "host": {true, false}, "joiner": {false, true},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBed(t)
			b.carry()
			token := transport.NewToken()
			cfg := transport.Config{Admission: &transport.Admission{Tree: "/", Tokens: transport.Tokens(token.Public())}}
			open := func(blocked bool, cfg transport.Config) (*transport.Endpoint, transport.Path) {
				if blocked {
					return b.deafEndpoint(cfg), transport.PathTCP
				}
				return b.endpoint(cfg), transport.PathRelay
			}
			begin := time.Now()
			far, farPath := open(blocked.host, cfg)
			room := transport.RoomName{7}
			if _, err := far.Host(t.Context(), b.remote(true), room, transport.RoomOptions{}); err != nil {
				t.Fatal(err)
			}
			near, nearPath := open(blocked.joiner, transport.Config{})
			l, err := near.DialRoom(t.Context(), b.remote(false), room, transport.Remote{Key: far.Fingerprint(), Secret: transport.SecretOf(token), Lanes: 3})
			if err != nil {
				t.Fatal(err)
			}
			served, err := far.Accept(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			go echo(t.Context(), served)
			exchange(t, l, []byte("the first bytes"))
			if took := time.Since(begin); took > 8*time.Second { // who waits for UDP waits for 10
				t.Errorf("a working link took %v", took)
			}
			wantPaths(t, l, map[transport.Path]int{nearPath: 3})
			wantPaths(t, served, map[transport.Path]int{farPath: 3})
			exchange(t, l, bytes.Repeat([]byte("and many more"), 1<<18))
			for _, n := range append(l.Lanes(), served.Lanes()...) {
				t.Logf("lane %d (%s): sent %d bytes, lost %d packets, %v", n.ID, n.Path, n.Sent, n.Lost, n.RTT)
			}
			t.Logf("%+v, %+v", b.plane.Carried(), b.plane.Traffic())
		})
	}
}

// A relay that is away when it is asked over TCP first, and back soon, is not missed
// until UDP is given up.
func TestCarriedLate(t *testing.T) {
	b := newBed(t)
	time.AfterFunc(300*time.Millisecond, b.carry)
	e := b.deafEndpoint(transport.Config{Admission: &transport.Admission{Tree: "/", Tokens: transport.Tokens(b.token.Public())}})
	begin := time.Now()
	if _, err := e.Host(t.Context(), b.remote(true), transport.RoomName{8}, transport.RoomOptions{}); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begin); took < 300*time.Millisecond || took > 8*time.Second {
		t.Errorf("it was there after %v", took)
	}
}

// Where UDP gets through it is what is taken, and a wrong token is wrong on either
// way, at once.
func TestCarriedIsSecond(t *testing.T) {
	b := newBed(t)
	b.carry()
	h := b.host(transport.RoomOptions{})
	l, err := b.endpoint(transport.Config{}).DialRoom(t.Context(), b.remote(false), h.name, transport.Remote{Key: h.key, Secret: h.secret})
	if err != nil {
		t.Fatal(err)
	}
	if p := l.Peer().Path; p != transport.PathRelay {
		t.Errorf("the link is over %s", p)
	}
	wrong := b.remote(false)
	wrong.Secret = transport.SecretOf(transport.NewToken())
	for name, e := range map[string]*transport.Endpoint{
		"UDP": b.endpoint(transport.Config{Admission: &transport.Admission{}}),
		"TCP": b.deafEndpoint(transport.Config{Admission: &transport.Admission{}}),
	} {
		begin := time.Now()
		_, err := e.Host(t.Context(), wrong, transport.RoomName{9}, transport.RoomOptions{})
		if !errors.Is(err, transport.ErrAuth) || time.Since(begin) > 8*time.Second {
			t.Errorf("%s: %v, after %v", name, err, time.Since(begin))
		}
	}
}
