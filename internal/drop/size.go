package drop

import (
	"fmt"
	"math/bits"
)

// Limits of a drop.
const (
	MinChunk    = 64 << 10 // bytes of a chunk; a power of two
	MaxChunk    = 4 << 20
	MaxChunks   = 1 << 20 // of data: with 4 MiB each, 4 TiB
	MaxManifest = 512     // chunks of a manifest
	MaxEntries  = 1_000_000
	MaxBytes    = MaxChunks * MaxChunk / 9 * 8 // of all files: so much fits when it is padded

	minPadded     = 4096
	manifestChunk = 1 << 20
)

// Padded returns the size that n bytes are filled up to, so that it tells little
// of n: by Padme (Nikitin et al., "Reducing Metadata Leakage from Encrypted Files
// and Communication with PURBs", 2019), at most 12 % more, and never less than
// 4 KiB. 0 stays 0.
func Padded(n int64) int64 {
	if n <= 0 {
		return 0
	}
	n = max(n, minPadded)
	e := bits.Len64(uint64(n)) - 1 // floor(log2 n)
	s := bits.Len(uint(e))         // floor(log2 e) + 1
	mask := int64(1)<<(e-s) - 1
	return (n + mask) &^ mask
}

// ChunkFor returns how large the chunks are made of files with so many bytes
// together: 1 MiB, and from 64 GiB on 4.
func ChunkFor(bytes int64) int {
	if bytes >= 64<<30 {
		return MaxChunk
	}
	return 1 << 20
}

// A Layout says how the bytes of all files, back to back, are cut into chunks.
type Layout struct {
	Bytes int64 // of all files
	Chunk int   // size of a chunk; the last may be shorter
}

// Check says whether a layout is one that this package makes and reads.
func (l Layout) Check() error {
	switch {
	case l.Chunk < MinChunk || l.Chunk > MaxChunk || l.Chunk&(l.Chunk-1) != 0:
		return fmt.Errorf("chunks of %d bytes: %w", l.Chunk, ErrInvalid)
	case l.Bytes < 0:
		return fmt.Errorf("%d bytes: %w", l.Bytes, ErrInvalid)
	case l.Bytes > MaxBytes || l.Chunks() > MaxChunks:
		return fmt.Errorf("%d bytes in chunks of %d: %w", l.Bytes, l.Chunk, ErrLimit)
	}
	return nil
}

// Chunks returns how many there are. Without a byte there is none.
func (l Layout) Chunks() int {
	return int((Padded(l.Bytes) + int64(l.Chunk) - 1) / int64(l.Chunk))
}

// Span returns where chunk i begins, how long it is, padding and all, and whether
// it is the last.
func (l Layout) Span(i int) (off int64, n int, final bool) {
	off = int64(i) * int64(l.Chunk)
	n = int(min(int64(l.Chunk), Padded(l.Bytes)-off))
	return off, n, i == l.Chunks()-1
}

// Sealed returns how many bytes all chunks of data have when they are sealed.
func (l Layout) Sealed() int64 { return Padded(l.Bytes) + int64(l.Chunks())*Overhead }

// ManifestChunks returns how many chunks a manifest of so many bytes becomes, and how
// many bytes they have together when they are sealed.
func ManifestChunks(size int64) (chunks int, sealed int64) {
	padded := Padded(max(size, 1))
	chunks = int((padded + manifestChunk - 1) / manifestChunk)
	return chunks, padded + int64(chunks)*Overhead
}
