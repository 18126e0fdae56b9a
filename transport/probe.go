package transport

import (
	"context"
	"errors"
	"net"
	"syscall"
	"time"
)

// probePauses are waited after each probe: ICMP is not reliable either.
var probePauses = []time.Duration{300 * time.Millisecond, 2 * time.Second}

// refused returns true as soon as the host of to says that nothing listens on
// that port, and false when ctx ends before.
//
// QUIC's own socket cannot be told: the answer is an ICMP message, which the
// kernel only hands to sockets with one peer. So a socket of that kind sends a
// single byte, which a bargee takes for no packet of QUIC and ignores.
func refused(ctx context.Context, to *net.UDPAddr) bool {
	c, err := net.DialUDP("udp", nil, to)
	if err != nil {
		return false // no route, perhaps; the dial itself will say so
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { c.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	for _, pause := range probePauses {
		_, err := c.Write([]byte{0})
		if err == nil {
			c.SetReadDeadline(time.Now().Add(pause))
			if ctx.Err() != nil { // its deadline may have been set before ours
				return false
			}
			_, err = c.Read(make([]byte, 1))
		}
		if errors.Is(err, syscall.ECONNREFUSED) {
			return true
		}
	}
	return false
}
