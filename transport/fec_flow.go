package transport

import (
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// How a flow is kept.
const (
	fecTick     = 100 * time.Millisecond // while packets are sent
	fecIdleTick = time.Second
	fecReports  = 25 * time.Millisecond // while packets arrive

	bulkBatch = 4                // packets that quic-go sends at once where it has much to send
	bulkRate  = 20 << 10         // bytes a tick below which little is sent
	bulkRest  = 2 * time.Second  // of little, after which headers stop
	forgetful = 30 * time.Second // without a packet, after which buffers are given back
)

// A fecWire is the socket that a flow sends through.
type fecWire interface {
	// segments sends b in packets of segment bytes, the last may be shorter,
	// with the control messages; gso tells whether the kernel may cut it.
	segments(b []byte, segment int, control []byte, gso bool, to *net.UDPAddr) error
	// framing counts the flows that want to see what is sent.
	framing(change int32)
	// moved tells that a lane's peer has another address now.
	moved(m *fecMember)
}

// A fecFlow is what goes between our socket and one address of a peer: the
// packets of all lanes between the two, since they share the path and its
// losses. It is there as long as an admitted lane is.
type fecFlow struct {
	wire fecWire
	to   *net.UDPAddr
	stop chan struct{}

	state atomic.Int32 // what write does

	mu       sync.Mutex
	members  []*fecMember
	control  fecControl
	sender   blockSender
	options  []byte // control messages of the last packet
	gso      bool
	began    time.Time // the block
	flush    *time.Timer
	prober   fecProber
	last     fecMessage // report
	waits    time.Time  // when the first packet after that was sent
	busy     time.Time  // when much was sent last
	repaired uint64     // at the peer

	hold  atomic.Int64                 // duration, for the receiver
	lanes atomic.Pointer[[]*fecMember] // a copy of members
	queue fecQueue                     // of the goroutine that reads

	recv     sync.Mutex
	receiver *blockReceiver
	counts   fecCounts // of receivers before it
	heard    time.Time
	told     time.Time // when the last report was sent
}

// States of a flow: packets go as they are; so too, until there is bulk; with
// headers.
const (
	flowPlain int32 = iota
	flowArmed
	flowFraming
)

// A fecMember is a lane of a flow.
type fecMember struct {
	home  corrector
	key   fecKey
	meter func() laneMeter
	flow  *fecFlow // set by join, under the lock of the socket's flows
	seen  laneMeter
}

// A laneMeter is what QUIC has measured on a lane.
type laneMeter struct {
	remote     netip.AddrPort
	rtt, least time.Duration
	sent, lost uint64 // packets
	bytes      uint64 // sent
	received   uint64 // packets that it has dealt with
}

func newFECFlow(wire fecWire, to netip.AddrPort, seq uint32, block uint16) *fecFlow {
	f := &fecFlow{wire: wire, to: net.UDPAddrFromAddrPort(to), stop: make(chan struct{})}
	f.sender.seq, f.sender.block = seq, block
	f.hold.Store(int64(leastHold))
	f.flush = time.AfterFunc(time.Hour, f.flushBlock)
	f.flush.Stop()
	return f
}

// How long a receiver holds packets, by the distance.
const leastHold, mostHold = 15 * time.Millisecond, 100 * time.Millisecond

func (f *fecFlow) join(m *fecMember) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.members = append(f.members, m)
	f.publish()
	f.look(time.Now())
}

// leave tells whether m was the last member.
func (f *fecFlow) leave(m *fecMember) (last bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, n := range f.members {
		if n == m {
			f.members = append(f.members[:i], f.members[i+1:]...)
			break
		}
	}
	f.publish()
	if len(f.members) > 0 {
		return false
	}
	f.control.stop()
	f.apply()
	f.flush.Stop()
	close(f.stop)
	return true
}

func (f *fecFlow) publish() {
	lanes := slices.Clone(f.members)
	f.lanes.Store(&lanes)
}

// run looks after the flow until its last member left.
func (f *fecFlow) run() {
	timer := time.NewTimer(fecTick)
	defer timer.Stop()
	for {
		select {
		case <-f.stop:
			return
		case now := <-timer.C:
			f.mu.Lock()
			next := fecIdleTick
			if f.look(now) {
				next = fecTick
			}
			moved := f.strays()
			f.mu.Unlock()
			f.forget(now)
			for _, m := range moved {
				f.wire.moved(m)
			}
			timer.Reset(next)
		}
	}
}

