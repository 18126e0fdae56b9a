package transport

import (
	"encoding/binary"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// A framed is a net.PacketConn with one other end, over a pipe of bytes: what
// ssh, say, carries. A frame is the length of a packet in two bytes, big-endian,
// and the packet. What is written waits for the pipe, so that nothing is lost; a
// pipe that takes nothing for pipeIdle is closed, since who waits for it cannot
// end either.
//
// It owns the pipe, and two goroutines until Close: one reads, one writes, each
// as much at a time as there is.
type framed struct {
	pipe      io.ReadWriteCloser
	near, far *net.UDPAddr
	framedEvents

	// Of ReadFrom, which one goroutine calls:
	batch, rest []byte
	throttle    throttle

	full, free chan []byte // batches of whole frames on their way to ReadFrom, and back
	deadline   wakeup

	mu      sync.Mutex
	change  *sync.Cond
	out     []byte // frames that wait for the pipe
	spare   []byte // the buffer that is out next
	closed  bool
	closing sync.Once
	done    chan struct{}
}

// framedEvents are what a framed says and asks.
type framedEvents struct {
	ended func()        // called once, before reads fail
	taken func() uint64 // packets that were processed of those that were read, as far as is known
}

const (
	frameHead   = 2
	mostPacket  = 1500
	framedBatch = 64 << 10 // bytes read or written at a time
	framedPiece = 16 << 10 // of a batch: written before pipeIdle is over, or the pipe is dead
)

func newFramed(pipe io.ReadWriteCloser, near, far *net.UDPAddr, events framedEvents) *framed {
	f := &framed{
		pipe: pipe, near: near, far: far, framedEvents: events,
		full: make(chan []byte, 2), free: make(chan []byte, 4), done: make(chan struct{}),
	}
	f.change = sync.NewCond(&f.mu)
	f.deadline.set(time.Time{})
	for range 3 {
		f.free <- make([]byte, framedBatch)
	}
	go f.read()
	go f.write()
	return f
}

// read brings whole frames from the pipe to ReadFrom until the pipe ends, or says
// what is no frame.
func (f *framed) read() {
	defer f.Close()
	defer close(f.full)
	defer f.ended()
	var half []byte // of the frame that the batch before was cut in
	for {
		var b []byte
		select {
		case b = <-f.free:
		case <-f.done:
			return
		}
		b = b[:cap(b)]
		n := copy(b, half)
		m, err := f.pipe.Read(b[n:])
		b = b[:n+m]
		whole, ok := wholeFrames(b)
		if !ok || err != nil && whole == 0 {
			return
		}
		half = append(half[:0], b[whole:]...)
		if whole == 0 {
			f.free <- b
			continue
		}
		select {
		case f.full <- b[:whole]:
		case <-f.done:
			return
		}
	}
}

// wholeFrames returns how many bytes of b are whole frames; not ok, that what
// follows can be none.
func wholeFrames(b []byte) (n int, ok bool) {
	for len(b)-n >= frameHead {
		size := int(binary.BigEndian.Uint16(b[n:]))
		if size == 0 || size > mostPacket {
			return n, false
		}
		if len(b)-n < frameHead+size {
			break
		}
		n += frameHead + size
	}
	return n, true
}

// ReadFrom returns the next packet, or fails with net.ErrClosed or a deadline.
func (f *framed) ReadFrom(p []byte) (int, net.Addr, error) {
	for len(f.rest) == 0 {
		if f.batch != nil {
			f.free <- f.batch[:0]
			f.batch = nil
		}
		select {
		case b, more := <-f.full:
			if !more {
				return 0, nil, net.ErrClosed
			}
			f.batch, f.rest = b, b
		case <-f.deadline.passed():
			return 0, nil, os.ErrDeadlineExceeded
		}
	}
	f.throttle.wait(f.taken)
	size := int(binary.BigEndian.Uint16(f.rest))
	n := copy(p, f.rest[frameHead:frameHead+size])
	f.rest = f.rest[frameHead+size:]
	return n, f.far, nil
}

// WriteTo sends a packet; to is not looked at. It waits while the pipe takes nothing.
func (f *framed) WriteTo(p []byte, _ net.Addr) (int, error) {
	if len(p) == 0 || len(p) > mostPacket {
		return len(p), nil // no packet of ours, and a lost one
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for len(f.out) > framedBatch && !f.closed {
		f.change.Wait()
	}
	if f.closed {
		return 0, net.ErrClosed
	}
	f.out = binary.BigEndian.AppendUint16(f.out, uint16(len(p)))
	f.out = append(f.out, p...)
	f.change.Broadcast()
	return len(p), nil
}

// write brings what waits to the pipe.
func (f *framed) write() {
	for {
		f.mu.Lock()
		for len(f.out) == 0 && !f.closed {
			f.change.Wait()
		}
		if f.closed {
			f.mu.Unlock()
			return
		}
		b := f.out
		f.out = f.spare[:0]
		f.change.Broadcast()
		f.mu.Unlock()
		for rest := b; len(rest) > 0; {
			stuck := time.AfterFunc(pipeIdle, func() { f.Close() })
			n, err := f.pipe.Write(rest[:min(framedPiece, len(rest))])
			if stuck.Stop(); err != nil {
				f.Close()
				return
			}
			rest = rest[n:]
		}
		f.spare = b
	}
}

// Close closes the pipe.
func (f *framed) Close() error {
	var err error
	f.closing.Do(func() {
		f.mu.Lock()
		f.closed = true
		f.change.Broadcast()
		f.mu.Unlock()
		close(f.done)
		err = f.pipe.Close()
	})
	return err
}

func (f *framed) LocalAddr() net.Addr { return f.near }

func (f *framed) SetDeadline(t time.Time) error { return f.SetReadDeadline(t) }

func (f *framed) SetReadDeadline(t time.Time) error {
	f.deadline.set(t)
	return nil
}

// SetWriteDeadline does nothing: who writes is let go by Close.
func (f *framed) SetWriteDeadline(time.Time) error { return nil }

// A wakeup is a deadline as a channel.
type wakeup struct {
	mu    sync.Mutex
	timer *time.Timer
	over  chan struct{}
}

func (w *wakeup) set(t time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer != nil && !w.timer.Stop() || w.over == nil {
		w.over = make(chan struct{}) // the one before is closed, or about to be
	}
	w.timer = nil
	if t.IsZero() {
		return
	}
	over := w.over
	w.timer = time.AfterFunc(time.Until(t), func() { close(over) })
}

func (w *wakeup) passed() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.over
}

// A throttle keeps a reader from outrunning who takes what it read: quic-go drops
// what it has not come round to, above 256 packets of a connection, and a pipe
// that stood still for a moment has thousands at once.
type throttle struct {
	ahead int // packets handed out and, as far as is known, not processed
	seen  uint64
}

const (
	mostAhead     = 128
	throttlePause = 50 * time.Microsecond
	throttleTries = 200 // 10 ms: what is not processed by then was dropped, or is counted nowhere
)

// wait returns when the next packet may be handed out.
func (t *throttle) wait(taken func() uint64) {
	if t.ahead++; t.ahead < mostAhead {
		return
	}
	for range throttleTries {
		now := taken()
		if now < t.seen { // a lane is gone, and its count
			t.seen = now
		}
		t.ahead -= int(min(now-t.seen, uint64(t.ahead)))
		t.seen = now
		if t.ahead < mostAhead {
			return
		}
		time.Sleep(throttlePause)
	}
	t.ahead = 0
}
