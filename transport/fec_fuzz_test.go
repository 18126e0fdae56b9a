package transport

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"
)

// FuzzFECReceiver feeds packets of any kind to a receiver: it does not fall, holds
// no more than it may, and passes every data packet on, once, but for those that
// it had from parity.
func FuzzFECReceiver(f *testing.F) {
	s := &blockSender{plan: fecPlan{on: true, k: 4, m: 2, loss: 0.01}, seq: ^uint32(0) - 2}
	var all [][]byte
	for i := range 12 {
		all = append(all, bytes.Clone(s.frame(numbered(i, 20), 20)))
		if s.due() {
			batch, segment := s.end()
			for len(batch) > 0 {
				all = append(all, bytes.Clone(batch[:segment]))
				batch = batch[segment:]
			}
		}
	}
	f.Add(packetsOf(all...))
	f.Add(packetsOf(append(append([][]byte(nil), all[1:4]...), all[6:]...)...))
	f.Add(packetsOf(all[5], all[0], all[5], all[2], all[4]))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := &blockReceiver{hold: 15 * time.Millisecond}
		now := time.Unix(0, 0)
		given, taken := 0, 0
		for len(b) >= 3 {
			n := min(int(binary.BigEndian.Uint16(b)), len(b)-3)
			now = now.Add(time.Duration(b[2]) * time.Millisecond / 4)
			packet := b[3 : 3+n]
			if _, _, ok := parseData(packet); ok {
				given++
			}
			feedReceiver(r, now, packet, func(p []byte) {
				if taken++; len(p) == 0 || len(p) > maxFECPacket {
					t.Fatalf("a packet of %d bytes", len(p))
				}
			})
			b = b[3+n:]
		}
		for r.next != r.top {
			feedReceiver(r, now.Add(time.Hour), nil, func([]byte) { taken++ })
		}
		made := int(r.counts.recovered)
		if held := len(r.spare); held > heldPackets+heldBlocks*maxBlockParity {
			t.Fatalf("%d buffers", held)
		}
		if taken > given+made {
			t.Fatalf("%d taken, %d given, %d made", taken, given, made)
		}
	})
}

// packetsOf puts packets in the form that the fuzz target takes: length, quarter
// milliseconds since the one before, bytes.
func packetsOf(packets ...[]byte) (b []byte) {
	for _, p := range packets {
		b = binary.BigEndian.AppendUint16(b, uint16(len(p)))
		b = append(append(b, 4), p...)
	}
	return b
}

// FuzzFECMessage: what opens is what was signed, and nothing else does.
func FuzzFECMessage(f *testing.F) {
	ours := newFECKey([32]byte{1}, clientRole)
	theirs := newFECKey([32]byte{1}, serverRole)
	genuine := [][]byte{
		theirs.report(77, fecCounts{1, 2, 3, 4, 5}),
		theirs.probe(1460),
		theirs.echo(1288),
	}
	for _, b := range genuine {
		f.Add(b)
	}
	f.Add(ours.report(1, fecCounts{})) // our own, sent back
	f.Fuzz(func(t *testing.T, b []byte) {
		messageKey(b)
		if _, ok := ours.open(b); !ok {
			return
		}
		for _, g := range genuine {
			// What fills a probe up is not signed, its length is.
			if bytes.HasPrefix(b, g[:min(len(g), reportSize)]) || b[0] != fecReport && bytes.HasPrefix(b, g[:probeSize]) {
				return
			}
		}
		t.Fatalf("%x was never signed", b)
	})
}

// TestFECMessages: what a side says, the other hears, and nobody else.
func TestFECMessages(t *testing.T) {
	client, server := newFECKey([32]byte{1}, clientRole), newFECKey([32]byte{1}, serverRole)
	counts := fecCounts{expected: 1, arrived: 2, recovered: 3, failed: 4, late: 1 << 31}
	for name, b := range map[string][]byte{"report": client.report(9, counts), "probe": client.probe(1288), "echo": client.echo(1288)} {
		id, ok := messageKey(b)
		m, opened := server.open(b)
		if !ok || id != server.id || !opened || m.kind != b[0] {
			t.Errorf("%s: %+v, %v", name, m, opened)
		}
		if name == "report" && (m.top != 9 || m.counts != counts) || name != "report" && m.size != 1288 {
			t.Errorf("%s: %+v", name, m)
		}
		if _, ok := client.open(b); ok {
			t.Errorf("%s: believed when it is sent back", name)
		}
		for i := range b[:probeSize] {
			forged := bytes.Clone(b)
			forged[i] ^= 1
			if _, ok := server.open(forged); ok {
				t.Errorf("%s: believed with byte %d changed", name, i)
			}
		}
		if _, ok := server.open(b[:len(b)-1]); ok && name == "probe" {
			t.Error("a probe that was cut counts as whole")
		}
	}
}
