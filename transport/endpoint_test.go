package transport

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

func remote(e *Endpoint, s Secret) Remote {
	return Remote{Addresses: []string{e.Addr().String()}, Secret: s}
}

func TestPeer(t *testing.T) {
	token := testToken("peer")
	e := serveOn(t, Config{Agent: "bargee/9.9", Admission: &Admission{Tree: "/srv", Tokens: Tokens(token.Public())}})
	client, err := dialFrom(t, Config{Agent: "other/1"}).Dial(t.Context(), remote(e, SecretOf(token)))
	if err != nil {
		t.Fatal(err)
	}
	server, err := e.Accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	kem := func(name string) string {
		b, _ := testIdentity(name).KEM()
		return string(b)
	}
	p := client.Peer()
	if p.Key != testIdentity("server").Fingerprint() || p.Agent != "bargee/9.9" || p.Version != maxVersion ||
		string(p.KEM) != kem("server") || p.Address != e.Addr().String() || p.Grant != (Grant{}) {
		t.Errorf("the client sees %+v", p)
	}
	q := server.Peer()
	if q.Key != testIdentity("client").Fingerprint() || q.Agent != "other/1" || q.Version != maxVersion ||
		string(q.KEM) != kem("client") || q.Grant.Origin != token.Public().ID() || q.Grant.Tree != "/srv" || q.Grant.Key != q.Key {
		t.Errorf("the server sees %+v", q)
	}
}

func TestDialRefused(t *testing.T) {
	token, phrase := testToken("good"), Secret{phrase: "correct horse battery"}
	both := &Admission{Tree: "/", Tokens: Tokens(token.Public()), Phrase: phrase}
	onlyToken := &Admission{Tree: "/", Tokens: Tokens(token.Public())}
	tests := map[string]struct {
		admission *Admission
		change    func(*Remote)
		kind      error
		says      string
	}{
		"wrong token":                   {onlyToken, func(r *Remote) { r.Secret = SecretOf(testToken("bad")) }, ErrAuth, "wrong"},
		"wrong phrase":                  {both, func(r *Remote) { r.Secret = Secret{phrase: "wrong horse battery"} }, ErrAuth, "wrong"},
		"phrase where a token is asked": {onlyToken, func(r *Remote) { r.Secret = phrase }, ErrAuth, "takes a token"},
		"no secret":                     {onlyToken, func(r *Remote) { r.Secret, r.Key = Secret{}, testIdentity("server").Fingerprint() }, ErrAuth, "give one"},
		"neither secret nor key":        {onlyToken, func(r *Remote) { r.Secret = Secret{} }, ErrAuth, "neither"},
		"nothing opens":                 {&Admission{Tree: "/"}, func(r *Remote) { r.Key = testIdentity("server").Fingerprint() }, ErrAuth, "no grant"},
		// The right token does not make up for a wrong key.
		"changed key": {onlyToken, func(r *Remote) { r.Key = testIdentity("old").Fingerprint() }, ErrKeyChanged, testIdentity("old").Fingerprint().Short()},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			e := serveOn(t, Config{Admission: test.admission})
			r := remote(e, SecretOf(token))
			test.change(&r)
			_, err := dialFrom(t, Config{}).Dial(t.Context(), r)
			if !errors.Is(err, test.kind) || !errors.Is(err, ErrAuth) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%v", err)
			}
			if err != nil && (strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), token.Reveal()[4:20])) {
				t.Errorf("not one line, or with the token: %v", err)
			}
		})
	}
}

func TestPhrase(t *testing.T) {
	phrase := Secret{phrase: "correct horse battery"}
	e := serveOn(t, Config{Admission: &Admission{Tree: "/", Phrase: phrase}})
	l, err := dialFrom(t, Config{}).Dial(t.Context(), remote(e, phrase))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close("")
	far, err := e.Accept(t.Context())
	if err != nil || far.Peer().Grant.Origin != phraseOrigin {
		t.Errorf("%v", err)
	}
}

