package transport

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net"
	"os"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/net/ipv4"
	"golang.org/x/sys/unix"
)

func groPair(t *testing.T) (from *net.UDPConn, to *groSocket) {
	t.Helper()
	c, err := listenUDP("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	s, ok := c.(*fecSocket)
	if !ok {
		t.Skip("this kernel has no UDP_GRO")
	}
	to = s.groSocket
	from, err = net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { from.Close() })
	return from, to
}

// messages are made as quic-go makes them.
func messages(n int) []ipv4.Message {
	ms := make([]ipv4.Message, n)
	for i := range ms {
		ms[i].Buffers = [][]byte{make([]byte, 1452)}
		ms[i].OOB = make([]byte, 128)
	}
	return ms
}

// segmentControl is the control message that sends a buffer as packets.
func segmentControl(size uint16) []byte {
	b := make([]byte, unix.CmsgSpace(2))
	h := (*unix.Cmsghdr)(unsafe.Pointer(&b[0]))
	h.Level, h.Type = unix.IPPROTO_UDP, unix.UDP_SEGMENT
	h.SetLen(unix.CmsgLen(2))
	binary.NativeEndian.PutUint16(b[unix.CmsgSpace(0):], size)
	return b
}

// TestGROSegments: what the kernel coalesced comes out packet by packet, each
// with the mark for congestion, over batches smaller than the super-buffer.
func TestGROSegments(t *testing.T) {
	from, to := groPair(t)
	raw, err := to.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	raw.Control(func(fd uintptr) { unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_RECVTOS, 1) })
	out, err := from.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	out.Control(func(fd uintptr) { unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_TOS, 2) })
	const size, packets = 1200, 20
	var sent []byte
	for i := range packets {
		sent = append(sent, bytes.Repeat([]byte{byte(i)}, size)...)
	}
	sent = sent[:len(sent)-700] // the last one is shorter
	if _, _, err := from.WriteMsgUDP(sent, segmentControl(size), to.LocalAddr().(*net.UDPAddr)); err != nil {
		t.Fatal(err)
	}
	ms := messages(8)
	to.SetReadDeadline(time.Now().Add(time.Minute))
	got := 0
	for got < packets {
		n, err := to.ReadBatch(ms, 0)
		if err != nil || n == 0 {
			t.Fatalf("after %d packets: %d, %v", got, n, err)
		}
		for _, m := range ms[:n] {
			want := size
			if got == packets-1 {
				want = size - 700
			}
			if m.N != want || m.Buffers[0][0] != byte(got) || m.Buffers[0][m.N-1] != byte(got) {
				t.Errorf("packet %d: %d bytes of %d", got, m.N, m.Buffers[0][0])
			}
			if m.Addr.String() != from.LocalAddr().String() {
				t.Errorf("packet %d from %v", got, m.Addr)
			}
			h, body, rest, err := unix.ParseOneSocketControlMessage(m.OOB[:m.NN])
			if err != nil || h.Type != unix.IP_TOS || body[0] != 2 || len(rest) != 0 {
				t.Errorf("packet %d: control %x, %v", got, m.OOB[:m.NN], err)
			}
			got++
		}
	}
}

// TestGROEnds: ReadBatch returns at least one message, or a deadline, or
// net.ErrClosed.
func TestGROEnds(t *testing.T) {
	from, to := groPair(t)
	ms := messages(8)
	if _, err := from.WriteToUDP(nil, to.LocalAddr().(*net.UDPAddr)); err != nil {
		t.Fatal(err)
	}
	if n, err := to.ReadBatch(ms, 0); n != 1 || err != nil || ms[0].N != 0 {
		t.Errorf("a datagram without data: %d, %v", n, err)
	}
	to.SetReadDeadline(time.Now().Add(-time.Second))
	if n, err := to.ReadBatch(ms, 0); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("deadline: %d, %v", n, err)
	}
	to.SetReadDeadline(time.Time{})
	time.AfterFunc(10*time.Millisecond, func() { to.Close() })
	if n, err := to.ReadBatch(ms, 0); n != 0 || !errors.Is(err, net.ErrClosed) {
		t.Errorf("closed: %d, %v", n, err)
	}
}

// TestGROWrites: a packet that cannot be sent is a lost packet, but one that is
// too long is told, for path MTU discovery.
func TestGROWrites(t *testing.T) {
	_, to := groPair(t)
	if _, _, err := to.WriteMsgUDP(make([]byte, 70_000), nil, to.LocalAddr().(*net.UDPAddr)); !errors.Is(err, unix.EMSGSIZE) {
		t.Errorf("too long: %v", err)
	}
	for _, e := range []syscall.Errno{unix.ENOBUFS, unix.ENETUNREACH, unix.EHOSTUNREACH, unix.EPERM, unix.EINVAL} {
		if !passes(&net.OpError{Op: "write", Err: os.NewSyscallError("sendmsg", e)}) {
			t.Errorf("%v ends the connection", e)
		}
	}
	for _, e := range []syscall.Errno{unix.EMSGSIZE, unix.EIO, unix.EBADF} {
		if passes(os.NewSyscallError("sendmsg", e)) {
			t.Errorf("%v is hidden", e)
		}
	}
	// EINVAL for real: a control message that is cut.
	if n, _, err := to.WriteMsgUDP([]byte("x"), segmentControl(0)[:17], to.LocalAddr().(*net.UDPAddr)); err != nil || n != 1 {
		t.Errorf("an error of the kernel came through: %v", err)
	}
	to.Close()
	if _, _, err := to.WriteMsgUDP([]byte("x"), nil, to.LocalAddr().(*net.UDPAddr)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("on a closed socket: %v", err)
	}
}

func TestSplitControl(t *testing.T) {
	cmsg := func(level, typ int32, body []byte) []byte {
		b := make([]byte, unix.CmsgSpace(len(body)))
		h := (*unix.Cmsghdr)(unsafe.Pointer(&b[0]))
		h.Level, h.Type = level, typ
		h.SetLen(unix.CmsgLen(len(body)))
		copy(b[unix.CmsgSpace(0):], body)
		return b
	}
	tos := cmsg(unix.IPPROTO_IP, unix.IP_TOS, []byte{2})
	info := cmsg(unix.IPPROTO_IP, unix.IP_PKTINFO, make([]byte, 12))
	gro := cmsg(unix.IPPROTO_UDP, unix.UDP_GRO, binary.NativeEndian.AppendUint32(nil, 1400))
	for name, order := range map[string][][]byte{
		"last": {tos, info, gro}, "first": {gro, tos, info}, "between": {tos, gro, info},
	} {
		rest, segment := splitControl(bytes.Join(order, nil))
		if segment != 1400 || !bytes.Equal(rest, bytes.Join([][]byte{tos, info}, nil)) {
			t.Errorf("%s: segment %d, rest %x", name, segment, rest)
		}
	}
	if rest, segment := splitControl(tos); segment != 0 || !bytes.Equal(rest, tos) {
		t.Errorf("without: %d, %x", segment, rest)
	}
	if _, segment := splitControl([]byte{1, 2, 3}); segment != 0 {
		t.Error("garbage has a segment size")
	}
}
