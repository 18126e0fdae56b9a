package relay

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bargee/bargee/internal/wire"
)

// A Plane forwards packets between the legs of sessions. It never opens them,
// never dials, and sends nothing but what came, and answers to datagrams.
//
//	socket ─▶ loop ─▶ of a leg, and none of ours ─▶ the other leg's address
//	                ├▶ wire.Datagram              ─▶ table, and an answer
//	                └▶ of one who said hello      ─▶ Own, the relay's listener
//	                   else                       ─▶ dropped
//
// Those who cannot come over UDP come over TCP (Carry): a connection stands for an
// address, and its frames for what a loop takes in.
//
// A packet goes out as it came in, and so does a buffer of many that the kernel
// had joined (UDP_GRO): one call takes it in, one call (UDP_SEGMENT) sends it.
// On Linux there is a socket for each core, with a loop of its own. All methods
// may be called from several goroutines.
type Plane struct {
	table *table
	jar   *cookieJar
	now   func() time.Time
	run   uint64 // random, of this plane

	sockets []socket          // of all entrances, those of the first one first
	doors   map[string]socket // by the zone of its addresses, one of each entrance
	carried *carried
	own     *ownConn
	prober  prober
	trouble atomic.Pointer[func(error)]
	loops   sync.WaitGroup
	ctx     context.Context // ends with Close
	end     context.CancelFunc

	strays atomic.Uint64 // packets that belong to nobody
	total  traffic
}

// traffic counts what was forwarded, and what was not.
type traffic struct{ packets, bytes, dropped atomic.Uint64 }

func (t *traffic) pass(packets, bytes uint64) {
	t.packets.Add(packets)
	t.bytes.Add(bytes)
}

func (t *traffic) get() Traffic {
	return Traffic{t.packets.Load(), t.bytes.Load(), t.dropped.Load()}
}

// A socket sends and receives for a loop. The addresses that it knows have its zone.
type socket interface {
	// run hands what comes to p until the socket is closed.
	run(p *Plane) error
	send(b []byte, to netip.AddrPort) error
	// sendAll sends packets of one size, from any goroutine; what cannot be sent is
	// lost.
	sendAll(b []byte, segment int, to netip.AddrPort)
	addr() netip.AddrPort
	zone() string
	close() error
}

// ErrClosed is returned by what a closed Plane cannot do any more.
var ErrClosed = errors.New("the relay is closed")

// NewPlane opens the sockets of addr (host:port; port 0 picks one) and of further
// addresses, for each as many as loops say where the system can share a port, and
// begins to forward. It lives until Close.
func NewPlane(addr string, loops int, further ...string) (*Plane, error) {
	return newPlane(append([]string{addr}, further...), loops, time.Now)
}

// NewPlaneOn begins to forward on sockets that somebody has opened; each has a loop,
// and those on one address and port are one entrance. They belong to the Plane from
// here on, also after an error.
func NewPlaneOn(conns ...*net.UDPConn) (*Plane, error) {
	var sockets []socket
	var errs []error
	zones := map[netip.AddrPort]string{}
	for _, c := range conns {
		at := plain(c.LocalAddr().(*net.UDPAddr).AddrPort())
		if _, known := zones[at]; !known {
			zones[at] = zoneOf(len(zones))
		}
		s, err := adoptSocket(c, zones[at])
		if err != nil {
			errs = append(errs, err, c.Close())
			continue
		}
		sockets = append(sockets, s)
	}
	if len(conns) == 0 {
		errs = append(errs, errors.New("no socket"))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, errors.Join(err, closeAll(sockets))
	}
	return planeOn(sockets, time.Now), nil
}

func newPlane(addrs []string, loops int, now func() time.Time) (*Plane, error) {
	if !canShare {
		loops = 1
	}
	var sockets []socket
	for n, addr := range addrs {
		more, err := openEntrance(addr, loops, zoneOf(n))
		sockets = append(sockets, more...)
		if err != nil {
			return nil, errors.Join(err, closeAll(sockets))
		}
	}
	return planeOn(sockets, now), nil
}

// openEntrance opens the sockets of an address.
func openEntrance(addr string, loops int, zone string) (sockets []socket, err error) {
	if err := unused(addr); err != nil {
		return nil, err
	}
	for range max(loops, 1) {
		s, err := openSocket(addr, loops > 1, zone)
		if err != nil {
			return sockets, err
		}
		sockets = append(sockets, s)
		addr = s.addr().String() // the port that the first one picked
	}
	return sockets, nil
}

