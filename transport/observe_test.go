package transport

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/bargee/bargee/internal/wire"
)

// greeter answers hellos as a relay does, from the second one on.
func greeter(t *testing.T, seenAs netip.AddrPort) string {
	t.Helper()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	go func() {
		b := make([]byte, 1500)
		for i := 0; ; i++ {
			n, from, err := c.ReadFromUDPAddrPort(b)
			if err != nil {
				return
			}
			if n != wire.GreetingSize || i == 0 {
				continue
			}
			c.WriteToUDPAddrPort([]byte("no greeting"), from)
			c.WriteToUDPAddrPort(wire.Greeting{Run: 7, Observed: seenAs}.Append(nil), from)
		}
	}()
	return c.LocalAddr().String()
}

func TestObserver(t *testing.T) {
	seenAs := netip.MustParseAddrPort("203.0.113.9:4711")
	at := greeter(t, seenAs)
	o, err := NewObserver()
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	got, err := o.Ask(ctx, at)
	if err != nil || got.Observed != seenAs || got.Relay.String() != at || got.RTT <= 0 || got.Local.Addr().String() != "127.0.0.1" {
		t.Errorf("%+v, %v", got, err)
	}
	silent, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	ctx, cancel = context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if _, err := o.Ask(ctx, silent.LocalAddr().String()); !errors.Is(err, ErrUnreachable) {
		t.Errorf("of one who does not answer: %v", err)
	}
}

func TestKindOfNAT(t *testing.T) {
	see := func(relay, observed, local string) Observation {
		return Observation{Relay: netip.MustParseAddrPort(relay), Observed: netip.MustParseAddrPort(observed), Local: netip.MustParseAddrPort(local)}
	}
	for name, c := range map[string]struct {
		all  []Observation
		want NAT
	}{
		"nothing":   {nil, NATUnknown},
		"none":      {[]Observation{see("192.0.2.1:1", "198.51.100.1:5", "198.51.100.1:5")}, NATNone},
		"one":       {[]Observation{see("192.0.2.1:1", "198.51.100.1:5", "10.0.0.1:5")}, NATSome},
		"twice one": {[]Observation{see("192.0.2.1:1", "198.51.100.1:5", "10.0.0.1:5"), see("192.0.2.1:1", "198.51.100.1:5", "10.0.0.1:5")}, NATSome},
		"cone":      {[]Observation{see("192.0.2.1:1", "198.51.100.1:5", "10.0.0.1:5"), see("192.0.2.2:1", "198.51.100.1:5", "10.0.0.1:5")}, NATCone},
		"symmetric": {[]Observation{see("192.0.2.1:1", "198.51.100.1:5", "10.0.0.1:5"), see("192.0.2.1:2", "198.51.100.1:6", "10.0.0.1:5")}, NATSymmetric},
		"two families": {[]Observation{see("192.0.2.1:1", "198.51.100.1:5", "10.0.0.1:5"),
			see("[2001:db8::1]:1", "[2001:db8::2]:5", "[2001:db8::2]:5")}, NATSome},
	} {
		if got := KindOfNAT(c.all); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestInspectSocket(t *testing.T) {
	r, err := InspectSocket()
	if err != nil || r.Wanted != socketBuffer || r.Batches && r.ReadBuffer == 0 {
		t.Errorf("%+v, %v", r, err)
	}
	if mtu, err := PathMTU(t.Context(), "127.0.0.1:9"); err != nil || mtu < 1280 {
		t.Errorf("to this machine: %d, %v", mtu, err)
	}
}
