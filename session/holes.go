package session

import (
	"bytes"
	"io/fs"
	"os"

	"github.com/bargee/bargee/internal/wire"
)

// This file knows holes: parts of a file that read as zeros and take no room on
// the disk. A chunk that lies in one is neither read nor sent nor written: the
// sender tells of it, and the partial is as long as the file from the start, so
// that what is not written is a hole there too. Its value is that of as many
// zeros. That has to be computed, by both ends, since a BLAKE3 value depends on
// where in the file its bytes stand: a file's digest stays what it is for
// everybody else, and a TiB of holes costs each end 250 s of one core.
//
// A file that has no holes gets none, however many zeros are in it: whoever
// wrote them may have wanted the room.

// zeros is what a hole reads as. It is never written to, so it takes no memory.
var zeros [maxChunkSize]byte

// isHole tells whether data is a part of zeros, which is what is read from a
// hole, and not only equal to it.
func isHole(data []byte) bool { return len(data) > 0 && &data[0] == &zeros[0] }

// hasHoles tells whether the file that fi describes is likely to have holes,
// and how many of its bytes are in none. Some disks compress, which looks the
// same; then no hole is found where one is looked for.
func hasHoles(fi fs.FileInfo) (data int64, sparse bool) {
	data = allocated(fi)
	return data, fi.Mode().IsRegular() && fi.Size() > minChunkSize && data < fi.Size()
}

// holeBlock is the unit in which zeros of a chunk become a hole again, where
// the file has some at its source: disks do not keep smaller ones.
const holeBlock = 4 << 10

// putAround writes data at off of the partial, but for its blocks of zeros.
// fresh tells that nothing was written there before. It returns how many bytes
// it wrote.
func putAround(file *os.File, data []byte, off int64, fresh bool) (written int, err error) {
	for len(data) > 0 {
		n := leadingZeros(data)
		if n > 0 && !fresh {
			if err := clearRange(file, off, n); err != nil {
				return written, err
			}
		}
		data, off = data[n:], off+int64(n)
		if n = leadingData(data); n == 0 {
			continue
		}
		if err := writeAt(file, data[:n], off); err != nil {
			return written, err
		}
		written += n
		data, off = data[n:], off+int64(n)
	}
	return written, nil
}

// leadingZeros returns how many bytes of b, in whole blocks, are zeros.
func leadingZeros(b []byte) (n int) {
	if isHole(b) {
		return len(b)
	}
	for n < len(b) {
		part := b[n:min(n+holeBlock, len(b))]
		if !bytes.Equal(part, zeros[:len(part)]) {
			break
		}
		n += len(part)
	}
	return n
}

// leadingData returns how many bytes of b, in whole blocks, come before a block
// of zeros.
func leadingData(b []byte) (n int) {
	for n < len(b) {
		part := b[n:min(n+holeBlock, len(b))]
		if bytes.Equal(part, zeros[:len(part)]) {
			break
		}
		n += len(part)
	}
	return n
}

// clearRange makes n bytes at off zeros, of a file that is longer than that and
// may have others there from an earlier run.
func clearRange(file *os.File, off int64, n int) error {
	if inHole(file, off, n) {
		return nil
	}
	if punch(file, off, n) == nil {
		return nil
	}
	return writeAt(file, zeros[:n], off)
}

// described notes what else an announcement says of f.
func (f *inFile) described(a *wire.Announce) {
	f.parts = a.GetParts()
	if a.Data != nil && f.entry.Kind == RegularFile && a.GetData() < uint64(f.entry.Size) {
		f.sparse, f.data = true, int64(a.GetData())
	}
}

// room returns how many bytes f takes on the disk.
func (f *inFile) room() int64 {
	if f.sparse {
		return f.data
	}
	return f.entry.Size
}
