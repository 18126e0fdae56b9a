package session

import (
	"math/bits"
	"sync"
)

// Buffers of chunks are used again. They come in powers of two from 4 KiB on,
// up to twice the largest chunk, which one that does not shrink takes while it
// is compressed.
const (
	leastBuffer   = 4 << 10
	bufferClasses = 14
)

// streamBuffer is how many bytes are gathered before they are written to data
// stream number id, or read from it. Many small chunks are fewer calls with
// more of it; large ones go past it. The first streams have the most of both.
func streamBuffer(id int) int {
	if id <= 16 || id > maxStreams && id <= maxStreams+16 {
		return flushAt
	}
	return flushAt / 8
}

var buffers [bufferClasses]sync.Pool // of *[]byte

func bufferClass(n int) int { return bits.Len(uint(max(n-1, leastBuffer-1) / leastBuffer)) }

// getChunk returns a buffer of n bytes with anything in it, at most 32 MiB. It
// is the caller's until putChunk.
func getChunk(n int) []byte {
	c := bufferClass(n)
	if b, ok := buffers[c].Get().(*[]byte); ok {
		return (*b)[:n]
	}
	return make([]byte, n, leastBuffer<<c)
}

// putChunk gives back a buffer of getChunk, at whatever length.
func putChunk(b []byte) {
	b = b[:cap(b)]
	if c := bufferClass(len(b)); len(b) == leastBuffer<<c {
		buffers[c].Put(&b)
	}
}
