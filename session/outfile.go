package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"

	"github.com/bargee/bargee/internal/wire"
)

// An outFile is an announced entry at the sender.
type outFile struct {
	id     uint64
	tree   *Dir
	dirs   *heldDirs // of tree
	path   Path      // in tree
	rel    Path      // as it is announced
	shown  Path      // at its place, for people
	entry  Entry
	ident  identity     // of the file when it was announced
	tries  int          // how often it was announced
	data   int64        // bytes that are in no hole, if sparse
	sparse bool         // it is likely to have holes
	xattrs *wire.Xattrs // until it is announced
	names  uint32       // how many it has (hard links)
	link   uint64       // id of another one that was announced
	drop   *dropBody    // where it is read, in place of tree; nil: there

	heard  verdicts    // of the manifest's reader
	placed atomic.Bool // it holds a place in the window
	pooled bool        // it is in the pool, whose lock guards this
	books  int         // bytes of its bookkeeping; the sender's lock guards this

	mu         sync.Mutex
	file       *os.File // opened at the first chunk
	gone       bool     // closed for good
	users      int      // reads under way
	layout     layout
	values     []value // of chunks that were sent, or claimed and compared
	todo       bitmap  // chunks to be sent
	owed       bitmap  // those of them that were not sent before
	acked      bitmap  // chunks that the receiver has, in this run's knowledge
	claims     int     // how many chunks the receiver claimed
	claim      claim   // what is left of them
	faults     int     // chunks that arrived corrupted
	told       bool    // Complete was sent
	denied     bool    // the receiver did not want a chunk: it says why in a result
	holes      bool    // the receiver takes chunks that are holes
	grain      grain
	delta      *outDelta // nil unless it is compared with an old file
	digestTold value     // in answer to VERDICT_DIGEST
}

// verdicts are the answers that came about an entry.
type verdicts uint8

func (v verdicts) has(w wire.Verdict) bool {
	return v&(1<<wire.Verdict_VERDICT_WANT) != 0 || v&(1<<w) != 0
}
func (v *verdicts) add(w wire.Verdict) { *v |= 1 << w }

// maxTries is how often a file that changes is sent anew, and maxFaults how
// many of its chunks may arrive corrupted, before it is given up.
const (
	maxTries  = 3
	maxFaults = 3
)

// errChanged means that the file is not what was announced any more.
var errChanged = errors.New("it changed while it was sent")

// An identity tells a file's content from another, as well as the system can
// without reading it. Setting the time back by hand changes ctime.
type identity struct {
	size     int64
	modified int64
	changed  int64 // ctime; 0 where there is none
	device   uint64
	inode    uint64
}

// open opens the file, or counts another user of it. Each is ended by done.
func (f *outFile) open() (*os.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.gone {
		return nil, fs.ErrClosed
	}
	if f.file == nil {
		var file *os.File
		err := f.dirs.patiently(func() (err error) {
			file, err = f.openHeld()
			return err
		})
		if err != nil {
			return nil, err
		}
		if err := f.verify(file); err != nil {
			file.Close()
			return nil, err
		}
		f.file = file
	}
	f.users++
	return f.file, nil
}

// openHeld opens the file by way of its directory, which is open already for
// all but the first file in it.
func (f *outFile) openHeld() (*os.File, error) {
	if f.path.IsRoot() {
		return f.tree.openFile(f.path)
	}
	dir, err := f.dirs.hold(f.path.Parent())
	if err != nil {
		return nil, err
	}
	defer f.dirs.release(dir)
	file, err := openRegular(dir.root, f.path.Base())
	if err != nil {
		return nil, err
	}
	if err := checkPlanted(dir.root, file); err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// done ends a use of the file.
func (f *outFile) done() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.users--
	f.closeIfUnused()
}

// close closes the file when its last user is done.
func (f *outFile) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gone = true
	f.delta.close()
	f.closeIfUnused()
}

