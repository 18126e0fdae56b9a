package transport

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A lossyPath is a way between two real sockets of this machine: packets take
// some time, and some are lost. It stands before the server.
type lossyPath struct {
	addr   net.Addr
	loss   float64
	each   time.Duration // one way
	lost   atomic.Int64
	framed atomic.Int64 // packets of error correction that went to the server
}

type delayed struct {
	at time.Time
	b  []byte
}

func newLossyPath(t *testing.T, server net.Addr, each time.Duration, loss float64) *lossyPath {
	t.Helper()
	p := &lossyPath{loss: loss, each: each}
	front, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	back, err := net.DialUDP("udp4", nil, server.(*net.UDPAddr))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []*net.UDPConn{front, back} {
		c.SetReadBuffer(socketBuffer)
		c.SetWriteBuffer(socketBuffer)
	}
	p.addr = front.LocalAddr()
	var client atomic.Pointer[net.UDPAddr]
	var wait sync.WaitGroup
	p.carry(&wait, 1, func(b []byte) (int, error) {
		n, from, err := front.ReadFromUDP(b)
		client.Store(from)
		if isFEC(b[:n]) {
			p.framed.Add(1)
		}
		return n, err
	}, back.Write)
	p.carry(&wait, 2, back.Read, func(b []byte) (int, error) { return front.WriteToUDP(b, client.Load()) })
	t.Cleanup(func() {
		front.Close()
		back.Close()
		wait.Wait()
	})
	return p
}

// carry moves packets one way until read fails for good.
func (p *lossyPath) carry(wait *sync.WaitGroup, seed uint64, read, write func([]byte) (int, error)) {
	way := make(chan delayed, 1<<16)
	random := rand.New(rand.NewPCG(seed, 3))
	wait.Go(func() {
		defer close(way)
		buf := make([]byte, 2048)
		for {
			n, err := read(buf)
			if err != nil {
				return
			}
			if random.Float64() < p.loss {
				p.lost.Add(1)
				continue
			}
			way <- delayed{time.Now().Add(p.each), bytes.Clone(buf[:n])}
		}
	})
	wait.Go(func() {
		for d := range way {
			if left := time.Until(d.at); left > 0 {
				<-time.After(left)
			}
			write(d.b)
		}
	})
}

// copyOver sends so many bytes from one link to another, over one stream.
func copyOver(t *testing.T, from, to Link, size int) {
	t.Helper()
	sent := randomBytes(rand.New(rand.NewPCG(9, 9)), size)
	out, err := from.OpenStream(t.Context(), Bulk)
	if err != nil {
		t.Fatal(err)
	}
	failed := make(chan error, 1)
	go func() {
		_, err := out.Write(sent)
		out.Close()
		failed <- err
	}()
	in, err := to.AcceptStream(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(in)
	if err != nil || !bytes.Equal(got, sent) {
		t.Fatalf("%d of %d bytes came, %v", len(got), len(sent), err)
	}
	if err := <-failed; err != nil {
		t.Fatal(err)
	}
}

// lossyLink makes a link over the path between two endpoints.
func lossyLink(t *testing.T, each time.Duration, loss float64, plain bool) (*lossyPath, Link, Link) {
	t.Helper()
	token := testToken("fec")
	cfg := Config{Identity: testIdentity("server"), Admission: &Admission{Tree: "/", Tokens: Tokens(token.Public())}}
	client := dialFrom(t, Config{})
	if client.corrector == nil {
		t.Skip("sockets of this system do not correct errors")
	}
	server := plainServer(t, cfg)
	if !plain {
		server = serveOn(t, cfg)
	}
	path := newLossyPath(t, server.Addr(), each, loss)
	near, err := client.Dial(t.Context(), Remote{Addresses: []string{path.addr.String()}, Secret: SecretOf(token), Lanes: 1})
	if err != nil {
		t.Fatal(err)
	}
	far, err := server.Accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return path, near, far
}

// plainServer has a socket that cannot correct errors, as on other systems, and
// says what an older peer says.
func plainServer(t *testing.T, cfg Config) *Endpoint {
	t.Helper()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	e, err := NewEndpoint(c, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

// TestCorrects: what a path between real sockets loses, QUIC hardly sees.
func TestCorrects(t *testing.T) {
	path, near, far := lossyLink(t, 15*time.Millisecond, 0.02, false)
	copyOver(t, near, far, 12<<20)
	s, r := near.Lanes()[0], far.Lanes()[0]
	// It may have none to send at this moment, where the machine does something else.
	if s.FEC.Data != 0 && (s.FEC.Data < minBlockData || s.FEC.Loss < 0.005 || s.FEC.Loss > 0.3) {
		t.Errorf("the sender: %+v", s.FEC)
	}
	// What QUIC missed is no measure: on a busy machine it misses packets that are late.
	if lost := uint64(path.lost.Load()); r.FEC.Recovered < lost/5 {
		t.Errorf("the path lost %d packets, %d were made good, QUIC missed %d", lost, r.FEC.Recovered, s.Lost)
	}
	if r.FEC.Data != 0 {
		t.Errorf("headers on acknowledgements: %+v", r.FEC)
	}
}

// TestCorrectsNothing: near by and with an older peer packets go as ever.
func TestCorrectsNothing(t *testing.T) {
	for name, c := range map[string]struct {
		each  time.Duration
		loss  float64
		plain bool
	}{
		"near": {0, 0.001, false}, "older peer": {15 * time.Millisecond, 0.001, true},
	} {
		t.Run(name, func(t *testing.T) {
			path, near, far := lossyLink(t, c.each, c.loss, c.plain)
			copyOver(t, near, far, 2<<20)
			if n := path.framed.Load(); n > 0 || near.Lanes()[0].FEC != (FEC{}) {
				t.Errorf("%d packets had headers, %+v", n, near.Lanes()[0].FEC)
			}
		})
	}
}
