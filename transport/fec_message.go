package transport

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
)

// A fecKey signs what two peers tell each other about their packets: a forged
// report could switch parity off, or make it larger than the data. It comes
// from the TLS exporter of a lane.
type fecKey struct {
	id     uint32 // names the key, in the clear
	ours   [32]byte
	theirs [32]byte
}

func newFECKey(exporter [32]byte, role string) fecKey {
	other := map[string]string{clientRole: serverRole, serverRole: clientRole}[role]
	return fecKey{
		id:     binary.BigEndian.Uint32(derive(exporter[:], nil, "bargee fec id")),
		ours:   [32]byte(derive(exporter[:], nil, "bargee fec "+role)),
		theirs: [32]byte(derive(exporter[:], nil, "bargee fec "+other)),
	}
}

// The messages, all of them with a signature at the end:
//
//	report  22, 0, id (4), top, expected, arrived, recovered, failed, late (4 each), signature (8)
//	probe   23, 0, id (4), size (2), signature (8), zeros up to size
//	echo    24, 0, id (4), size (2), signature (8)
//
// The signature is HMAC-SHA256 of all before it, cut to 8 bytes.
const (
	fecSignature = 8
	fecIntro     = 6 // type, 0, id
	reportSize   = fecIntro + 6*4 + fecSignature
	probeSize    = fecIntro + 2 + fecSignature
)

func signFEC(b []byte, key [32]byte) []byte {
	h := hmac.New(sha256.New, key[:])
	h.Write(b)
	return append(b, h.Sum(nil)[:fecSignature]...)
}

func (k fecKey) intro(kind byte) []byte {
	return binary.BigEndian.AppendUint32([]byte{kind, 0}, k.id)
}

// report tells the peer what arrived; top goes up with the peer's packets, so
// that an old report is known by it.
func (k fecKey) report(top uint32, c fecCounts) []byte {
	b := k.intro(fecReport)
	for _, n := range []uint32{top, c.expected, c.arrived, c.recovered, c.failed, c.late} {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	return signFEC(b, k.ours)
}

// probe asks whether a packet of size bytes arrives, echo says that it did.
func (k fecKey) probe(size int) []byte {
	b := signFEC(binary.BigEndian.AppendUint16(k.intro(fecProbe), uint16(size)), k.ours)
	return append(b, make([]byte, max(0, size-len(b)))...)
}

func (k fecKey) echo(size int) []byte {
	return signFEC(binary.BigEndian.AppendUint16(k.intro(fecEcho), uint16(size)), k.ours)
}

// messageKey returns the id of the key that signed a message.
func messageKey(b []byte) (id uint32, ok bool) {
	if len(b) < probeSize || b[0] < fecReport || b[0] > fecEcho {
		return 0, false
	}
	return binary.BigEndian.Uint32(b[2:]), true
}

// A fecMessage is what a message of the peer says.
type fecMessage struct {
	kind   byte
	top    uint32
	counts fecCounts
	size   int
}

// open checks the signature and returns the message.
func (k fecKey) open(b []byte) (m fecMessage, ok bool) {
	size := probeSize
	if len(b) > 0 && b[0] == fecReport {
		size = reportSize
	}
	if len(b) < size {
		return m, false
	}
	signed := b[:size-fecSignature]
	if !hmac.Equal(signFEC(append([]byte(nil), signed...), k.theirs)[len(signed):], b[len(signed):size]) {
		return m, false
	}
	m.kind = b[0]
	switch body := signed[fecIntro:]; m.kind {
	case fecReport:
		n := func(i int) uint32 { return binary.BigEndian.Uint32(body[4*i:]) }
		m.top = n(0)
		m.counts = fecCounts{expected: n(1), arrived: n(2), recovered: n(3), failed: n(4), late: n(5)}
	case fecProbe, fecEcho:
		m.size = int(binary.BigEndian.Uint16(body))
		if m.kind == fecProbe && m.size != len(b) || m.size > fecHeader+maxFECPacket {
			return m, false
		}
	}
	return m, true
}
