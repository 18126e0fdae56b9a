package session

import (
	"context"
	"errors"
	"hash"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"

	"lukechampine.com/blake3"
)

// A Draft is a file that is being written. Nobody sees it under its name before
// Close, which puts it there whole, in the place of the file that was there; if
// it is not closed (the process or the link ends, its context ends, Discard is
// called) nothing is left of it, and what was there stays. Unlike a transfer it is
// not resumed, and begins an unfinished transfer of the same name anew. While it is
// open it is the only writer of its name, also against transfers: others are
// told Busy.
//
// What is left out between two writes is zeros. An error says what became of
// this or an earlier write: a peer is not waited for each time. After one, all
// that is left to do is Discard. WriteAt may be called from several goroutines,
// the others from one.
type Draft interface {
	io.Writer
	io.WriterAt
	io.Seeker

	// Truncate gives the file a size, with zeros behind what there is.
	Truncate(size int64) error

	// Close puts the file under its name. It fails if that was not possible, and
	// then nothing has changed.
	Close() error

	// Discard gives the draft up. After Close it does nothing.
	Discard() error
}

// CreateOptions say what a Draft begins with, and what its file gets.
type CreateOptions struct {
	New  bool // there must be no file of that name: Exists
	Keep bool // begin with the bytes of the file that is there, if there is one

	Mode     fs.FileMode // permission bits; 0: those of the file that is there, else the usual ones
	Modified time.Time   // zero: when it was last written
	Fsync    bool        // Close returns when it is on the disk
}

// A Creator is a Tree that files can be written to.
type Creator interface {
	Create(ctx context.Context, p Path, o CreateOptions) (Draft, error)
}

// Create begins to write the file p of t, whose directory must be there. The
// draft lives as long as ctx. Dir, Host and Remote can do this, and the trees of
// an Engine; a peer of a version before it is Refused.
func Create(ctx context.Context, t Tree, p Path, o CreateOptions) (Draft, error) {
	c, ok := t.(Creator)
	if !ok {
		return nil, newError(Refused, p, "nothing can be written here")
	}
	return c.Create(ctx, p, o)
}

// Create begins to write the file p. What is there under its name and is no
// regular file is left alone (NotAFile), a link too.
func (d *disk) Create(ctx context.Context, p Path, o CreateOptions) (Draft, error) {
	f, err := d.draft(ctx, p, o)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stop = context.AfterFunc(ctx, func() { f.Discard() })
	return f, nil
}

// diskDraft is a Draft of this machine: a partial without a journal, since
// there is nothing to resume it from.
type diskDraft struct {
	path Path
	meta meta
	stop func() bool // the wait for the context; nil: nobody waits

	mu   sync.Mutex
	part *partial // nil when it is over
	at   int64
	size int64
	sum  runningDigest
}

func (d *disk) draft(ctx context.Context, p Path, o CreateOptions) (_ *diskDraft, err error) {
	if err := ctx.Err(); err != nil {
		return nil, about(p, err)
	}
	if p.IsRoot() {
		return nil, newError(NotAFile, p, "the root is a directory")
	}
	dir, name, err := d.at(p)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			dir.Close()
			err = about(p, err)
		}
	}()
	f := &diskDraft{path: p, meta: meta{
		mode: o.Mode & permBits, keepMode: o.Mode != 0, modified: o.Modified, keepTime: !o.Modified.IsZero(),
		fsync: o.Fsync, replace: !o.New,
	}}
	switch fi, err := dir.Lstat(name); {
	case errors.Is(err, fs.ErrNotExist):
		o.Keep = false
	case err != nil:
		return nil, err
	case o.New:
		return nil, newError(Exists, p, "is there already")
	case !fi.Mode().IsRegular():
		return nil, newError(NotAFile, p, "is %s, not a regular file", nounOf(fi))
	case o.Mode == 0:
		f.meta.mode, f.meta.keepMode = fi.Mode(), true
	}
	if f.part, err = openPartialSoon(ctx, dir, name); err != nil {
		return nil, err
	}
	if err := f.begin(ctx, d, o.Keep); err != nil {
		f.part.discard()
		return nil, err
	}
	return f, nil
}

// openPartialSoon is openPartial; another writer is given a moment to let go.
func openPartialSoon(ctx context.Context, dir *os.Root, name string) (*partial, error) {
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	wait, cancel := context.WithTimeout(ctx, letGo)
	defer cancel()
	for {
		p, err := openPartial(dir, name)
		if !errors.Is(err, errBusy) {
			return p, err
		}
		select {
		case <-again.C:
		case <-wait.Done():
			return nil, &Error{Kind: Busy, Err: errBusy}
		}
	}
}

