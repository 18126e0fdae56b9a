package session

import (
	"context"
	"errors"
	"os"

	"github.com/bargee/bargee/internal/wire"
)

// This file is the receiver's half of sending only what is new: it tells the
// sender what an old file is made of, and puts chunks together from that and
// from what comes.
//
// The old file is only ever read, and stays until the new one takes its name. A
// chunk is verified as a whole, so an old file that changes meanwhile, or a
// sender that lies, makes no wrong file, but a chunk that is sent again.

// A base is the old file from which an inFile is made. The lock of the inFile
// guards it.
type base struct {
	name    string // in the directory of the new file
	size    int64
	average int      // bytes of a cut
	file    *os.File // nil before its cuts are told, and when the new file is named
	told    bool     // that there are no more cuts
	over    bool     // the new file is
	charged int64    // what it takes of the receiver's budget of cuts
	spoilt  uint64   // chunks that did not verify
}

// cutsAtOnce is how many cuts are told by a message; the sender waits for them,
// so after this many bytes of the old file they are told in any case.
const (
	cutsAtOnce     = 1024
	cutBytesAtOnce = 16 << 20
	maxSpoilt      = 1 << 10 // besides one for each chunk
)

// baseFor makes the old file, if there is one and it is worth it, what f is made
// from. A peer that may only write is told nothing of what is there.
func (r *receiver) baseFor(f *inFile) {
	size := f.existing.Size
	if !f.parts || r.options.Whole || r.policy.WriteOnly || f.existing.Kind != RegularFile || min(size, f.entry.Size) < worthwhile {
		return
	}
	if average := averageCutFor(max(size, f.entry.Size)); average > 0 {
		f.base = &base{name: f.name, size: size, average: average}
	}
}

// averageCut is what the sender is told with WANT; f.mu is not held.
func (f *inFile) averageCut() uint32 {
	if f.base == nil {
		return 0
	}
	return uint32(f.base.average)
}

// tellCuts tells the sender what the old file of f is made of. Whatever happens,
// it says that no more will come: the sender waits for that.
func (r *receiver) tellCuts(ctx context.Context, f *inFile) {
	m := &wire.Cuts{Id: f.id}
	if err := r.cutsLeft.Acquire(ctx, r.charge(f)); err != nil {
		return // the transfer is over
	}
	f.mu.Lock()
	f.base.charged = r.charge(f)
	f.mu.Unlock()
	if file, ok := r.openBase(f); ok {
		m = r.cutBase(ctx, f, file, m)
	}
	m.Last = true
	r.out.send(&wire.ToSender{Say: &wire.ToSender_Cuts{Cuts: m}})
	r.endBase(f, true)
}

// charge is what the cuts of f take of the budget: never less than a file that
// is open is worth.
func (r *receiver) charge(f *inFile) int64 {
	return min(max(mostCuts(f.base.size, f.base.average), maxCuts/256), maxCuts)
}

