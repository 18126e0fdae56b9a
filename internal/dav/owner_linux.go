package dav

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// mayEnter tells whether the connection from theirs to ours, both of this machine,
// is of our user or of root. Where the system does not tell, it is.
func mayEnter(theirs, ours netip.AddrPort) bool {
	told := false
	for _, table := range []string{"/proc/self/net/tcp", "/proc/self/net/tcp6"} {
		f, err := os.Open(table)
		if err != nil {
			continue
		}
		uid, found, read := ownerIn(f, theirs, ours)
		f.Close()
		if found {
			return uid == os.Getuid() || uid == 0
		}
		told = told || read
	}
	return !told
}

// ownerIn finds the user of a connection in the kernel's table; read tells whether
// there was one at all. proc(5) has its layout.
func ownerIn(table io.Reader, local, remote netip.AddrPort) (uid int, found, read bool) {
	lines := bufio.NewScanner(table)
	read = lines.Scan() // the heading
	for lines.Scan() {
		col := strings.Fields(lines.Text())
		if len(col) < 8 || !isAddress(col[1], local) || !isAddress(col[2], remote) {
			continue
		}
		uid, err := strconv.Atoi(col[7])
		return uid, err == nil, true
	}
	return 0, false, read
}

// isAddress tells whether the table's word for an address is a: words of 32 bits in
// the order of this machine, and the port.
func isAddress(word string, a netip.AddrPort) bool {
	host, port, _ := strings.Cut(word, ":")
	if port != fmt.Sprintf("%04X", a.Port()) {
		return false
	}
	var b strings.Builder
	raw := a.Addr().Unmap().AsSlice()
	if len(host) == 32 && len(raw) == 4 {
		wide := a.Addr().Unmap().As16()
		raw = wide[:]
	}
	for ; len(raw) >= 4; raw = raw[4:] {
		fmt.Fprintf(&b, "%08X", binary.NativeEndian.Uint32(raw))
	}
	return host == b.String()
}
