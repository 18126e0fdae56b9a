package lan

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"net/netip"
)

// A State is what a member does in its room.
type State uint8

// States of a member.
const (
	Seeking  State = 1 + iota // has just come, and looks for who waits
	Waiting                   // takes links
	Dialling                  // makes a link
)

// An ID names a member in its room: random, and no secret.
type ID [8]byte

// A Room is known to those who look for each other.
type Room [32]byte

const (
	magic       = "bgl1"
	messageSize = 64
	tagSize     = 16

	question = 1
	answer   = 2
)

// A message is what members say to each other.
type message struct {
	kind  uint8
	state State
	nonce [16]byte
	id    ID
	at    netip.AddrPort // no address: where it comes from
}

// key is what tags of a room are made with.
func (r Room) key() []byte {
	k, err := hkdf.Key(sha256.New, r[:], nil, "bargee lan v1", sha256.Size)
	if err != nil { // only for lengths that do not occur
		panic(err)
	}
	return k
}

func tag(key, b []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(b)
	return h.Sum(nil)[:tagSize]
}

func (m message) encode(key []byte) []byte {
	b := append(make([]byte, 0, messageSize), magic...)
	b = append(b, m.kind, byte(m.state))
	b = append(b, m.nonce[:]...)
	b = append(b, m.id[:]...)
	b = binary.BigEndian.AppendUint16(b, m.at.Port())
	ip := [16]byte{}
	if m.at.Addr().IsValid() && !m.at.Addr().IsUnspecified() {
		ip = m.at.Addr().As16()
	}
	b = append(b, ip[:]...)
	return append(b, tag(key, b)...)
}

// isMessage tells whether b is worth looking for its room.
func isMessage(b []byte) bool { return len(b) == messageSize && string(b[:4]) == magic }

// decode reads a message of the room that key is of; ok is false for any other.
func decode(b, key []byte) (m message, ok bool) {
	if !isMessage(b) || !hmac.Equal(tag(key, b[:messageSize-tagSize]), b[messageSize-tagSize:]) {
		return message{}, false
	}
	m = message{kind: b[4], state: State(b[5]), nonce: [16]byte(b[6:22]), id: ID(b[22:30])}
	if m.kind != question && m.kind != answer || m.state < Seeking || m.state > Dialling {
		return message{}, false
	}
	ip := netip.AddrFrom16([16]byte(b[32:48]))
	if ip == netip.IPv6Unspecified() {
		ip = netip.Addr{}
	}
	m.at = netip.AddrPortFrom(ip.Unmap(), binary.BigEndian.Uint16(b[30:32]))
	return m, m.at.Port() != 0 && !ip.IsMulticast() && !m.at.Addr().IsUnspecified()
}
