package wire

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"net/netip"
)

// A Datagram is what a peer and a relay say to each other beside the packets
// that the relay forwards, on the same socket. Its first byte is 0x10 to 0x17:
// QUIC's packets begin with 01, 10 or 11 as their top bits, those of error
// correction with 0x20 and more. Numbers are big-endian.
//
//	byte  0       type
//	      1-8     session, random, which the control connection named
//	      9       leg: 0 the peer that opened the session, 1 the one that joined
//	      10-17   counter: of the peer, each higher than all before of that leg;
//	              the relay repeats it
//	      18-     what the type has besides, see the table
//	      last 16 mac: HMAC-SHA256 of all before it under the leg's key, cut
//
//	type                 size  besides
//	0x10 bind        ->  34
//	0x10 quick bind  ->  54    zeros (20)
//	0x11 challenge   <-  34    cookie (16) in place of the mac
//	0x12 answer      ->  72    cookie (16), zeros (22)
//	0x13 bound       <-  54    state (1), observed address (1+16+2)
//	0x14 keep        ->  54    zeros (20)
//	0x15 kept        <-  54    as bound
//	0x16 leave       ->  34
//	0x16 unknown     <-  34    to a bind, answer or keep: no such session; mac under no key
//
// No answer is longer than what it answers, and none goes to a bind whose mac is
// wrong: a forged source gains nothing. The cookie proves that the source is
// where it says; the relay keeps nothing of a bind. After bound, packets from
// that address go to the other leg's and back, whatever they are, as long as a
// keep arrives every 20 s.
//
// A quick bind from the address (but for the port) of the peer's own link to the
// relay, which QUIC has proven, is answered with bound; any other as a bind.
//
// 0x17, any size, no mac: hello. For 20 s the relay's own QUIC listener hears
// packets of that source. One that has bound a leg has none of them heard. A hello
// of 28 bytes or more is answered with a Greeting, no longer than it and no hello itself.
type Datagram struct {
	Type     DatagramType
	Session  uint64
	Leg      uint8
	Counter  uint64
	Quick    bool           // of bind
	Cookie   [16]byte       // of challenge and answer
	Joined   bool           // of bound and kept: the other leg is bound too
	Observed netip.AddrPort // of bound and kept: where the peer's packets come from
}

// A DatagramType is the first byte of a Datagram.
type DatagramType uint8

// The types of datagrams.
const (
	DatagramBind DatagramType = 0x10 + iota
	DatagramChallenge
	DatagramAnswer
	DatagramBound
	DatagramKeep
	DatagramKept
	DatagramLeave
	DatagramHello
)

const (
	datagramHead = 18
	datagramMAC  = 16

	// MaxDatagram is the size of the longest Datagram but hello.
	MaxDatagram = 72
)

// datagramSizes are the sizes by type, from DatagramBind.
var datagramSizes = [...]int{34, 34, 72, 54, 54, 54, 34}

// quickSize is that of a quick bind: as long as bound, which answers it.
const quickSize = 54

// ErrDatagram says that bytes are no Datagram.
var ErrDatagram = errors.New("not a datagram of a relay")

// IsDatagram tells whether a packet is between a peer and its relay, by its
// first byte.
func IsDatagram(packet []byte) bool { return len(packet) > 0 && packet[0]&0xf8 == 0x10 }

// Append appends d, signed with the leg's key.
func (d *Datagram) Append(b []byte, key []byte) []byte {
	start := len(b)
	b = append(b, byte(d.Type))
	b = binary.BigEndian.AppendUint64(b, d.Session)
	b = append(b, d.Leg)
	b = binary.BigEndian.AppendUint64(b, d.Counter)
	size := datagramSizes[d.Type-DatagramBind]
	switch d.Type {
	case DatagramBind:
		if d.Quick {
			size = quickSize
		}
	case DatagramChallenge:
		return append(b, d.Cookie[:]...)
	case DatagramAnswer:
		b = append(b, d.Cookie[:]...)
	case DatagramBound, DatagramKept:
		b = appendObserved(b, d.Joined, d.Observed)
	}
	for len(b)-start < size-datagramMAC {
		b = append(b, 0)
	}
	return append(b, datagramSum(key, b[start:])...)
}

// appendObserved appends state and address.
func appendObserved(b []byte, joined bool, at netip.AddrPort) []byte {
	state := byte(0)
	if joined {
		state = 1
	}
	return appendAddress(append(b, state), at)
}

// appendAddress appends 4 or 6, the address from the left, the port.
func appendAddress(b []byte, at netip.AddrPort) []byte {
	addr := at.Addr().Unmap()
	var raw [16]byte
	family := byte(4)
	if addr.Is4() {
		a := addr.As4()
		copy(raw[:], a[:])
	} else {
		family, raw = 6, addr.As16()
	}
	b = append(b, family)
	b = append(b, raw[:]...)
	return binary.BigEndian.AppendUint16(b, at.Port())
}

// ParseDatagram reads a Datagram, but does not check its mac: the key depends on
// what it says. See Signed.
func ParseDatagram(b []byte) (d Datagram, err error) {
	if !IsDatagram(b) {
		return d, ErrDatagram
	}
	d.Type = DatagramType(b[0])
	if d.Type == DatagramHello {
		return d, nil
	}
	d.Quick = d.Type == DatagramBind && len(b) == quickSize
	if len(b) != datagramSizes[d.Type-DatagramBind] && !d.Quick || b[9] > 1 {
		return d, ErrDatagram
	}
	d.Session = binary.BigEndian.Uint64(b[1:])
	d.Leg = b[9]
	d.Counter = binary.BigEndian.Uint64(b[10:])
	rest := b[datagramHead : len(b)-datagramMAC]
	switch d.Type {
	case DatagramChallenge:
		copy(d.Cookie[:], b[datagramHead:])
	case DatagramAnswer:
		copy(d.Cookie[:], rest)
	case DatagramBound, DatagramKept:
		if rest[0] > 1 {
			return d, ErrDatagram
		}
		d.Joined = rest[0] == 1
		d.Observed, err = parseObserved(rest[1:])
	}
	return d, err
}

func parseObserved(b []byte) (netip.AddrPort, error) {
	port := binary.BigEndian.Uint16(b[17:])
	switch b[0] {
	case 4:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(b[1:5])), port), nil
	case 6:
		return netip.AddrPortFrom(netip.AddrFrom16([16]byte(b[1:17])), port), nil
	}
	return netip.AddrPort{}, ErrDatagram
}

// Signed tells whether the mac of a datagram that ParseDatagram took is right
// under a key. A challenge and a hello have none.
func Signed(b []byte, key []byte) bool {
	switch DatagramType(b[0]) {
	case DatagramChallenge, DatagramHello:
		return false
	}
	end := len(b) - datagramMAC
	return hmac.Equal(b[end:], datagramSum(key, b[:end]))
}

func datagramSum(key, b []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(b)
	return h.Sum(nil)[:datagramMAC]
}