// begin empties the partial, or with keep fills it with what is there.
func (f *diskDraft) begin(ctx context.Context, d *disk, keep bool) error {
	removeFrom(f.part.dir, partialName(f.part.name, journalSuffix))
	if !keep {
		return truncate(f.part.file, 0)
	}
	old, err := d.openFile(f.path)
	if err != nil {
		return err
	}
	defer old.Close()
	fi, err := old.Stat()
	if err != nil {
		return err
	}
	_, sparse := hasHoles(fi)
	f.size = fi.Size()
	return copyContent(ctx, f.part.file, old, f.size, sparse)
}

func (f *diskDraft) Write(b []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n, err := f.write(b, f.at)
	f.at += int64(n)
	return n, err
}

func (f *diskDraft) WriteAt(b []byte, off int64) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.write(b, off)
}

// write writes b at off; f.mu is held.
func (f *diskDraft) write(b []byte, off int64) (int, error) {
	switch {
	case f.part == nil:
		return 0, f.closed()
	case off < 0 || off+int64(len(b)) < off:
		return 0, newError(Invalid, f.path, "a write at %d", off)
	case len(b) == 0:
		return 0, nil
	}
	if err := writeAt(f.part.file, b, off); err != nil {
		return 0, about(f.path, err)
	}
	f.sum.add(b, off)
	f.size = max(f.size, off+int64(len(b)))
	return len(b), nil
}

func (f *diskDraft) Seek(offset int64, whence int) (_ int64, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.part == nil {
		return 0, f.closed()
	}
	f.at, err = seekTo(f.path, offset, whence, f.at, f.size)
	return f.at, err
}

// seekTo returns where a Seek leads; an error leaves it at.
func seekTo(p Path, offset int64, whence int, at, size int64) (int64, error) {
	switch whence {
	case io.SeekStart:
	case io.SeekCurrent:
		offset += at
	case io.SeekEnd:
		offset += size
	default:
		return at, newError(Invalid, p, "seek from %d", whence)
	}
	if offset < 0 {
		return at, newError(Invalid, p, "seek to before the start")
	}
	return offset, nil
}

func (f *diskDraft) Truncate(size int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.part == nil:
		return f.closed()
	case size < 0:
		return newError(Invalid, f.path, "a size of %d", size)
	}
	if err := truncate(f.part.file, size); err != nil {
		return about(f.path, err)
	}
	if size != f.size {
		f.size = size
		f.sum.spoil()
	}
	return nil
}

func (f *diskDraft) Close() error { return f.commit(nil) }

// commit gives the file its name, if it has the digest that was told.
func (f *diskDraft) commit(digest []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.part == nil {
		return f.closed()
	}
	if ours := f.sum.of(f.size); digest != nil && string(ours) != string(digest) {
		f.give()
		return newError(Integrity, f.path, "other bytes arrived than were written")
	}
	p := f.part
	if err := p.commit(f.size, f.meta); err != nil {
		p.remove()
		f.over()
		return about(f.path, err)
	}
	f.over()
	return nil
}

func (f *diskDraft) Discard() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.part != nil {
		f.give()
	}
	return nil
}

// give removes what there is; f.mu is held.
func (f *diskDraft) give() {
	f.part.discard()
	f.over()
}

// over lets go of the directory; f.mu is held.
func (f *diskDraft) over() {
	f.part.dir.Close()
	f.part = nil
	if f.stop != nil {
		f.stop()
	}
}

func (f *diskDraft) closed() error { return about(f.path, fs.ErrClosed) }

// A runningDigest is the BLAKE3 of a file, as long as that is written from its
// start on, each byte once.
type runningDigest struct {
	hash    hash.Hash
	at      int64
	spoiled bool
}

func (d *runningDigest) add(b []byte, off int64) {
	if d.spoiled || off != d.at {
		d.spoil()
		return
	}
	if d.hash == nil {
		d.hash = blake3.New(32, nil)
	}
	d.hash.Write(b)
	d.at += int64(len(b))
}

func (d *runningDigest) spoil() { d.spoiled, d.hash = true, nil }

// of returns the digest of a file of size bytes; nil if that is not it.
func (d *runningDigest) of(size int64) []byte {
	if d.spoiled || d.hash == nil || d.at != size {
		return nil
	}
	return d.hash.Sum(nil)
}
