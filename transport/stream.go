package transport

import (
	"context"
	"io"
	"sync"
	"time"

	"github.com/quic-go/quic-go"
)

// The first byte of a stream is its class.
const (
	controlByte = 1
	bulkByte    = 2
)

func classByte(c Class) byte {
	if c == Control {
		return controlByte
	}
	return bulkByte
}

// Urgencies of RFC 9218: a smaller number goes first.
const (
	controlUrgency = 1
	bulkUrgency    = 4
)

// codeBadClass aborts a stream whose first byte is no class.
const codeBadClass AbortCode = 0

// A stream over QUIC.
type stream struct {
	q    *quic.Stream
	lane *lane
	link *link

	headed bool // the class is known; of Read alone

	mu    sync.Mutex
	class Class
	known bool // the class is, and the stream is counted in lane.streams
	wrote bool // our direction is closed or aborted
	read  bool // theirs is at its end or aborted
}

var _ Stream = (*stream)(nil)

func openedStream(q *quic.Stream, n *lane, l *link, class Class) *stream {
	s := &stream{q: q, lane: n, link: l, headed: true, class: class, known: true}
	s.prioritise(class)
	return s
}

func acceptedStream(q *quic.Stream, n *lane, l *link) *stream {
	return &stream{q: q, lane: n, link: l}
}

func (s *stream) prioritise(c Class) {
	if c == Control {
		s.q.SetPriority(controlUrgency, true)
	} else {
		s.q.SetPriority(bulkUrgency, true)
	}
}

// readClass takes the class byte that the peer wrote.
func (s *stream) readClass() error {
	var b [1]byte
	_, err := io.ReadFull(s.q, b[:])
	switch {
	case err == io.EOF:
		return io.ErrUnexpectedEOF
	case err != nil:
		return err
	case b[0] == controlByte:
		s.count(Control)
	case b[0] == bulkByte:
		s.count(Bulk)
	default:
		s.Abort(codeBadClass)
		return fail(ErrProtocol, "%s opened a stream of unknown class %d", s.link.peer.Address, b[0])
	}
	s.headed = true
	return nil
}

// count notes the class of a stream that the peer opened.
func (s *stream) count(c Class) {
	s.prioritise(c)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.wrote && s.read {
		return // it was aborted here meanwhile
	}
	s.class, s.known = c, true
	s.lane.streams(c).Add(1)
}

// why says why s failed. Where we closed its connection that is for a reason of the
// lane's or the link's, which the connection does not know.
func (s *stream) why(err error) error {
	if closedHere(err) {
		if gone := s.lane.gone.Load(); gone != nil {
			return *gone
		}
		if over := s.link.Err(); over != nil {
			return over
		}
	}
	return s.link.because(explainStream(err, s.link.peer.Address))
}

func (s *stream) Read(p []byte) (int, error) {
	if !s.headed {
		if err := s.readClass(); err != nil {
			return 0, s.why(err)
		}
	}
	n, err := s.q.Read(p)
	if err == io.EOF {
		s.finish(false, true)
	}
	if err != nil && err != io.EOF {
		err = s.why(err)
	}
	return n, err
}

func (s *stream) Write(p []byte) (int, error) {
	s.mu.Lock()
	closed := s.wrote
	s.mu.Unlock()
	n, err := s.q.Write(p)
	err = s.why(err)
	if _, aborted := err.(*AbortError); err != nil && closed && !aborted {
		err = fail(ErrClosed, "write on a stream that was closed")
	}
	return n, err
}

func (s *stream) Close() error {
	err := s.q.Close()
	s.finish(true, false)
	if err != nil { // only after an abort, which the peer or we did
		return s.why(context.Cause(s.q.Context()))
	}
	return nil
}

func (s *stream) Abort(code AbortCode) {
	s.q.CancelRead(quic.StreamErrorCode(code))
	s.mu.Lock()
	closed := s.wrote
	s.mu.Unlock()
	if !closed { // what was written before Close still gets there
		s.q.CancelWrite(quic.StreamErrorCode(code))
	}
	s.finish(true, true)
}

// finish notes which directions are over, and stops counting a stream when both
// are.
func (s *stream) finish(wrote, read bool) {
	s.mu.Lock()
	s.wrote = s.wrote || wrote
	s.read = s.read || read
	free := s.known && s.wrote && s.read
	if free {
		s.known = false
	}
	s.mu.Unlock()
	if free {
		s.lane.streams(s.class).Add(-1)
	}
}

func (s *stream) SetReadDeadline(t time.Time) error  { return s.q.SetReadDeadline(t) }
func (s *stream) SetWriteDeadline(t time.Time) error { return s.q.SetWriteDeadline(t) }

func (s *stream) Lane() int { return s.lane.id }

func (s *stream) Leaving() <-chan struct{} { return s.lane.left }
