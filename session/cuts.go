package session

import (
	"encoding/binary"
	"io"

	"github.com/cespare/xxhash/v2"
	"lukechampine.com/blake3"
)

// This file cuts files where their content says so (transfer.proto, Cuts): a
// byte that is inserted moves no cut but those around it, so two versions of a
// file have most of their cuts in common, wherever they lie.
//
// The algorithm is part of the protocol and has to be the same, to the bit, at
// both ends and in every language; so it is written out here and there, and
// not a library's.

const (
	minAverageCut = 4 << 10
	maxAverageCut = 8 << 20

	// maxCuts is how many cuts are told of all files that are not over: some 50
	// bytes of memory each.
	maxCuts = 1 << 18

	// cutWindow is how many bytes decide whether a cut ends behind them.
	cutWindow = 64
)

// gear turns a byte into 64 bits that look like chance.
var gear = func() (g [256]uint64) {
	for b := range g {
		h := blake3.Sum256([]byte{byte(b)})
		g[b] = binary.LittleEndian.Uint64(h[:])
	}
	return g
}()

// averageCutFor returns how long cuts of a file of size bytes are on average:
// with the root of the size, so that what a change costs and what the cuts
// themselves cost grow alike. It returns 0 for a file that would have too many.
func averageCutFor(size int64) int {
	a := int64(minAverageCut)
	for a <= maxAverageCut && (a*a < 2*size || mostCuts(size, int(a)) > maxCuts) {
		a <<= 1
	}
	if a > maxAverageCut && mostCuts(size, maxAverageCut) > maxCuts {
		return 0
	}
	return int(min(a, maxAverageCut))
}

// mostCuts is how many cuts a file of size bytes has at the most.
func mostCuts(size int64, average int) int64 { return size/int64(average/2) + 1 }

// A cutter finds the ends of cuts in a file that it sees bit by bit.
type cutter struct {
	average int
	seen    int    // bytes of the present cut that are in h, or before
	h       uint64 // over the last cutWindow of them
}

// next returns the length of the cut that b begins with, or 0 if its end is not
// in b. Then it wants to be called with the same bytes and more behind them; end
// tells that there are none.
func (c *cutter) next(b []byte, end bool) int {
	least, most := c.average/2, 2*c.average
	limit := (1 << 63 / uint64(least)) << 1 // the highest log2(least) bits are 0 below it
	b = b[:min(len(b), most)]
	if c.seen < least {
		if len(b) < least {
			if end {
				return len(b)
			}
			return 0
		}
		c.h = 0
		for _, x := range b[least-cutWindow : least] {
			c.h = c.h<<1 + gear[x]
		}
		c.seen = least
		if c.h < limit {
			c.seen = 0
			return least
		}
	}
	h := c.h
	for i, x := range b[c.seen:] {
		if h = h<<1 + gear[x]; h < limit {
			i += c.seen + 1
			c.seen = 0
			return i
		}
	}
	if len(b) == most || end {
		c.seen = 0
		return len(b)
	}
	c.seen, c.h = len(b), h
	return 0
}

// A cutHash is the XXH64 of a cut. It only has to find cuts, at the speed of
// memory: what is put together from them is verified as a chunk. So whoever makes
// two cuts with the same hash has his chunk sent once more.
type cutHash uint64

// A cut is a piece of a file.
type cut struct {
	off    int64
	length int
	hash   cutHash
}

// A cutScan reads a file from front to back, once, and cuts it.
type cutScan struct {
	cutter
	buf   []byte // room for an unfinished cut, then for what is read at a time
	last  int    // bytes that were read last
	carry int    // bytes of the unfinished cut, the end of these and before
	off   int64  // where it begins

	// guess, if not nil, tells what the next cut is if the file goes on as
	// another one does. It is cheaper to find it so than to look for its end.
	guess func() (length int, h cutHash)
}

// newCutScan makes a scan that reads at most piece bytes at a time.
func newCutScan(average, piece int) *cutScan {
	return &cutScan{cutter: cutter{average: average}, buf: make([]byte, 2*average+piece)}
}

// follow returns the length of the cut that b begins with, if it is the one that
// was to be expected there, or 0.
func (s *cutScan) follow(b []byte, found func(cut)) int {
	if s.guess == nil || s.cutter.seen > 0 {
		return 0
	}
	n, h := s.guess()
	if n == 0 || n > len(b) || cutHash(xxhash.Sum64(b[:n])) != h {
		return 0
	}
	found(cut{s.off, n, h})
	s.off += int64(n)
	return n
}

// seek has the scan go on at off; a cut that is not finished is forgotten.
func (s *cutScan) seek(off int64) { s.cutter.seen, s.carry, s.off = 0, 0, off }

// at returns where the scan will read.
func (s *cutScan) at() int64 { return s.off + int64(s.carry) }

// add reads n more bytes, which end the file or the stretch of it that is read,
// if end. It returns them, valid until the next call, and calls found for each
// cut that ended. A file that is shorter is io.ErrUnexpectedEOF.
func (s *cutScan) add(r io.ReaderAt, n int, end bool, found func(cut)) ([]byte, error) {
	room := 2 * s.average
	copy(s.buf[room-s.carry:room], s.buf[room+s.last-s.carry:room+s.last])
	piece := s.buf[room : room+n]
	if m, err := r.ReadAt(piece, s.at()); m < n {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	b := s.buf[room-s.carry : room+n]
	for len(b) > 0 {
		if known := s.follow(b, found); known > 0 {
			b = b[known:]
			continue
		}
		length := s.next(b, end)
		if length == 0 {
			break
		}
		found(cut{s.off, length, cutHash(xxhash.Sum64(b[:length]))})
		s.off += int64(length)
		b = b[length:]
	}
	s.last, s.carry = n, len(b)
	return piece, nil
}
