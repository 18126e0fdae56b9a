package relay

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bargee/bargee/internal/carrier"
	"github.com/bargee/bargee/transport"
)

// Limits on what comes over TCP.
const (
	mostCarried   = 16384            // connections, strangers or not
	strangerTime  = 10 * time.Second // until one has bound a leg, or made a link to the relay
	frameTime     = 10               // seconds, about, that a frame may take to arrive
	carriedQueue  = 1 << 20          // bytes that wait for one of them
	carriedQueues = 256 << 20        // and for all
)

// carried are the peers that come over TCP: each stands for an address, as one that
// comes over UDP does, and all that is said of those is true of them. A connection
// of a stranger lives for strangerTime.
type carried struct {
	budget *carrier.Budget
	second atomic.Int32 // of sweep

	webs webPasses

	mu        sync.RWMutex
	listeners []net.Listener
	peers     map[netip.AddrPort]*carriedPeer
	door      *door
	refused   uint64
	closed    bool
}

// A carriedPeer is a connection over TCP whose handshake is over.
type carriedPeer struct {
	*carrier.Conn
	at     netip.AddrPort
	source netip.Prefix

	reading atomic.Int32 // carried.second when a frame began; 0: none has

	// Under carried.mu:
	stranger bool
	vouched  int       // links to the relay itself
	until    time.Time // when it is closed as a stranger
}

// CarriedState is how it stands with what comes over TCP.
type CarriedState struct {
	Peers     int    // connections
	Strangers int    // and those that have shown nothing yet
	Refused   uint64 // that were one too many, or spoke something else
	Held      int64  // bytes that wait to be sent
}

func newCarried() *carried {
	return &carried{
		budget: carrier.NewBudget(carriedQueues),
		peers:  map[netip.AddrPort]*carriedPeer{},
		door:   newDoor(defaultDoorLimits),
	}
}

// carriedZone marks an address as one of TCP: the same one of UDP is another.
const carriedZone = "tcp"

// carriedAddr is the address that a connection from at stands for.
func carriedAddr(at netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom16(at.Addr().WithZone("").As16()).WithZone(carriedZone), at.Port())
}

func isCarried(at netip.AddrPort) bool { return at.Addr().Zone() == carriedZone }

// Carry takes in peers that come over TCP to l, for whom UDP is blocked, and shows
// them the key of id, the relay's. l belongs to the Plane from here on, until Close.
func (p *Plane) Carry(l net.Listener, id *transport.Identity) error {
	config, err := id.RelayTLS()
	if err != nil {
		l.Close()
		return err
	}
	p.carried.mu.Lock()
	defer p.carried.mu.Unlock()
	if p.carried.closed {
		l.Close()
		return ErrClosed
	}
	p.carried.listeners = append(p.carried.listeners, l)
	p.loops.Go(func() { p.acceptCarried(l, config) })
	return nil
}

// Carried returns how it stands with what comes over TCP.
func (p *Plane) Carried() CarriedState {
	c := p.carried
	c.mu.RLock()
	defer c.mu.RUnlock()
	return CarriedState{Peers: len(c.peers), Strangers: c.door.inside, Refused: c.refused, Held: c.budget.Held()}
}

// acceptCarried takes connections until l is closed. Where the system is out of
// descriptors it waits: others will be closed.
func (p *Plane) acceptCarried(l net.Listener, config *tls.Config) {
	const first, most = 5 * time.Millisecond, time.Second
	pause := first
	for {
		c, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			p.warn(fmt.Errorf("nobody is taken in over TCP for now: %w", err))
			select {
			case <-time.After(pause):
				pause = min(2*pause, most)
			case <-p.ctx.Done():
			}
			continue
		}
		pause = first
		from, ok := p.carried.enter(c, p.now())
		if !ok {
			c.Close()
			continue
		}
		p.loops.Go(func() { p.receiveCarried(c, config, from) })
	}
}

// enter counts a stranger in.
func (c *carried) enter(conn net.Conn, now time.Time) (from netip.AddrPort, ok bool) {
	a, isTCP := conn.RemoteAddr().(*net.TCPAddr)
	if !isTCP {
		return from, false
	}
	from = carriedAddr(a.AddrPort())
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || len(c.peers) >= mostCarried || !c.door.enter(sourceOf(from), now) {
		c.refused++
		return from, false
	}
	return from, true
}

// receiveCarried is a connection's life.
func (p *Plane) receiveCarried(raw net.Conn, config *tls.Config, from netip.AddrPort) {
	peer, err := p.greetCarried(raw, config, from)
	if errors.Is(err, errIsWeb) {
		p.carried.mu.Lock()
		p.carried.door.leave(sourceOf(from))
		p.carried.mu.Unlock()
		return
	}
	if err != nil {
		raw.Close()
		p.carried.mu.Lock()
		p.carried.refused++
		p.carried.door.leave(sourceOf(from))
		p.carried.mu.Unlock()
		return
	}
	p.listenCarried(peer)
	peer.Close()
	p.table.leave(from) // before another connection can come from there
	p.carried.remove(peer)
}

