package transport

import (
	"bytes"
	"encoding/binary"
	"testing"

	"golang.org/x/sys/unix"
)

// FuzzControl takes whatever control messages apart: what is left is what was
// there but for one message, and the size of segments was in that.
func FuzzControl(f *testing.F) {
	gro := controlMessage(unix.IPPROTO_UDP, unix.UDP_GRO, binary.NativeEndian.AppendUint32(nil, 1452))
	tos := controlMessage(unix.IPPROTO_IP, unix.IP_TOS, []byte{2})
	f.Add(append(bytes.Clone(gro), tos...))
	f.Add(append(bytes.Clone(tos), gro...))
	f.Add(controlMessage(unix.IPPROTO_UDP, unix.UDP_GRO, []byte{1}))
	f.Add([]byte{1, 2, 3})
	f.Fuzz(func(t *testing.T, oob []byte) {
		before := bytes.Clone(oob)
		rest, segment := splitControl(bytes.Clone(oob))
		cut := len(before) - len(rest)
		if cut < 0 || segment == 0 && cut != 0 && !bytes.Contains(before, make([]byte, 4)) {
			t.Fatalf("%x: %x is left", before, rest)
		}
		if cut == 0 && segment != 0 {
			t.Errorf("%x: segments of %d bytes from nowhere", before, segment)
		}
		at := 0
		for at < len(rest) && rest[at] == before[at] {
			at++
		}
		for ; at >= 0; at-- {
			if bytes.Equal(before[at+cut:], rest[at:]) {
				return
			}
		}
		t.Errorf("%x: what is left is another thing: %x", before, rest)
	})
}

// controlMessage is one as the kernel writes it.
func controlMessage(level, kind int32, body []byte) []byte {
	b := make([]byte, unix.CmsgSpace(len(body)))
	binary.NativeEndian.PutUint64(b, uint64(unix.CmsgLen(len(body))))
	binary.NativeEndian.PutUint32(b[8:], uint32(level))
	binary.NativeEndian.PutUint32(b[12:], uint32(kind))
	copy(b[unix.CmsgLen(0):], body)
	return b
}
