package transport

import (
	"bytes"
	"time"
)

// Bounds of what a flow may hold: 3 MB of packets and 1 MB of parity, whatever
// the peer, or who writes in its name, sends.
const (
	heldPackets    = 2048
	heldBlocks     = 16
	lateBlocks     = 2  // that begin after one whose parity does not help, before it is given up
	mostLateBlocks = 6  // after any other
	strangeMost    = 64 // packets in a row from nowhere near: the sender began anew
	overtaken      = 3  // packets that make Reno take one for lost
)

// A blockReceiver puts the packets of a flow in order and repairs blocks. It is
// pure, and owned by one goroutine.
//
// Packets behind a gap wait until the gap is filled, by the packet itself or by
// parity, until some blocks have followed, or until nothing has come for hold. What comes later than that is passed on at once, as are duplicates: no
// data packet is ever dropped here, so that forged ones can do no more than
// take the place of the real ones in a block.
type blockReceiver struct {
	hold time.Duration

	begun   bool
	next    uint32 // sequence number of the packet to release
	top     uint32 // the highest that came, plus one
	strange int    // packets in a row that were far away from those
	slots   [heldPackets]heldPacket
	blocks  [heldBlocks]heldBlock
	newest  uint16 // number of the newest block
	spare   []shard

	counts fecCounts
}

// fecCounts are sums since the beginning of a flow.
type fecCounts struct {
	expected  uint32 // data packets that were sent
	arrived   uint32 // of those
	recovered uint32 // made from parity
	failed    uint32 // neither
	late      uint32 // overtaken by three others or more, as Reno takes for a loss
}

// A heldPacket is the packet seq, at [seq % heldPackets].
type heldPacket struct {
	seq     uint32
	state   packetState
	data    shard // nil once its block is done with
	control []byte
	since   time.Time
}

type packetState uint8

const (
	missing packetState = iota
	arrived
	recovered
)

// A heldBlock is what is known of a block, at [number % heldBlocks].
type heldBlock struct {
	number   uint16
	known    bool   // number is valid
	based    bool   // first is
	first    uint32 // sequence number of its first packet
	k, m     int    // 0 until parity came
	parities []heldParity
	done     bool // repaired, complete or given up: takes nothing more
}

type heldParity struct {
	index int
	data  shard
	size  int
}

// fits tells whether there is room to hold a packet. Where there is not, the gap
// that others wait behind is given up: take them, then ask again.
func (r *blockReceiver) fits(seq uint32) bool {
	if !r.begun || int32(seq-r.next) < heldPackets || int32(seq-r.top) >= heldPackets {
		return true // or so strange that it will not be held
	}
	if r.next == r.top {
		r.restart(seq)
		return true
	}
	r.giveUp()
	return false
}

// giveUp gives up the gap that packets wait behind.
func (r *blockReceiver) giveUp() {
	for int32(r.next-r.top) < 0 && r.slot(r.next).state == missing {
		r.counts.failed++
		r.next++
	}
}

// data takes a data packet for which fits was true; pass says that the caller
// shall pass it on itself, now.
func (r *blockReceiver) data(now time.Time, h dataHeader, packet, control []byte) (pass bool) {
	if !r.begun {
		r.restart(h.seq)
	}
	if ahead := int32(h.seq - r.next); ahead < -heldPackets || ahead >= heldPackets {
		// Forged, or the sender began anew.
		if r.strange++; r.strange > strangeMost {
			r.restart(h.seq + 1)
		}
		return true
	}
	r.strange = 0
	s := r.slot(h.seq)
	switch known := s.seq == h.seq && int32(h.seq-r.top) < 0; {
	case known && s.state != missing:
		return r.again(s, packet)
	case int32(h.seq-r.next) < 0:
		if known {
			s.state = arrived // not lost after all, only late
			r.counts.arrived++
			r.counts.late++
		}
		return true
	}
	b := r.blockOf(h)
	r.reach(h.seq)
	s.seq, s.state, s.since = h.seq, arrived, now
	s.data = r.store(s.data, packet)
	s.control = append(s.control[:0], control...)
	r.counts.arrived++
	if r.top-h.seq > overtaken {
		r.counts.late++
	}
	if b != nil {
		r.repair(now, b)
	}
	return false
}

