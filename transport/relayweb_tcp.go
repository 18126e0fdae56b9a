package transport

import (
	"bufio"
	"context"
	"crypto/tls"
	"math"
	"net"
	"slices"
	"sync/atomic"
	"time"

	"github.com/bargee/bargee/internal/carrier"
)

// HTTP to a relay near by goes over TCP, beside the link that says who asks: the kernel
// takes it in pieces of 64 KiB where QUIC has packets, which is half of what a GiB costs
// both sides. Farther away, where packets are lost and the round trip counts, it is the
// link that is fast.
const (
	nearRelay   = 10 * time.Millisecond // round trip up to which TCP is asked for
	webOverWait = time.Second           // for the connection; a relay may have its TCP port closed
)

// wantsTCP tells whether a connection over TCP is asked for.
func (w *RelayWeb) wantsTCP(l Link) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	q, ok := l.(*link)
	return ok && !w.noTCP && q.shortestTrip() <= nearRelay
}

// shortestTrip is the shortest round trip that a lane ever had: how busy both sides are
// makes others longer. Without a lane it is forever.
func (l *link) shortestTrip() time.Duration {
	l.mu.Lock()
	lanes := slices.Clone(l.lanes)
	l.mu.Unlock()
	shortest := time.Duration(math.MaxInt64)
	for _, n := range lanes {
		if s := n.conn.ConnectionStats(); s.MinRTT > 0 {
			shortest = min(shortest, s.MinRTT)
		}
	}
	return shortest
}

// moveToTCP waits for what the relay says, and has c go over TCP if it gave a pass. An
// error is about TCP; that nothing was opened is told by the first Read.
func (w *RelayWeb) moveToTCP(ctx context.Context, l Link, c *webConn) error {
	stop := context.AfterFunc(ctx, func() { c.Stream.Abort(0) })
	defer stop()
	if c.opened.Do(func() { c.err = c.open() }); c.pass == nil {
		return context.Cause(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, webOverWait)
	defer cancel()
	at := l.Peer().Address
	if way := carriageOf(l); way != nil {
		at = way.at.String()
	}
	raw, err := new(net.Dialer).DialContext(ctx, "tcp", at)
	if err != nil {
		return err
	}
	var shown Fingerprint
	over := tls.Client(raw, carriageTLS(carrier.WebProtocol, l.Peer().Key, &shown))
	if err = over.HandshakeContext(ctx); err == nil {
		_, err = over.Write(c.pass)
	}
	if err != nil {
		raw.Close()
		return err
	}
	c.Stream = &webStream{Stream: c.Stream, over: over, traffic: &w.beside}
	c.in = bufio.NewReaderSize(c.Stream, 64<<10)
	return nil
}

// A webStream is a stream whose bytes go over a connection beside it; the two end
// together.
type webStream struct {
	Stream
	over    *tls.Conn
	traffic *webTraffic
}

// BesideStream returns st with its bytes going over a connection instead: what a relay
// makes of one that began with a pass of its own. Once st ends, it ends.
func BesideStream(st Stream, over *tls.Conn) Stream {
	s := &webStream{Stream: st, over: over, traffic: new(webTraffic)}
	go func() { // ends with st, which Abort ends
		var b [1]byte
		_, _ = st.Read(b[:])
		_ = over.NetConn().Close()
	}()
	return s
}

func (s *webStream) Read(p []byte) (int, error) {
	n, err := s.over.Read(p)
	s.traffic.received.Add(uint64(n))
	return n, err
}

func (s *webStream) Write(p []byte) (int, error) {
	n, err := s.over.Write(p)
	s.traffic.sent.Add(uint64(n))
	return n, err
}

// Close ends our direction, Abort both.
func (s *webStream) Close() error { return s.over.CloseWrite() }

func (s *webStream) Abort(code AbortCode) {
	_ = s.over.NetConn().Close()
	s.Stream.Abort(code)
}

func (s *webStream) SetReadDeadline(t time.Time) error  { return s.over.SetReadDeadline(t) }
func (s *webStream) SetWriteDeadline(t time.Time) error { return s.over.SetWriteDeadline(t) }

// webTraffic is what went over TCP, without what TLS and TCP add.
type webTraffic struct{ sent, received atomic.Uint64 }

// append returns lanes with one more, if anything went over it.
func (t *webTraffic) append(lanes []LaneStats) []LaneStats {
	sent, received := t.sent.Load(), t.received.Load()
	if sent+received == 0 || len(lanes) == 0 {
		return lanes
	}
	last := lanes[len(lanes)-1]
	return append(lanes, LaneStats{ID: last.ID + 1, Path: PathTCP, RTT: lanes[0].RTT, Sent: sent, Received: received})
}
