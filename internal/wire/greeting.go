package wire

import (
	"encoding/binary"
	"net/netip"
)

// A Greeting is what a relay answers to a long hello: which run of it this is, and
// where the hello came from. No mac: nothing is done by it that a lost packet could
// not do too, but that a link to the relay is looked after.
//
//	byte  0      0x17
//	      1-8    run, random
//	      9-27   address: 4 or 6, the address from the left (16), the port (2)
type Greeting struct {
	Run      uint64
	Observed netip.AddrPort
}

// GreetingSize is the size of a Greeting, and of the shortest hello that gets one.
const GreetingSize = 28

// Hello returns a hello that is answered.
func Hello() []byte {
	b := make([]byte, GreetingSize)
	b[0] = byte(DatagramHello)
	return b
}

// Append appends g.
func (g Greeting) Append(b []byte) []byte {
	b = append(b, byte(DatagramHello))
	b = binary.BigEndian.AppendUint64(b, g.Run)
	return appendAddress(b, g.Observed)
}

// ParseGreeting reads what Append wrote.
func ParseGreeting(b []byte) (g Greeting, err error) {
	if len(b) != GreetingSize || b[0] != byte(DatagramHello) {
		return g, ErrDatagram
	}
	g.Run = binary.BigEndian.Uint64(b[1:])
	g.Observed, err = parseObserved(b[9:])
	return g, err
}
