package carrier

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// record is how much is written at a time: what TLS takes as one.
	record = 16 << 10

	// stuck is how long a record may take before the connection is given up.
	stuck = 10 * time.Second

	// farewell is how long Close lets what was sent before go out.
	farewell = 250 * time.Millisecond
)

// A Conn takes packets there and back over a connection of bytes. Send and
// SendWait may be called by several goroutines; Next and Fill by one, together.
//
// While there is something to be sent it owns a goroutine; an idle one has none,
// and no buffers. Close ends it.
type Conn struct {
	c      net.Conn
	budget *Budget

	mu       sync.Mutex
	queue    queue
	pace     pace
	flushing bool
	closing  bool // nothing more is taken
	closed   bool
	room     chan struct{} // closed when there may be room; nil: nobody waits
	flushes  sync.WaitGroup

	dropped atomic.Uint64

	// Of the reader: what of a frame has come.
	head     head
	raw      [headSize]byte
	gotHead  int
	gotBytes int
}

// New makes a Conn of a connection, which belongs to it from here on. It holds up
// to most bytes that wait, and as many that are on their way.
func New(c net.Conn, most int, budget *Budget) *Conn {
	p := pace{most: most}
	return &Conn{c: c, budget: budget, pace: p, queue: queue{limit: p.limit()}}
}

// buffers are for frames that wait.
var buffers = sync.Pool{New: func() any { b := make([]byte, 0, least); return &b }}

// Send sends packets of one size, the last of which may be shorter, and returns
// how many bytes of them were dropped, because too many wait or the connection is
// gone. It copies them and does not wait.
func (c *Conn) Send(packets []byte, segment int) (dropped int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	dropped = c.put(packets, segment)
	c.dropped.Add(uint64(dropped))
	return dropped
}

// put is Send; c.mu is held.
func (c *Conn) put(packets []byte, segment int) (dropped int) {
	if c.closing || segment > MaxPacket || !c.budget.has(len(packets)) {
		return len(packets)
	}
	if c.queue.frames == nil {
		c.queue.frames = (*buffers.Get().(*[]byte))[:0]
	}
	before := len(c.queue.frames)
	dropped = c.queue.add(packets, segment)
	c.budget.hold(len(c.queue.frames) - before)
	if !c.flushing && len(c.queue.frames) > 0 {
		c.flushing = true
		c.flushes.Go(c.flush)
	}
	return dropped
}

// SendWait is Send for a single packet, but waits a while for room.
func (c *Conn) SendWait(packet []byte, most time.Duration) (sent bool) {
	var over <-chan time.Time
	for {
		c.mu.Lock()
		if c.put(packet, len(packet)) == 0 {
			c.mu.Unlock()
			return true
		}
		if c.closing || len(packet) > MaxPacket {
			c.mu.Unlock()
			return false
		}
		if c.room == nil {
			c.room = make(chan struct{})
		}
		room := c.room
		c.mu.Unlock()
		if over == nil {
			timer := time.NewTimer(most)
			defer timer.Stop()
			over = timer.C
		}
		select {
		case <-room:
		case <-over:
			c.dropped.Add(uint64(len(packet)))
			return false
		}
	}
}

// flush writes frames until there are none.
func (c *Conn) flush() {
	var frames []byte // that were written; then the next buffer
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.queue.frames) > 0 && !c.closed {
		frames = c.queue.take(frames)
		c.wake()
		c.mu.Unlock()
		err := c.write(frames)
		c.mu.Lock()
		c.budget.hold(-len(frames))
		if err != nil {
			c.shut()
		}
	}
	c.flushing = false
	c.budget.hold(-len(c.queue.frames))
	release(frames)
	release(c.queue.take(nil))
	c.wake()
}

func release(frames []byte) {
	if cap(frames) > 0 {
		frames = frames[:0]
		buffers.Put(&frames)
	}
}

// wake lets those who wait for room look again; c.mu is held.
func (c *Conn) wake() {
	if c.room != nil {
		close(c.room)
		c.room = nil
	}
}

// write writes record by record, so that one who reads slowly is told from one who
// does not read.
func (c *Conn) write(b []byte) error {
	for len(b) > 0 {
		begin := time.Now()
		if err := c.c.SetWriteDeadline(begin.Add(stuck)); err != nil {
			return err
		}
		n, err := c.c.Write(b[:min(record, len(b))])
		if err != nil {
			return err
		}
		b = b[n:]
		c.mu.Lock()
		c.pace.see(n, time.Since(begin))
		c.queue.limit = c.pace.limit()
		c.mu.Unlock()
	}
	return nil
}

// Next waits for the next frame and returns the size of its packets, and of all
// together; Fill has to read them. It goes on where it was after a deadline.
func (c *Conn) Next() (size, segment int, err error) {
	for c.gotHead < headSize {
		n, err := c.c.Read(c.raw[c.gotHead:])
		if c.gotHead += n; err != nil && c.gotHead < headSize {
			return 0, 0, err
		}
	}
	c.head, err = parseHead(c.raw)
	return c.head.size, c.head.segment, err
}

// Fill reads the packets of the frame that Next told of into b, which is as long
// as they are. After a deadline it goes on where it was, in the same b.
func (c *Conn) Fill(b []byte) error {
	for c.gotBytes < c.head.size {
		n, err := c.c.Read(b[c.gotBytes:c.head.size])
		if c.gotBytes += n; err != nil && c.gotBytes < c.head.size {
			return err
		}
	}
	c.gotHead, c.gotBytes = 0, 0
	return nil
}

// Dropped returns how many bytes could not be sent.
func (c *Conn) Dropped() uint64 { return c.dropped.Load() }

// SetReadDeadline is for Next and Fill.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.c.SetReadDeadline(t) }

// LocalAddr is our end of the connection.
func (c *Conn) LocalAddr() net.Addr { return c.c.LocalAddr() }

// RemoteAddr is the other one.
func (c *Conn) RemoteAddr() net.Addr { return c.c.RemoteAddr() }

// Close ends the connection and returns when its goroutine has ended. What was
// sent before has a moment to go out.
func (c *Conn) Close() error {
	c.mu.Lock()
	c.closing = true
	c.wake()
	c.mu.Unlock()
	over := time.AfterFunc(farewell, c.Cut)
	c.flushes.Wait()
	over.Stop()
	return c.end()
}

// Cut ends the connection at once, and does not wait.
func (c *Conn) Cut() { _ = c.end() }

func (c *Conn) end() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.shut()
}

// shut closes the connection, once; c.mu is held. It does not say so inside TLS,
// which would wait for one who does not read.
func (c *Conn) shut() error {
	if c.closed {
		return nil
	}
	c.closing, c.closed = true, true
	c.wake()
	if t, ok := c.c.(interface{ NetConn() net.Conn }); ok {
		return t.NetConn().Close()
	}
	return c.c.Close()
}