// again takes a packet whose place is taken: by a copy, by what was made from
// parity, or by a forged one.
func (r *blockReceiver) again(s *heldPacket, packet []byte) (pass bool) {
	if s.state == recovered {
		s.state = arrived
		r.counts.arrived++
		r.counts.late++
	}
	if s.data == nil {
		return true
	}
	held, _ := s.data.packet()
	return !bytes.Equal(held, packet)
}

// restart forgets all but the sums, and begins with packet seq.
func (r *blockReceiver) restart(seq uint32) {
	for i := range r.slots {
		r.free(&r.slots[i])
		r.slots[i].state = missing
	}
	for i := range r.blocks {
		r.finish(&r.blocks[i])
		r.blocks[i].known = false
	}
	r.begun, r.next, r.top, r.strange = true, seq, seq, 0
}

// reach counts the packets up to seq as sent.
func (r *blockReceiver) reach(seq uint32) {
	for ; int32(seq-r.top) >= 0; r.top++ {
		s := &r.slots[r.top%heldPackets]
		r.free(s)
		s.seq, s.state = r.top, missing
		r.counts.expected++
	}
}

// slot returns that of a packet.
func (r *blockReceiver) slot(seq uint32) *heldPacket { return &r.slots[seq%heldPackets] }

// take returns the next packet that is due, or ok false. It is good until the
// next call of any method.
func (r *blockReceiver) take() (packet, control []byte, ok bool) {
	for r.begun && int32(r.next-r.top) < 0 {
		s := r.slot(r.next)
		if s.state != missing {
			r.next++
			packet, ok := s.data.packet()
			return packet, s.control, ok
		}
		if _, waits := r.waiting(); !waits || !r.hopeless(r.next) {
			return nil, nil, false
		}
		r.counts.failed++
		r.next++
	}
	return nil, nil, false
}

// expire gives up a gap that packets have waited behind for too long. It is to
// be called only when nothing else has come: what fills the gap may lie unread
// in the socket of a busy machine.
func (r *blockReceiver) expire(now time.Time) {
	if since, waits := r.waiting(); waits && now.Sub(since) >= r.hold {
		r.giveUp()
	}
}

// waiting tells since when packets wait for the one that is due.
func (r *blockReceiver) waiting() (since time.Time, waits bool) {
	for seq := r.next; int32(seq-r.top) < 0; seq++ {
		if s := r.slot(seq); s.state != missing {
			return s.since, true
		}
	}
	return time.Time{}, false
}

// deadline returns when expire has to be called, if packets wait.
func (r *blockReceiver) deadline() (at time.Time, waits bool) {
	if !r.begun {
		return time.Time{}, false
	}
	since, waits := r.waiting()
	return since.Add(r.hold), waits
}

// finish gives back what the block needed for its repair.
func (r *blockReceiver) finish(b *heldBlock) {
	for _, p := range b.parities {
		r.spare = append(r.spare, p.data[:cap(p.data)])
	}
	b.parities, b.done = b.parities[:0], true
}

func (r *blockReceiver) free(s *heldPacket) {
	if s.data != nil {
		r.spare = append(r.spare, s.data)
		s.data = nil
	}
}

func (r *blockReceiver) shard() shard {
	if n := len(r.spare); n > 0 {
		s := r.spare[n-1]
		r.spare = r.spare[:n-1]
		return s
	}
	return newShard()
}

// store keeps a packet in s, or in another shard if s is nil.
func (r *blockReceiver) store(s shard, packet []byte) shard {
	if s == nil {
		s = r.shard()
	}
	s[0], s[1] = byte(len(packet)>>8), byte(len(packet))
	copy(s[fecLength:], packet)
	return s
}
