package cli

import (
	"bytes"
	"io"
	"sync"
	"time"
)

// A logSink is what a role that runs for long writes its log to. Whoever logs
// never waits for a disk or a pipe, and never hears of its errors: lines that
// cannot be written are lost, and their number is the next thing that is written.
// It has a goroutine until close.
type logSink struct {
	note  func(lost int, why error) []byte // the line that tells of lines that were lost
	alarm func(why error)                  // hears of the first one that was

	mu     sync.Mutex
	queue  [][]byte
	lost   int
	closed bool

	wake chan struct{}
	idle chan struct{} // closed when the goroutine has ended

	reopening chan func() (io.WriteCloser, error)
}

// Lines that wait to be written at most, and how long close waits for them.
const (
	logQueue  = 4096
	logEnding = 500 * time.Millisecond
)

// newLogSink writes to w, and closes it if it can be.
func newLogSink(w io.Writer, note func(lost int, why error) []byte, alarm func(why error)) *logSink {
	s := &logSink{
		note: note, alarm: alarm,
		wake: make(chan struct{}, 1), idle: make(chan struct{}),
		reopening: make(chan func() (io.WriteCloser, error), 1),
	}
	go s.run(w)
	return s
}

// Write takes a line; it never fails.
func (s *logSink) Write(line []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || len(s.queue) >= logQueue {
		s.lost++
	} else {
		s.queue = append(s.queue, bytes.Clone(line))
	}
	s.kick()
	return len(line), nil
}

func (s *logSink) kick() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// reopen has open called, and goes on with what it returns: somebody has renamed
// the file. After an error the old one stays, and has it as its next line.
func (s *logSink) reopen(open func() (io.WriteCloser, error)) {
	select {
	case s.reopening <- open:
		s.kick()
	default: // it is about to be
	}
}

// close writes what waits, for logEnding at most.
func (s *logSink) close() {
	s.mu.Lock()
	s.closed = true
	s.kick()
	s.mu.Unlock()
	select {
	case <-s.idle:
	case <-time.After(logEnding):
	}
}

func (s *logSink) take() (lines [][]byte, lost int, closed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	lines, lost, closed = s.queue, s.lost, s.closed
	s.queue, s.lost = nil, 0
	return lines, lost, closed
}

func (s *logSink) run(w io.Writer) {
	defer close(s.idle)
	out := &lineWriter{to: w}
	var why error
	lost, alarmed := 0, false
	for {
		<-s.wake
		select {
		case open := <-s.reopening:
			if f, err := open(); err == nil {
				out.close()
				out = &lineWriter{to: f, torn: out.torn} // it may be the same file
			} else {
				_ = out.write(s.note(0, err)) // into the old one
			}
		default:
		}
		lines, more, closed := s.take()
		lost += more
		for _, line := range lines {
			if lost > 0 && out.write(s.note(lost, why)) == nil {
				lost, why = 0, nil
			}
			if err := out.write(line); err != nil {
				lost, why = lost+1, err
				if !alarmed {
					alarmed = true
					s.alarm(err)
				}
			}
		}
		if closed {
			if lost > 0 {
				_ = out.write(s.note(lost, why)) // the last chance
			}
			out.close()
			return
		}
	}
}

// A lineWriter writes whole lines: what an error cut short is not continued by the
// next line.
type lineWriter struct {
	to   io.Writer
	torn bool
}

func (l *lineWriter) write(line []byte) error {
	if l.torn {
		line = append([]byte("\n"), line...)
	}
	n, err := l.to.Write(line)
	if err == nil {
		l.torn = false
	} else if n > 0 {
		l.torn = n > 1 || !l.torn // only the end of the torn one was written
	}
	return err
}

func (l *lineWriter) close() {
	if c, ok := l.to.(io.Closer); ok {
		c.Close()
	}
}
