package session

import (
	"encoding/binary"

	"lukechampine.com/blake3/guts"
)

// A value is the BLAKE3 chaining value of a chunk's subtree, or of a file that
// is one chunk its digest (transfer.proto, Chunk).
type value [32]byte

// block is how much BLAKE3 compresses at once with the widest vectors.
const block = guts.MaxSIMD * guts.ChunkSize

// valueOf returns the value of chunk number index of a file, whose chunks have
// chunkSize bytes, a power of two from 64 KiB on; data is the whole chunk and
// only tells that the file has no other.
func valueOf(data []byte, index uint64, chunkSize int, only bool) value {
	n := subtree(data, index*uint64(chunkSize/guts.ChunkSize))
	if only {
		return rootValue(n)
	}
	return littleEndian(guts.ChainingValue(n))
}

// subtree returns the root node of the part of a BLAKE3 tree that lies over
// data; counter is the number of its first 1 KiB leaf. The library's own
// CompressEigentree starts a goroutine for every 16 KiB; here chunks of many
// streams are hashed side by side already, so one after the other is faster.
func subtree(data []byte, counter uint64) guts.Node {
	var s stack
	for len(data) > block {
		s.push(guts.ChainingValue(guts.CompressBuffer((*[block]byte)(data), block, &guts.IV, counter, 0)))
		counter += guts.MaxSIMD
		data = data[block:]
	}
	n := lastBlock(data, counter)
	for i := len(s.cvs) - 1; i >= 0; i-- {
		n = guts.ParentNode(s.cvs[i], guts.ChainingValue(n), &guts.IV, 0)
	}
	return n
}

// lastBlock returns the node over at most a block; a whole one is not copied.
func lastBlock(data []byte, counter uint64) guts.Node {
	if len(data) == block {
		return guts.CompressBuffer((*[block]byte)(data), block, &guts.IV, counter, 0)
	}
	var last [block]byte
	return guts.CompressBuffer(&last, copy(last[:], data), &guts.IV, counter, 0)
}

// combine returns the digest of a file from the values of its chunks.
func combine(values []value) value {
	if len(values) == 1 {
		return values[0]
	}
	var s stack
	last := len(values) - 1
	for _, v := range values[:last] {
		s.push(words(v))
	}
	cv := words(values[last])
	for i := len(s.cvs) - 1; ; i-- {
		n := guts.ParentNode(s.cvs[i], cv, &guts.IV, 0)
		if i == 0 {
			return rootValue(n)
		}
		cv = guts.ChainingValue(n)
	}
}

// A stack holds the roots of the complete subtrees to the left of a position,
// the largest first: one for each bit that is set in n.
type stack struct {
	cvs [][8]uint32
	n   uint64
}

func (s *stack) push(cv [8]uint32) {
	for bit := uint64(1); s.n&bit != 0; bit <<= 1 {
		top := len(s.cvs) - 1
		cv = guts.ChainingValue(guts.ParentNode(s.cvs[top], cv, &guts.IV, 0))
		s.cvs = s.cvs[:top]
	}
	s.cvs = append(s.cvs, cv)
	s.n++
}

func rootValue(n guts.Node) value {
	n.Flags |= guts.FlagRoot
	out := guts.WordsToBytes(guts.CompressNode(n))
	return value(out[:32])
}

func littleEndian(cv [8]uint32) (v value) {
	for i, w := range cv {
		binary.LittleEndian.PutUint32(v[4*i:], w)
	}
	return v
}

func words(v value) (cv [8]uint32) {
	for i := range cv {
		cv[i] = binary.LittleEndian.Uint32(v[4*i:])
	}
	return cv
}
