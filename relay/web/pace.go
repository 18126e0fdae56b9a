package web

import (
	"errors"
	"io"
	"net/http"
	"os"
	"time"
)

// What a body must do: come, and faster than a modem of 1990. An answer is written
// in pieces, each of which has its time.
const (
	bodyGrace  = 10 * time.Second // before anything is expected of it
	bodyRate   = 1 << 10          // bytes a second, on average
	bodyStall  = 30 * time.Second // without a byte
	writePiece = 1 << 20
	writeStall = 2 * time.Minute // for a piece
)

// bodyDeadline is when the next byte of a body must have come, of which n came
// since start.
func bodyDeadline(grace time.Duration, start, now time.Time, n int64) time.Time {
	stall := now.Add(bodyStall)
	if n > 1<<40 { // no time.Duration holds what it has earned
		return stall
	}
	if by := start.Add(grace + time.Duration(n)*time.Second/bodyRate); by.Before(stall) {
		return by
	}
	return stall
}

// A pacedBody is a request's body that fails with errSlow where it does not come.
type pacedBody struct {
	io.ReadCloser
	control *http.ResponseController
	grace   time.Duration
	start   time.Time
	set     time.Time // when the deadline was set last
	n       int64
	over    bool
}

func (b *pacedBody) Read(p []byte) (int, error) {
	if now := time.Now(); !b.over && now.Sub(b.set) > time.Second/2 {
		b.set = now
		_ = b.control.SetReadDeadline(bodyDeadline(b.grace, b.start, now, b.n)) // a connection without deadlines has others' patience
	}
	n, err := b.ReadCloser.Read(p)
	b.n += int64(n)
	switch {
	case err == nil:
	case err == io.EOF:
		b.rest()
	case errors.Is(err, os.ErrDeadlineExceeded):
		err = errSlow
	default: // it ends early, or is no HTTP
		err = &refusal{status: errShort.status, kind: errShort.kind, message: errShort.message, cause: err}
	}
	return n, err
}

// rest takes the deadline away when the body is here: what follows on the
// connection is the next request's, and a deadline that passes meanwhile would
// count as the end of who asked.
func (b *pacedBody) rest() {
	if !b.over {
		b.over = true
		_ = b.control.SetReadDeadline(time.Time{})
	}
}

// A pacedWriter is a response that ends where nobody takes it. It counts what is
// written, and keeps the status.
type pacedWriter struct {
	http.ResponseWriter
	control *http.ResponseController
	set     time.Time
	status  int
	n       int64
}

func (w *pacedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *pacedWriter) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// patience sets the deadline of what is written next.
func (w *pacedWriter) patience() {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	if now := time.Now(); now.Sub(w.set) > time.Second {
		w.set = now
		_ = w.control.SetWriteDeadline(now.Add(writeStall))
	}
}

func (w *pacedWriter) Write(p []byte) (n int, err error) {
	for len(p) > 0 && err == nil {
		w.patience()
		var k int
		k, err = w.ResponseWriter.Write(p[:min(len(p), writePiece)])
		n, p = n+k, p[k:]
		w.n += int64(k)
	}
	return n, err
}

// ReadFrom lets the system copy from a file to the connection, piece by piece.
func (w *pacedWriter) ReadFrom(r io.Reader) (n int64, err error) {
	to, ok := w.ResponseWriter.(io.ReaderFrom)
	if !ok {
		return io.Copy(struct{ io.Writer }{w}, r)
	}
	left, src := int64(-1), r
	if l, ok := r.(*io.LimitedReader); ok {
		left, src = l.N, l.R
	}
	if f, ok := src.(interface{ Unwrap() io.Reader }); ok {
		src = f.Unwrap()
	}
	for left != 0 {
		piece := int64(writePiece)
		if left > 0 {
			piece = min(piece, left)
		}
		w.patience()
		k, err := to.ReadFrom(&io.LimitedReader{R: src, N: piece})
		n, w.n = n+k, w.n+k
		if left > 0 {
			left -= k
		}
		if err != nil || k < piece {
			return n, err
		}
	}
	return n, nil
}

func (w *pacedWriter) Flush() { _ = w.control.Flush() }
