package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/bargee/bargee/internal/carrier"
)

// What a peer holds back for a relay over TCP.
const (
	carriedMost = 256 << 10              // bytes that wait
	carriedWait = 200 * time.Millisecond // for room; then a packet is lost
)

// webPort is where networks that let nearly nothing out let TCP out still.
const webPort = 443

// A carriage is how a relay is reached over TCP: what came of a race for it, to be
// used again.
type carriage struct {
	at  *net.UDPAddr // of its TCP port; for QUIC, which knows no other, it is one of UDP
	key Fingerprint  // that it shows there
}

// A carriedConn is a net.PacketConn whose packets all go to a relay, over TCP, and
// come from there. Packets that the connection does not take soon are lost ones.
type carriedConn struct {
	c     *carrier.Conn
	relay *net.UDPAddr // stands for the relay

	// Of ReadFrom, which one goroutine calls:
	buf     []byte
	frame   []byte // of buf: that is being read
	rest    []byte // of buf: packets not handed out yet
	segment int

	closing sync.Once
	err     error
}

var _ net.PacketConn = (*carriedConn)(nil)

// ReadFrom returns the next packet, a deadline, or net.ErrClosed: quic-go takes all
// other errors for passing ones.
func (c *carriedConn) ReadFrom(b []byte) (int, net.Addr, error) {
	for len(c.rest) == 0 {
		if err := c.fill(); errors.Is(err, os.ErrDeadlineExceeded) {
			return 0, nil, os.ErrDeadlineExceeded
		} else if err != nil {
			return 0, nil, net.ErrClosed
		}
	}
	packet := c.rest[:min(c.segment, len(c.rest))]
	c.rest = c.rest[len(packet):]
	return copy(b, packet), c.relay, nil
}

// fill reads a frame; after a deadline it goes on where it was.
func (c *carriedConn) fill() error {
	if c.frame == nil {
		size, segment, err := c.c.Next()
		if err != nil {
			return err
		}
		if c.buf == nil {
			c.buf = make([]byte, carrier.MaxFrame)
		}
		c.frame, c.segment = c.buf[:size], segment
	}
	if err := c.c.Fill(c.frame); err != nil {
		return err
	}
	c.rest, c.frame = c.frame, nil
	return nil
}

// WriteTo sends a packet to the relay, whatever to is. It waits a little when many
// wait already, as a UDP socket does: that is how QUIC learns to send more slowly
// before anything is lost.
func (c *carriedConn) WriteTo(b []byte, _ net.Addr) (int, error) {
	c.c.SendWait(b, carriedWait)
	return len(b), nil // of one that is closed, ReadFrom tells
}

func (c *carriedConn) Close() error {
	c.closing.Do(func() { c.err = c.c.Close() })
	return c.err
}

func (c *carriedConn) LocalAddr() net.Addr { return c.c.LocalAddr() }

func (c *carriedConn) SetDeadline(t time.Time) error { return c.c.SetReadDeadline(t) }

func (c *carriedConn) SetReadDeadline(t time.Time) error { return c.c.SetReadDeadline(t) }

// SetWriteDeadline does nothing: writing does not wait for long.
func (c *carriedConn) SetWriteDeadline(time.Time) error { return nil }

// carry connects to a relay over TCP, at its own port and at that of the web, and
// takes the one that shows the relay's key first; the zero key: any.
func (e *Endpoint) carry(ctx context.Context, relay string, want Fingerprint) (*carriedConn, *carriage, error) {
	addresses := []string{relay}
	host, port, err := net.SplitHostPort(relay)
	if err == nil && port != strconv.Itoa(webPort) {
		addresses = append(addresses, net.JoinHostPort(host, strconv.Itoa(webPort)))
	}
	candidates, err := resolve(ctx, addresses)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type result struct {
		number int
		c      *carriedConn
		way    *carriage
		err    error
	}
	results := make(chan result, len(candidates))
	for i, to := range candidates {
		e.wait.Go(func() {
			r := result{number: i}
			r.c, r.way, r.err = carryTo(ctx, to.udp, want)
			results <- r
		})
	}
	var won result
	errs := make([]error, len(candidates))
	for range candidates {
		switch r := <-results; {
		case r.err != nil:
			errs[r.number] = r.err
		case won.c != nil:
			r.c.Close()
		default:
			won = r
			cancel() // the others return at once
		}
	}
	if won.c == nil {
		return nil, nil, errs[0] // of the relay's own port
	}
	return won.c, won.way, nil
}

// carryTo connects to one address.
func carryTo(ctx context.Context, at *net.UDPAddr, want Fingerprint) (*carriedConn, *carriage, error) {
	way := &carriage{at: at}
	raw, err := new(net.Dialer).DialContext(ctx, "tcp", at.String())
	if err != nil {
		return nil, nil, fail(ErrUnreachable, "%s over TCP: %w", at, err)
	}
	if c, ok := raw.(*net.TCPConn); ok {
		carrier.Tune(c)
	}
	c := tls.Client(raw, carriageTLS(carrier.Protocol, want, &way.key))
	if err := c.HandshakeContext(ctx); err != nil {
		raw.Close()
		return nil, nil, fail(ErrUnreachable, "%s over TCP is no relay of ours: %w", at, err)
	}
	return &carriedConn{c: carrier.New(c, carriedMost, nil), relay: at}, way, nil
}

// carriageOf is how the relay at the other end of l is reached over TCP; nil: l is
// not.
func carriageOf(l Link) *carriage {
	if q, ok := l.(*link); ok && q.home.from != nil {
		return q.home.from.cfg.way
	}
	return nil
}
