package session

import (
	"context"
	"io/fs"
	"sync"
	"time"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/transport"
)

// Create begins to write the file p at the peer; see the function of this name.
func (r *Remote) Create(ctx context.Context, p Path, o CreateOptions) (Draft, error) {
	ask := &wire.Draft{
		Path: []byte(p.raw), MustBeNew: o.New, Keep: o.Keep, Fsync: o.Fsync,
		KeepMode: o.Mode != 0, Mode: uint32(o.Mode & permBits), KeepTime: !o.Modified.IsZero(),
	}
	if ask.KeepTime {
		ask.ModifiedS, ask.ModifiedNs = timeToWire(o.Modified)
	}
	c, err := r.askBy(ctx, p, &wire.Request{Ask: &wire.Request_Draft{Draft: ask}}, transport.Bulk)
	if err != nil {
		return nil, err
	}
	d := &remoteDraft{path: p, c: c}
	e, err := d.reply(0) // a file that is kept is copied first
	if err != nil {
		c.end()
		return nil, r.tooOld(p, err, "has no files that are written in place")
	}
	d.size = e.Size
	if e.Size > 0 {
		d.sum.spoil()
	}
	return d, nil
}

// remoteDraft is a Draft at a peer: a stream of pieces.
type remoteDraft struct {
	path Path
	mu   sync.Mutex
	c    *call // nil when it is over
	at   int64
	size int64
	sum  runningDigest
	err  error // of a write; nothing goes on after it
}

// maxPiece is how many bytes a Piece has.
const maxPiece = 128 << 10

// reply reads a Reply that describes a file.
func (d *remoteDraft) reply(wait time.Duration) (Entry, error) {
	reply, err := d.c.reply(wait)
	if err != nil {
		return Entry{}, err
	}
	e, err := entryFromWire(reply.GetEntry())
	if err != nil || reply.GetEntry() == nil || e.Kind != RegularFile {
		return Entry{}, newError(Protocol, d.path, "the peer did not answer with a file")
	}
	return e, nil
}

func (d *remoteDraft) Write(b []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n, err := d.write(b, d.at)
	d.at += int64(n)
	return n, err
}

func (d *remoteDraft) WriteAt(b []byte, off int64) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.write(b, off)
}

// write sends b, to be at off; d.mu is held.
func (d *remoteDraft) write(b []byte, off int64) (n int, err error) {
	if err := d.usable(); err != nil {
		return 0, err
	}
	if off < 0 || off+int64(len(b)) < off {
		return 0, newError(Invalid, d.path, "a write at %d", off)
	}
	for n < len(b) {
		part := b[n:min(n+maxPiece, len(b))]
		if err := d.send(&wire.Piece{Offset: uint64(off), Data: part}); err != nil {
			return n, err
		}
		d.sum.add(part, off)
		n, off = n+len(part), off+int64(len(part))
		d.size = max(d.size, off)
	}
	return n, nil
}

// send sends a piece. If the peer takes none, it has said why, as a rule.
func (d *remoteDraft) send(p *wire.Piece) error {
	d.c.st.SetWriteDeadline(time.Now().Add(patience))
	err := wire.Write(d.c.st, p)
	if err == nil {
		return nil
	}
	if KindOf(err) != Timeout {
		if _, said := d.c.reply(patience); said != nil {
			err = said
		}
	}
	d.err = d.c.explain(err)
	return d.err
}

func (d *remoteDraft) Seek(offset int64, whence int) (_ int64, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.usable(); err != nil {
		return 0, err
	}
	d.at, err = seekTo(d.path, offset, whence, d.at, d.size)
	return d.at, err
}

func (d *remoteDraft) Truncate(size int64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.usable(); err != nil {
		return err
	}
	if size < 0 {
		return newError(Invalid, d.path, "a size of %d", size)
	}
	if err := d.send(&wire.Piece{Offset: uint64(size), Cut: true}); err != nil {
		return err
	}
	if size != d.size {
		d.size = size
		d.sum.spoil()
	}
	return nil
}

// Close waits for the peer to put the file under its name, as long as that takes.
func (d *remoteDraft) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.c == nil {
		return d.usable()
	}
	defer func() { d.c = nil }()
	defer d.c.end()
	if d.err != nil {
		return d.err
	}
	if err := d.send(&wire.Piece{Commit: true, Digest: d.sum.of(d.size)}); err != nil {
		return err
	}
	e, err := d.reply(0)
	if err != nil {
		return err
	}
	d.c.over = true
	if e.Size != d.size {
		return newError(Integrity, d.path, "%d bytes were written, and the peer has %d", d.size, e.Size)
	}
	return nil
}

// Discard gives the draft up; the peer learns it from the stream.
func (d *remoteDraft) Discard() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.c != nil {
		d.c.st.Abort(codeOf(Cancelled))
		d.c.end()
		d.c = nil
	}
	return nil
}

// usable tells why nothing can be written any more; d.mu is held.
func (d *remoteDraft) usable() error {
	if d.c == nil {
		return about(d.path, fs.ErrClosed)
	}
	return d.err
}
