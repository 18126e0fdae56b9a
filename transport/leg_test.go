package transport

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"github.com/bargee/bargee/internal/wire"
)

// TestLegBinder plays a relay that answers, loses and forges.
func TestLegBinder(t *testing.T) {
	key := bytes.Repeat([]byte{3}, 32)
	now := time.Unix(1_000_000, 0)
	b := newLegBinder(Leg{Session: 7, Number: 1, Key: key}, now)
	says := func(want wire.DatagramType) wire.Datagram {
		t.Helper()
		out, next := b.due(now)
		d, err := wire.ParseDatagram(out)
		if err != nil || d.Type != want || !wire.Signed(out, key) {
			t.Fatalf("it says %x, want %#x", out, want)
		}
		if again, at := b.due(now); again != nil || at != next {
			t.Fatalf("it says something twice")
		}
		now = next
		return d
	}
	hears := func(d wire.Datagram, key []byte) []byte { return b.hear(d.Append(nil, key), now) }
	answered := func(d wire.Datagram, as wire.DatagramType) wire.Datagram {
		d.Type, d.Joined, d.Observed = as, true, netip.MustParseAddrPort("192.0.2.9:77")
		return d
	}

	first := says(wire.DatagramBind)
	second := says(wire.DatagramBind)
	if second.Counter <= first.Counter {
		t.Error("the counter does not rise")
	}
	first.Type, first.Cookie = wire.DatagramChallenge, [16]byte{1}
	if out := hears(first, key); out != nil {
		t.Error("an old challenge is answered")
	}
	second.Type, second.Cookie = wire.DatagramChallenge, [16]byte{2}
	out := hears(second, key)
	answer, err := wire.ParseDatagram(out)
	if err != nil || answer.Type != wire.DatagramAnswer || answer.Cookie != second.Cookie {
		t.Fatalf("the challenge is answered by %x", out)
	}
	hears(answered(answer, wire.DatagramBound), bytes.Repeat([]byte{4}, 32))
	if b.state != legBinding {
		t.Fatal("a forged datagram binds")
	}
	hears(answered(answer, wire.DatagramBound), key)
	if b.state != legBound || !b.joined || b.observed.Port() != 77 {
		t.Fatalf("bound is %+v", b)
	}
	now = now.Add(keepEvery)
	keep := says(wire.DatagramKeep)
	hears(answered(keep, wire.DatagramKept), key)
	now = now.Add(keepEvery)
	for range keepTries {
		says(wire.DatagramKeep)
	}
	says(wire.DatagramBind)
	if b.state != legBinding || b.joined {
		t.Error("a relay that is silent leaves the leg bound")
	}
}

// TestLegBinderFarAway binds over the longest round trip that a bind waits for.
func TestLegBinderFarAway(t *testing.T) {
	const rtt = bindMost - 100*time.Millisecond
	key := bytes.Repeat([]byte{3}, 32)
	start := time.Unix(1_000_000, 0)
	now := start
	b := newLegBinder(Leg{Session: 7, Key: key}, now)
	type reply struct {
		at     time.Time
		packet []byte
	}
	var coming []reply
	says := func(out []byte) {
		d, err := wire.ParseDatagram(out)
		if err != nil {
			t.Fatal(err)
		}
		d.Type = map[wire.DatagramType]wire.DatagramType{
			wire.DatagramBind: wire.DatagramChallenge, wire.DatagramAnswer: wire.DatagramBound}[d.Type]
		coming = append(coming, reply{now.Add(rtt), d.Append(nil, key)})
	}
	for b.state != legBound {
		if now.Sub(start) > time.Minute {
			t.Fatal("it is not bound after a minute")
		}
		if len(coming) > 0 && !coming[0].at.After(b.next) {
			r := coming[0]
			coming, now = coming[1:], r.at
			if out := b.hear(r.packet, now); out != nil {
				says(out)
			}
			continue
		}
		now = b.next
		out, _ := b.due(now)
		says(out)
	}
}

