package relay

import (
	"net/netip"
	"sync/atomic"
)

// A credit is how many bytes the relay's own listener may send to an address that
// may be a forged one: three times what came from there. QUIC has that rule (RFC
// 9000, 8.1), but sends the packet that goes beyond it, once for each connection.
// Once somebody has logged in from there, the address is its own.
type credit struct {
	left   atomic.Int64
	proven atomic.Bool
}

func (c *credit) heard(n int) { c.left.Add(3 * int64(n)) }

// spend takes n bytes, if there are as many.
func (c *credit) spend(n int) bool {
	if c.proven.Load() {
		return true
	}
	if c.left.Add(-int64(n)) >= 0 {
		return true
	}
	c.left.Add(int64(n))
	return false
}

// mayAnswer tells whether so many bytes of the relay's own may go to an address. To
// one that does not say hello any more nothing goes, unless it is a leg.
func (t *table) mayAnswer(to netip.AddrPort, n int) bool {
	if to.Addr().Zone() == "" {
		to = plain(to)
	}
	p := t.find(to)
	return p.session != nil || p.credit != nil && p.credit.spend(n)
}

// trust lets anything go to an address that somebody has logged in from.
func (t *table) trust(at netip.AddrPort) {
	if c := t.find(at).credit; c != nil {
		c.proven.Store(true)
	}
}
