package session

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"math"
	"os"
	"sync"

	"github.com/bargee/bargee/internal/wire"
)

// Open opens a regular file for reading. The file lives as long as ctx: when
// that ends, so do reads that wait.
//
// Read streams: the peer sends ahead as far as flow control lets it. ReadAt,
// and Read after a Seek, ask for what they need.
func (r *Remote) Open(ctx context.Context, p Path) (File, error) {
	f := &remoteFile{r: r, ctx: ctx, path: p}
	c, e, err := f.ask(0, math.MaxInt64)
	if err != nil {
		return nil, err
	}
	f.ahead, f.entry = c, e
	return f, nil
}

// remoteFile is a File at a peer.
type remoteFile struct {
	r     *Remote
	ctx   context.Context // of Open
	path  Path
	entry Entry // as it was when it was opened

	// Of Read and Seek. ahead carries the file from at on, or is nil.
	at    int64
	ahead *call

	mu     sync.Mutex
	closed bool
}

// ask asks for length bytes from offset on. The caller ends the call.
func (f *remoteFile) ask(offset, length int64) (*call, Entry, error) {
	c, err := f.r.ask(f.ctx, f.path, &wire.Request{Ask: &wire.Request_Open{
		Open: &wire.Open{Path: []byte(f.path.raw), Offset: uint64(offset), Length: uint64(length)}}})
	if err != nil {
		return nil, Entry{}, err
	}
	reply, err := c.reply(patience)
	if err != nil {
		c.end()
		return nil, Entry{}, err
	}
	e, err := entryFromWire(reply.GetEntry())
	if err != nil || reply.GetEntry() == nil || e.Kind != RegularFile {
		c.end()
		return nil, Entry{}, newError(Protocol, f.path, "the peer did not answer with a file")
	}
	e.Name = f.path.Base()
	return c, e, nil
}

// again is ask for a file that was opened before, and must be the same still.
func (f *remoteFile) again(offset, length int64) (*call, error) {
	c, e, err := f.ask(offset, length)
	if err != nil {
		return nil, err
	}
	if e.Size != f.entry.Size || !e.Modified.Equal(f.entry.Modified) {
		c.end()
		return nil, newError(Changed, f.path, "changed while it was read")
	}
	return c, nil
}

func (f *remoteFile) Stat() (Entry, error) { return f.entry, nil }

func (f *remoteFile) Read(b []byte) (int, error) {
	switch err := f.open(); {
	case err != nil:
		return 0, err
	case len(b) == 0:
		return 0, nil
	case f.at >= f.entry.Size:
		return 0, io.EOF
	case f.ahead == nil:
		c, err := f.again(f.at, math.MaxInt64)
		if err != nil {
			return 0, err
		}
		f.ahead = c
	}
	n, err := f.ahead.fill(b[:min(int64(len(b)), f.entry.Size-f.at)], 1)
	f.at += int64(n)
	if f.at == f.entry.Size || err != nil {
		f.drop()
	}
	return n, err
}

// ReadAt reads by a request of its own; so several may be under way.
func (f *remoteFile) ReadAt(b []byte, off int64) (int, error) {
	switch err := f.open(); {
	case err != nil:
		return 0, err
	case off < 0:
		return 0, newError(Invalid, f.path, "a negative offset")
	case len(b) == 0:
		return 0, nil
	case off >= f.entry.Size:
		return 0, io.EOF
	}
	want := int(min(int64(len(b)), f.entry.Size-off))
	c, err := f.again(off, int64(want))
	if err != nil {
		return 0, err
	}
	defer c.end()
	n, err := c.fill(b[:want], want)
	c.over = n == want
	if err == nil && want < len(b) {
		err = io.EOF
	}
	return n, err
}

// Seek sets where Read goes on; it asks the peer nothing.
func (f *remoteFile) Seek(offset int64, whence int) (int64, error) {
	if err := f.open(); err != nil {
		return 0, err
	}
	switch whence {
	case io.SeekStart:
	case io.SeekCurrent:
		offset += f.at
	case io.SeekEnd:
		offset += f.entry.Size
	default:
		return 0, newError(Invalid, f.path, "seek from %d", whence)
	}
	if offset < 0 {
		return 0, newError(Invalid, f.path, "seek to before the start")
	}
	if offset != f.at {
		f.drop()
	}
	f.at = offset
	return offset, nil
}

// Close gives the file up. It may be called while ReadAt runs.
func (f *remoteFile) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return about(f.path, fs.ErrClosed)
	}
	f.closed = true
	f.drop()
	return nil
}

func (f *remoteFile) open() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return about(f.path, os.ErrClosed)
	}
	return nil
}

// drop ends what was sent ahead.
func (f *remoteFile) drop() {
	if f.ahead != nil {
		f.ahead.end()
		f.ahead = nil
	}
}

// fill reads raw bytes into b, at least least of them. The peer must say
// something within patience each time.
func (c *call) fill(b []byte, least int) (n int, err error) {
	for n < least && err == nil {
		var m int
		c.expect(patience)
		m, err = c.in.Read(b[n:])
		n += m
	}
	switch {
	case n >= least:
		return n, nil
	case errors.Is(err, io.EOF): // the file was longer when it was opened
		return n, newError(Changed, c.path, "became shorter while it was read")
	}
	return n, c.explain(err)
}
