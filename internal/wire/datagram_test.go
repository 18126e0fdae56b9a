package wire

import (
	"bytes"
	"net/netip"
	"testing"
)

func TestDatagram(t *testing.T) {
	key := bytes.Repeat([]byte{7}, 32)
	four, six := netip.MustParseAddrPort("192.0.2.7:6768"), netip.MustParseAddrPort("[2001:db8::1]:443")
	request := 0
	for _, d := range []Datagram{
		{Type: DatagramBind, Session: 1<<64 - 1, Leg: 1, Counter: 5},
		{Type: DatagramChallenge, Session: 2, Counter: 5, Cookie: [16]byte{1, 2}},
		{Type: DatagramAnswer, Session: 3, Counter: 6, Cookie: [16]byte{15: 9}},
		{Type: DatagramBound, Session: 3, Counter: 6, Joined: true, Observed: four},
		{Type: DatagramKeep, Session: 3, Counter: 7},
		{Type: DatagramKept, Session: 3, Counter: 7, Observed: six},
		{Type: DatagramBind, Session: 3, Counter: 8, Quick: true},
		{Type: DatagramBound, Session: 3, Counter: 8, Observed: four},
		{Type: DatagramBind, Session: 4, Counter: 8},
		{Type: DatagramLeave, Session: 4, Counter: 8},
	} {
		b := d.Append([]byte("before"), key)[len("before"):]
		if len(b) > MaxDatagram || !IsDatagram(b) {
			t.Errorf("%#x has %d bytes", d.Type, len(b))
		}
		got, err := ParseDatagram(b)
		if err != nil || got != d {
			t.Errorf("%#x: %+v, %v, want %+v", d.Type, got, err, d)
		}
		if signed := d.Type != DatagramChallenge; Signed(b, key) != signed {
			t.Errorf("%#x: signed is not %v", d.Type, signed)
		}
		for i := range b {
			bad := bytes.Clone(b)
			bad[i] ^= 0x40
			if _, err := ParseDatagram(bad); err == nil && Signed(bad, key) {
				t.Errorf("%#x: byte %d may be another", d.Type, i)
			}
		}
		for n := range b {
			if _, err := ParseDatagram(b[:n]); err == nil && (!d.Quick || Signed(b[:n], key)) {
				t.Errorf("%#x: %d of %d bytes were taken", d.Type, n, len(b))
			}
		}
		switch d.Type {
		case DatagramChallenge, DatagramBound, DatagramKept, DatagramLeave:
			if len(b) > request {
				t.Errorf("%#x is longer (%d) than what it answers (%d)", d.Type, len(b), request)
			}
		}
		request = len(b)
	}
}

func FuzzDatagram(f *testing.F) {
	key := make([]byte, 32)
	for _, d := range []Datagram{
		{Type: DatagramBind, Session: 1}, {Type: DatagramAnswer, Leg: 1}, {Type: DatagramBind, Quick: true},
		{Type: DatagramBound, Observed: netip.MustParseAddrPort("[::1]:1")},
	} {
		f.Add(d.Append(nil, key))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := ParseDatagram(b)
		if err != nil || d.Type == DatagramHello {
			return
		}
		if again := d.Append(nil, key); Signed(b, key) && !bytes.Equal(again, b) {
			t.Errorf("%x is written again as %x", b, again)
		}
	})
}
