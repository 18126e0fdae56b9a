package session

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"lukechampine.com/blake3"
)

// The values of the chunks combine to the file's ordinary BLAKE3 digest,
// whatever the sizes: below, at and above every boundary of the tree.
func TestValuesCombineToTheDigest(t *testing.T) {
	data := make([]byte, 4<<20+3)
	rand.NewChaCha8([32]byte{1}).Read(data)
	var sizes []int
	for _, edge := range []int{0, 1 << 10, 16 << 10, 64 << 10, 128 << 10, 192 << 10, 320 << 10, 1 << 20, 1<<20 + 64<<10, 3 << 20, 4 << 20} {
		sizes = append(sizes, max(edge-1, 0), edge, edge+1)
	}
	for _, chunkSize := range []int{64 << 10, 128 << 10, 1 << 20} {
		for _, size := range sizes {
			t.Run(fmt.Sprintf("%d in %d", size, chunkSize), func(t *testing.T) {
				l := layout{size: int64(size), chunkSize: chunkSize}
				var values []value
				for i := range l.count() {
					off, n := l.span(i)
					values = append(values, valueOf(data[off:off+int64(n)], i, chunkSize, l.count() == 1))
				}
				if got, want := combine(values), value(blake3.Sum256(data[:size])); got != want {
					t.Errorf("got %x, b3sum says %x", got, want)
				}
			})
		}
	}
}

func BenchmarkValueOf(b *testing.B) {
	data := make([]byte, 1<<20)
	b.SetBytes(int64(len(data)))
	for i := range b.N {
		valueOf(data, uint64(i), len(data), false)
	}
}