func planeOn(sockets []socket, now func() time.Time) *Plane {
	p := &Plane{table: newTable(), jar: newCookieJar(now()), now: now, carried: newCarried(), sockets: sockets, doors: map[string]socket{}}
	for _, s := range slices.Backward(sockets) {
		p.doors[s.zone()] = s
	}
	p.ctx, p.end = context.WithCancel(context.Background())
	var run [8]byte
	rand.Read(run[:])
	p.run = binary.BigEndian.Uint64(run[:])
	p.own = newOwnConn(p.sockets[0].addr(), p.send, p.table.mayAnswer)
	for _, s := range p.sockets {
		p.loops.Go(func() { _ = s.run(p) }) // it ends when the socket is closed
	}
	p.loops.Go(p.sweep)
	return p
}

// unused tells whether nobody has the port. Sockets that share one would let
// another relay of the same user have a part of what comes.
func unused(addr string) error {
	c, err := net.ListenPacket("udp", addr)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", addr, err)
	}
	return c.Close()
}

// Addr returns where the relay is, Addrs all of its addresses.
func (p *Plane) Addr() netip.AddrPort { return p.sockets[0].addr() }

func (p *Plane) Addrs() (all []netip.AddrPort) {
	for _, s := range p.sockets {
		if at := s.addr(); !slices.Contains(all, at) {
			all = append(all, at)
		}
	}
	return all
}

// Strays returns how many packets came that belong to nobody.
func (p *Plane) Strays() uint64 { return p.strays.Load() }

// Traffic returns what all sessions carried so far, those that ended included.
func (p *Plane) Traffic() Traffic { return p.total.get() }

// Open makes a session whose legs have these keys (32 bytes). All allowances are
// asked for what it forwards, in this order.
func (p *Plane) Open(keys [2][]byte, allow ...Allowance) (*Session, error) {
	if p.ctx.Err() != nil {
		return nil, ErrClosed
	}
	s := &Session{allow: allow}
	s.legs[0].key, s.legs[1].key = keys[0], keys[1]
	for {
		var id [8]byte
		rand.Read(id[:])
		if s.ID = binary.BigEndian.Uint64(id[:]); p.table.add(s) {
			return s, nil
		}
	}
}

// End ends a session: its packets are dropped from now on.
func (p *Plane) End(s *Session) { p.table.remove(s) }

// Close ends all sessions and closes the sockets.
func (p *Plane) Close() error {
	p.end()
	p.carried.close()
	err := closeAll(p.sockets)
	p.own.Close()
	p.prober.close()
	p.loops.Wait()
	return err
}

// Warn has f hear of what keeps the Plane from its work, as often as it does. f must
// not block.
func (p *Plane) Warn(f func(error)) { p.trouble.Store(&f) }

func (p *Plane) warn(err error) {
	if f := p.trouble.Load(); f != nil {
		(*f)(err)
	}
}

func closeAll(sockets []socket) error {
	var errs []error
	for _, s := range sockets {
		errs = append(errs, s.close())
	}
	return errors.Join(errs...)
}

// Drained waits until nothing can be forwarded any more, since no session has both
// of its legs bound, or ctx ends.
func (p *Plane) Drained(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for p.busy() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// busy tells whether a session has both of its legs bound.
func (p *Plane) busy() bool {
	p.table.mu.RLock()
	defer p.table.mu.RUnlock()
	for _, s := range p.table.byID {
		if opener, joiner := s.Bound(); opener && joiner {
			return true
		}
	}
	return false
}

func (p *Plane) bound() (n int) {
	p.table.mu.RLock()
	defer p.table.mu.RUnlock()
	for _, s := range p.table.byID {
		for i := range s.to {
			if s.to[i].Load() != nil {
				n++
			}
		}
	}
	return n
}

// sweep frees legs that were not heard of.
func (p *Plane) sweep() {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			p.table.sweep(p.now())
			p.carried.sweep(p.now(), p.table.bound)
		case <-p.ctx.Done():
			return
		}
	}
}

// A verdict is what becomes of a buffer.
type verdict struct {
	to  netip.AddrPort // where it is sent; zero: nowhere
	own bool           // it is the relay's own listener's
}