// greetCarried makes a peer of a connection.
func (p *Plane) greetCarried(raw net.Conn, config *tls.Config, from netip.AddrPort) (*carriedPeer, error) {
	ctx, cancel := context.WithTimeout(context.Background(), strangerTime/2)
	defer cancel()
	stop := context.AfterFunc(p.ctx, cancel)
	defer stop()
	c := tls.Server(raw, config)
	if err := c.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	if c.ConnectionState().NegotiatedProtocol == carrier.WebProtocol {
		return nil, p.carried.webs.greet(ctx, c)
	}
	if tcp, ok := raw.(*net.TCPConn); ok {
		carrier.Tune(tcp)
	}
	peer := &carriedPeer{Conn: carrier.New(c, carriedQueue, p.carried.budget), at: from, source: sourceOf(from), stranger: true}
	return peer, p.carried.add(peer, p.now())
}

func (c *carried) add(peer *carriedPeer, now time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return ErrClosed
	case c.peers[peer.at] != nil: // at another port of ours
		return fmt.Errorf("%v is there already", peer.at)
	}
	peer.until = now.Add(strangerTime)
	c.peers[peer.at] = peer
	return nil
}

func (c *carried) remove(peer *carriedPeer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.peers, peer.at)
	if peer.stranger {
		c.door.leave(peer.source)
	}
}

// carriedBuffers are for frames that are being read: whoever says nothing needs
// none.
var carriedBuffers = sync.Pool{New: func() any { b := make([]byte, carrier.MaxFrame); return &b }}

// listenCarried hands what comes to p, until the connection ends.
func (p *Plane) listenCarried(peer *carriedPeer) {
	answer := func(out []byte, _ netip.AddrPort) { peer.Send(out, len(out)) }
	for {
		size, segment, err := peer.Next()
		if err != nil {
			return
		}
		peer.reading.Store(p.carried.second.Load() + 1)
		buf := carriedBuffers.Get().(*[]byte)
		if err = peer.Fill((*buf)[:size]); err == nil {
			switch v, rest := p.judge((*buf)[:size], segment, peer.at, answer); {
			case v.own:
				p.own.put(rest, segment, peer.at)
			case v.to.IsValid():
				p.send(rest, segment, v.to)
			}
		}
		carriedBuffers.Put(buf)
		peer.reading.Store(0)
		if err != nil {
			return
		}
	}
}

// send sends packets of one size to an address, of UDP or TCP, from another
// goroutine than a loop. What cannot be sent is lost, as packets are.
func (p *Plane) send(b []byte, segment int, to netip.AddrPort) {
	if !isCarried(to) {
		if s := p.doors[to.Addr().Zone()]; s != nil {
			s.sendAll(b, segment, to)
		}
		return
	}
	p.carried.mu.RLock()
	peer := p.carried.peers[to]
	p.carried.mu.RUnlock()
	dropped := len(b)
	if peer != nil {
		dropped = peer.Send(b, segment)
	}
	p.total.dropped.Add(uint64((dropped + segment - 1) / segment))
}

// vouch says that a link to the relay itself comes from an address, until release:
// its connection, if it is one over TCP, is no stranger's; and the address is no
// forged one.
func (p *Plane) vouch(at netip.AddrPort) (release func()) {
	p.table.trust(at)
	c := p.carried
	c.mu.Lock()
	defer c.mu.Unlock()
	peer := c.peers[at]
	if peer == nil {
		return func() {}
	}
	peer.vouched++
	c.know(peer)
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		peer.vouched--
	}
}

// know makes a stranger a peer; c.mu is held.
func (c *carried) know(peer *carriedPeer) {
	if peer.stranger {
		peer.stranger = false
		c.door.leave(peer.source)
	}
}

// sweep closes the connections that nobody needs, and those that began a frame and
// do not go on with it.
func (c *carried) sweep(now time.Time, bound func(netip.AddrPort) bool) {
	c.second.Add(1)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.door.sweep(now)
	for at, peer := range c.peers {
		if peer.vouched > 0 || bound(at) {
			c.know(peer)
			peer.until = now.Add(strangerTime)
		}
		since := peer.reading.Load()
		if now.After(peer.until) || since > 0 && c.second.Load()-since > frameTime {
			peer.Cut()
		}
	}
}

// close ends all connections, which are removed by their own goroutines.
func (c *carried) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for _, l := range c.listeners {
		l.Close()
	}
	for _, peer := range c.peers {
		go peer.Close()
	}
}
