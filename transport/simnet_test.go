package transport

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quic-go/quic-go/testutils/simnet"
)

// A simPath is a network in memory, in the fake time of synctest.
type simPath struct {
	simnet.PerfectRouter
	dark    atomic.Bool // nothing gets through
	packets atomic.Int64
	seen    func([]byte)
}

func (p *simPath) SendPacket(packet simnet.Packet) error {
	p.packets.Add(1)
	if p.seen != nil {
		p.seen(packet.Data)
	}
	if p.dark.Load() {
		return nil
	}
	return p.PerfectRouter.SendPacket(packet)
}

// start returns a server and a client with latency each way between them.
func (p *simPath) start(t *testing.T, latency time.Duration, server, client Config) (s, c *Endpoint) {
	t.Helper()
	n := &simnet.Simnet{Router: p}
	link := simnet.NodeBiDiLinkSettings{Latency: latency}
	a := n.NewEndpoint(&net.UDPAddr{IP: net.IP{1, 0, 0, 1}, Port: 6768}, link)
	b := n.NewEndpoint(&net.UDPAddr{IP: net.IP{1, 0, 0, 2}, Port: 1234}, link)
	if err := n.Start(); err != nil {
		t.Fatal(err)
	}
	server.Identity, client.Identity = testIdentity("server"), testIdentity("client")
	s, err := NewEndpoint(a, server)
	if err != nil {
		t.Fatal(err)
	}
	c, err = NewEndpoint(b, client)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Close()
		s.Close()
		n.Close()
	})
	return s, c
}

func simLink(t *testing.T, s, c *Endpoint, r Remote) (client, server Link) {
	t.Helper()
	r.Addresses = []string{s.Addr().String()}
	client, err := c.Dial(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if server, err = s.Accept(t.Context()); err != nil {
		t.Fatal(err)
	}
	return client, server
}

func TestSimRoundTrips(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		token := testToken("sim")
		admission := &Admission{Tree: "/", Tokens: Tokens(token.Public())}
		s, c := new(simPath).start(t, 50*time.Millisecond, Config{Admission: admission}, Config{})
		start := time.Now()
		client, _ := simLink(t, s, c, Remote{Secret: SecretOf(token)})
		// TLS takes one round trip of 100 ms, the hello one, the proof one.
		if took := time.Since(start); took > 340*time.Millisecond {
			t.Errorf("the login took %v", took)
		}
		if rtt := client.Lanes()[0].RTT; rtt < 95*time.Millisecond || rtt > 130*time.Millisecond {
			t.Errorf("round trip %v", rtt)
		}
	})
}

// A login by a code takes no longer than one by a token: the server's share comes with
// its hello.
func TestSimCodeRoundTrips(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, err := Invite(InvitationOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer v.Close()
		s, c := new(simPath).start(t, 50*time.Millisecond, Config{Admission: &Admission{Tree: "/", Code: v}}, Config{})
		start := time.Now()
		simLink(t, s, c, Remote{Secret: v.State().Code.Secret()})
		if took := time.Since(start); took > 340*time.Millisecond {
			t.Errorf("the login took %v", took)
		}
	})
}

// TestSimSilence: a network that goes dark ends the link with ErrTimeout after
// the idle time, on both sides, and nothing hangs.
func TestSimSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		token := testToken("sim")
		path := new(simPath)
		s, c := path.start(t, 10*time.Millisecond,
			Config{Admission: &Admission{Tree: "/", Tokens: Tokens(token.Public())}}, Config{})
		client, server := simLink(t, s, c, Remote{Secret: SecretOf(token), Lanes: 2})
		<-time.After(10 * time.Minute) // keep-alives hold an idle link
		if client.Err() != nil || server.Err() != nil {
			t.Fatalf("an idle link died: %v, %v", client.Err(), server.Err())
		}
		near, _ := openPair(t, client, server, Bulk)
		path.dark.Store(true)
		dark := time.Now()
		_, err := near.Read(make([]byte, 1))
		if !errors.Is(err, ErrTimeout) {
			t.Errorf("a read: %v", err)
		}
		<-client.Done()
		<-server.Done()
		if took := time.Since(dark); took < 5*time.Second || took > 15*time.Second+20*time.Millisecond { // what was on its way comes yet
			t.Errorf("noticed after %v", took)
		}
		if !errors.Is(client.Err(), ErrTimeout) || !errors.Is(server.Err(), ErrTimeout) {
			t.Errorf("%v, %v", client.Err(), server.Err())
		}
	})
}

// TestSimSilentLogin: a server that falls silent in the login.
func TestSimSilentLogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		token := testToken("sim")
		path := new(simPath)
		asked := Tokens(token.Public())
		s, c := path.start(t, 10*time.Millisecond, Config{Admission: &Admission{Tree: "/", Tokens: func() []TokenPublic {
			path.dark.Store(true)
			return asked()
		}}}, Config{})
		start := time.Now()
		_, err := c.Dial(t.Context(), Remote{Addresses: []string{s.Addr().String()}, Secret: SecretOf(token)})
		if !errors.Is(err, ErrTimeout) || !strings.Contains(err.Error(), "within 10s") {
			t.Errorf("%v", err)
		}
		if took := time.Since(start); took != 10*time.Second {
			t.Errorf("after %v", took)
		}
	})
}

