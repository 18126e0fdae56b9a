package lan

import (
	"bytes"
	"context"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(patient{m}) }

// patient gives what is about to end the time that it takes on a busy machine.
type patient struct{ *testing.M }

func (m patient) Run() int {
	code := m.M.Run()
	for end := time.Now().Add(time.Minute); code == 0 && goleak.Find() != nil && time.Now().Before(end); {
	}
	return code
}

// open makes a node that stays on this machine.
func open(t *testing.T, port int) *Node {
	t.Helper()
	o := Options{Interfaces: []string{}, Port: port}
	for _, i := range interfaces(net.FlagLoopback) {
		o.Interfaces = append(o.Interfaces, i.Name)
	}
	n, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Close)
	return n
}

// meet has m ask until c has something.
func meet(t *testing.T, m *Member, c <-chan Sighting) Sighting {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		m.Ask()
		select {
		case s := <-c:
			return s
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			t.Fatal("nobody was heard")
		}
	}
}

func collect() (chan Sighting, func(Sighting)) {
	c := make(chan Sighting, 64)
	return c, func(s Sighting) {
		select {
		case c <- s:
		default:
		}
	}
}

const testPort = 16769

// TestMeet: two members of a room hear each other, with addresses and states; one of
// another room hears nobody.
func TestMeet(t *testing.T) {
	a, b := open(t, testPort), open(t, testPort)
	heardA, atA := collect()
	heardB, atB := collect()
	heardC, atC := collect()
	room := Room{1}
	ma := a.Join(room, netip.MustParseAddrPort("[::]:1111"), Waiting, atA)
	mb := b.Join(room, netip.MustParseAddrPort("127.0.0.1:2222"), Seeking, atB)
	mc := b.Join(Room{2}, netip.MustParseAddrPort("[::]:3333"), Waiting, atC)
	got := meet(t, mb, heardB)
	if got.ID != ma.ID() || got.State != Waiting || got.At.Port() != 1111 || !got.At.Addr().IsValid() || got.At.Addr().IsUnspecified() {
		t.Errorf("b heard %+v", got)
	}
	if got := <-heardA; got != (Sighting{mb.ID(), Seeking, netip.MustParseAddrPort("127.0.0.1:2222")}) {
		t.Errorf("a heard %+v", got)
	}
	mb.Be(Dialling)
	for meet(t, ma, heardA).State != Dialling { // b answers
	}
	mc.Ask()
	ma.Leave()
	mb.Ask()
	if len(heardC) > 0 {
		t.Errorf("another room heard %+v", <-heardC)
	}
}

// TestHear holds what is answered to whom, and which answers count.
func TestHear(t *testing.T) {
	room, at := Room{7}, netip.MustParseAddrPort("192.0.2.7:7")
	from := netip.MustParseAddrPort("192.0.2.9:99")
	now := time.Now()
	heard, put := collect()
	n := &Node{members: map[*Member]struct{}{}}
	m := n.Join(room, at, Waiting, put)
	m.asked[[16]byte{5}] = now.Add(-answerTime)
	m.asked[[16]byte{6}] = now.Add(-answerTime - 1)
	say := func(change func(*message), key []byte) []byte {
		q := message{kind: question, state: Seeking, nonce: [16]byte{1}, id: ID{2}, at: netip.AddrPortFrom(netip.Addr{}, 1234)}
		change(&q)
		return q.encode(key)
	}
	for name, test := range map[string]struct {
		b               []byte
		answered, heard bool
	}{
		"a question":               {say(func(*message) {}, room.key()), true, true},
		"of another room":          {say(func(*message) {}, Room{8}.key()), false, false},
		"our own":                  {say(func(q *message) { q.id = m.id }, room.key()), false, false},
		"an answer":                {say(func(q *message) { q.kind, q.nonce = answer, [16]byte{5} }, room.key()), false, true},
		"an answer that is late":   {say(func(q *message) { q.kind, q.nonce = answer, [16]byte{6} }, room.key()), false, false},
		"an answer to nothing":     {say(func(q *message) { q.kind = answer }, room.key()), false, false},
		"a kind that is not known": {say(func(q *message) { q.kind = 3 }, room.key()), false, false},
		"no state":                 {say(func(q *message) { q.state = 0 }, room.key()), false, false},
		"a state beyond":           {say(func(q *message) { q.state = 4 }, room.key()), false, false},
		"no port":                  {say(func(q *message) { q.at = netip.AddrPort{} }, room.key()), false, false},
		"a multicast address":      {say(func(q *message) { q.at = netip.MustParseAddrPort("239.1.1.1:1") }, room.key()), false, false},
		"no address":               {say(func(q *message) { q.at = netip.MustParseAddrPort("0.0.0.0:1234") }, room.key()), true, true},
		"our loopback":             {say(func(q *message) { q.at = netip.MustParseAddrPort("127.0.0.1:1") }, room.key()), false, false},
		"cut":                      {say(func(*message) {}, room.key())[:63], false, false},
		"longer":                   {append(say(func(*message) {}, room.key()), 0), false, false},
	} {
		t.Run(name, func(t *testing.T) {
			reply := m.hear(test.b, from, now)
			if (reply != nil) != test.answered || (len(heard) > 0) != test.heard {
				t.Fatalf("answered: %v, heard: %v", reply != nil, len(heard) > 0)
			}
			if test.heard {
				if s := <-heard; s.At != netip.MustParseAddrPort("192.0.2.9:1234") || s.ID != (ID{2}) {
					t.Errorf("heard %+v", s)
				}
			}
			if test.answered {
				in, ok := decode(reply, room.key())
				if !ok || in.kind != answer || in.at != at || in.state != Waiting || len(reply) > len(test.b) {
					t.Errorf("the answer is %+v, %v", in, ok)
				}
			}
		})
	}
}

