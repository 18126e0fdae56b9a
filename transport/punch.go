package transport

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bargee/bargee/internal/wire"
)

// Two peers that met by way of a relay try to reach each other without it. Each
// tells the other in the login where its direct socket may be: where the relay
// sees it, and its addresses in its own networks. The side that dialled then dials
// there; the other one sends small packets the other way (punches), so that its
// NAT takes those that come back for answers. Both NATs are open after the first
// of each; what was lost before is sent again by QUIC. A NAT that gives another
// port to each destination shows it by the punches: it is dialled where they come
// from, too. (Ford et al., Peer-to-Peer Communication Across Network Address
// Translators, 2005.)
//
// A punch is a zero byte and the first half of the link's id, which only the two
// know.

// mostDirect is how many addresses are told, and tried.
const mostDirect = 8

// punchPauses are between the packets.
var punchPauses = []time.Duration{50 * time.Millisecond, 100 * time.Millisecond, 200 * time.Millisecond, 300 * time.Millisecond,
	500 * time.Millisecond, time.Second, time.Second, 2 * time.Second}

// How long until it is tried again to go on directly: after the first time, and
// then twice that.
const (
	seekFirst  = 10 * time.Second
	seekMost   = 5 * time.Minute
	seekSteady = 30 * time.Second // a direct lane that lived so long was a good one
	seekSoon   = 2 * time.Second  // after one that did not

	greetingWait = 500 * time.Millisecond
	punchesApart = 2 * time.Second // of one link
)

// addresses are where the endpoint may be reached: as somebody observed it, and
// as its machine says. local is for tests, where all is on one machine.
func (e *Endpoint) addresses(observed string, local bool) (all []string) {
	if a, err := netip.ParseAddrPort(observed); err == nil && reachable(a, local) {
		all = append(all, a.String())
	}
	port := uint16(0)
	if u, ok := e.Addr().(*net.UDPAddr); ok {
		port = uint16(u.Port)
	}
	nets, _ := net.InterfaceAddrs() // none are known then
	for _, n := range nets {
		prefix, err := netip.ParsePrefix(n.String())
		if err != nil {
			continue
		}
		if a := netip.AddrPortFrom(prefix.Addr().Unmap(), port); reachable(a, local) && a.String() != observed {
			all = append(all, a.String())
		}
	}
	return all[:min(len(all), mostDirect)]
}

// reachable tells whether an address may be one of a peer's: a host, not a group,
// and this machine only if all is local.
func reachable(a netip.AddrPort, local bool) bool {
	ip := a.Addr().Unmap()
	switch {
	case a.Port() == 0 || !ip.IsValid() || ip.IsUnspecified() || ip.IsMulticast() || ip == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return false
	case ip.IsLinkLocalUnicast():
		return false // of a network that is not named
	case ip.IsLoopback():
		return local
	}
	return true
}

// believable returns those of a peer's addresses that can be its own.
func (e *Endpoint) believable(told []string) (all []string) {
	for _, t := range told {
		if a, err := netip.ParseAddrPort(t); err == nil && reachable(a, e.cfg.local) {
			all = append(all, a.String())
		}
	}
	return all
}

// openTo opens our NAT to a peer that was admitted by way of a relay.
func (e *Endpoint) openTo(id linkID, told []string) {
	d := e.cfg.direct
	to := e.believable(told)
	if d == nil || len(to) == 0 || !d.punches.start(id, time.Now()) {
		return
	}
	if !d.begin() {
		return
	}
	go func() {
		defer d.wait.Done()
		d.punch(id, to)
	}()
}

// punch sends a packet to each address now and then, for some seconds.
func (e *Endpoint) punch(id linkID, to []string) {
	packet := punchOf(id)
	for _, pause := range append([]time.Duration{0}, punchPauses...) {
		select {
		case <-time.After(pause):
		case <-e.ctx.Done():
			return
		}
		for _, t := range to {
			// What cannot be sent is a lost packet.
			_, _ = e.transport.WriteTo(packet, net.UDPAddrFromAddrPort(netip.MustParseAddrPort(t)))
		}
	}
}

// seekDirect has a link that we dialled by way of a relay go on directly, as soon
// and as often as that is possible.
func (e *Endpoint) seekDirect(l *link, told []string) {
	d := e.cfg.direct
	if d == nil || len(told) == 0 || !d.begin() {
		return
	}
	to := e.believable(told)
	if len(to) == 0 {
		d.wait.Done()
		return
	}
	go func() {
		defer d.wait.Done()
		ctx, cancel := context.WithCancel(d.ctx)
		defer cancel()
		d.wait.Go(func() {
			select {
			case <-l.done:
				cancel()
			case <-ctx.Done():
			}
		})
		e.keepSeeking(ctx, l, to)
	}()
}

// keepSeeking upgrades l whenever it has no direct lane, until it is dead. Each time
// but the first, which the login has said, the peer is asked to open its NAT again.
func (e *Endpoint) keepSeeking(ctx context.Context, l *link, to []string) {
	var pace seekPace
	for first := true; ; first = false {
		began := time.Now()
		if !first && e.leg != nil {
			e.call(l, callSeek, []byte(strings.Join(e.whereabouts(ctx), " ")))
		}
		err := e.cfg.direct.seekOnce(ctx, l, to)
		if err == nil && !l.untilRelayed(ctx) {
			return
		}
		select {
		case <-time.After(pace.wait(err == nil, time.Since(began))):
		case <-ctx.Done():
			return
		}
	}
}

// A seekPace says when to try to go on directly again.
type seekPace struct{ last time.Duration }