// openBase opens the old file, as any that is read for a peer. One that is not
// what it was is left alone.
func (r *receiver) openBase(f *inFile) (*os.File, bool) {
	file, err := openRegular(f.dir.root, f.base.name)
	if err != nil {
		return nil, false
	}
	fi, err := file.Stat()
	if err == nil {
		err = checkPlanted(f.dir.root, file)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err != nil || fi.Size() != f.base.size || f.state != inWanted {
		file.Close()
		return nil, false
	}
	f.base.file = file
	return file, true
}

// cutBase reads the old file and tells its cuts, but for the last ones, which it
// returns. It ends when f is over, or when the file cannot be read.
func (r *receiver) cutBase(ctx context.Context, f *inFile, file *os.File, m *wire.Cuts) *wire.Cuts {
	const piece = 256 << 10 // it stays in the processor's cache
	scan, untold := newCutScan(f.base.average, piece), 0
	for scan.at() < f.base.size && !stopped(ctx, f, inWanted)() {
		n := int(min(piece, f.base.size-scan.at()))
		_, err := scan.add(file, n, scan.at()+int64(n) == f.base.size, func(c cut) {
			m.Lengths = append(m.Lengths, uint32(c.length))
			m.Hashes = append(m.Hashes, uint64(c.hash))
		})
		if err != nil {
			break
		}
		if untold += n; len(m.Lengths) >= cutsAtOnce || untold >= cutBytesAtOnce {
			r.out.send(&wire.ToSender{Say: &wire.ToSender_Cuts{Cuts: m}})
			m, untold = &wire.Cuts{Id: f.id}, 0
		}
	}
	return m
}

// endBase gives back what f takes of the budget, now that it is over or, with
// told, that its cuts are told, whichever comes last.
func (r *receiver) endBase(f *inFile, told bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	b := f.base
	if b == nil {
		return
	}
	b.told, b.over = b.told || told, b.over || !told
	if !b.over {
		return
	}
	f.closeBase()
	if b.charged > 0 {
		r.cutsLeft.Release(b.charged)
		b.charged = 0
	}
}

// closeBase closes the old file; f.mu is held.
func (f *inFile) closeBase() {
	if f.base != nil && f.base.file != nil {
		f.base.file.Close()
		f.base.file = nil
	}
}

// cutting tells whether the sender waits for us to read the old file; f.mu is
// held.
func (f *inFile) cutting() bool { return f.base != nil && !f.base.told }

// expectedParts holds the parts of a chunk against the old file; f.mu is held.
func (f *inFile) expectedParts(c *wire.Chunk) error {
	if len(c.GetParts()) == 0 || f.state != inWanted {
		return nil
	}
	recipe, err := recipeFromWire(c.GetParts(), int(c.GetLength()))
	switch {
	case err != nil:
		return newError(Protocol, f.path, "chunk %d: %w", c.GetIndex(), err)
	case c.GetHole():
		return newError(Protocol, f.path, "chunk %d is a hole, and has parts", c.GetIndex())
	case f.base == nil || !recipe.within(f.base.size):
		return newError(Protocol, f.path, "chunk %d is made of what is not there", c.GetIndex())
	case f.base.spoilt > f.count()+maxSpoilt:
		return newError(Protocol, f.path, "its chunks are made of the wrong parts again and again")
	}
	return nil
}

// takeParts puts a chunk together from its parts and takes it in.
func (r *receiver) takeParts(f *inFile, stream, lane int, c *wire.Chunk, literals []byte) (wire.Ack_State, error) {
	recipe, err := recipeFromWire(c.GetParts(), int(c.GetLength()))
	if err != nil {
		return wire.Ack_STATE_UNWANTED, err
	}
	buf := getChunk(int(c.GetLength()))
	defer putChunk(buf)
	state := wire.Ack_STATE_CORRUPT
	if f.fill(buf, recipe, literals) == nil {
		state, err = r.keepChunk(f, stream, lane, c, buf)
	} else {
		f.mu.Lock()
		f.end(c.GetIndex(), value{}, false)
		f.mu.Unlock()
	}
	if state == wire.Ack_STATE_CORRUPT {
		f.mu.Lock()
		f.base.spoilt++
		f.mu.Unlock()
	}
	return state, err
}

// errNoBase means that the old file is not open, or not any more.
var errNoBase = errors.New("the old file is not open")

// fill makes data by recipe from the old file and literals.
func (f *inFile) fill(data []byte, recipe recipe, literals []byte) error {
	f.mu.Lock()
	file := f.base.file
	f.mu.Unlock()
	for _, p := range recipe {
		if p.copied > 0 && file == nil {
			return errNoBase
		}
		if p.copied > 0 {
			if _, err := file.ReadAt(data[:p.copied], p.from); err != nil {
				return err
			}
		}
		data = data[p.copied:]
		n := copy(data[:p.literal], literals)
		data, literals = data[n:], literals[n:]
	}
	return nil
}