// TestKeep: the first login proves the token, the next ones only the key; and
// revoking the token ends both.
func TestKeep(t *testing.T) {
	token := testToken("keep")
	grants, err := OpenGrants(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	admission := &Admission{Tree: "/srv", Tokens: Tokens(token.Public()), Grants: grants}
	e := serveOn(t, Config{Admission: admission})
	c := dialFrom(t, Config{})
	r := remote(e, SecretOf(token))
	for _, keep := range []bool{false, true} {
		r.Keep = keep
		l, err := c.Dial(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.Accept(t.Context()); err != nil {
			t.Fatal(err)
		}
		if l.Peer().Kept != keep {
			t.Errorf("keep %v: the client thinks %v", keep, l.Peer().Kept)
		}
		l.Close("")
		if _, ok, _ := grants.Find(testIdentity("client").Fingerprint(), "/srv"); ok != keep {
			t.Fatalf("keep %v: stored %v", keep, ok)
		}
	}
	byKey := Remote{Addresses: r.Addresses, Key: testIdentity("server").Fingerprint()}
	l, err := c.Dial(t.Context(), byKey)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Accept(t.Context()); err != nil {
		t.Fatal(err)
	}
	id := token.Public().ID()
	if gone, err := grants.Revoke(id); err != nil || len(gone) != 1 {
		t.Fatalf("%v, %v", gone, err)
	}
	if n := e.Revoke(id, "the token was revoked"); n != 1 {
		t.Errorf("%d links were closed", n)
	}
	<-l.Done()
	if !strings.Contains(l.Err().Error(), "revoked") {
		t.Errorf("the client learns: %v", l.Err())
	}
	if _, err := c.Dial(t.Context(), byKey); !errors.Is(err, ErrAuth) {
		t.Errorf("by key after that: %v", err)
	}
}

func TestMaxClients(t *testing.T) {
	token := testToken("busy")
	e := serveOn(t, Config{Admission: &Admission{Tree: "/", Tokens: Tokens(token.Public()), MaxClients: 1}})
	c := dialFrom(t, Config{})
	r := remote(e, SecretOf(token))
	first, err := c.Dial(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	far, err := e.Accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Dial(t.Context(), r)
	if !errors.Is(err, ErrBusy) || !strings.Contains(err.Error(), "1 of 1") || !strings.Contains(err.Error(), "since 20") {
		t.Errorf("%v", err)
	}
	bad := remote(e, SecretOf(testToken("bad")))
	if _, err := c.Dial(t.Context(), bad); !errors.Is(err, ErrAuth) {
		t.Errorf("who proves nothing learns about others: %v", err)
	}
	first.Close("done")
	<-far.Done()
	if l, err := c.Dial(t.Context(), r); err != nil {
		t.Errorf("after the first left: %v", err)
	} else {
		l.Close("")
	}
}

func TestVersionRefused(t *testing.T) {
	token := testToken("version")
	e := serveOn(t, Config{Admission: &Admission{Tree: "/", Tokens: Tokens(token.Public())}})
	c := dialFrom(t, Config{Versions: Versions{9, 9}})
	_, err := c.Dial(t.Context(), remote(e, SecretOf(token)))
	if !errors.Is(err, ErrVersion) || !strings.Contains(err.Error(), "speaks 9") || !strings.Contains(err.Error(), "speaks 1 to 2") ||
		!strings.Contains(err.Error(), "update bargee there") {
		t.Errorf("%v", err)
	}
	for _, v := range []Versions{{1, 1}, {2, 2}, {1, 9}} {
		l, err := dialFrom(t, Config{Versions: v}).Dial(t.Context(), remote(e, SecretOf(token)))
		if err != nil {
			t.Errorf("%v: %v", v, err)
			continue
		}
		if want := min(v.Max, maxVersion); l.Peer().Version != want {
			t.Errorf("%v: version %d, want %d", v, l.Peer().Version, want)
		}
		l.Close("")
	}
}

func TestPortInUse(t *testing.T) {
	e := serveOn(t, Config{Admission: &Admission{Tree: "/"}})
	_, err := Listen(e.Addr().String(), Config{Identity: testIdentity("x")})
	if !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), "in use") {
		t.Errorf("%v", err)
	}
}

func TestUnreachable(t *testing.T) {
	silent, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	c := dialFrom(t, Config{HandshakeTimeout: 200 * time.Millisecond})
	tests := map[string]struct {
		address, says string
		kind          error
	}{
		"nobody answers":  {silent.LocalAddr().String(), "no answer from " + silent.LocalAddr().String() + " within 200ms", ErrUnreachable},
		"no such name":    {"no-such-host.invalid:6768", "no-such-host.invalid", ErrUnreachable},
		"no port":         {"192.0.2.1", "192.0.2.1", nil},
		"a bad port":      {"192.0.2.1:x", "port", nil},
		"no address left": {"", "", nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := c.Dial(t.Context(), Remote{Addresses: []string{test.address}, Secret: SecretOf(testToken("x"))})
			if err == nil || test.kind != nil && !errors.Is(err, test.kind) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%v", err)
			}
		})
	}
	if _, err := c.Dial(t.Context(), Remote{Secret: SecretOf(testToken("x"))}); !errors.Is(err, ErrUnreachable) {
		t.Errorf("no addresses: %v", err)
	}
}

