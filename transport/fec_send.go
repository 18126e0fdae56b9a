package transport

// A blockSender puts headers in front of packets and makes the parity of their
// blocks. It is pure: what it returns is for the caller to send, in that order.
// Its buffers are good until the next call.
type blockSender struct {
	plan fecPlan // for blocks to come

	seq     uint32
	block   uint16
	count   int // data packets in the block so far
	k, m    int // of the block
	longest int // of its packets
	sums    []shard
	framed  []byte
}

// frame returns the packets of batch, each segment bytes long but the last,
// which may be shorter, with headers. A batch is never cut by the end of a
// block.
func (s *blockSender) frame(batch []byte, segment int) []byte {
	s.framed = s.framed[:0]
	for len(batch) > 0 {
		n := min(segment, len(batch))
		s.framed = s.add(s.framed, batch[:n])
		batch = batch[n:]
	}
	return s.framed
}

func (s *blockSender) add(framed, packet []byte) []byte {
	if s.count == 0 {
		s.begin()
	}
	framed = dataHeader{index: s.count, block: s.block, seq: s.seq}.append(framed)
	framed = append(framed, packet...)
	for j := range s.m {
		s.sums[j].add(coefficient(s.count, j), packet)
	}
	s.longest = max(s.longest, len(packet))
	s.count++
	s.seq++
	return framed
}

func (s *blockSender) begin() {
	s.k, s.m = s.plan.k, s.plan.m
	for j := range s.m {
		if j == len(s.sums) {
			s.sums = append(s.sums, newShard())
		}
		clear(s.sums[j])
	}
}

// room tells whether n more packets can be put into the block; where they
// cannot, it is due whatever the plan.
func (s *blockSender) room(n int) bool { return s.count+n <= maxBlockData }

// due tells whether the block has as many packets as it should.
func (s *blockSender) due() bool { return s.count >= s.k }

// open tells whether a block is begun.
func (s *blockSender) open() bool { return s.count > 0 }

// end closes the block and returns its parity packets in one batch, all of them
// segment bytes long, or none.
func (s *blockSender) end() (batch []byte, segment int) {
	if s.count == 0 {
		return nil, 0
	}
	m := min(s.m, s.plan.parity(s.count))
	s.framed = s.framed[:0]
	for j := range m {
		s.framed = parityHeader{index: j, block: s.block, k: s.count, m: m}.append(s.framed)
		s.framed = append(s.framed, s.sums[j][:fecLength+s.longest]...)
	}
	s.block++
	s.count, s.longest = 0, 0
	if m == 0 {
		return nil, 0
	}
	return s.framed, len(s.framed) / m
}
