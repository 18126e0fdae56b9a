package session

import (
	"errors"
	"io"
	"sync"
	"sync/atomic"

	"github.com/bargee/bargee/internal/wire"
)

// An inFile is an announced entry at the receiver, from its announcement to its
// result. Its state only moves down:
//
//	asking      the sender's digest or somebody's decision is awaited
//	wanted      WANT was answered: chunks come in
//	committing  one goroutine gives it its name
//	over        answered or reported; the table has forgotten it
type inFile struct {
	id     uint64
	path   Path  // as it was announced
	entry  Entry // as it was announced
	dir    *heldDir
	name   string // in dir
	unmade Path   // of a dry run: the directory in dir's place that is not there

	sparse bool  // it has holes at its source
	data   int64 // bytes that are in none

	xattrs []*wire.Xattr // that it gets
	named  *namedFile    // of the first name of several, until it is over
	linkTo *namedFile    // of another one, until it is a link or wanted

	promised atomic.Int64 // bytes that it will still take on the disk
	booked   atomic.Pointer[booking]

	// Of the receiver's burden, and guarded as that is.
	placed      bool
	books       int
	layoutAsked layout

	mu      sync.Mutex
	state   inState
	replace bool // an existing file may be replaced
	resumed bool // chunks of an earlier run are in it
	stale   bool // there is a journal of an earlier run
	parts   bool // the sender can send it in parts
	*assembly
	base *base    // the old file that it is made from; nil: none
	part *partial // nil until the first chunk is written
	// Of a comparison with an existing file: each side's digest, when known.
	existing       Entry
	comparing      bool // their digest is due
	theirs, locals *value
	alike          []*likely // files that may have the same content; the digest is due
	disputed       bool      // a decision is due
}

type inState uint8

const (
	inAsking inState = iota
	inWanted
	inCommitting
	inOver
)

// errDropped means that the file was given up while something was done for it.
var errDropped = errors.New("the file was given up")

// target returns the path of the destination below the receiver's directory.
func (f *inFile) target() Path {
	if !f.unmade.IsRoot() {
		return f.unmade.Append(Path{f.name})
	}
	p, err := f.dir.path.Join(f.name)
	if err != nil {
		return f.dir.path
	}
	return p
}

// store writes a verified chunk to the partial. It reports whether the file is
// whole or mismatched now; then the caller is the one who has to commit it.
func (r *receiver) store(f *inFile, index uint64, data []byte, v value) (completeness, error) {
	off, _ := f.span(index)
	err := r.write(f, index, off, data, v)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.end(index, v, err == nil)
	if err != nil {
		return unfinished, err
	}
	return f.claimCommit(), nil
}

func (r *receiver) write(f *inFile, index uint64, off int64, data []byte, v value) error {
	p, err := r.openPartial(f)
	if err != nil {
		return err
	}
	written := len(data)
	if f.sparse {
		written, err = putAround(p.file, data, off, p.fresh)
	} else {
		err = writeAt(p.file, data, off)
	}
	if err != nil {
		return err
	}
	f.promised.Add(-int64(written))
	f.mu.Lock() // records are appended one at a time
	defer f.mu.Unlock()
	if f.part != p {
		return errDropped
	}
	return p.add(index, v)
}

// openPartial returns the partial, open with its journal. That of a file that
// was dropped stays as it is: it is kept for another run, and may be in one.
func (r *receiver) openPartial(f *inFile) (*partial, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.state != inWanted:
		return nil, errDropped
	case f.part != nil:
		return f.part, nil
	}
	p, err := r.grasp(r.ctx, f)
	if err != nil {
		return nil, err
	}
	if err = p.openJournal(); err == nil {
		err = p.begin(f.layout)
	}
	if err == nil {
		err = truncate(p.file, 0)
	}
	if err == nil {
		err = f.makeRoom(p)
	}
	if err != nil {
		p.keep()
		return nil, err
	}
	p.dot, f.part, p.fresh = f.dir.dot, p, true
	return p, nil
}

// makeRoom prepares the empty partial p: one with holes for what is left out,
// a large one for what comes.
func (f *inFile) makeRoom(p *partial) error {
	switch {
	case f.sparse:
		return truncate(p.file, f.entry.Size)
	case f.entry.Size < reserveFrom:
		return nil
	}
	done, err := allocate(p.file, f.entry.Size)
	if done {
		f.promised.Store(0) // the disk counts it now
	}
	return err
}

// reserveFrom is the size from which on a file's room is reserved.
const reserveFrom = 8 << 20

// claimCommit reports how far the file is, and if it is not unfinished, makes
// the caller the one who commits it; f.mu is held.
func (f *inFile) claimCommit() completeness {
	if f.state != inWanted {
		return unfinished
	}
	c := f.assembly.state()
	if c != unfinished {
		f.state = inCommitting
	}
	return c
}

// committed tells, of a file that was to get its name, whether it did.
func (f *inFile) committed() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.state == inCommitting
}

// reread reads the claimed chunks from the partial again and returns those
// that are not what the journal says. It gives up when stop says so.
func (f *inFile) reread(stop func() bool) (missing []uint64, c completeness, err error) {
	buf := getChunk(f.chunkSize)
	defer putChunk(buf)
	for i := range f.count() {
		if stop() {
			return nil, unfinished, nil
		}
		f.mu.Lock()
		claimed, p := f.claimed.has(i), f.part
		f.mu.Unlock()
		if p == nil {
			return nil, unfinished, nil
		}
		if !claimed {
			continue
		}
		off, n := f.span(i)
		var v value // of a chunk that cannot be read: no chunk has it
		if f.sparse && inHole(p.file, off, n) {
			v = valueOf(zeros[:n], i, f.chunkSize, false)
		} else if _, err := p.file.ReadAt(buf[:n], off); err == nil {
			v = valueOf(buf[:n], i, f.chunkSize, false)
		} else if err != io.EOF {
			return nil, unfinished, err
		}
		f.mu.Lock()
		if f.checked(i, v) {
			missing = append(missing, i)
		}
		f.mu.Unlock()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return missing, f.claimCommit(), nil
}

// lacks tells whether the sender owes something of f: chunks that are not
// claimed, its word that it sent them all, or after a result of Integrity what
// is to come of it. While we cut the old file it waits for us.
func (f *inFile) lacks() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.state == inOver:
		return true
	case f.state != inWanted || f.cutting():
		return false
	case f.verified.set+f.claimed.set+uint64(len(f.writing)) < f.count():
		return true
	}
	return f.verified.full() && !f.complete && !f.resumed
}

// drop gives the file up. Its partial stays, unless discard.
func (f *inFile) drop(discard bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.state = inOver
	f.promised.Store(0)
	f.closeBase()
	if f.part == nil {
		return
	}
	// Without a journal there is nothing to resume from.
	if discard || f.part.journal.file == nil {
		f.part.discard()
	} else {
		f.part.keep()
		f.dir.fresh.Store(false)
	}
	f.part = nil
}

// claimsToWire cuts claimed values into messages of runs of chunks.
func claimsToWire(id uint64, a *assembly) []*wire.Claims {
	const most = 16 << 10 // values of a message
	var out []*wire.Claims
	for i := range a.count() {
		if !a.claimed.has(i) && !a.verified.has(i) {
			continue
		}
		last := len(out) - 1
		if last < 0 || out[last].First+uint64(len(out[last].Values)/32) != i || len(out[last].Values) >= most*32 {
			out = append(out, &wire.Claims{Id: id, First: i})
			last++
		}
		out[last].Values = append(out[last].Values, a.values[i][:]...)
	}
	return out
}
