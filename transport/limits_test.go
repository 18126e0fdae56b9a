package transport

import (
	"net"
	"net/netip"
	"testing"
	"time"
)

func sourceOf(s string) netip.Prefix {
	return source(net.UDPAddrFromAddrPort(netip.MustParseAddrPort(s)))
}

func TestSource(t *testing.T) {
	same := [][2]string{
		{"192.0.2.1:1", "192.0.2.1:2"},
		{"192.0.2.1:1", "[::ffff:192.0.2.1]:2"},
		{"[2001:db8::1]:1", "[2001:db8::ffff:1:2:3]:1"},
		{"[fe80::1%eth0]:1", "[fe80::2%eth1]:1"},
	}
	for _, s := range same {
		if sourceOf(s[0]) != sourceOf(s[1]) {
			t.Errorf("%s and %s are two sources", s[0], s[1])
		}
	}
	if sourceOf("192.0.2.1:1") == sourceOf("192.0.2.2:1") || sourceOf("[2001:db8::1]:1") == sourceOf("[2001:db8:0:1::1]:1") {
		t.Error("two sources are one")
	}
}

func TestPenalties(t *testing.T) {
	a, b := sourceOf("192.0.2.1:1"), sourceOf("192.0.2.2:1")
	type step struct {
		after time.Duration // since the step before
		wrong bool
		want  time.Duration // left for a
	}
	tests := map[string][]step{
		"three are free": {{0, true, 0}, {0, true, 0}, {0, true, 0}},
		"the fourth is enforced": {{0, true, 0}, {0, true, 0}, {0, true, 0}, {0, true, 20 * time.Second},
			{19 * time.Second, false, time.Second}, {time.Second, false, 0}, {0, true, 0}},
		"enforced until it is over": {{0, true, 0}, {0, true, 0}, {0, true, 0}, {0, true, 20 * time.Second},
			{10 * time.Second, false, 10 * time.Second}, {0, true, 15 * time.Second}},
		"slow is free": {{0, true, 0}, {5 * time.Second, true, 0}, {5 * time.Second, true, 0},
			{5 * time.Second, true, 0}, {5 * time.Second, true, 0}},
		"forgotten": {{0, true, 0}, {0, true, 0}, {0, true, 0}, {time.Minute, true, 0}},
	}
	for name, steps := range tests {
		t.Run(name, func(t *testing.T) {
			p, now := newPenalties(), time.Unix(1000, 0)
			for i, s := range steps {
				now = now.Add(s.after)
				if s.wrong {
					p.add(a, now)
				}
				if got := p.left(a, now); got != s.want {
					t.Errorf("step %d: %v left, want %v", i, got, s.want)
				}
				if got := p.left(b, now); got != 0 {
					t.Errorf("step %d: another source: %v", i, got)
				}
			}
		})
	}
}

func TestPenaltiesBounds(t *testing.T) {
	p, now := newPenalties(), time.Unix(1000, 0)
	p.max = 100
	hot := sourceOf("192.0.2.1:1")
	for range 1000 {
		p.add(hot, now)
	}
	if got := p.left(hot, now); got != penaltyMost {
		t.Errorf("%v left, want %v", got, penaltyMost)
	}
	for i := range 1000 {
		p.add(source(&net.UDPAddr{IP: net.IPv4(10, 0, byte(i>>8), byte(i))}), now)
		if len(p.sources) > p.max {
			t.Fatalf("%d sources are remembered", len(p.sources))
		}
	}
	if p.left(hot, now) == 0 {
		t.Error("the worst was forgotten for the sake of many small ones")
	}
}