// TestDialRace: one good address among bad ones is enough.
func TestDialRace(t *testing.T) {
	silent, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	token := testToken("race")
	stranger := serveOn(t, Config{Identity: testIdentity("stranger"), Admission: &Admission{Tree: "/"}})
	e := serveOn(t, Config{Admission: &Admission{Tree: "/", Tokens: Tokens(token.Public())}})
	l, err := dialFrom(t, Config{}).Dial(t.Context(), Remote{
		Addresses: []string{silent.LocalAddr().String(), "no-such-host.invalid:1", stranger.Addr().String(), e.Addr().String()},
		Key:       testIdentity("server").Fingerprint(),
		Secret:    SecretOf(token),
	})
	if err != nil {
		t.Fatal(err)
	}
	if l.Peer().Address != e.Addr().String() {
		t.Errorf("reached %s", l.Peer().Address)
	}
}

func TestDialCancelled(t *testing.T) {
	silent, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	c := dialFrom(t, Config{})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	r := Remote{Addresses: []string{silent.LocalAddr().String()}, Secret: SecretOf(testToken("x"))}
	if _, err := c.Dial(ctx, r); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	time.AfterFunc(20*time.Millisecond, func() { c.Close() })
	if _, err := c.Dial(t.Context(), r); !errors.Is(err, ErrClosed) {
		t.Errorf("the endpoint closes: %v", err)
	}
	if _, err := c.Dial(t.Context(), r); !errors.Is(err, ErrClosed) {
		t.Errorf("the endpoint is closed: %v", err)
	}
}

// TestSlowLogin: who says nothing is cut off, and does not keep others out.
func TestSlowLogin(t *testing.T) {
	token := testToken("slow")
	e := serveOn(t, Config{HandshakeTimeout: 300 * time.Millisecond,
		Admission: &Admission{Tree: "/", Tokens: Tokens(token.Public())}})
	var cut []<-chan struct{}
	for range maxUnprovenPerSource {
		conn, s, _ := rawDial(t, e, testIdentity("slow"))
		s.Write([]byte{0x80}) // half a length
		cut = append(cut, conn.Context().Done())
	}
	// All places of this source are taken. Dial tries until they are free.
	l, err := dialFrom(t, Config{}).Dial(t.Context(), remote(e, SecretOf(token)))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close("")
	for _, done := range cut {
		<-done
	}
}

// TestPenalised: after some wrong tokens a source is not listened to, even with
// the right one, and is told so.
func TestPenalised(t *testing.T) {
	token := testToken("penalty")
	e := serveOn(t, Config{Admission: &Admission{Tree: "/", Tokens: Tokens(token.Public())}})
	c := dialFrom(t, Config{})
	var err error
	for range 4 {
		if _, err = c.Dial(t.Context(), remote(e, SecretOf(testToken("bad")))); !errors.Is(err, ErrAuth) {
			t.Fatal(err)
		}
	}
	// The penalty is noted before the refusal is through.
	_, err = c.Dial(t.Context(), remote(e, SecretOf(token)))
	if !errors.Is(err, ErrBusy) || !strings.Contains(err.Error(), "wait") {
		t.Errorf("%v", err)
	}
}

