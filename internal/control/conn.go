package control

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/session"
)

// The version that is spoken.
const (
	minVersion = 1
	maxVersion = 1
)

// How long a message may take that was begun, and a whole handshake. Between
// questions a connection may be idle for ever.
const (
	messageTime = 10 * time.Second
	writeTime   = 30 * time.Second
)

// A conn is one conversation: messages both ways, one goroutine each.
type conn struct {
	net.Conn
	r       *bufio.Reader
	buf     []byte // of tell
	attends bool   // it is somebody's presence; Server.mu
}

func newConn(c net.Conn) *conn { return &conn{Conn: c, r: bufio.NewReaderSize(c, 4<<10)} }

// await waits as long as it takes until there is something to read, or ctx ends.
func (c *conn) await() error {
	if err := c.SetReadDeadline(time.Time{}); err != nil {
		return err
	}
	_, err := c.r.Peek(1)
	return err
}

// tell writes one message; within is how long that may take, 0 for ever.
func (c *conn) tell(within time.Duration, m wire.Message) error {
	b, err := wire.Append(c.buf[:0], m)
	if err != nil {
		return err
	}
	c.buf = b[:0]
	return c.write(within, b)
}

func (c *conn) write(within time.Duration, b []byte) error {
	if err := c.SetWriteDeadline(deadline(within)); err != nil {
		return err
	}
	_, err := c.Write(b)
	return err
}

// hear reads one message.
func (c *conn) hear(within time.Duration, m wire.Message) error {
	if err := c.SetReadDeadline(deadline(within)); err != nil {
		return err
	}
	return wire.Read(c.r, m)
}

func deadline(within time.Duration) time.Time {
	if within <= 0 {
		return time.Time{}
	}
	return time.Now().Add(within)
}

// watch returns a context that ends when the other side hangs up, or says
// something though it is not its turn. The conversation cannot go on after it.
func (c *conn) watch(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(parent)
	go func() {
		_ = c.await()
		cancel()
	}()
	return ctx, cancel
}

// common returns the highest version that both sides speak, 0 if there is none.
func common(min, max uint32) uint32 {
	v := uint32(maxVersion)
	if max < v {
		v = max
	}
	if v < min || v < minVersion {
		return 0
	}
	return v
}

// otherVersion says that there is no version in common, and what to do.
func otherVersion(theirs string, process uint32, min, max uint32) error {
	return &session.Error{Kind: session.Version, Err: fmt.Errorf(
		"the queue is run by process %d, %s, which speaks version %s of the queue's protocol; this program speaks %s: end the older of the two and start it anew",
		process, session.Display(theirs), versions(min, max), versions(minVersion, maxVersion))}
}

func versions(min, max uint32) string {
	if min == max {
		return fmt.Sprint(min)
	}
	return fmt.Sprintf("%d to %d", min, max)
}

// Why there is nobody to ask.
var (
	// ErrNobody: the socket is not there, or nobody listens at it.
	ErrNobody = errors.New("nobody runs the queue")
	// ErrSilent: somebody does, and does not answer: it is suspended, or hangs.
	ErrSilent = errors.New("the process that runs the queue does not answer")
	// ErrForeign: it sees another machine than we do, is of another user, or
	// speaks another version.
	ErrForeign = errors.New("the queue is not for this process")
	// errGone: it has ended while it was asked.
	errGone = errors.New("the process that runs the queue has ended")
)
