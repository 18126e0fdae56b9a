package session

import (
	"context"
	"encoding/base32"
	"errors"
	"io/fs"
	"os"
	"time"

	"lukechampine.com/blake3"

	"github.com/bargee/bargee/internal/filelock"
	"github.com/bargee/bargee/internal/wire"
)

// A partial is an unfinished file: beside its destination, hidden, readable by
// its owner only, and never under its final name. It holds a lock for as long
// as it is open, so there is one writer of a destination at a time, also among
// processes. A file of several chunks has a journal too.
type partial struct {
	dir  *os.Root
	dot  *os.File // dir once more, open for as long as dir is; nil: opened when needed
	name string   // of the destination, in dir
	file *os.File
	journal
	fresh bool // it was empty when this run began to write it
}

// linkSuffix is that of a link before it gets its name; it is private as well.
const linkSuffix = ".link" + partialSuffix

// errAppeared means that the destination came up while it was received.
var errAppeared = newError(Exists, Path{}, "it appeared while the file was received")

// errBusy means that another writer has the destination.
var errBusy = errors.New("another transfer is writing it")

// partialName returns the name of the partial for a destination of that name;
// suffix is partialSuffix or journalSuffix. It is as short for every name, so
// that the longest one has a partial too.
func partialName(name, suffix string) string {
	h := blake3.Sum256([]byte(name))
	return privatePrefix + base32.HexEncoding.EncodeToString(h[:15]) + suffix
}

// openPartial opens the partial for name in dir, or makes one, and locks it.
// The caller closes it by commit, keep or discard.
func openPartial(dir *os.Root, name string) (*partial, error) {
	p := &partial{dir: dir, name: name}
	part := partialName(name, partialSuffix)
	// Twice may be too few where others commit the same destination over and
	// over, but then giving up is right.
	for range 3 {
		f, err := openOrCreate(dir, part)
		if err != nil {
			return nil, err
		}
		if err := filelock.TryLock(f); err != nil {
			f.Close()
			if errors.Is(err, filelock.ErrHeld) {
				err = errBusy
			}
			return nil, err
		}
		if ours(dir, part, f) {
			p.file = f
			return p, nil
		}
		f.Close() // it was committed between our open and our lock: it is not a partial any more
	}
	return nil, errBusy
}

// ours tells whether name in dir is still the regular file f, with no other name.
func ours(dir *os.Root, name string, f *os.File) bool {
	a, err := f.Stat()
	if err != nil || !a.Mode().IsRegular() {
		return false
	}
	b, err := dir.Lstat(name)
	return err == nil && os.SameFile(a, b) && links(a) == 1
}

// openJournal opens the journal beside p, or makes one.
func (p *partial) openJournal() error {
	f, err := openOrCreate(p.dir, partialName(p.name, journalSuffix))
	if err != nil {
		return err
	}
	if fi, err := f.Stat(); err != nil || !fi.Mode().IsRegular() {
		f.Close()
		return errors.Join(errors.New("the journal is no regular file"), err)
	}
	p.journal.file = f
	return nil
}

// resume returns what an earlier run left for a file of size bytes, or begins
// anew with chunks of chunkSize bytes. The layout may have another chunk size,
// but none outside lo to hi: such an earlier run is begun anew.
func (p *partial) resume(size int64, chunkSize, lo, hi int) (l layout, claims map[uint64]value, sameBoot bool, err error) {
	if err := p.openJournal(); err != nil {
		return l, nil, false, err
	}
	l, claims, sameBoot, err = p.journal.read(size)
	switch {
	case err == nil && l.chunkSize >= lo && l.chunkSize <= hi && l.count() <= mostChunks:
		return l, claims, sameBoot, nil
	case err != nil && !errors.Is(err, errNoJournal):
		return l, nil, false, err
	}
	l = layout{size: size, chunkSize: chunkSize}
	if err := truncate(p.file, 0); err != nil {
		return l, nil, false, err
	}
	return l, nil, true, p.journal.begin(l)
}

// meta is what a committed file gets beside its bytes.
type meta struct {
	mode     fs.FileMode // permission bits; not set if keepMode is false
	modified time.Time
	keepMode bool
	keepTime bool
	fsync    bool
	xattrs   []*wire.Xattr
	replace  bool // an existing file may be replaced
	digest   value
}

// commit gives the partial its metadata and its final name, and closes it. If
// it fails, the partial is kept, unless its bytes may be lost.
func (p *partial) commit(size int64, m meta) error {
	defer p.close()
	if err := truncate(p.file, size); err != nil {
		return err
	}
	mode := 0o666 &^ umask()
	if m.keepMode {
		mode = m.mode.Perm() &^ umask()
	}
	if err := setXattrs(p.file, m.xattrs); err != nil { // while it is writable
		return err
	}
	if err := setMode(p.file, mode); err != nil {
		return err
	}
	if m.keepTime {
		if err := setTime(p.dir, partialName(p.name, partialSuffix), p.file, m.modified); err != nil {
			return err
		}
	}
	if m.fsync {
		if err := syncFile(p.file); err != nil {
			// The kernel has dropped the pages it could not write, and a second
			// fsync would say that all is well: these bytes are lost.
			p.remove()
			return err
		}
	}
	if err := flush(p.file); err != nil {
		p.remove() // as after fsync
		return err
	}
	if err := p.rename(m.replace); err != nil {
		if errors.Is(err, errAppeared) && p.isThere(size, m.digest) {
			p.remove() // while it is locked
			return nil
		}
		return err
	}
	if p.journal.file != nil {
		removeFrom(p.dir, partialName(p.name, journalSuffix))
	}
	if m.fsync {
		return syncDir(p.dir)
	}
	return nil
}

// isThere tells whether the file that has the partial's name now is the same:
// another transfer of it was faster.
func (p *partial) isThere(size int64, digest value) bool {
	if fi, err := p.dir.Lstat(p.name); err != nil || fi.Size() != size {
		return false
	}
	v, err := digestFile(context.Background(), p.dir, p.name, size)
	return err == nil && v == digest
}

// rename puts the partial under its final name.
func (p *partial) rename(replace bool) error {
	part := partialName(p.name, partialSuffix)
	if !replace {
		err := before(changeRename, p.dir, p.name)
		if err == nil {
			err = p.moveNew(part)
		}
		if errors.Is(err, fs.ErrExist) {
			return errAppeared
		}
		return err
	}
	if fi, err := p.dir.Lstat(p.name); err == nil && fi.IsDir() {
		return newError(Exists, Path{}, "a directory is in the way")
	}
	return renameIn(p.dir, part, p.name)
}

// keep closes the partial, so that a later run can resume it.
func (p *partial) keep() { p.close() }

// discard removes the partial.
func (p *partial) discard() {
	p.remove()
	p.close()
}

func (p *partial) remove() {
	removeFrom(p.dir, partialName(p.name, partialSuffix))
	removeFrom(p.dir, partialName(p.name, journalSuffix))
}

func (p *partial) close() {
	p.file.Close()
	if p.journal.file != nil {
		p.journal.file.Close()
	}
}

// syncDir makes the names in dir durable.
func syncDir(dir *os.Root) error {
	f, err := dir.Open(".")
	if err != nil {
		return err
	}
	defer f.Close()
	return syncFile(f)
}
