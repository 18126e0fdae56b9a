package transport

import (
	"io"
	"os"
	"sync"
	"time"
)

// A pipeStream is one end of a stream in memory: two half pipes.
type pipeStream struct {
	link    *pipeLink
	in, out *halfPipe
	key     *pipeStream // under which the core knows the stream
}

// newPipeStreams makes both ends of a stream that l opens.
func newPipeStreams(l *pipeLink) (near, far *pipeStream) {
	there, back := newHalfPipe(), newHalfPipe()
	near = &pipeStream{link: l, out: there, in: back}
	far = &pipeStream{link: l.far, out: back, in: there}
	near.key, far.key = near, near
	return near, far
}

func (s *pipeStream) Read(p []byte) (int, error) {
	n, err := s.in.read(p)
	s.link.received.Add(uint64(n))
	if err == io.EOF {
		s.settle()
	}
	return n, s.own(err)
}

func (s *pipeStream) Write(p []byte) (int, error) {
	n, err := s.out.write(p)
	s.link.sent.Add(uint64(n))
	return n, s.own(err)
}

// own picks the error that is meant for this end.
func (s *pipeStream) own(err error) error {
	if dead, ok := err.(*deadPipe); ok {
		if s.key == s {
			return dead.near
		}
		return dead.far
	}
	return err
}

func (s *pipeStream) Close() error {
	err := s.own(s.out.close())
	s.settle()
	return err
}

func (s *pipeStream) Abort(code AbortCode) {
	s.in.abort(code, true)
	s.out.abort(code, false) // what was written before Close still gets there
	s.settle()
}

// settle lets the core forget a stream whose directions are both over.
func (s *pipeStream) settle() {
	if s.in.over() && s.out.over() {
		s.link.core.forget(s.key)
	}
}

func (s *pipeStream) SetReadDeadline(t time.Time) error {
	s.in.setDeadline(&s.in.readBy, t)
	return nil
}

func (s *pipeStream) SetWriteDeadline(t time.Time) error {
	s.out.setDeadline(&s.out.writeBy, t)
	return nil
}

func (s *pipeStream) Leaving() <-chan struct{} { return nil }

func (s *pipeStream) Lane() int { return 1 }

// deadPipe is the end of a link, as the side that opened the stream (near) and
// the other one see it.
type deadPipe struct{ near, far error }

func (d *deadPipe) Error() string { return d.near.Error() }

// A halfPipe is a bounded buffer between a writer and a reader.
type halfPipe struct {
	mu      sync.Mutex
	change  *sync.Cond
	ring    []byte // grows up to pipeBuffer
	start   int
	length  int
	closed  bool  // by the writer
	drained bool  // closed, and all was read
	err     error // aborted or dead
	readBy  deadline
	writeBy deadline
}

type deadline struct {
	at    time.Time
	timer *time.Timer
}

func (d *deadline) passed() bool { return !d.at.IsZero() && !time.Now().Before(d.at) }

func newHalfPipe() *halfPipe {
	h := new(halfPipe)
	h.change = sync.NewCond(&h.mu)
	return h
}

func (h *halfPipe) read(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for {
		switch {
		case h.err != nil:
			return 0, h.err
		case h.readBy.passed():
			return 0, os.ErrDeadlineExceeded
		case len(p) == 0:
			return 0, nil
		case h.length > 0:
			n := h.take(p)
			h.change.Broadcast()
			return n, nil
		case h.closed:
			h.drained = true
			return 0, io.EOF
		}
		h.change.Wait()
	}
}

func (h *halfPipe) write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	written := 0
	for {
		switch {
		case h.err != nil:
			return written, h.err
		case h.closed:
			return written, fail(ErrClosed, "write on a stream that was closed")
		case h.writeBy.passed():
			return written, os.ErrDeadlineExceeded
		case written == len(p):
			return written, nil
		}
		if n := h.put(p[written:]); n > 0 {
			written += n
			h.change.Broadcast()
			continue
		}
		h.change.Wait()
	}
}

// put copies what fits into the ring.
func (h *halfPipe) put(p []byte) int {
	if need := h.length + len(p); need > len(h.ring) && len(h.ring) < pipeBuffer {
		h.grow(need)
	}
	p = p[:min(len(p), len(h.ring)-h.length)]
	end := (h.start + h.length) % max(1, len(h.ring))
	n := copy(h.ring[end:], p)
	copy(h.ring, p[n:])
	h.length += len(p)
	return len(p)
}

func (h *halfPipe) take(p []byte) int {
	p = p[:min(len(p), h.length)]
	n := copy(p, h.ring[h.start:])
	copy(p[n:], h.ring)
	h.start = (h.start + len(p)) % len(h.ring)
	h.length -= len(p)
	return len(p)
}

func (h *halfPipe) grow(need int) {
	size := max(4096, len(h.ring))
	for size < need && size < pipeBuffer {
		size *= 2
	}
	ring := make([]byte, size)
	length := h.length
	if length > 0 {
		h.take(ring[:length])
	}
	h.ring, h.start, h.length = ring, 0, length
}

func (h *halfPipe) close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.err != nil && !h.closed {
		return h.err
	}
	h.closed = true
	h.change.Broadcast()
	return nil
}

// abort ends the half for both sides; a closed one only if its reader wants it.
func (h *halfPipe) abort(code AbortCode, reader bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.err == nil && !h.drained && (reader || !h.closed) {
		h.end(&AbortError{Code: code})
	}
}

func (h *halfPipe) fail(near, far error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.err == nil && !h.drained {
		h.end(&deadPipe{near, far})
	}
}

// end sets the error that reads and writes return from here on.
func (h *halfPipe) end(err error) {
	h.err = err
	h.ring, h.start, h.length = nil, 0, 0
	for _, d := range []*deadline{&h.readBy, &h.writeBy} {
		if d.timer != nil {
			d.timer.Stop()
		}
	}
	h.change.Broadcast()
}

func (h *halfPipe) over() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.err != nil || h.drained
}

func (h *halfPipe) setDeadline(d *deadline, t time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	d.at = t
	if wait := time.Until(t); !t.IsZero() && wait > 0 {
		d.timer = time.AfterFunc(wait, func() {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.change.Broadcast()
		})
	}
	h.change.Broadcast()
}
