package transport

import (
	"context"
	"errors"
	"net"
	"slices"
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
	l, err := c.Dial(t.Context(), r)
	for end := time.Now().Add(time.Minute); errors.Is(err, ErrBusy) && time.Now().Before(end); { // its place is free a moment after that
		l, err = c.Dial(t.Context(), r)
	}
	if err != nil {
		t.Fatalf("after the first left: %v", err)
	}
	l.Close("")
}

// TestVersionRefused holds M78.
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

// TestSlowLogin: who says nothing is cut off, and does not keep others out.
// It holds M71.
func TestSlowLogin(t *testing.T) {
	token := testToken("slow")
	e := serveOn(t, Config{HandshakeTimeout: 2 * time.Second, // which is long enough for who is not slow
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
// It holds M81.
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
// F85.
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

// TestJoinForgetsClosed keeps a family from growing with each peer that was met.
func TestJoinForgetsClosed(t *testing.T) {
	e := dialFrom(t, Config{})
	gone, lives, comes := dialFrom(t, Config{}), dialFrom(t, Config{}), dialFrom(t, Config{})
	e.Join(gone)
	e.Join(lives)
	gone.Close()
	e.Join(comes)
	if want := []*Endpoint{lives, comes}; !slices.Equal(e.family, want) {
		t.Errorf("the family is %v, want %v", e.family, want)
	}
}

// TestAdmit: who may enter can be said anew while an endpoint is open, also of one that
// only dialled; who is in stays in.
func TestAdmit(t *testing.T) {
	e := dialFrom(t, Config{Identity: testIdentity("server")})
	client := dialFrom(t, Config{})
	dial := func(name string) (Link, error) {
		return client.Dial(t.Context(), Remote{Addresses: []string{e.Addr().String()}, Secret: SecretOf(testToken(name))})
	}
	admit := func(name string) {
		t.Helper()
		if err := e.Admit(&Admission{Tree: "/", Tokens: Tokens(testToken(name).Public())}); err != nil {
			t.Fatal(err)
		}
	}
	admit("a")
	a, err := dial("a")
	if err != nil {
		t.Fatal(err)
	}
	admit("b")
	if _, err := dial("a"); !errors.Is(err, ErrAuth) {
		t.Errorf("who was let in before: %v", err)
	}
	if _, err := dial("b"); err != nil {
		t.Errorf("who is let in now: %v", err)
	}
	if err := e.Admit(nil); err != nil {
		t.Fatal(err)
	}
	if _, err := dial("b"); !errors.Is(err, ErrAuth) {
		t.Errorf("nobody is let in: %v", err)
	}
	if a.Err() != nil {
		t.Errorf("who was in: %v", a.Err())
	}
}
