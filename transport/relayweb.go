package transport

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/bargee/bargee/internal/wire"
)

// ErrNoWeb means that a relay keeps nothing and answers no HTTP, or is too old to.
var ErrNoWeb = errors.New("the relay keeps nothing")

// A RelayWeb makes connections on which a relay speaks HTTP/1.1: what it serves to
// everybody by plain HTTP, through a link that proved who both sides are. It is for an
// http.Transport's DialContext. The link is made when a connection is asked for, and
// again after it was lost; it has no goroutine of its own. Its methods may be called
// from several goroutines.
type RelayWeb struct {
	from  *Endpoint
	relay RelayRemote
	place chan struct{} // of who makes the link

	mu     sync.Mutex
	link   Link
	closed bool
	noTCP  bool // it was tried in vain

	beside webTraffic
}

// RelayWeb returns what makes connections to that relay; a guest may use what guests
// may. Close it when done: it holds a link.
func (e *Endpoint) RelayWeb(r RelayRemote) *RelayWeb {
	return &RelayWeb{from: e, relay: r, place: make(chan struct{}, 1)}
}

// Dial opens a connection. That the relay refuses it is an error of the first Read:
// the request goes out without waiting for its answer.
func (w *RelayWeb) Dial(ctx context.Context) (net.Conn, error) {
	l, err := w.linked(ctx)
	if err != nil {
		return nil, fmt.Errorf("the relay %s: %w", w.relay.Address, err)
	}
	st, err := l.OpenStream(ctx, Bulk)
	if err != nil {
		return nil, fmt.Errorf("the relay %s: %w", w.relay.Address, cause(ctx, err))
	}
	tcp := w.wantsTCP(l)
	if err := wire.Write(st, &wire.RelayRequest{Ask: &wire.RelayRequest_Web{Web: &wire.OpenWeb{Tcp: tcp}}}); err != nil {
		st.Abort(0)
		return nil, fmt.Errorf("the relay %s: %w", w.relay.Address, err)
	}
	c := &webConn{Stream: st, in: bufio.NewReader(st), relay: w.relay.Address, local: w.from.Addr()}
	if !tcp {
		return c, nil
	}
	if err := w.moveToTCP(ctx, l, c); err != nil {
		st.Abort(0)
		if err := context.Cause(ctx); err != nil {
			return nil, fmt.Errorf("the relay %s: %w", w.relay.Address, err)
		}
		w.mu.Lock()
		w.noTCP = true
		w.mu.Unlock()
		return w.Dial(ctx)
	}
	return c, nil
}

// Peer is the relay as it proved itself; the zero Peer where there is no link.
func (w *RelayWeb) Peer() Peer {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.link == nil {
		return Peer{}
	}
	return w.link.Peer()
}

// Lanes describes the lanes of the link, if there is one now, and what goes over TCP
// beside it as one more.
func (w *RelayWeb) Lanes() []LaneStats {
	l := w.alive()
	if l == nil {
		return nil
	}
	return w.beside.append(l.Lanes())
}

// Close ends the link, and all connections.
func (w *RelayWeb) Close() error {
	w.mu.Lock()
	l := w.link
	w.closed = true
	w.mu.Unlock()
	if l == nil {
		return nil
	}
	return l.Close("done")
}

// alive returns the link, if it still is one.
func (w *RelayWeb) alive() Link {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.link == nil || w.link.Err() != nil {
		return nil
	}
	return w.link
}