// look takes in what QUIC measured, and tells whether something is going on.
// Like all below up to write it needs the lock.
func (f *fecFlow) look(now time.Time) (active bool) {
	var sent, lost, bytes int
	var rtt, least time.Duration
	for _, m := range f.members {
		s := m.meter()
		moved := int(s.bytes - m.seen.bytes)
		if moved > 0 && (rtt == 0 || s.rtt < rtt) {
			rtt = s.rtt
		}
		bytes += moved
		sent += int(s.sent - m.seen.sent)
		lost += int(int64(s.lost - m.seen.lost))
		m.seen = s
		if least == 0 || s.least > 0 && s.least < least {
			least = s.least
		}
	}
	if least == 0 {
		return true
	}
	f.control.path(now, max(rtt, least), least)
	f.hold.Store(int64(min(max(least/2, leastHold), mostHold)))
	if f.state.Load() != flowFraming {
		f.control.quicLost(now, lost)
	}
	switch {
	case bytes > bulkRate:
		f.busy = now
	case now.Sub(f.busy) > bulkRest:
		f.control.rest()
	}
	if f.unanswered() && f.control.silent(now, f.waits) {
		// The peer's address may be another by now, or its process.
		f.control.rest()
		f.prober = fecProber{}
	}
	if f.control.armed || f.control.on {
		f.probe(now)
	}
	f.apply()
	return f.control.armed || bytes > 0
}

func (f *fecFlow) unanswered() bool { return !f.waits.IsZero() }

// strays returns the members whose peer is elsewhere by now.
func (f *fecFlow) strays() (moved []*fecMember) {
	for _, m := range f.members {
		if m.seen.remote.IsValid() && m.seen.remote != unmapped(f.to) {
			moved = append(moved, m)
		}
	}
	return moved
}

// probe asks the peer, if it is time to, whether packets with headers arrive.
func (f *fecFlow) probe(now time.Time) {
	size, ok := f.prober.next(now, f.control.rtt)
	if !ok || len(f.members) == 0 {
		return
	}
	// An error is a probe that did not arrive.
	_ = f.wire.segments(f.members[0].key.probe(size), size, f.options, false, f.to)
}

// apply makes the control's decisions those of the sender.
func (f *fecFlow) apply() {
	f.sender.plan = f.control.plan()
	state := flowPlain
	switch {
	case f.prober.limit == 0:
	case f.control.on:
		state = flowFraming
	case f.control.armed:
		state = flowArmed
	}
	old := f.state.Swap(state)
	if old == flowFraming && state != old {
		f.sender.end()
		f.waits = time.Time{}
	}
	if (old == flowPlain) != (state == flowPlain) {
		f.wire.framing(map[bool]int32{true: -1, false: 1}[state == flowPlain])
	}
}

// write sends what quic-go sends, packets of segment bytes, with headers;
// handled is false where it shall go as it is.
func (f *fecFlow) write(b []byte, segment int, control []byte, gso bool) (handled bool, err error) {
	state := f.state.Load()
	packets := (len(b) + segment - 1) / segment
	if state == flowPlain || state == flowArmed && packets < bulkBatch {
		return false, nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	f.control.bulk(now)
	if state == flowArmed {
		f.busy = now
	}
	f.apply()
	if f.state.Load() != flowFraming || !f.prober.fits(segment+fecHeader) {
		return false, nil
	}
	f.options, f.gso = append(f.options[:0], control...), gso
	if !f.sender.room(packets) {
		f.endBlock()
	}
	if !f.sender.open() {
		f.began = now
		f.flush.Reset(f.flushTime())
	}
	if !f.unanswered() {
		f.waits = now
	}
	err = f.wire.segments(f.sender.frame(b, segment), segment+fecHeader, control, gso, f.to)
	if f.sender.due() {
		f.endBlock()
	}
	return true, err
}

// flushTime is when a block ends that did not become full.
func (f *fecFlow) flushTime() time.Duration { return f.control.blockTime() * 3 / 2 }

func (f *fecFlow) endBlock() {
	batch, segment := f.sender.end()
	if segment == 0 {
		return
	}
	// Parity that cannot be sent is parity that is lost.
	most := (60 << 10) / segment * segment // of a message
	for len(batch) > 0 {
		n := min(most, len(batch))
		_ = f.wire.segments(batch[:n], segment, f.options, f.gso, f.to)
		batch = batch[n:]
	}
}

// flushBlock ends a block that waits for packets in vain.
func (f *fecFlow) flushBlock() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.sender.open() || f.state.Load() != flowFraming {
		return
	}
	if left := f.flushTime() - time.Since(f.began); left > 0 {
		f.flush.Reset(left)
		return
	}
	f.endBlock()
}

// fec returns the figures for people.
func (f *fecFlow) fec() FEC {
	f.mu.Lock()
	s := FEC{Recovered: f.repaired}
	if f.state.Load() == flowFraming {
		s.Data, s.Parity, s.Loss = f.sender.plan.k, f.sender.plan.m, f.control.share()
	}
	f.mu.Unlock()
	f.recv.Lock()
	defer f.recv.Unlock()
	if f.receiver != nil {
		s.Recovered += uint64(f.receiver.counts.recovered)
	} else {
		s.Recovered += uint64(f.counts.recovered)
	}
	return s
}
