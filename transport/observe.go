package transport

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/bargee/bargee/internal/wire"
)

// An Observer is a socket that asks relays where they see it come from, which they
// tell anybody. It is for one goroutine at a time.
type Observer struct {
	conn *net.UDPConn
}

// NewObserver opens the socket; the caller closes it.
func NewObserver() (*Observer, error) {
	c, err := net.ListenUDP("udp", nil)
	if err != nil {
		return nil, fmt.Errorf("observe: %w", err)
	}
	return &Observer{c}, nil
}

// Close closes the socket.
func (o *Observer) Close() error { return o.conn.Close() }

// An Observation is what a relay answered.
type Observation struct {
	Relay    netip.AddrPort
	Observed netip.AddrPort // where the relay sees the socket
	Local    netip.AddrPort // what the socket's machine calls it, towards the relay
	RTT      time.Duration
	Asked    int // times, until it answered
}

// observeAgain is how long an answer may take until it is asked for again.
const observeAgain = 500 * time.Millisecond

// Ask asks the relay at address, host:port, until it answers or ctx ends.
func (o *Observer) Ask(ctx context.Context, address string) (Observation, error) {
	candidates, err := resolve(ctx, []string{address})
	if err != nil {
		return Observation{}, err
	}
	to := candidates[0].udp
	seen := Observation{Relay: plainAddress(to.AddrPort())}
	for seen.RTT == 0 {
		if ctx.Err() != nil {
			return seen, fail(ErrUnreachable, "no answer from the relay %s", address)
		}
		if err := o.once(ctx, &seen, to); err != nil {
			return seen, fail(ErrUnreachable, "the relay %s: %w", address, err)
		}
	}
	seen.Local = o.localTo(to)
	return seen, nil
}

// once asks once; where nothing comes seen has no RTT.
func (o *Observer) once(ctx context.Context, seen *Observation, to *net.UDPAddr) error {
	start := time.Now()
	until := start.Add(observeAgain)
	if late, ok := ctx.Deadline(); ok && late.Before(until) {
		until = late
	}
	seen.Asked++
	if _, err := o.conn.WriteToUDP(wire.Hello(), to); err != nil {
		return err
	}
	if err := o.conn.SetReadDeadline(until); err != nil {
		return err
	}
	b := make([]byte, 1500)
	for {
		n, from, err := o.conn.ReadFromUDPAddrPort(b)
		if err != nil {
			if time.Now().Before(until) { // an ICMP message of before
				continue
			}
			return nil
		}
		g, err := wire.ParseGreeting(b[:n])
		if err == nil && plainAddress(from) == seen.Relay {
			seen.Observed, seen.RTT = plainAddress(g.Observed), max(time.Since(start), 1)
			return nil
		}
	}
}

// localTo is the address that the socket has on the way to somebody.
func (o *Observer) localTo(to *net.UDPAddr) netip.AddrPort {
	port := o.conn.LocalAddr().(*net.UDPAddr).AddrPort().Port()
	c, err := net.DialUDP("udp", nil, to) // sends nothing
	if err != nil {
		return netip.AddrPort{}
	}
	defer c.Close()
	return netip.AddrPortFrom(plainAddress(c.LocalAddr().(*net.UDPAddr).AddrPort()).Addr(), port)
}

func plainAddress(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port())
}

// A NAT says what stands between a machine and the relays that saw it.
type NAT string

// The kinds of NAT that observations can tell apart.
const (
	NATUnknown   NAT = "unknown"   // nothing was observed
	NATNone      NAT = "none"      // the machine's own address is seen
	NATSome      NAT = "nat"       // another address is seen; one observation tells no more
	NATCone      NAT = "cone"      // the same one by all relays: endpoint-independent mapping (RFC 4787)
	NATSymmetric NAT = "symmetric" // each relay sees another one
)

// KindOfNAT is what observations of one socket say. Two relays, or two addresses of
// one, are needed to tell cone and symmetric apart.
func KindOfNAT(all []Observation) NAT {
	if len(all) == 0 {
		return NATUnknown
	}
	if !slices.ContainsFunc(all, func(o Observation) bool { return o.Observed != o.Local }) {
		return NATNone
	}
	others := slices.ContainsFunc(all, func(o Observation) bool {
		return o.Relay != all[0].Relay && o.Relay.Addr().Is4() == all[0].Relay.Addr().Is4()
	})
	same := !slices.ContainsFunc(all, func(o Observation) bool {
		return o.Observed != all[0].Observed && o.Relay.Addr().Is4() == all[0].Relay.Addr().Is4()
	})
	switch {
	case !others:
		return NATSome
	case same:
		return NATCone
	}
	return NATSymmetric
}

// SocketReport is what this machine gives a UDP socket.
type SocketReport struct {
	ReadBuffer, WriteBuffer int  // bytes that the kernel granted; 0: it does not say
	Wanted                  int  // bytes that were asked for, each
	GRO, GSO                bool // many packets in one call, in and out
	Batches                 bool // this system can have GRO and GSO at all
}

// InspectSocket opens a UDP socket as endpoints do, and looks at it.
func InspectSocket() (SocketReport, error) {
	conn, err := listenUDP(":0")
	if err != nil {
		return SocketReport{}, err
	}
	defer conn.Close()
	r := SocketReport{Wanted: socketBuffer}
	inspect(conn, &r)
	return r, nil
}

// PathMTU returns the largest packet, with all headers, that this machine believes
// to get to address; 0 where the system does not say.
func PathMTU(ctx context.Context, address string) (int, error) {
	candidates, err := resolve(ctx, []string{address})
	if err != nil {
		return 0, err
	}
	return pathMTU(candidates[0].udp)
}