// TestNothingIsTold: a message has neither the room nor, twice, the same nonce in it,
// and any change of a bit makes it nobody's.
func TestNothingIsTold(t *testing.T) {
	room := Room(bytes.Repeat([]byte{0x42}, 32))
	m := message{kind: question, state: Seeking, nonce: [16]byte{1}, id: ID{2}, at: netip.MustParseAddrPort("192.0.2.7:7")}
	b := m.encode(room.key())
	if bytes.Contains(b, room[:4]) || bytes.Contains(b, room.key()[:4]) || len(b) != messageSize {
		t.Errorf("%x", b)
	}
	if again, ok := decode(b, room.key()); !ok || again != m {
		t.Errorf("%+v, %v", again, ok)
	}
	for i := range 8 * len(b) {
		c := slices.Clone(b)
		c[i/8] ^= 1 << (i % 8)
		if _, ok := decode(c, room.key()); ok {
			t.Errorf("bit %d is not covered", i)
		}
	}
}

// TestMembersForget: nonces of questions do not pile up.
func TestMembersForget(t *testing.T) {
	n := &Node{members: map[*Member]struct{}{}}
	m := n.Join(Room{}, netip.MustParseAddrPort("[::]:1"), Waiting, nil)
	for range 10 * mostAsked {
		m.Ask()
	}
	if len(m.asked) > mostAsked {
		t.Errorf("%d nonces", len(m.asked))
	}
}

func FuzzDecode(f *testing.F) {
	key := Room{1}.key()
	f.Add(message{kind: answer, state: Waiting, at: netip.MustParseAddrPort("[fe80::1]:7")}.encode(key))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) >= messageSize-tagSize { // get past the tag
			b = append(b[:messageSize-tagSize:messageSize-tagSize], tag(key, b[:messageSize-tagSize])...)
		}
		m, ok := decode(b, key)
		if ok && !bytes.Equal(m.encode(key), b) && m.at.Addr().IsValid() {
			t.Errorf("%x is read as %+v", b, m)
		}
	})
}

// TestWaysShareNoPort: being asked on the loopback interface leaves the port of the
// multicast groups free, for us and for others of this machine.
func TestWaysShareNoPort(t *testing.T) {
	if len((&family{}).usable()) == 0 {
		t.Skip("no interface has multicast here")
	}
	for range 2 {
		w, err := openNear(Options{Port: testPort + 100})
		if err != nil || w.conn == nil {
			t.Fatal(err)
		}
		f, err := openFamily(groups[0], Options{Port: testPort + 100})
		if err != nil {
			t.Fatal(err)
		}
		for _, way := range []way{w, f} {
			asked, own := way.sockets()
			defer asked.Close()
			defer own.Close()
		}
	}
}