// wait returns how long not to try, after a time in vain, or after a direct lane
// that died so soon.
func (p *seekPace) wait(found bool, lasted time.Duration) time.Duration {
	switch {
	case found && lasted >= seekSteady:
		p.last = 0
		return 0 // the network changed: at once
	case p.last == 0:
		p.last = seekFirst
		if found {
			p.last = seekSoon
		}
	default:
		p.last = min(2*p.last, seekMost)
	}
	return p.last
}

// whereabouts are the addresses where our direct socket may be reached now: it asks
// the relay, but does not wait long.
func (e *Endpoint) whereabouts(ctx context.Context) []string {
	d := e.cfg.direct
	greeted, stop := d.punches.greetings(d, e.leg.relay.AddrPort())
	defer stop()
	if _, err := d.transport.WriteTo(d.hello(), e.leg.relay); err != nil {
		return d.addresses("", e.cfg.local)
	}
	late := time.NewTimer(greetingWait)
	defer late.Stop()
	select {
	case g := <-greeted:
		return d.addresses(g.Observed.String(), e.cfg.local)
	case <-late.C:
	case <-ctx.Done():
	}
	return d.addresses("", e.cfg.local)
}

// seekOnce tries for some seconds to upgrade l: to one of its addresses, or to
// where its punches come from.
func (e *Endpoint) seekOnce(ctx context.Context, l *link, to []string) error {
	ctx, cancel := context.WithTimeout(ctx, seekFirst)
	var trying sync.WaitGroup
	defer trying.Wait()
	defer cancel()
	heard, stop := e.punches.expect(e, l.id)
	defer stop()
	results := make(chan error, mostDirect)
	try := func(to []string) { trying.Go(func() { results <- e.Upgrade(ctx, l, to) }) }
	try(to)
	tried := slices.Clone(to)
	for {
		select {
		case from := <-heard:
			if a := from.String(); !slices.Contains(tried, a) && len(tried) < len(to)+mostDirect-1 {
				tried = append(tried, a)
				try([]string{a})
			}
		case err := <-results:
			if err == nil {
				return nil
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// punches hands what was heard of peers to who waits for it.
type punches struct {
	mu      sync.Mutex
	wanted  map[[8]byte]chan netip.AddrPort
	greeted map[chan wire.Greeting]netip.AddrPort // by the relay that is waited for
	ours    map[linkID]time.Time                  // when we began to
	started bool
}

// start tells whether to punch for a link now: not where we do so already.
func (p *punches) start(id linkID, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ours == nil {
		p.ours = map[linkID]time.Time{}
	}
	for other, began := range p.ours {
		if now.Sub(began) >= punchesApart {
			delete(p.ours, other)
		}
	}
	if _, ok := p.ours[id]; ok {
		return false
	}
	p.ours[id] = now
	return true
}

// greetings returns what a relay answers to hellos of ours, until stop.
func (p *punches) greetings(e *Endpoint, relay netip.AddrPort) (greeted <-chan wire.Greeting, stop func()) {
	c := make(chan wire.Greeting, 1)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.greeted == nil {
		p.greeted = map[chan wire.Greeting]netip.AddrPort{}
	}
	p.greeted[c] = netip.AddrPortFrom(relay.Addr().Unmap(), relay.Port())
	p.begin(e)
	return c, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.greeted, c)
	}
}

// begin has packets heard; p.mu is held.
func (p *punches) begin(e *Endpoint) {
	if !p.started {
		p.started = true
		e.wait.Go(func() { p.listen(e) })
	}
}

func punchOf(id linkID) []byte { return append([]byte{0}, id[:8]...) }

// expect returns where punches of a link come from, until stop.
func (p *punches) expect(e *Endpoint, id linkID) (heard <-chan netip.AddrPort, stop func()) {
	key := [8]byte(id[:8])
	c := make(chan netip.AddrPort, mostDirect)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.wanted == nil {
		p.wanted = map[[8]byte]chan netip.AddrPort{}
	}
	p.wanted[key] = c
	p.begin(e)
	return c, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.wanted, key)
	}
}

// listen hears punches as long as the endpoint lives.
func (p *punches) listen(e *Endpoint) {
	b := make([]byte, 1500)
	for {
		n, from, err := e.transport.ReadNonQUICPacket(e.ctx, b)
		if err != nil {
			return
		}
		u, ok := from.(*net.UDPAddr)
		if !ok {
			continue
		}
		at := netip.AddrPortFrom(u.AddrPort().Addr().Unmap(), u.AddrPort().Port())
		if g, err := wire.ParseGreeting(b[:n]); err == nil && (g.Nonce == 0 || g.Nonce == e.nonce) {
			p.greet(g, at)
		}
		if n != 9 || b[0] != 0 {
			continue
		}
		p.mu.Lock()
		if c := p.wanted[[8]byte(b[1:9])]; c != nil {
			select {
			case c <- at:
			default: // more than can be tried
			}
		}
		p.mu.Unlock()
	}
}

// greet hands a relay's greeting to who waits for one.
func (p *punches) greet(g wire.Greeting, from netip.AddrPort) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c, relay := range p.greeted {
		if relay != from {
			continue
		}
		select {
		case c <- g:
		default: // it has one
		}
	}
}

// untilRelayed waits until l has no direct lane any more; false: it is over.
func (l *link) untilRelayed(ctx context.Context) bool {
	for {
		_, changed := l.Choice()
		if l.bestPath() != PathDirect && l.Err() == nil {
			return true
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return false
		}
	}
}
