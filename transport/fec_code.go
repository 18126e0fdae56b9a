package transport

import (
	"encoding/binary"

	"github.com/klauspost/reedsolomon"
)

// The code is Reed-Solomon over GF(2^8) with the polynomial 0x11d and a Cauchy
// matrix: parity j is the sum of coefficient(i, j) * packet i. Each parity can
// be made without knowing how many data packets or parities there will be, so
// a block may end early, and packets need not be kept by the sender.
func coefficient(data, parity int) byte {
	return reedsolomon.Inv(byte(255-parity) ^ byte(data))
}

var galois reedsolomon.LowLevel

// A shard is a packet as it is coded: its length in two bytes, its bytes, and
// then as many zeros as one likes.
type shard []byte

func newShard() shard { return make(shard, fecLength+maxFECPacket) }

// add adds c * packet, with its length, to s.
func (s shard) add(c byte, packet []byte) {
	var length [fecLength]byte
	binary.BigEndian.PutUint16(length[:], uint16(len(packet)))
	galois.GalMulSliceXor(c, length[:], s[:fecLength])
	galois.GalMulSliceXor(c, packet, s[fecLength:fecLength+len(packet)])
}

// packet returns what s holds, if its length makes sense.
func (s shard) packet() ([]byte, bool) {
	n := int(binary.BigEndian.Uint16(s))
	if n == 0 || n > len(s)-fecLength {
		return nil, false
	}
	return s[fecLength : fecLength+n], true
}

// solve finds the data packets missing, one for each of the parities. At first
// shards[i] holds parity number parities[i], less what the packets that are
// there contribute to it; in the end data packet missing[i]. All shards are
// equally long.
func solve(missing, parities []int, shards []shard) {
	n := len(missing)
	rows := make([][]byte, n)
	for r, p := range parities {
		rows[r] = make([]byte, n)
		for c, d := range missing {
			rows[r][c] = coefficient(d, p)
		}
	}
	// Gauss and Jordan. No minor of a Cauchy matrix is zero, so no pivot is.
	for i := range n {
		inverse := reedsolomon.Inv(rows[i][i])
		galois.GalMulSlice(inverse, rows[i], rows[i])
		galois.GalMulSlice(inverse, shards[i], shards[i])
		for r := range n {
			if c := rows[r][i]; r != i && c != 0 {
				galois.GalMulSliceXor(c, rows[i], rows[r])
				galois.GalMulSliceXor(c, shards[i], shards[r])
			}
		}
	}
}
