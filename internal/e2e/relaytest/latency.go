//go:build linux

package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/bargee/bargee/internal/wire"
)

// packetSize is a full packet's of QUIC.
const packetSize = 1452

// An end is a socket at one leg of a forwarder.
type end struct {
	conn *net.UDPConn
	to   netip.AddrPort
}

// open binds a leg, or says a word to a plain forwarder.
func open(addr, id string, leg uint8) (*end, error) {
	to, err := netip.ParseAddrPort(addr)
	if err != nil {
		return nil, err
	}
	c, err := net.ListenUDP("udp", nil)
	if err != nil {
		return nil, err
	}
	_ = c.SetReadBuffer(8 << 20)
	e := &end{c, to}
	if id == "plain" {
		_, err = c.WriteToUDPAddrPort([]byte{0x40}, to)
		return e, err
	}
	session, err := strconv.ParseUint(id, 10, 64)
	if err != nil {
		return nil, err
	}
	return e, e.bind(session, leg)
}

// bind does what wire.Datagram says.
func (e *end) bind(session uint64, leg uint8) error {
	say := func(d wire.Datagram) error {
		d.Session, d.Leg, d.Counter = session, leg, uint64(time.Now().UnixNano())
		_, err := e.conn.WriteToUDPAddrPort(d.Append(nil, keyOf(leg)), e.to)
		return err
	}
	if err := say(wire.Datagram{Type: wire.DatagramBind}); err != nil {
		return err
	}
	b := make([]byte, 2048)
	for {
		_ = e.conn.SetReadDeadline(time.Now().Add(5 * time.Second))
		n, err := e.conn.Read(b)
		if err != nil {
			return err
		}
		d, err := wire.ParseDatagram(b[:n])
		switch {
		case err != nil:
		case d.Type == wire.DatagramChallenge:
			err = say(wire.Datagram{Type: wire.DatagramAnswer, Cookie: d.Cookie})
		case d.Type == wire.DatagramBound:
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// now is the machine's clock, the same in all namespaces.
func now() uint64 {
	return uint64(time.Now().UnixNano())
}

// send sends rate packets a second, each with the time in it. Every half
// millisecond those that are due go out.
func send(addr, id string, rate int, d time.Duration) error {
	e, err := open(addr, id, 0)
	if err != nil {
		return err
	}
	b := make([]byte, packetSize)
	b[0] = 0x40
	tick := time.NewTicker(500 * time.Microsecond)
	defer tick.Stop()
	began, sent := time.Now(), 0
	for time.Since(began) < d {
		due := int(time.Since(began).Seconds() * float64(rate))
		if rate == 0 {
			due = sent + 64
		}
		for ; sent < due; sent++ {
			binary.BigEndian.PutUint64(b[1:], now())
			_, _ = e.conn.WriteToUDPAddrPort(b, e.to)
		}
		if rate != 0 {
			<-tick.C
		}
	}
	fmt.Println("sent", sent)
	return nil
}

// sink takes packets until none comes for a second, and prints how many came,
// over how long, and how late they were in microseconds: median and 99th of 100.
func sink(addr, id string) error {
	e, err := open(addr, id, 1)
	if err != nil {
		return err
	}
	fmt.Println("ready")
	var late []uint32
	b := make([]byte, 2048)
	var first, last time.Time
	for {
		wait := time.Second
		if first.IsZero() {
			wait = 15 * time.Second
		}
		_ = e.conn.SetReadDeadline(time.Now().Add(wait))
		n, err := e.conn.Read(b)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			break
		}
		if err != nil {
			return err
		}
		if n != packetSize {
			continue
		}
		late = append(late, uint32(min((now()-binary.BigEndian.Uint64(b[1:]))/1000, 1<<31)))
		if last = time.Now(); first.IsZero() {
			first = last
		}
	}
	if len(late) == 0 {
		return errors.New("nothing came")
	}
	slices.Sort(late)
	fmt.Printf("came %d in %.2f s, p50 %d us, p99 %d us\n", len(late), last.Sub(first).Seconds(), late[len(late)/2], late[len(late)*99/100])
	return nil
}
