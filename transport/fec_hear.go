package transport

import "time"

// message takes a message of the peer, and returns what to answer, if anything.
func (f *fecFlow) message(now time.Time, b []byte) (answer []byte) {
	id, ok := messageKey(b)
	if !ok {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, m := range f.members {
		if m.key.id != id {
			continue
		}
		msg, ok := m.key.open(b)
		if !ok {
			return nil
		}
		switch msg.kind {
		case fecProbe:
			return m.key.echo(msg.size)
		case fecEcho:
			f.prober.arrived(msg.size)
			f.apply()
		case fecReport:
			f.reported(now, msg)
		}
		return nil
	}
	return nil
}

// reported takes a report, unless it is an old one.
func (f *fecFlow) reported(now time.Time, msg fecMessage) {
	old, c := f.last, msg.counts
	if old.kind != 0 && int32(msg.top-old.top) <= 0 || int32(f.sender.seq-msg.top) < 0 {
		return
	}
	f.last, f.waits = msg, time.Time{}
	expected := c.expected - old.counts.expected
	if expected > 1<<24 {
		return // the peer began to count anew
	}
	f.repaired += uint64(c.recovered - old.counts.recovered)
	if rtt := f.latest(); rtt > 0 {
		f.control.path(now, rtt, f.control.least)
	}
	f.control.arrived(now, fecArrival{
		expected: int(expected),
		missing:  int(int32(expected - (c.arrived - old.counts.arrived))),
		failed:   int(int32(c.failed - old.counts.failed)),
		late:     int(int32(c.late - old.counts.late)),
	})
	f.apply()
}

// latest returns the least of the lanes' latest round trips, of those that are
// in use; 0 if none was since the last look.
func (f *fecFlow) latest() (rtt time.Duration) {
	for _, m := range f.members {
		if s := m.meter(); s.bytes > m.seen.bytes && (rtt == 0 || s.rtt < rtt) {
			rtt = s.rtt
		}
	}
	return rtt
}

// fits is that of the receiver.
func (f *fecFlow) fits(h dataHeader) bool {
	f.recv.Lock()
	defer f.recv.Unlock()
	return f.receiver == nil || f.receiver.fits(h.seq)
}

// data takes a data packet for which fits was true, and tells whether the caller
// shall pass it on.
func (f *fecFlow) data(now time.Time, h dataHeader, packet, control []byte) (pass bool) {
	f.recv.Lock()
	defer f.recv.Unlock()
	if f.receiver == nil {
		f.receiver = &blockReceiver{counts: f.counts}
	}
	f.heard = now
	f.receiver.hold = time.Duration(f.hold.Load())
	return f.receiver.data(now, h, packet, control)
}

func (f *fecFlow) parity(now time.Time, h parityHeader, parity []byte) {
	f.recv.Lock()
	defer f.recv.Unlock()
	if f.receiver != nil {
		f.receiver.parity(now, h, parity)
	}
}

// take is that of the receiver. One goroutine uses what it returns and calls the
// methods above: the receiver is not changed meanwhile.
func (f *fecFlow) take() (packet, control []byte, ok bool) {
	f.recv.Lock()
	defer f.recv.Unlock()
	if f.receiver == nil {
		return nil, nil, false
	}
	return f.receiver.take()
}

func (f *fecFlow) expire(now time.Time) {
	f.recv.Lock()
	defer f.recv.Unlock()
	if f.receiver != nil {
		f.receiver.expire(now)
	}
}

func (f *fecFlow) deadline() (at time.Time, waits bool) {
	f.recv.Lock()
	defer f.recv.Unlock()
	if f.receiver == nil {
		return at, false
	}
	return f.receiver.deadline()
}

// report returns a report to the peer, when it is time for one.
func (f *fecFlow) report(now time.Time) []byte {
	lanes := *f.lanes.Load()
	f.recv.Lock()
	defer f.recv.Unlock()
	if f.receiver == nil || len(lanes) == 0 || now.Sub(f.told) < fecReports {
		return nil
	}
	f.told = now
	return lanes[0].key.report(f.receiver.top, f.receiver.counts)
}

// forget gives back the buffers of a receiver that hears nothing.
func (f *fecFlow) forget(now time.Time) {
	f.recv.Lock()
	defer f.recv.Unlock()
	if f.receiver != nil && now.Sub(f.heard) > forgetful {
		f.counts, f.receiver = f.receiver.counts, nil
	}
}

// A fecQueue counts the packets of a flow that were handed to quic-go and not
// dealt with. Each connection queues 256 and drops the others, which Reno would
// take for congestion of the path; a filled gap lets so many go at once.
type fecQueue struct {
	lanes  *[]*fecMember
	handed uint64 // in the count of what the lanes received
	checks int
}

const (
	queueMost  = 160 // packets
	queueCheck = 16  // handed over between looks
	queuePause = 100 * time.Microsecond
	queueWait  = 30 // pauses, after which some packets must be other connections'
)

// handOver counts a packet, and waits while too many are in the queue.
func (q *fecQueue) handOver(lanes *[]*fecMember, pause func(time.Duration)) {
	if q.handed++; q.checks > 0 && q.lanes == lanes {
		q.checks--
		return
	}
	q.checks = queueCheck
	for range queueWait {
		var received uint64
		for _, m := range *lanes {
			received += m.meter().received
		}
		if q.lanes != lanes || received > q.handed {
			q.lanes, q.handed = lanes, received
		}
		if q.handed-received < queueMost {
			return
		}
		pause(queuePause)
	}
	q.lanes = nil // count anew
}