func TestGate(t *testing.T) {
	g := newGate(defaultMaxUnproven)
	one := sourceOf("192.0.2.1:1")
	var leave []func()
	for range maxUnprovenPerSource {
		l, ok := g.enter(one)
		if !ok {
			t.Fatal("too few from one source")
		}
		leave = append(leave, l)
	}
	if _, ok := g.enter(one); ok {
		t.Error("too many from one source")
	}
	leave[0]()
	leave[0]() // counts once
	if _, ok := g.enter(one); !ok {
		t.Error("nobody comes after one who left")
	}
	if _, ok := g.enter(one); ok {
		t.Error("leaving twice counted twice")
	}
	unfriend := g.befriend(one)
	if _, ok := g.enter(one); !ok {
		t.Error("lanes of an admitted link are kept out")
	}
	unfriend()
	if _, ok := g.enter(one); ok {
		t.Error("the link is gone, and its lanes still come")
	}
	n := g.total
	for i := 0; ; i++ {
		if _, ok := g.enter(source(&net.UDPAddr{IP: net.IPv4(10, 0, 0, byte(i))})); !ok {
			break
		}
		n++
	}
	if n != defaultMaxUnproven {
		t.Errorf("%d in all, want %d", n, defaultMaxUnproven)
	}
}

// Lanes that were still dialled when their links were closed keep nobody out.
func TestGateLeftLanes(t *testing.T) {
	g := newGate(defaultMaxUnproven)
	one := sourceOf("192.0.2.1:1")
	for range maxUnprovenPerSource + 1 {
		unfriend := g.befriend(one)
		if _, ok := g.enter(one); !ok {
			t.Fatal("a lane is kept out")
		}
		unfriend()
	}
	if g.crowded(one) {
		t.Error("the next has to prove its address")
	}
	for range maxUnprovenPerSource {
		if _, ok := g.enter(one); !ok {
			t.Error("the next is kept out by lanes that are left")
		}
	}
	if _, ok := g.enter(one); ok {
		t.Error("too many from one source")
	}
}

// TestGateForged: forged packets get a few places at most, and never all of one
// source.
func TestGateForged(t *testing.T) {
	g := newGate(defaultMaxUnproven)
	victim := sourceOf("192.0.2.1:1")
	if g.crowded(victim) {
		t.Error("the first has to prove its address")
	}
	g.enter(victim)
	if !g.crowded(victim) {
		t.Error("a second from one source need not prove its address")
	}
	unfriend := g.befriend(victim)
	if g.crowded(victim) {
		t.Error("the lanes of a link have to prove their address")
	}
	unfriend()
	forged := 1
	for i := range 100 {
		s := source(&net.UDPAddr{IP: net.IPv4(10, 0, 0, byte(i))})
		if g.crowded(s) {
			break
		}
		if _, ok := g.enter(s); ok {
			forged++
		}
	}
	if forged != maxForgeable {
		t.Errorf("%d places for forged addresses, want %d", forged, maxForgeable)
	}
}

func TestTries(t *testing.T) {
	var tr tries
	now := time.Unix(1000, 0)
	for i := range phraseTries {
		if w := tr.wait(now); w != 0 {
			t.Fatalf("try %d has to wait %v", i, w)
		}
		tr.add(now)
		now = now.Add(time.Minute)
	}
	if w := tr.wait(now); w != 50*time.Minute {
		t.Errorf("after %d: wait %v", phraseTries, w)
	}
	if w := tr.wait(now.Add(50 * time.Minute)); w != 0 {
		t.Errorf("an hour after the first: wait %v", w)
	}
}

// TestVersions holds M78.
func TestVersions(t *testing.T) {
	tests := []struct {
		a, b Versions
		want int
	}{
		{Versions{1, 2}, Versions{1, 2}, 2},
		{Versions{1, 2}, Versions{1, 1}, 1},
		{Versions{1, 2}, Versions{2, 5}, 2},
		{Versions{1, 2}, Versions{9, 9}, 0},
		{Versions{1, 2}, Versions{0, 0}, 0},
		{Versions{1, 2}, Versions{2, 1}, 0},
		{Versions{3, 4}, Versions{1, 9}, 4},
	}
	for _, test := range tests {
		if got := test.a.common(test.b); got != test.want {
			t.Errorf("%v and %v: %d, want %d", test.a, test.b, got, test.want)
		}
		if test.a.common(test.b) != test.b.common(test.a) {
			t.Errorf("%v and %v do not agree", test.a, test.b)
		}
	}
}

func TestBudget(t *testing.T) {
	b := newBudget()
	if !b.take(growth) || b.take(1) {
		t.Error("the budget is not what it is")
	}
	b.left.Add(10)
	if b.take(11) || !b.take(10) {
		t.Error("a take that failed cost something")
	}
}
