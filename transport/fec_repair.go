package transport

import "time"

// This file is the part of a blockReceiver that knows blocks.

// blockOf returns the block of a data packet; nil if it takes no more, or the
// packet does not fit into it.
func (r *blockReceiver) blockOf(h dataHeader) *heldBlock {
	newest := r.blocks[r.newest%heldBlocks]
	if newest.known && int16(h.block-r.newest) > heldBlocks {
		return nil
	}
	b := r.block(h.block)
	if b == nil {
		return nil
	}
	if !newest.known || int16(h.block-r.newest) > 0 {
		r.newest = h.block
	}
	first := h.seq - uint32(h.index)
	if !b.based {
		b.based, b.first = true, first
		r.learnLength(b)
	}
	if b.first != first {
		return nil
	}
	return b
}

// block returns the block of that number; nil if it is too old or done.
func (r *blockReceiver) block(number uint16) *heldBlock {
	b := &r.blocks[number%heldBlocks]
	if b.known && b.number == number {
		if b.done {
			return nil
		}
		return b
	}
	if b.known && int16(number-b.number) < 0 {
		return nil
	}
	r.finish(b)
	*b = heldBlock{number: number, known: true, parities: b.parities[:0]}
	return b
}

// learnLength tells the block before b how many packets it has: those up to
// b's first.
func (r *blockReceiver) learnLength(b *heldBlock) {
	p := &r.blocks[(b.number-1)%heldBlocks]
	if n := int(int32(b.first - p.first)); p.known && p.number == b.number-1 && p.based && p.k == 0 && n > 0 && n <= maxBlockData {
		p.k = n
	}
}

// parity takes a parity packet.
func (r *blockReceiver) parity(now time.Time, h parityHeader, parity []byte) {
	if ahead := int16(h.block - r.newest); !r.begun || ahead > lateBlocks || ahead <= -heldBlocks {
		return
	}
	b := r.block(h.block)
	if b == nil || len(b.parities) >= maxBlockParity {
		return
	}
	for _, p := range b.parities {
		if p.index == h.index {
			return
		}
	}
	if b.m == 0 {
		b.k, b.m = h.k, h.m
	}
	s := r.shard()
	clear(s[copy(s, parity):])
	b.parities = append(b.parities, heldParity{h.index, s, len(parity)})
	r.repair(now, b)
}

// repair finishes a block that has enough packets.
func (r *blockReceiver) repair(now time.Time, b *heldBlock) {
	if b.k == 0 || !b.based {
		return
	}
	var lost, parities []int
	n := 0
	for i := range b.k {
		if !r.has(b.first + uint32(i)) {
			n++
		}
	}
	switch {
	case n == 0:
		r.finish(b)
		return
	case n > len(b.parities) || int32(b.first-(r.top-heldPackets)) < 0:
		return
	}
	var shards []shard
	size := 0
	for _, p := range b.parities[:n] {
		parities, shards = append(parities, p.index), append(shards, p.data)
		size = max(size, p.size)
	}
	for i := range b.k {
		seq := b.first + uint32(i)
		if !r.has(seq) {
			lost = append(lost, i)
			continue
		}
		packet, _ := r.slot(seq).data.packet()
		size = max(size, fecLength+len(packet))
		for j, p := range parities {
			shards[j].add(coefficient(i, p), packet)
		}
	}
	for j := range shards {
		shards[j] = shards[j][:size]
	}
	solve(lost, parities, shards)
	for j, i := range lost {
		r.fill(now, b.first+uint32(i), shards[j])
	}
	r.finish(b)
}

// has tells whether the bytes of a packet are there.
func (r *blockReceiver) has(seq uint32) bool {
	s := r.slot(seq)
	return s.seq == seq && s.state != missing && s.data != nil && int32(seq-r.top) < 0
}

// fill puts a packet in its place that was made from parity.
func (r *blockReceiver) fill(now time.Time, seq uint32, made shard) {
	packet, ok := made.packet()
	if !ok || int32(seq-r.next) < 0 || int32(seq-r.next) >= heldPackets {
		return // forged parity, or too late
	}
	r.reach(seq)
	s := r.slot(seq)
	s.state, s.since = recovered, now
	s.data = r.store(s.data, packet)
	s.control = append(s.control[:0], r.lastControl(seq)...)
	r.counts.recovered++
}

// lastControl returns the control messages of a packet near seq: a packet that
// was lost would have come the same way.
func (r *blockReceiver) lastControl(seq uint32) []byte {
	for d := uint32(1); d <= maxBlockData; d++ {
		for _, near := range [2]uint32{seq - d, seq + d} {
			if s := r.slot(near); s.seq == near && s.state == arrived {
				return s.control
			}
		}
	}
	return nil
}

// hopeless tells whether so many blocks have begun after the packet's that it
// will not come: fewer if all its parity is there, and not enough, or none.
func (r *blockReceiver) hopeless(seq uint32) bool {
	for i := range r.blocks {
		b := &r.blocks[i]
		if !b.known || !b.based || b.k == 0 || int32(seq-b.first) < 0 || int32(seq-b.first) >= int32(b.k) {
			continue
		}
		later := int(int16(r.newest - b.number))
		return b.done || later >= lateBlocks && len(b.parities) == b.m || later >= mostLateBlocks
	}
	return false
}