// TestLaneDies: the link lives on without a lane, and new streams avoid it.
func TestLaneDies(t *testing.T) {
	client, server := quicPair(t, 3)
	s, err := client.OpenStream(t.Context(), Bulk)
	if err != nil {
		t.Fatal(err)
	}
	lost := s.Lane()
	for _, n := range client.(*link).lanes {
		if n.id == lost {
			n.conn.CloseWithError(codeLimit, "this lane only")
			break
		}
	}
	if _, err := s.Read(make([]byte, 1)); !errors.Is(err, ErrClosed) && !errors.Is(err, ErrUnreachable) {
		t.Errorf("a stream of the lost lane: %v", err)
	}
	for range 10 {
		near, err := client.OpenStream(t.Context(), Bulk)
		if err != nil {
			t.Fatal(err)
		}
		if near.Lane() == lost {
			t.Error("a new stream on the lost lane")
		}
		near.Write([]byte("x"))
		near.Close()
	}
	for range 10 {
		far, err := server.AcceptStream(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(far); string(got) != "x" && far.Lane() != lost {
			t.Errorf("%q, %v", got, err)
		}
	}
	if client.Err() != nil || len(client.Lanes()) != 2 {
		t.Errorf("%v, %d lanes", client.Err(), len(client.Lanes()))
	}
}

// TestMaxLanes: the server's limit counts.
func TestMaxLanes(t *testing.T) {
	token := testToken("lanes")
	e := serveOn(t, Config{Admission: &Admission{Tree: "/", Tokens: Tokens(token.Public()), MaxLanes: 2}})
	r := remote(e, SecretOf(token))
	r.Lanes = 5
	l, err := dialFrom(t, Config{}).Dial(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(l.Lanes()); n != 2 {
		t.Errorf("%d lanes", n)
	}
}

// TestDualStack: an endpoint without a host in its address serves IPv4 and IPv6,
// with data in both directions.
func TestDualStack(t *testing.T) {
	token := testToken("dual")
	e, err := Listen(":0", Config{Identity: testIdentity("server"), Admission: &Admission{Tree: "/", Tokens: Tokens(token.Public())}})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	c, err := Listen(":0", Config{Identity: testIdentity("client")})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, port, _ := net.SplitHostPort(e.Addr().String())
	for _, host := range []string{"127.0.0.1", "::1", "localhost"} {
		t.Run(host, func(t *testing.T) {
			if probe, err := net.Listen("tcp", net.JoinHostPort(host, "0")); err != nil {
				t.Skip(err)
			} else {
				probe.Close()
			}
			client, err := c.Dial(t.Context(), Remote{Addresses: []string{net.JoinHostPort(host, port)}, Secret: SecretOf(token)})
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close("")
			server, err := e.Accept(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			promiseEcho(t, client, server)
		})
	}
}

// TestManyLanes: they all come, in spite of the limits on strangers.
func TestManyLanes(t *testing.T) {
	client, _ := quicPair(t, 64)
	if n := len(client.Lanes()); n != 64 {
		t.Errorf("%d lanes", n)
	}
	for i, s := range client.Lanes() {
		if s.ID != i+1 || s.Path != PathDirect || s.Sent == 0 || s.Received == 0 {
			t.Errorf("lane %d: %+v", i+1, s)
		}
	}
}

func TestEndpointClose(t *testing.T) {
	client, server := quicPair(t, 2)
	blocked := make(chan error, 1)
	go func() {
		_, err := client.AcceptStream(context.Background())
		blocked <- err
	}()
	server.Close("bye")
	if err := <-blocked; !errors.Is(err, ErrClosed) || !strings.Contains(err.Error(), "bye") {
		t.Errorf("%v", err)
	}
	e := serveOn(t, Config{Admission: &Admission{Tree: "/"}})
	time.AfterFunc(10*time.Millisecond, func() { e.Close() })
	if _, err := e.Accept(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("accept: %v", err)
	}
	if err := e.Close(); err != nil {
		t.Errorf("close again: %v", err)
	}
}

// A mute socket sends nothing once dead is set.
type mute struct {
	net.PacketConn
	dead *atomic.Bool
}

func (m mute) WriteTo(b []byte, to net.Addr) (int, error) {
	if m.dead.Load() {
		return len(b), nil
	}
	return m.PacketConn.WriteTo(b, to)
}

// TestRestart: the peer of a process that is gone learns it from the next one.
func TestRestart(t *testing.T) {
	token := testToken("restart")
	admission := &Admission{Tree: "/", Tokens: Tokens(token.Public())}
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	var dead atomic.Bool
	first, err := NewEndpoint(mute{conn, &dead}, Config{Identity: testIdentity("server"), Admission: admission})
	if err != nil {
		t.Fatal(err)
	}
	l, err := dialFrom(t, Config{}).Dial(t.Context(), remote(first, SecretOf(token)))
	if err != nil {
		t.Fatal(err)
	}
	// The process dies without a word: nothing gets out any more.
	dead.Store(true)
	first.Close()
	second, err := Listen(first.Addr().String(), Config{Identity: testIdentity("server"), Admission: admission})
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	s, err := l.OpenStream(t.Context(), Control)
	if err != nil {
		t.Fatal(err)
	}
	s.Write(make([]byte, 2000))
	<-l.Done()
	if !errors.Is(l.Err(), ErrUnreachable) || !strings.Contains(l.Err().Error(), "restarted") {
		t.Errorf("%v", l.Err())
	}
}
