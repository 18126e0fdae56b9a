package session

import "math/bits"

// The sizes of chunks. A peer that asks for others is refused (ChunkSize).
const (
	minChunkSize     = 64 << 10
	maxChunkSize     = 16 << 20
	defaultChunkSize = 1 << 20

	// maxChunks is how many chunks a file has at the most, as long as
	// maxChunkSize allows: their values are held in memory, 2 MiB of them.
	maxChunks = 1 << 16

	// mostChunks is how many a file may have, with a chunk size that somebody
	// asked for or a disk that is larger than that.
	mostChunks = 1 << 21
)

// A layout cuts a file into chunks.
type layout struct {
	size      int64 // bytes
	chunkSize int
}

// count returns how many chunks there are; an empty file is one of no bytes.
func (l layout) count() uint64 {
	if l.size <= int64(l.chunkSize) {
		return 1
	}
	return (uint64(l.size) + uint64(l.chunkSize) - 1) / uint64(l.chunkSize)
}

// span returns where chunk i lies: its offset and its length in bytes.
func (l layout) span(i uint64) (off int64, n int) {
	off = int64(i) * int64(l.chunkSize)
	return off, int(min(int64(l.chunkSize), l.size-off))
}

// single tells whether the file is one chunk.
func (l layout) single() bool { return l.size <= int64(l.chunkSize) }

// A bitmap is a set of chunk numbers below its length.
type bitmap struct {
	bits []uint64
	set  uint64 // how many are in it
	n    uint64
	low  int // no word before this one has a bit, as far as takeFirst knows
}

func newBitmap(n uint64) bitmap { return bitmap{bits: make([]uint64, (n+63)/64), n: n} }

func (b *bitmap) has(i uint64) bool { return b.bits[i/64]&(1<<(i%64)) != 0 }

// add reports whether i was not in b before.
func (b *bitmap) add(i uint64) bool {
	if b.has(i) {
		return false
	}
	b.bits[i/64] |= 1 << (i % 64)
	b.set++
	b.low = min(b.low, int(i/64))
	return true
}

func (b *bitmap) remove(i uint64) {
	if b.has(i) {
		b.bits[i/64] &^= 1 << (i % 64)
		b.set--
	}
}

// full tells whether all numbers are in b.
func (b *bitmap) full() bool { return b.set == b.n }

// takeFirst removes and returns the lowest number in b.
func (b *bitmap) takeFirst() (uint64, bool) {
	if b.set == 0 {
		return 0, false
	}
	for b.bits[b.low] == 0 {
		b.low++
	}
	i := uint64(b.low*64 + bits.TrailingZeros64(b.bits[b.low]))
	b.remove(i)
	return i, true
}