// TestSimNoPlaintext: neither content nor secrets show on the wire.
func TestSimNoPlaintext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		token, marker := testToken("sim"), bytes.Repeat([]byte("a marker to find"), 4)
		var wire bytes.Buffer
		path := &simPath{}
		mu := make(chan struct{}, 1)
		path.seen = func(p []byte) {
			mu <- struct{}{}
			wire.Write(p)
			<-mu
		}
		s, c := path.start(t, time.Millisecond,
			Config{Agent: "agent to find", Admission: &Admission{Tree: "/", Tokens: Tokens(token.Public())}}, Config{})
		client, server := simLink(t, s, c, Remote{Secret: SecretOf(token)})
		near, far := openPair(t, client, server, Bulk)
		near.Write(marker)
		near.Close()
		if got, err := io.ReadAll(far); err != nil || !bytes.Equal(got, marker) {
			t.Fatalf("%q, %v", got, err)
		}
		mu <- struct{}{}
		for _, secret := range [][]byte{marker[:16], []byte("agent to find"), token.secret[:], []byte(token.Reveal())} {
			if bytes.Contains(wire.Bytes(), secret) {
				t.Errorf("%q shows on the wire", secret)
			}
		}
		if wire.Len() < 3000 {
			t.Errorf("only %d bytes were seen", wire.Len())
		}
		<-mu
	})
}

// TestSimPenaltyEnds: the right token is good again when the penalty is over.
func TestSimPenaltyEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		token := testToken("sim")
		s, c := new(simPath).start(t, time.Millisecond,
			Config{Admission: &Admission{Tree: "/", Tokens: Tokens(token.Public())}}, Config{})
		r := Remote{Addresses: []string{s.Addr().String()}}
		for range 4 {
			r.Secret = SecretOf(testToken("bad"))
			if _, err := c.Dial(t.Context(), r); !errors.Is(err, ErrAuth) {
				t.Fatal(err)
			}
		}
		r.Secret = SecretOf(token)
		if _, err := c.Dial(t.Context(), r); !errors.Is(err, ErrBusy) || !strings.Contains(err.Error(), "wait 20s") {
			t.Errorf("%v", err)
		}
		<-time.After(20 * time.Second)
		if _, err := c.Dial(t.Context(), r); err != nil {
			t.Errorf("after the penalty: %v", err)
		}
	})
}

// TestSimPhraseLocked: after 10 wrong phrases in an hour even the right one has
// to wait, whoever sent them.
func TestSimPhraseLocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		right := Secret{phrase: "correct horse battery"}
		s, c := new(simPath).start(t, time.Millisecond, Config{Admission: &Admission{Tree: "/", Phrase: right}}, Config{})
		r := Remote{Addresses: []string{s.Addr().String()}, Secret: Secret{phrase: "wrong horse battery"}}
		for range phraseTries {
			if _, err := c.Dial(t.Context(), r); !errors.Is(err, ErrAuth) {
				t.Fatal(err)
			}
			<-time.After(10 * time.Second) // keep clear of the penalties
		}
		r.Secret = right
		if _, err := c.Dial(t.Context(), r); !errors.Is(err, ErrBusy) || !strings.Contains(err.Error(), "too many wrong phrases") {
			t.Errorf("%v", err)
		}
		<-time.After(time.Hour)
		if _, err := c.Dial(t.Context(), r); err != nil {
			t.Errorf("an hour later: %v", err)
		}
	})
}

// TestSimPipe: deadlines of a pipe work in fake time too.
func TestSimPipe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := Pipe()
		defer a.Close("")
		near, _ := openPair(t, a, b, Control)
		start := time.Now()
		near.SetReadDeadline(start.Add(time.Hour))
		if _, err := near.Read(make([]byte, 1)); err == nil || time.Since(start) != time.Hour {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

// TestSimWindows: on a long path the receive windows grow with the congestion
// window, within the budget of the link.
func TestSimWindows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		token := testToken("sim")
		s, c := new(simPath).start(t, 50*time.Millisecond,
			Config{Admission: &Admission{Tree: "/", Tokens: Tokens(token.Public())}}, Config{})
		client, server := simLink(t, s, c, Remote{Secret: SecretOf(token)})
		near, far := openPair(t, client, server, Bulk)
		const size = 32 << 20
		start := time.Now()
		go func() {
			near.Write(make([]byte, size))
			near.Close()
		}()
		if n, err := io.Copy(io.Discard, far); n != size || err != nil {
			t.Fatalf("%d bytes, %v", n, err)
		}
		took := time.Since(start)
		t.Logf("%d MiB in %v", size>>20, took)
		if took > 4*time.Second { // with the first window alone it would be 12.8 s
			t.Errorf("%d MiB took %v", size>>20, took)
		}
		left := server.(*link).budget.left.Load()
		if left >= growth || left < 0 {
			t.Errorf("%d of the budget is left", left)
		}
	})
}
