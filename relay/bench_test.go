//go:build linux

package relay

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// childEnv makes the test binary a relay, or a plain forwarder, in a process of
// its own, whose CPU time is nobody else's.
const childEnv = "BARGEE_RELAY_BENCH"

func TestMain(m *testing.M) {
	switch os.Getenv(childEnv) {
	case "":
		os.Exit(m.Run())
	case "plain":
		forwardPlainly()
	default:
		forwardAsRelay()
	}
}

// forwardAsRelay says where it is and its session, until standard input ends.
func forwardAsRelay() {
	p, err := NewPlane("127.0.0.1:0", 1)
	if err != nil {
		panic(err)
	}
	if os.Getenv(childEnv) == "single" {
		p.sockets[0].(*batchSocket).raw.Control(func(fd uintptr) {
			unix.SetsockoptInt(int(fd), unix.IPPROTO_UDP, unix.UDP_GRO, 0)
		})
	}
	s, err := p.Open([2][]byte{keyOf(1), keyOf(2)})
	if err != nil {
		panic(err)
	}
	fmt.Println(p.Addr(), s.ID)
	io.Copy(io.Discard, os.Stdin)
}

// forwardPlainly is what one writes first: a packet a call, to whoever of two
// did not send it.
func forwardPlainly() {
	c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		panic(err)
	}
	c.SetReadBuffer(8 << 20)
	fmt.Println(c.LocalAddr(), 0)
	go func() { io.Copy(io.Discard, os.Stdin); os.Exit(0) }()
	var ends [2]netip.AddrPort
	buf := make([]byte, 2048)
	for {
		n, from, err := c.ReadFromUDPAddrPort(buf)
		if err != nil {
			panic(err)
		}
		for i := range ends {
			if !ends[i].IsValid() || ends[i] == from {
				ends[i] = from
				if to := ends[1-i]; to.IsValid() {
					c.WriteToUDPAddrPort(buf[:n], to)
				}
				break
			}
		}
	}
}

// A child is a forwarder in a process of its own.
type child struct {
	cmd  *exec.Cmd
	at   netip.AddrPort
	id   uint64
	stop io.Closer
}

func startChild(b *testing.B, kind string) *child {
	b.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+kind, "GOMAXPROCS=1")
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	c := &child{cmd: cmd, stop: stdin}
	var at string
	if _, err := fmt.Sscan(line, &at, &c.id); err != nil {
		b.Fatal(err)
	}
	c.at = netip.MustParseAddrPort(at)
	b.Cleanup(func() { stdin.Close(); cmd.Wait() })
	return c
}

// cpu returns the CPU seconds that the child has used.
func (c *child) cpu(b *testing.B) float64 {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.cmd.Process.Pid))
	if err != nil {
		b.Fatal(err)
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+2:]))
	user, _ := strconv.ParseFloat(fields[11], 64)
	system, _ := strconv.ParseFloat(fields[12], 64)
	return (user + system) / 100
}

// BenchmarkForward measures what a relay forwards in a second of CPU time:
// joined as QUIC's senders and the kernel do it, and packet by packet, beside a
// forwarder of one packet a call.
func BenchmarkForward(b *testing.B) {
	for _, kind := range []string{"joined", "single", "plain"} {
		b.Run(kind, func(b *testing.B) { benchForward(b, kind) })
	}
}

const benchPacket = 1452

func benchForward(b *testing.B, kind string) {
	c := startChild(b, kind)
	var ends [2]*peer
	for i := range ends {
		conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			b.Fatal(err)
		}
		defer conn.Close()
		conn.SetReadBuffer(8 << 20)
		ends[i] = &peer{t: nil, c: conn, relay: c.at, session: c.id, leg: uint8(i), key: keyOf(byte(i + 1))}
		if kind == "plain" {
			conn.WriteToUDPAddrPort([]byte{0x40}, c.at)
		} else {
			bindInBench(b, ends[i])
		}
	}
	joined := kind == "joined"
	if joined {
		raw, _ := ends[1].c.SyscallConn()
		raw.Control(func(fd uintptr) { unix.SetsockoptInt(int(fd), unix.IPPROTO_UDP, unix.UDP_GRO, 1) })
	}
	stop := make(chan struct{})
	got := make(chan int, 1)
	go func() {
		total, buf := 0, make([]byte, 64<<10)
		for {
			n, err := ends[1].c.Read(buf)
			if err != nil {
				got <- total
				return
			}
			total += n
		}
	}()
	b.ResetTimer()
	began := c.cpu(b)
	go flood(ends[0].c, c.at, joined, stop)
	sent := 0
	for b.Loop() { // a tenth of a second each
		<-time.After(100 * time.Millisecond)
		sent++
	}
	used := c.cpu(b) - began
	close(stop)
	b.StopTimer()
	ends[1].c.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	total := <-got
	b.ReportMetric(float64(total)*8/1e9/used, "Gbit/cpu-s")
	b.ReportMetric(float64(total)/benchPacket/used, "packets/cpu-s")
	b.ReportMetric(0, "ns/op")
}

// flood sends as fast as it goes, in super-buffers if joined.
func flood(c *net.UDPConn, to netip.AddrPort, joined bool, stop <-chan struct{}) {
	size := benchPacket
	var oob []byte
	if joined {
		size *= 44
		oob = make([]byte, unix.CmsgSpace(2))
		oob[0] = byte(unix.CmsgLen(2))
		binary.NativeEndian.PutUint32(oob[8:], unix.IPPROTO_UDP)
		binary.NativeEndian.PutUint32(oob[12:], unix.UDP_SEGMENT)
		binary.NativeEndian.PutUint16(oob[unix.CmsgLen(0):], benchPacket)
	}
	b := make([]byte, size)
	for i := 0; i < size; i += benchPacket {
		b[i] = 0x40
	}
	for {
		select {
		case <-stop:
			return
		default:
			c.WriteMsgUDPAddrPort(b, oob, to)
		}
	}
}

func bindInBench(b *testing.B, p *peer) {
	t := &testing.T{}
	p.t = t
	p.bind()
	if t.Failed() {
		b.Fatal("a leg is not bound")
	}
}