// judge says what becomes of a buffer of packets of one size from one source.
// Those of a peer to its relay are heard here and taken out: rest is what is
// left, which is b where there were none.
func (p *Plane) judge(b []byte, segment int, from netip.AddrPort, answer func([]byte, netip.AddrPort)) (v verdict, rest []byte) {
	rest = b
	at := p.table.find(from) // before a leave among them: what was said before it goes on
	for off := 0; off < len(b); off += segment {
		if wire.IsDatagram(b[off:]) {
			rest = p.takeOut(b, segment, from, answer)
			break
		}
	}
	if len(rest) == 0 {
		return v, nil
	}
	if at.session == nil {
		at = p.table.find(from)
	}
	switch {
	case at.session != nil:
		return p.forward(at, rest, segment), rest
	case p.now().Before(at.until):
		at.credit.heard(len(rest))
		return verdict{own: true}, rest
	}
	p.strays.Add(uint64((len(rest) + segment - 1) / segment))
	return v, rest
}

// forward says where packets of a leg go, and counts them.
func (p *Plane) forward(at place, b []byte, segment int) (v verdict) {
	s := at.session
	n := uint64((len(b) + segment - 1) / segment)
	to := s.to[1-at.leg].Load()
	if to == nil && s.held[1-at.leg].put(b, segment) {
		return v
	}
	if to == nil || !s.allowed(p.now, len(b)) {
		s.total.dropped.Add(n)
		p.total.dropped.Add(n)
		return v
	}
	s.total.pass(n, uint64(len(b)))
	p.total.pass(n, uint64(len(b)))
	return verdict{to: *to}
}

// takeOut hears the datagrams among packets, and closes the gaps they leave.
func (p *Plane) takeOut(b []byte, segment int, from netip.AddrPort, answer func([]byte, netip.AddrPort)) (rest []byte) {
	rest = b[:0]
	for off := 0; off < len(b); off += segment {
		packet := b[off:min(off+segment, len(b))]
		if !wire.IsDatagram(packet) {
			rest = append(rest, packet...)
			continue
		}
		if out := p.hear(packet, from); out != nil {
			answer(out, from)
		}
	}
	return rest
}

// hear takes in a datagram and returns the answer, nil if there is none.
func (p *Plane) hear(packet []byte, from netip.AddrPort) (out []byte) {
	d, err := wire.ParseDatagram(packet)
	now := p.now()
	if err != nil {
		return nil
	}
	if d.Type == wire.DatagramHello {
		if _, err := wire.ParseGreeting(packet); err == nil {
			return nil // two relays, one of them forged, would greet each other for ever
		}
		p.table.greet(from, now)
		return wire.Greeting{Run: p.run, Observed: from}.Answer(packet)
	}
	s := p.table.session(d.Session)
	if s == nil {
		return unknown(d)
	}
	key := s.key(d.Leg)
	if key == nil || !wire.Signed(packet, key) {
		return nil
	}
	switch d.Type {
	case wire.DatagramBind:
		if at := p.table.find(from); at.session != nil && at.session != s {
			d.Quick = false // it is somebody else's: who binds it has to be there
		}
		if p.table.hear(s, d, from, now) {
			d.Type = wire.DatagramBound
			p.release(s, d.Leg, from)
			break
		}
		d.Type, d.Cookie = wire.DatagramChallenge, p.jar.bake(d, from, now)
		return d.Append(nil, key)
	case wire.DatagramAnswer:
		if !p.jar.good(d, from, now) || !p.table.hear(s, d, from, now) {
			return nil
		}
		d.Type = wire.DatagramBound
		p.release(s, d.Leg, from)
	case wire.DatagramKeep:
		if !p.table.hear(s, d, from, now) {
			return nil
		}
		d.Type = wire.DatagramKept
	case wire.DatagramLeave:
		p.table.hear(s, d, from, now)
		return nil
	default:
		return nil // ours to say
	}
	d.Joined, d.Observed = s.to[1-d.Leg].Load() != nil, from
	return d.Append(nil, key)
}

// unknown is the answer to a datagram of a session that is not, or not any more: its
// peer need not wait for it. Nobody who did not see the datagram can forge it.
func unknown(d wire.Datagram) []byte {
	switch d.Type {
	case wire.DatagramBind, wire.DatagramAnswer, wire.DatagramKeep:
		d.Type = wire.DatagramLeave
		return d.Append(nil, nil)
	}
	return nil
}

// release sends what came for a leg before it was bound.
func (p *Plane) release(s *Session, number uint8, to netip.AddrPort) {
	for _, packet := range s.held[number].take() {
		p.send(packet, len(packet), to)
		s.total.pass(1, uint64(len(packet)))
		p.total.pass(1, uint64(len(packet)))
	}
}

// key returns the key of a leg, nil once the session has ended.
func (s *Session) key(number uint8) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.legs[number].key
}
