package session

import (
	"encoding/binary"
	"io/fs"
	"iter"
)

// A dirList holds what directories get when all in them is done, in the order
// in which they were announced. A path is kept as the part in which it differs
// from the one before, so that a million directories fit into some 40 MiB.
type dirList struct {
	buf    []byte
	blocks []int // where each block begins: it has blockDirs directories and the first one's whole path
	n      int
	last   string
}

const (
	blockDirs = 64
	maxDirs   = 64 << 20 // bytes; a sender that comes to this has named some over and over
)

// dirMeta is what a directory gets.
type dirMeta struct {
	path  Path
	entry Entry // its mode and time only
}

// add appends m, unless that is too much to be kept.
func (l *dirList) add(m dirMeta) bool {
	if l.n > 0 && m.path.raw == l.last || len(l.buf)+len(m.path.raw) > maxDirs {
		return len(l.buf)+len(m.path.raw) <= maxDirs // named twice: the first word counts
	}
	if l.n%blockDirs == 0 {
		l.blocks = append(l.blocks, len(l.buf))
		l.last = ""
	}
	same := commonPrefix(l.last, m.path.raw)
	s, ns := timeToWire(m.entry.Modified)
	l.buf = binary.AppendUvarint(l.buf, uint64(same))
	l.buf = binary.AppendUvarint(l.buf, uint64(len(m.path.raw)-same))
	l.buf = append(l.buf, m.path.raw[same:]...)
	l.buf = binary.AppendUvarint(l.buf, uint64(m.entry.Mode.Perm()))
	l.buf = binary.AppendVarint(l.buf, s)
	l.buf = binary.AppendUvarint(l.buf, uint64(ns))
	l.last = m.path.raw
	l.n++
	return true
}

// backward yields all that was added, the last first.
func (l *dirList) backward() iter.Seq[dirMeta] {
	return func(yield func(dirMeta) bool) {
		end := len(l.buf)
		for i := len(l.blocks) - 1; i >= 0; i-- {
			block := readDirs(l.buf[l.blocks[i]:end])
			end = l.blocks[i]
			for j := len(block) - 1; j >= 0; j-- {
				if !yield(block[j]) {
					return
				}
			}
		}
	}
}

// readDirs reads a block. Nobody but add has written it.
func readDirs(b []byte) (out []dirMeta) {
	number := func() uint64 {
		n, size := binary.Uvarint(b)
		b = b[size:]
		return n
	}
	last := ""
	for len(b) > 0 {
		same, more := number(), number()
		last = last[:same] + string(b[:more])
		b = b[more:]
		m := dirMeta{path: Path{last}}
		m.entry.Mode = fs.FileMode(number() & permBits)
		s, size := binary.Varint(b)
		b = b[size:]
		m.entry.Modified = timeFromWire(s, uint32(number()))
		out = append(out, m)
	}
	return out
}

func commonPrefix(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}
