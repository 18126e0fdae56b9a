package transport

import (
	"net"
	"net/netip"
	"sync"
)

// Limits on those who did not prove anything yet.
const (
	defaultMaxUnproven   = 64
	maxUnprovenPerSource = 4
	// More from where an admitted link is: its lanes all come at once.
	maxUnprovenFriend = 24

	// Connections whose source address may be forged. Above that QUIC's Retry
	// asks for a sign of life, so that nobody locks others out from afar with a
	// few forged packets, and the first who comes pays no round trip for it.
	maxForgeable          = 8
	maxForgeablePerSource = 1
	maxForgeableFriend    = 12
)

// source is what limits and penalties are counted by: an IPv4 address, or the
// /64 network of an IPv6 one, since everybody has all of theirs.
func source(a net.Addr) netip.Prefix {
	u, ok := a.(interface{ AddrPort() netip.AddrPort }) // of UDP, or TCP at a relay
	if !ok {
		return netip.Prefix{}
	}
	ip := u.AddrPort().Addr().Unmap().WithZone("")
	bits := 32
	if ip.Is6() {
		bits = 64
	}
	p, _ := ip.Prefix(bits)
	return p
}

// A gate counts the connections that are between their first packet and their
// admission.
type gate struct {
	max      int // connections
	mu       sync.Mutex
	total    int
	bySource map[netip.Prefix]int
	friends  map[netip.Prefix]int // admitted links
	lanes    map[netip.Prefix]int // of bySource, those that came beside an admitted link
}

func newGate(max int) *gate {
	return &gate{max: max, bySource: map[netip.Prefix]int{}, friends: map[netip.Prefix]int{}, lanes: map[netip.Prefix]int{}}
}

// enter counts a connection from s in, until leave is called the first time.
func (g *gate) enter(s netip.Prefix) (leave func(), ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	limit, friend := maxUnprovenPerSource, g.friends[s] > 0
	if friend {
		limit = maxUnprovenFriend
	}
	if g.total >= g.max || g.counted(s) >= limit {
		return nil, false
	}
	g.total++
	g.bySource[s]++
	if friend {
		g.lanes[s]++
	}
	return sync.OnceFunc(func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.total--
		decrement(g.bySource, s)
		if friend {
			decrement(g.lanes, s)
		}
	}), true
}

// counted is how many count against who comes from s now. What a link leaves that was
// closed while its lanes were still dialled says no goodbye, and must not keep the next
// one from the same place out for as long as a login may take; g.mu is held.
func (g *gate) counted(s netip.Prefix) int {
	if g.friends[s] > 0 {
		return g.bySource[s]
	}
	return g.bySource[s] - g.lanes[s]
}

// crowded tells whether a connection from s has to prove its address first.
func (g *gate) crowded(s netip.Prefix) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.friends[s] > 0 {
		return g.bySource[s] >= maxForgeableFriend
	}
	return g.total >= maxForgeable || g.counted(s) >= maxForgeablePerSource
}

// befriend remembers that s has an admitted link, until the returned func is called.
func (g *gate) befriend(s netip.Prefix) (unfriend func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.friends[s]++
	return sync.OnceFunc(func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		decrement(g.friends, s)
	})
}

func decrement(m map[netip.Prefix]int, s netip.Prefix) {
	if m[s]--; m[s] <= 0 {
		delete(m, s)
	}
}