func (f *outFile) closeIfUnused() {
	if f.gone && f.users == 0 && f.file != nil {
		f.file.Close()
		f.file = nil
	}
}

// verify holds the open file against what was announced.
func (f *outFile) verify(file *os.File) error {
	fi, err := file.Stat()
	if err != nil {
		return err
	}
	if identityOf(fi) != f.ident {
		return errChanged
	}
	return nil
}

// read reads chunk i into buf and returns it with its value; of a hole it
// returns other zeros (see isHole). The chunk of a
// file that has only one is known to be unchanged; of others that is known at
// the end.
func (f *outFile) read(i uint64, buf []byte) ([]byte, value, error) {
	if f.drop != nil {
		return f.drop.read(f, i, buf)
	}
	if f.layout.single() && !f.sparse {
		if data, done, err := f.readWhole(buf); err != nil {
			return nil, value{}, err
		} else if done {
			return data, valueOf(data, 0, f.layout.chunkSize, true), nil
		}
	}
	file, err := f.open()
	if err != nil {
		return nil, value{}, err
	}
	defer f.done()
	off, n := f.layout.span(i)
	if f.sparse && inHole(file, off, n) {
		buf = zeros[:n:n]
	} else if m, err := file.ReadAt(buf[:n], off); err != nil && !(err == io.EOF && m == n) {
		if err == io.EOF {
			return nil, value{}, errChanged // it is shorter now
		}
		return nil, value{}, fmt.Errorf("at byte %d: %w", off+int64(m), plain(err))
	}
	if f.layout.single() {
		if err := f.verify(file); err != nil {
			return nil, value{}, err
		}
	}
	return buf[:n], valueOf(buf[:n], i, f.layout.chunkSize, f.layout.single()), nil
}

// valueAgain returns the value of chunk i, which the receiver claims to have. A file
// that an earlier run fetched from afar is not fetched again for it.
func (f *outFile) valueAgain(i uint64, buf []byte) (value, error) {
	if f.drop != nil {
		if v, ok := f.drop.recall(f, i); ok {
			return v, nil
		}
	}
	_, v, err := f.read(i, buf)
	return v, err
}

// check reports whether the file is still what was announced.
func (f *outFile) check() error {
	if f.drop != nil { // nobody changes it, but it may be another one than was stored
		return f.drop.same(value(f.sum()))
	}
	file, err := f.open()
	if err != nil {
		return err
	}
	defer f.done()
	return f.verify(file)
}

// digest digests the file for a comparison.
func (f *outFile) digest(ctx context.Context) (value, error) {
	if f.drop != nil {
		return f.drop.digest(ctx)
	}
	file, err := f.open()
	if err != nil {
		return value{}, err
	}
	defer f.done()
	l := layout{f.entry.Size, defaultChunkSize}
	v, err := digestOpen(ctx, file, l)
	if err == nil {
		err = f.verify(file)
	}
	return v, err
}

// ready reports whether the receiver has every chunk and the file can be
// completed; it says so once.
func (f *outFile) ready() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.told || f.layout.single() || !f.acked.full() || f.claim.left() > 0 {
		return false
	}
	f.told = true
	return true
}

// sent reports whether all chunks were taken to be sent at least once, or are
// there already. One whose stream died may be there, and be sent again.
func (f *outFile) sent() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.owed.set == 0 && f.claim.left() == 0
}

// debt is what the receiver has to say of f: what its old file is made of, or
// how f ended. What it claimed it reads again first, for as long as that takes.
func (f *outFile) debt() debt {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.delta != nil && !f.delta.sig.whole {
		return debtData
	}
	if whole := f.told || f.layout.single() && f.acked.n > 0 && f.acked.full(); f.denied || whole && f.claims == 0 {
		return debtResult
	}
	return debtNone
}

// sum returns the digest of the file that was sent.
func (f *outFile) sum() []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.values) == 0 {
		return nil
	}
	v := combine(f.values)
	return v[:]
}
