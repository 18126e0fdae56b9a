//go:build linux

package session

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/bargee/bargee/transport"
)

// A simLink is one end of a link of the simulation. What is written at one end
// lies there until the scheduler delivers it to the other one, stream by
// stream, so streams overtake each other as on a network.
type simLink struct {
	transport.Link // of a Pipe: what the simulation says nothing about
	w              *world
	name           string
	far            *simLink
	proc           *process
	core           *simCore

	arrived sync.Cond // on w.mu
	queue   []*simStream
	done    chan struct{}
	err     error
	dies    time.Time // when the silence at the other end is noticed; zero: no silence
	parting bool      // the other end's word that the link is closed is under way
}

// simCore is what both ends share.
type simCore struct {
	streams []*simStream // the ends that opened them
	frozen  time.Time    // nothing is delivered until then
	lost    bool         // nothing is ever delivered
	names   map[string]map[uint64]string
}

// simWindow is how much may lie between a writer and its reader.
const simWindow = 256 << 10

func (w *world) newLink(asker, server *process) (*simLink, *simLink) {
	w.links++
	core := &simCore{names: map[string]map[uint64]string{}}
	near, far := transport.Pipe()
	a := &simLink{Link: near, w: w, name: fmt.Sprintf("l%da", w.links), proc: asker, core: core, done: make(chan struct{})}
	b := &simLink{Link: far, w: w, name: fmt.Sprintf("l%db", w.links), proc: server, core: core, done: make(chan struct{})}
	a.far, b.far = b, a
	a.arrived.L, b.arrived.L = &w.mu, &w.mu
	w.ends = append(w.ends, a, b)
	return a, b
}

func (l *simLink) OpenStream(ctx context.Context, c transport.Class) (transport.Stream, error) {
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	if l.err != nil {
		return nil, l.err
	}
	there, back := newSimHalf(l.w), newSimHalf(l.w)
	name := fmt.Sprintf("%s.%d", l.name, len(l.core.streams)+1)
	near := &simStream{link: l, name: name, in: back, out: there, bulk: c == transport.Bulk, opener: true, gone: make(chan struct{})}
	near.far = &simStream{link: l.far, name: name + "'", in: there, out: back, bulk: near.bulk, far: near, gone: make(chan struct{})}
	there.tap, back.tap = &tap{core: l.core, bulk: near.bulk, asks: true}, &tap{core: l.core, bulk: near.bulk, answers: there}
	l.core.streams = append(l.core.streams, near)
	return near, nil
}

func (l *simLink) AcceptStream(ctx context.Context) (transport.Stream, error) {
	stop := context.AfterFunc(ctx, func() {
		l.w.mu.Lock()
		defer l.w.mu.Unlock()
		l.arrived.Broadcast()
	})
	defer stop()
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	for {
		switch {
		case l.err != nil:
			return nil, l.err
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case len(l.queue) > 0:
			s := l.queue[0]
			l.queue = l.queue[1:]
			return s, nil
		}
		l.arrived.Wait()
	}
}

func (l *simLink) Lanes() []transport.LaneStats {
	return []transport.LaneStats{{ID: 1, Path: transport.PathMemory, RTT: 10 * time.Millisecond}}
}

func (l *simLink) Close(reason string) error {
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	if l.err == nil {
		l.die(fmt.Errorf("closed here (%s): %w", reason, transport.ErrClosed))
		l.far.parting = l.far.err == nil
	}
	return nil
}

func (l *simLink) Done() <-chan struct{} { return l.done }

func (l *simLink) Err() error {
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	return l.err
}

// die ends this end of the link; w.mu is held. What is under way to the other
// end may still get there.
func (l *simLink) die(err error) {
	if l.err != nil {
		return
	}
	l.err = err
	close(l.done)
	l.arrived.Broadcast()
	for _, s := range l.core.streams {
		if s.link != l {
			s = s.far
		}
		s.fail(err)
	}
}

// A simMark is what was under way when a step began.
type simMark struct {
	sent        int
	closed      bool
	reset, stop error
}

// mark notes what is under way; w.mu is held.
func (l *simLink) mark() {
	for _, s := range l.core.streams {
		for _, h := range []*simHalf{s.in, s.out} {
			h.before = simMark{len(h.sent), h.closed, h.reset, h.stop}
		}
	}
}

// forgetStep takes back what l's program has said in this step: it was killed
// before that left the machine. Which of its goroutines had got how far is
// nothing that a seed could say.
func (l *simLink) forgetStep() {
	for _, s := range l.core.streams {
		if s.link != l {
			s = s.far
		}
		h := s.out
		h.sent = h.sent[:min(len(h.sent), h.before.sent)]
		h.closed, h.reset, s.in.stop = h.closed && h.before.closed, h.before.reset, s.in.before.stop
	}
}

// A simStream is one end of a stream.
type simStream struct {
	link    *simLink
	name    string
	in, out *simHalf
	far     *simStream
	bulk    bool
	opener  bool
	known   bool          // the other side has seen it
	gone    chan struct{} // closed when this end is aborted or dead
	over    bool

	readBy, writeBy time.Time
}

