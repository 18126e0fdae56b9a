package wire

import (
	"encoding/binary"
	"net/netip"
)

// A Greeting is what a relay answers to a long hello: which run of it this is, and
// where the hello came from. No mac: nothing is done by it that a lost packet could
// not do too, but that a link to the relay is looked after; for that there is a nonce,
// which who sees no hello cannot know.
//
//	byte  0      0x17
//	      1-8    run, random
//	      9-27   address: 4 or 6, the address from the left (16), the port (2)
//	      28-35  nonce, that of the hello; absent where the hello has none
type Greeting struct {
	Run      uint64
	Observed netip.AddrPort
	Nonce    uint64 // 0: none
}

// GreetingSize is the size of a Greeting without a nonce, and of the shortest hello
// that gets one; noncedSize is that of either with a nonce.
const (
	GreetingSize = 28
	noncedSize   = GreetingSize + 8
)

// Hello returns a hello that is answered.
func Hello() []byte {
	b := make([]byte, GreetingSize)
	b[0] = byte(DatagramHello)
	return b
}

// HelloWith returns a hello whose answer has its nonce, if the relay knows nonces.
func HelloWith(nonce uint64) []byte { return binary.BigEndian.AppendUint64(Hello(), nonce) }

// Answer returns the Greeting that answers a hello as it came, nil where it gets none.
func (g Greeting) Answer(hello []byte) []byte {
	if len(hello) < GreetingSize {
		return nil
	}
	if len(hello) >= noncedSize {
		g.Nonce = binary.BigEndian.Uint64(hello[GreetingSize:])
	}
	return g.Append(nil)
}

// Append appends g.
func (g Greeting) Append(b []byte) []byte {
	b = append(b, byte(DatagramHello))
	b = binary.BigEndian.AppendUint64(b, g.Run)
	b = appendAddress(b, g.Observed)
	if g.Nonce != 0 {
		b = binary.BigEndian.AppendUint64(b, g.Nonce)
	}
	return b
}

// ParseGreeting reads what Append wrote.
func ParseGreeting(b []byte) (g Greeting, err error) {
	if len(b) != GreetingSize && len(b) != noncedSize || b[0] != byte(DatagramHello) {
		return g, ErrDatagram
	}
	g.Run = binary.BigEndian.Uint64(b[1:])
	if len(b) == noncedSize {
		g.Nonce = binary.BigEndian.Uint64(b[GreetingSize:])
	}
	g.Observed, err = parseObserved(b[9:])
	return g, err
}
