package wire

import (
	"bytes"
	"net/netip"
	"testing"
)

func TestGreeting(t *testing.T) {
	for _, at := range []string{"192.0.2.7:6768", "[2001:db8::1]:443"} {
		g := Greeting{Run: 1<<63 + 5, Observed: netip.MustParseAddrPort(at)}
		nonced := g
		nonced.Nonce = 7
		if b := g.Answer(HelloWith(7)); len(b) != len(HelloWith(7)) {
			t.Errorf("a hello of %d bytes is answered with %d", len(HelloWith(7)), len(b))
		} else if got, err := ParseGreeting(b); err != nil || got != nonced {
			t.Errorf("a hello with a nonce is answered with %v, %v", got, err)
		}
		if b := g.Answer([]byte{byte(DatagramHello)}); b != nil {
			t.Errorf("a short hello is answered with %x", b)
		}
		b := g.Answer(Hello())
		if got, err := ParseGreeting(b); err != nil || got != g {
			t.Errorf("%v came back as %v, %v", g, got, err)
		}
		if len(b) > len(Hello()) {
			t.Errorf("a greeting has %d bytes, what it answers %d", len(b), len(Hello()))
		}
		for n := range b {
			if _, err := ParseGreeting(b[:n]); err == nil {
				t.Errorf("%d bytes were taken", n)
			}
		}
		bad := bytes.Clone(b)
		bad[9] = 5
		if _, err := ParseGreeting(bad); err == nil {
			t.Error("an address of no family was taken")
		}
	}
	for _, hello := range [][]byte{Hello(), HelloWith(1 << 63)} {
		if _, err := ParseGreeting(hello); err == nil {
			t.Error("a hello was taken for a greeting")
		}
		if d, err := ParseDatagram(hello); err != nil || d.Type != DatagramHello {
			t.Errorf("a long hello is %v, %v", d, err)
		}
	}
}
