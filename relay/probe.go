package relay

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bargee/bargee/internal/wire"
)

// A prober is a peer of the relay's own, which asks for a leg as others do and does
// not bind it. It keeps its socket: a relay that is out of descriptors still does
// its work.
type prober struct {
	conn atomic.Pointer[net.UDPConn] // nil before the first probe

	mu      sync.Mutex // of a probe
	key     []byte
	session *Session
	counter uint64
}

// probeAgain is how often a probe is sent again: packets are lost.
const probeAgain = 500 * time.Millisecond

// open returns the socket, and makes it at first; b.mu is held.
func (b *prober) open(p *Plane) (*net.UDPConn, error) {
	if conn := b.conn.Load(); conn != nil {
		return conn, nil
	}
	at := p.Addr()
	if at.Addr().IsUnspecified() {
		loopback := netip.IPv6Loopback()
		if at.Addr().Is4() {
			loopback = netip.AddrFrom4([4]byte{127, 0, 0, 1})
		}
		at = netip.AddrPortFrom(loopback, at.Port())
	}
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(at))
	if err != nil {
		return nil, err
	}
	b.conn.Store(conn) // before it is asked whether the plane is closed
	keys := [2][]byte{make([]byte, 32), make([]byte, 32)}
	rand.Read(keys[0])
	rand.Read(keys[1])
	b.key = keys[0]
	if b.session, err = p.Open(keys); err != nil {
		b.close()
		b.conn.Store(nil) // the next one finds the plane closed too
	}
	return conn, err
}

func (b *prober) close() {
	if conn := b.conn.Load(); conn != nil {
		conn.Close()
	}
}

// Probe returns nil when the plane has answered a packet of our own, as it would a
// peer's: its socket, its loop and its table work.
func (p *Plane) Probe(ctx context.Context) error {
	b := &p.prober
	b.mu.Lock()
	defer b.mu.Unlock()
	conn, err := b.open(p)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { conn.SetReadDeadline(time.Now()) })
	defer stop()
	in := make([]byte, wire.MaxDatagram)
	for ctx.Err() == nil {
		b.counter++
		ask := wire.Datagram{Type: wire.DatagramBind, Session: b.session.ID, Counter: b.counter}
		if _, err := conn.Write(ask.Append(nil, b.key)); errors.Is(err, net.ErrClosed) {
			return ErrClosed
		}
		conn.SetReadDeadline(time.Now().Add(probeAgain))
		for ctx.Err() == nil {
			n, err := conn.Read(in)
			if errors.Is(err, net.ErrClosed) {
				return ErrClosed
			}
			if errors.Is(err, os.ErrDeadlineExceeded) {
				break
			}
			if err != nil {
				continue // an ICMP message
			}
			if d, err := wire.ParseDatagram(in[:n]); err == nil && d.Type == wire.DatagramChallenge && d.Session == b.session.ID && d.Counter == b.counter {
				return nil
			}
		}
	}
	return fmt.Errorf("no answer on %v: %w", conn.RemoteAddr(), context.Cause(ctx))
}

// Probe returns nil when packets are answered, and rooms and sessions can be.
func (r *Relay) Probe(ctx context.Context) error {
	if err := r.cfg.Plane.Probe(ctx); err != nil {
		return err
	}
	free := make(chan struct{})
	go func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		close(free)
	}()
	select {
	case <-free:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("rooms are not answered: %w", context.Cause(ctx))
	}
}
