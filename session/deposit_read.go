package session

import (
	"context"
	"io"
	"os"

	"github.com/bargee/bargee/internal/drop"
)

// A depositChunk is a piece of the drop's data on its way: plain stands in buf behind
// drop.NonceSize bytes, and there is room for drop.Overhead in all.
type depositChunk struct {
	index  int
	final  bool
	buf    []byte
	pieces []depositPiece
}

// A depositPiece is how much of an entry a chunk has.
type depositPiece struct {
	entry int
	n     int64
}

// read reads all files, one after the other, and gives their data to send chunk by
// chunk. A file that is not what the plan says is depositChanged.
func (p *depositPlan) read(ctx context.Context, l *ledger, buffers chan []byte, send func(*depositChunk) error) error {
	r := &depositReader{ctx: ctx, plan: p, ledger: l, buffers: buffers, send: send}
	defer r.close()
	for i := range p.layout.Chunks() {
		c, err := r.next(i)
		if err != nil {
			return err
		}
		if err := send(c); err != nil {
			return err
		}
	}
	return r.skip() // the files without a byte behind the last one with some
}

type depositReader struct {
	ctx     context.Context
	plan    *depositPlan
	ledger  *ledger
	buffers chan []byte
	send    func(*depositChunk) error

	at    int // the entry that is read
	file  *os.File
	ident identity
	left  int64 // of it
	sum   digester
}

func (r *depositReader) close() {
	if r.file != nil {
		r.file.Close()
		r.file = nil
	}
}

// next reads chunk i.
func (r *depositReader) next(i int) (*depositChunk, error) {
	var buf []byte
	select {
	case buf = <-r.buffers:
	case <-r.ctx.Done():
		return nil, context.Cause(r.ctx)
	}
	_, n, final := r.plan.layout.Span(i)
	c := &depositChunk{index: i, final: final, buf: buf[:drop.NonceSize+n]}
	rest := c.buf[drop.NonceSize:]
	for len(rest) > 0 {
		if r.file == nil {
			if err := r.skip(); err != nil {
				return nil, err
			}
			if r.at == len(r.plan.entries) {
				clear(rest) // the padding
				break
			}
			if err := r.open(); err != nil {
				return nil, err
			}
		}
		m := int(min(int64(len(rest)), r.left))
		if _, err := io.ReadFull(r.file, rest[:m]); err != nil {
			if err == io.EOF || err == io.ErrUnexpectedEOF {
				err = errChanged // it is shorter now
			}
			return nil, r.failed(err)
		}
		r.sum.write(rest[:m])
		c.pieces = append(c.pieces, depositPiece{r.at, int64(m)})
		rest, r.left = rest[m:], r.left-int64(m)
		if r.left == 0 {
			if err := r.verify(); err != nil {
				return nil, r.failed(err)
			}
			r.close()
			r.plan.entries[r.at].sum = r.sum.sum()
			r.at++
		}
	}
	return c, nil
}

// skip passes over entries without data.
func (r *depositReader) skip() error {
	for ; r.at < len(r.plan.entries); r.at++ {
		e := &r.plan.entries[r.at]
		if e.entry.Kind == RegularFile && e.entry.Size > 0 {
			return nil
		}
		if e.entry.Kind == RegularFile {
			if err := r.open(); err != nil { // one that cannot be read is told of, also without a byte
				return err
			}
			r.close()
			e.sum = r.sum.sum()
		}
		r.ledger.over(uint64(r.at+1), e.item())
	}
	return nil
}

func (r *depositReader) open() error {
	e := &r.plan.entries[r.at]
	f, err := e.top.tree.openFile(e.inner())
	if err != nil {
		return r.failed(err)
	}
	fi, err := f.Stat()
	if err != nil {
		f.Close()
		return r.failed(err)
	}
	if fi.Size() != e.entry.Size || !fi.ModTime().Equal(e.entry.Modified) {
		f.Close()
		return r.failed(errChanged)
	}
	r.file, r.ident, r.left = f, identityOf(fi), e.entry.Size
	r.ledger.start(uint64(r.at+1), e.shown(), Path{e.path}, e.entry.Size)
	return nil
}

// verify says whether the file is still what it was when it was opened.
func (r *depositReader) verify() error {
	fi, err := r.file.Stat()
	if err != nil {
		return err
	}
	if identityOf(fi) != r.ident {
		return errChanged
	}
	return nil
}

func (r *depositReader) failed(err error) error {
	return &depositChanged{r.plan.entries[r.at].shown(), err}
}