// linked returns the link, made anew if there is none. One makes it, the others wait.
func (w *RelayWeb) linked(ctx context.Context) (Link, error) {
	if l := w.alive(); l != nil {
		return l, nil
	}
	select {
	case w.place <- struct{}{}:
		defer func() { <-w.place }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	w.mu.Lock()
	closed := w.closed
	w.mu.Unlock()
	if l := w.alive(); l != nil {
		return l, nil
	} else if closed {
		return nil, fail(ErrClosed, "it was closed")
	}
	ctx, cancel := context.WithTimeoutCause(ctx, w.from.cfg.HandshakeTimeout, fail(ErrUnreachable, "no answer within %v", w.from.cfg.HandshakeTimeout))
	defer cancel()
	l, err := w.from.linkRelay(ctx, w.relay)
	if err != nil {
		return nil, cause(ctx, err)
	}
	// Bodies that went out before would fill the window of the lane, which nobody reads
	// before the login is over, and leave the login none.
	if err := Entered(ctx, l); err != nil {
		l.Close("not let in")
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		l.Close("done")
		return nil, fail(ErrClosed, "it was closed")
	}
	w.link = l
	return l, nil
}

// A webConn is a stream to a relay as a connection. Read and Close are called as
// net.Conn wants it: by several goroutines.
type webConn struct {
	Stream
	in    *bufio.Reader
	relay string
	local net.Addr

	opened sync.Once
	err    error  // why the relay opened nothing
	pass   []byte // what opens a connection over TCP instead; nil: none does
}

func (c *webConn) Read(p []byte) (int, error) {
	c.opened.Do(func() { c.err = c.open() })
	if c.err != nil {
		return 0, c.err
	}
	return c.in.Read(p)
}

// Write fails with why the relay opened nothing, if it did so.
func (c *webConn) Write(p []byte) (int, error) {
	n, err := c.Stream.Write(p)
	if aborted := (*AbortError)(nil); errors.As(err, &aborted) {
		c.opened.Do(func() { c.err = c.open() })
		if c.err != nil {
			err = c.err
		}
	}
	return n, err
}

// ReadFrom is what a request's body goes out by: in pieces that are the larger the
// faster they go, since each wakes others, and since who waits for progress sees it
// by the piece.
func (c *webConn) ReadFrom(r io.Reader) (n int64, err error) {
	buf := webBuffers.Get().(*[]byte)
	defer webBuffers.Put(buf)
	for piece := webPiece; ; {
		m, err := r.Read((*buf)[:piece])
		if m > 0 {
			began := time.Now()
			k, failed := c.Write((*buf)[:m])
			if n += int64(k); failed != nil {
				return n, failed
			}
			if piece = webPiece; time.Since(began) < webSoon {
				piece = len(*buf)
			}
		}
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}

const (
	webPiece    = 32 << 10 // of a body, where it is not known how fast they go
	mostWebOnce = 8 * webPiece
	webSoon     = time.Second / 2 // a piece that takes longer is followed by a small one
)

var webBuffers = sync.Pool{New: func() any { b := make([]byte, mostWebOnce); return &b }}

// open reads what the relay says before HTTP begins.
func (c *webConn) open() error {
	var reply wire.RelayReply
	err := wire.Read(c.in, &reply)
	var aborted *AbortError
	switch {
	case errors.As(err, &aborted) && aborted.Code == 0:
		return fail(ErrNoWeb, "the relay %s answers no HTTP: its bargee is too old, or it is about to end", c.relay)
	case errors.As(err, &aborted):
		return fail(ErrRoomBusy, "the relay %s: too many requests at once", c.relay)
	case err != nil:
		return err
	case reply.GetWeb() != nil:
		c.pass = reply.GetWeb().GetPass()
		return nil
	case reply.GetRefused().GetWhy() == wire.RelayRefusal_NO_WEB:
		return fail(ErrNoWeb, "the relay %s: %s", c.relay, printable(reply.GetRefused().GetMessage()))
	}
	return refusedBy(c.relay, reply.GetRefused())
}

// Close gives up what has not come yet; what was written still gets there.
func (c *webConn) Close() error {
	err := c.Stream.Close()
	c.Stream.Abort(0)
	return err
}

func (c *webConn) LocalAddr() net.Addr  { return c.local }
func (c *webConn) RemoteAddr() net.Addr { return webAddr(c.relay) }

func (c *webConn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// A webAddr is a relay's address as it was given: host:port.
type webAddr string

func (webAddr) Network() string  { return "bargee" }
func (a webAddr) String() string { return string(a) }