func FuzzLegBinder(f *testing.F) {
	key := bytes.Repeat([]byte{3}, 32)
	d := wire.Datagram{Type: wire.DatagramChallenge, Session: 7, Counter: 1_000_000_000_000_000_001}
	f.Add(d.Append(nil, key))
	f.Fuzz(func(t *testing.T, packet []byte) {
		now := time.Unix(1_000_000, 0)
		b := newLegBinder(Leg{Session: 7, Key: key}, now)
		b.due(now)
		if out := b.hear(packet, now); len(out) > 2*len(packet)+4 {
			t.Errorf("%d bytes are answered by %d", len(packet), len(out))
		}
	})
}

// TestLegQuick: a quick bind may be answered at once; where it is challenged the next
// ones are ordinary.
func TestLegQuick(t *testing.T) {
	key, now := bytes.Repeat([]byte{3}, 32), time.Unix(1_000_000, 0)
	said := func(b *legBinder) wire.Datagram {
		t.Helper()
		out, _ := b.due(now)
		d, err := wire.ParseDatagram(out)
		if err != nil || d.Type != wire.DatagramBind {
			t.Fatalf("it says %x", out)
		}
		return d
	}
	b := newLegBinder(Leg{Session: 7, Key: key, Quick: true}, now)
	d := said(b)
	if !d.Quick {
		t.Error("it is not quick")
	}
	d.Type, d.Observed = wire.DatagramBound, netip.MustParseAddrPort("192.0.2.9:77")
	if b.hear(d.Append(nil, key), now); b.state != legBound {
		t.Error("it is not bound")
	}
	b = newLegBinder(Leg{Session: 7, Key: key, Quick: true}, now)
	d = said(b)
	d.Type = wire.DatagramChallenge
	if out := b.hear(d.Append(nil, key), now); len(out) == 0 {
		t.Error("the challenge is not answered")
	}
	now = now.Add(time.Second)
	if said(b).Quick {
		t.Error("it is quick again")
	}
}

// TestLegLost: who is told that there is no session asks no more, unless that was
// said of something old.
func TestLegLost(t *testing.T) {
	key, now := bytes.Repeat([]byte{3}, 32), time.Unix(1_000_000, 0)
	b := newLegBinder(Leg{Session: 7, Key: key}, now)
	out, _ := b.due(now)
	d, _ := wire.ParseDatagram(out)
	d.Type = wire.DatagramLeave
	d.Counter--
	if b.hear(d.Append(nil, nil), now); b.state == legLost {
		t.Fatal("an old datagram counts")
	}
	d.Counter++
	if b.hear(d.Append(nil, nil), now); b.state != legLost {
		t.Fatal("it is not lost")
	}
	if out, next := b.due(now.Add(time.Hour)); out != nil || next.Before(now) {
		t.Errorf("it says %x", out)
	}
}

// TestLegNudged: where a lane is silent the relay is asked at once, and the address
// is bound anew within seconds.
func TestLegNudged(t *testing.T) {
	key, now := bytes.Repeat([]byte{3}, 32), time.Unix(1_000_000, 0)
	b := newLegBinder(Leg{Session: 7, Key: key}, now)
	kind := func() wire.DatagramType {
		t.Helper()
		out, next := b.due(now)
		d, err := wire.ParseDatagram(out)
		if err != nil {
			t.Fatalf("at %v it says %x", now, out)
		}
		now = next
		return d.Type
	}
	out, _ := b.due(now)
	d, _ := wire.ParseDatagram(out)
	d.Type, d.Observed = wire.DatagramBound, netip.MustParseAddrPort("192.0.2.9:77")
	b.hear(d.Append(nil, key), now)
	b.nudge(now)
	if out, _ := b.due(now); out != nil {
		t.Fatal("it was asked just now")
	}
	now = now.Add(hurryWait)
	began := now
	b.nudge(now)
	for i := range 4 {
		if got := kind(); got != wire.DatagramBind {
			t.Fatalf("datagram %d is %#x", i, got)
		}
		b.nudge(now)
	}
	if took := now.Sub(began); took > 2*time.Second {
		t.Errorf("it took %v", took)
	}
}