// A simHalf is one direction of a stream.
type simHalf struct {
	change      sync.Cond // on world.mu
	sent, got   []byte    // under way; at the reader
	closed      bool      // by the writer
	ended       bool      // and the reader may know
	reset, stop error     // under way to the reader, to the writer
	rerr, werr  error     // what they have heard
	tap         *tap
	before      simMark
}

func newSimHalf(w *world) *simHalf {
	h := &simHalf{}
	h.change.L = &w.mu
	return h
}

func passed(t time.Time) bool { return !t.IsZero() && !time.Now().Before(t) }

func (s *simStream) Read(p []byte) (int, error) {
	s.link.w.mu.Lock()
	defer s.link.w.mu.Unlock()
	for h := s.in; ; h.change.Wait() {
		switch {
		case h.rerr != nil:
			return 0, h.rerr
		case passed(s.readBy):
			return 0, os.ErrDeadlineExceeded
		case len(h.got) > 0:
			n := copy(p, h.got)
			h.got = h.got[n:]
			h.change.Broadcast()
			return n, nil
		case h.ended:
			return 0, io.EOF
		}
	}
}

func (s *simStream) Write(p []byte) (n int, err error) {
	s.link.w.mu.Lock()
	defer s.link.w.mu.Unlock()
	for h := s.out; ; h.change.Wait() {
		switch {
		case h.werr != nil:
			return n, h.werr
		case h.closed:
			return n, fmt.Errorf("write on a stream that was closed: %w", transport.ErrClosed)
		case n == len(p):
			return n, nil
		case passed(s.writeBy):
			return n, os.ErrDeadlineExceeded
		}
		if room := min(simWindow-len(h.sent)-len(h.got), len(p)-n); room > 0 {
			h.sent = append(h.sent, p[n:n+room]...)
			s.link.w.overheard(s, p[n:n+room])
			n += room
		}
		if n == len(p) {
			return n, nil
		}
	}
}

func (s *simStream) Close() error {
	s.link.w.mu.Lock()
	defer s.link.w.mu.Unlock()
	if s.out.werr != nil && !s.out.closed {
		return s.out.werr
	}
	s.out.closed = true
	return nil
}

func (s *simStream) Abort(code transport.AbortCode) {
	s.link.w.mu.Lock()
	defer s.link.w.mu.Unlock()
	err := &transport.AbortError{Code: code}
	if s.out.werr == nil && !s.out.closed {
		s.out.werr, s.out.reset, s.out.sent = err, err, nil
		s.out.change.Broadcast()
	}
	if s.in.rerr == nil && !s.in.ended {
		s.in.rerr, s.in.got = err, nil
		if s.in.werr == nil {
			s.in.stop = err
		}
		s.in.change.Broadcast()
	}
	s.leave()
}

// fail ends this end of the stream, unheard by the other; w.mu is held.
func (s *simStream) fail(err error) {
	for _, e := range []*error{&s.in.rerr, &s.out.werr} {
		if *e == nil {
			*e = err
		}
	}
	s.in.got, s.in.stop, s.out.stop = nil, nil, nil
	s.in.change.Broadcast()
	s.out.change.Broadcast()
	s.leave()
}

func (s *simStream) leave() {
	if !s.over {
		s.over = true
		close(s.gone)
	}
}

func (s *simStream) SetReadDeadline(t time.Time) error  { return s.until(&s.readBy, s.in, t) }
func (s *simStream) SetWriteDeadline(t time.Time) error { return s.until(&s.writeBy, s.out, t) }
func (s *simStream) Lane() int                          { return 1 }
func (s *simStream) Leaving() <-chan struct{}           { return nil }

func (s *simStream) until(by *time.Time, h *simHalf, t time.Time) error {
	s.link.w.mu.Lock()
	defer s.link.w.mu.Unlock()
	*by = t
	h.change.Broadcast()
	if wait := time.Until(t); !t.IsZero() && wait > 0 {
		time.AfterFunc(wait, func() {
			s.link.w.mu.Lock()
			defer s.link.w.mu.Unlock()
			h.change.Broadcast()
		})
	}
	return nil
}

// ripe tells whether there is something under way on h, from the writer at to
// its far end.
func (h *simHalf) ripe() bool {
	return h.rerr == nil && (h.reset != nil || len(h.sent) > 0 || h.closed && !h.ended) || h.stop != nil && h.werr == nil
}

// deliver brings what is under way on the way out of s, of data n bytes at the
// most, and says what; w.mu is held.
func (s *simStream) deliver(n int) string {
	h := s.out
	if !s.far.known {
		s.far.known = true
		if !s.far.opener {
			s.link.far.queue = append(s.link.far.queue, s.far)
			s.link.far.arrived.Broadcast()
		}
	}
	defer h.change.Broadcast()
	switch {
	case h.stop != nil && h.werr == nil:
		h.werr, h.stop = h.stop, nil
		if !h.closed {
			h.sent = nil
		}
		return "stop"
	case h.reset != nil:
		h.rerr, h.reset, h.got = h.reset, nil, nil
		return "reset"
	case len(h.sent) > 0:
		n = min(n, len(h.sent))
		h.got = append(h.got, h.sent[:n]...)
		h.sent = h.sent[n:]
		return fmt.Sprint(n, " bytes")
	}
	h.ended = true
	return "end"
}
