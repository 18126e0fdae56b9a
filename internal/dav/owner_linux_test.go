package dav

import (
	"encoding/binary"
	"net/netip"
	"strings"
	"testing"
)

func TestOwnerInTheKernelsTable(t *testing.T) {
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		t.Skip("the table below is of a machine with the other order of bytes")
	}
	const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1A71 00000000:0000 0A 00000000:00000000 00:00000000 00000000     7        0 1 1 0 100 0 0 10 0
   1: 0100007F:C350 0100007F:1A71 01 00000000:00000000 00:00000000 00000000  1000        0 2 1 0 20 4 30 10 -1
   2: 0100007F:1A71 0100007F:C350 01 00000000:00000000 00:00000000 00000000     7        0 3 1 0 20 4 30 10 -1
   3: 0000000000000000FFFF00000100007F:C351 0000000000000000FFFF00000100007F:1A71 01 00000000:00000000 00:00000000 00000000  1001        0 2 1 0
   4: 00000000000000000000000001000000:C352 00000000000000000000000001000000:1A71 01 00000000:00000000 00:00000000 00000000  1002        0 2 1 0
`
	for _, c := range []struct {
		theirs, ours string
		uid          int
		found        bool
	}{
		{"127.0.0.1:50000", "127.0.0.1:6769", 1000, true},
		{"127.0.0.1:50001", "127.0.0.1:6769", 1001, true},
		{"[::ffff:127.0.0.1]:50000", "[::ffff:127.0.0.1]:6769", 1000, true},
		{"[::1]:50002", "[::1]:6769", 1002, true},
		{"127.0.0.1:50003", "127.0.0.1:6769", 0, false},
		{"127.0.0.2:50000", "127.0.0.1:6769", 0, false},
	} {
		uid, found, read := ownerIn(strings.NewReader(table), netip.MustParseAddrPort(c.theirs), netip.MustParseAddrPort(c.ours))
		if uid != c.uid || found != c.found || !read {
			t.Errorf("%s: %d, %v, %v", c.theirs, uid, found, read)
		}
	}
	if _, _, read := ownerIn(strings.NewReader(""), netip.AddrPort{}, netip.AddrPort{}); read {
		t.Error("a table that is not there was read")
	}
}
