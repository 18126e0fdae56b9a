package transport

import (
	"crypto/rand"
	"encoding/binary"
	"maps"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"
)

// A corrector is a socket that can correct errors on the lanes that join it.
type corrector interface {
	enter(m *fecMember)
	exit(m *fecMember)
	figures(m *fecMember) FEC
}

// join makes the lane's packets corrected, leave ends that.
func (m *fecMember) join()        { m.home.enter(m) }
func (m *fecMember) leave()       { m.home.exit(m) }
func (m *fecMember) figures() FEC { return m.home.figures(m) }

// member returns what makes conn's packets corrected, once it joined; nil where
// a side of it cannot.
func (e *Endpoint) member(conn *quic.Conn, agreed bool, exporter [32]byte, role string) *fecMember {
	if e.corrector == nil || !agreed {
		return nil
	}
	return &fecMember{home: e.corrector, key: newFECKey(exporter, role), meter: func() laneMeter {
		s := conn.ConnectionStats()
		remote, _ := conn.RemoteAddr().(*net.UDPAddr)
		return laneMeter{
			remote:   unmapped(remote),
			rtt:      s.LatestRTT,
			least:    s.MinRTT,
			sent:     s.PacketsSent,
			lost:     s.PacketsLost,
			bytes:    s.BytesSent,
			received: s.PacketsReceived,
		}
	}}
}

// unmapped returns an address in the one form that flows are known by.
func unmapped(a *net.UDPAddr) netip.AddrPort {
	if a == nil {
		return netip.AddrPort{}
	}
	p := a.AddrPort()
	return netip.AddrPortFrom(p.Addr().Unmap(), p.Port())
}

// fecFlows are the flows of a socket. Packets look them up without a lock.
type fecFlows struct {
	wire   fecWire
	eager  atomic.Int32 // flows that want to see what is sent
	byPeer atomic.Pointer[map[netip.AddrPort]*fecFlow]

	mu sync.Mutex // of changes
}

func (s *fecFlows) find(peer netip.AddrPort) *fecFlow {
	if flows := s.byPeer.Load(); flows != nil {
		return (*flows)[peer]
	}
	return nil
}

func (s *fecFlows) framing(change int32) { s.eager.Add(change) }

// enter adds a lane to the flow of its peer's address.
func (s *fecFlows) enter(m *fecMember) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.place(m)
}

func (s *fecFlows) place(m *fecMember) {
	peer := m.meter().remote
	f := s.find(peer)
	if f == nil {
		var first [6]byte // nobody shall guess what is in flight
		rand.Read(first[:])
		f = newFECFlow(s.wire, peer, binary.BigEndian.Uint32(first[:]), binary.BigEndian.Uint16(first[4:]))
		s.change(func(flows map[netip.AddrPort]*fecFlow) { flows[peer] = f })
		go f.run() // until its last lane leaves
	}
	m.flow = f
	f.join(m)
}

func (s *fecFlows) exit(m *fecMember) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(m)
}

func (s *fecFlows) remove(m *fecMember) {
	f := m.flow
	if m.flow = nil; f != nil && f.leave(m) {
		s.change(func(flows map[netip.AddrPort]*fecFlow) {
			maps.DeleteFunc(flows, func(_ netip.AddrPort, g *fecFlow) bool { return g == f })
		})
	}
}

// moved takes a lane to the flow of its peer's new address.
func (s *fecFlows) moved(m *fecMember) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m.flow != nil { // it has not left meanwhile
		s.remove(m)
		s.place(m)
	}
}

func (s *fecFlows) change(do func(map[netip.AddrPort]*fecFlow)) {
	flows := map[netip.AddrPort]*fecFlow{}
	if old := s.byPeer.Load(); old != nil {
		maps.Copy(flows, *old)
	}
	do(flows)
	s.byPeer.Store(&flows)
}

// figures returns those of the lane's flow.
func (s *fecFlows) figures(m *fecMember) FEC {
	s.mu.Lock()
	f := m.flow
	s.mu.Unlock()
	if f == nil {
		return FEC{}
	}
	return f.fec()
}

// A fecReader hands out the packets of a socket, those of flows in order. One
// goroutine owns it.
type fecReader struct {
	flows  *fecFlows
	answer func(packet []byte, to netip.AddrPort) // sends a message

	ready *fecFlow   // may have packets to take
	held  []*fecFlow // have packets that wait
}

// take returns the next packet that is due.
func (r *fecReader) take() (packet, control []byte, f *fecFlow) {
	for r.ready != nil {
		f := r.ready
		if packet, control, ok := f.take(); ok {
			return packet, control, f
		}
		r.ready = nil
		r.note(f)
	}
	return nil, nil, nil
}

// note keeps f among the flows that hold packets, or not.
func (r *fecReader) note(f *fecFlow) {
	_, waits := f.deadline()
	for i, h := range r.held {
		if h == f {
			if !waits {
				r.held = append(r.held[:i], r.held[i+1:]...)
			}
			return
		}
	}
	if waits {
		r.held = append(r.held, f)
	}
}

// deadline returns when expire has to be called, if packets wait.
func (r *fecReader) deadline() (first time.Time, waits bool) {
	for _, f := range r.held {
		if at, ok := f.deadline(); ok && (!waits || at.Before(first)) {
			first, waits = at, true
		}
	}
	return first, waits
}

// expire makes take return what waited long enough, one flow at a time.
func (r *fecReader) expire(now time.Time) {
	for _, f := range r.held {
		if at, ok := f.deadline(); !ok || !now.Before(at) {
			f.expire(now)
			r.ready = f
			return
		}
	}
}

// What became of a packet with a header.
type fecVerdict int

const (
	fecTaken fecVerdict = iota // there may be some to take
	fecPass                    // the packet in it is to be passed on at once
	fecAgain                   // take all there is, then come again
)

// feed takes a packet of error correction. A data packet of an address that no
// lane is known from is passed on without any state: QUIC judges it, and may
// learn of the peer's new address by it.
func (r *fecReader) feed(now time.Time, b, control []byte, from netip.AddrPort) (inner []byte, v fecVerdict) {
	f := r.flows.find(from)
	if h, packet, ok := parseData(b); ok {
		switch {
		case f == nil:
			return packet, fecPass
		case !f.fits(h):
			r.ready = f
			return nil, fecAgain
		case f.data(now, h, packet, control):
			return packet, fecPass
		}
	} else if h, parity, ok := parseParity(b); ok && f != nil {
		f.parity(now, h, parity)
	} else if f != nil {
		if answer := f.message(now, b); answer != nil {
			r.answer(answer, from)
		}
		return nil, fecTaken
	} else {
		return nil, fecTaken
	}
	r.ready = f
	if report := f.report(now); report != nil {
		r.answer(report, from)
	}
	return nil, fecTaken
}
