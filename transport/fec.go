package transport

import "encoding/binary"

// Packets of error correction are told from QUIC's by the two topmost bits of
// their first byte, which are 00 (RFC 9000, 17.2 and 17.3, has 01 or 1x). Of the
// values that are left, 00 to 0f stay free for STUN (RFC 9443) and the probe of
// a dial, 10 to 1f for a relay; ours are 20 to 2f.
const (
	fecFirst, fecMask = 0x20, 0xf0

	fecData   = 0x20 // a QUIC packet of a block
	fecParity = 0x21 // parity of a block
	fecReport = 0x22 // what arrived
	fecProbe  = 0x23 // does a packet of this size arrive?
	fecEcho   = 0x24 // it does
)

// The header of data and parity, in front of each packet. Numbers are
// big-endian.
//
//	data    20, index in the block, block (2), sequence number (4)
//	parity  21, index of the parity, block (2), k, m, length (2)
//
// A block has k data packets, with indices from 0 and sequence numbers in a
// row, and m parity packets. The length of a parity packet is parity of the
// lengths of the data packets, its body of their bytes, each filled up with
// zeros to the longest.
const fecHeader = 8

// Bounds of a block. The code has no more coefficients than for these.
const (
	maxBlockData   = 208
	maxBlockParity = 48
	maxFECPacket   = 1500 // of a data packet without its header
)

// isFEC tells packets of error correction from all others.
func isFEC(packet []byte) bool {
	return len(packet) > 0 && packet[0]&fecMask == fecFirst
}

// isQUIC tells whether the packet has the bits of one of QUIC's.
func isQUIC(packet []byte) bool {
	return len(packet) > 0 && packet[0]&0xc0 != 0
}

// dataHeader is that of a data packet.
type dataHeader struct {
	index int
	block uint16
	seq   uint32
}

func (h dataHeader) append(b []byte) []byte {
	b = append(b, fecData, byte(h.index))
	b = binary.BigEndian.AppendUint16(b, h.block)
	return binary.BigEndian.AppendUint32(b, h.seq)
}

// parseData returns the QUIC packet behind the header. All that can be wrong
// with it is its size and its index.
func parseData(b []byte) (h dataHeader, packet []byte, ok bool) {
	if len(b) <= fecHeader || len(b) > fecHeader+maxFECPacket || b[0] != fecData || int(b[1]) >= maxBlockData {
		return h, nil, false
	}
	h.index = int(b[1])
	h.block = binary.BigEndian.Uint16(b[2:])
	h.seq = binary.BigEndian.Uint32(b[4:])
	return h, b[fecHeader:], true
}

// parityHeader is that of a parity packet, without the length, which is parity
// itself.
type parityHeader struct {
	index int
	block uint16
	k, m  int
}

func (h parityHeader) append(b []byte) []byte {
	b = append(b, fecParity, byte(h.index))
	b = binary.BigEndian.AppendUint16(b, h.block)
	return append(b, byte(h.k), byte(h.m))
}

// parseParity returns the parity, of the length first.
func parseParity(b []byte) (h parityHeader, parity []byte, ok bool) {
	if len(b) <= fecHeader || len(b) > fecHeader+maxFECPacket || b[0] != fecParity {
		return h, nil, false
	}
	h = parityHeader{index: int(b[1]), block: binary.BigEndian.Uint16(b[2:]), k: int(b[4]), m: int(b[5])}
	if h.k < 1 || h.k > maxBlockData || h.m > maxBlockParity || h.index >= h.m {
		return h, nil, false
	}
	return h, b[fecHeader-fecLength:], true
}

// fecLength is the size of a packet's length in front of its bytes, where both
// are coded.
const fecLength = 2
