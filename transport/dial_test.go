package transport

import (
	"context"
	"errors"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestDialRefused holds F87.
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
		"guest where none are taken":    {onlyToken, func(r *Remote) { r.Secret, r.Guest = Secret{}, true }, ErrAuth, "takes no guests"},
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

// A guest enters where guests are taken, is known as one, and has all lanes; who
// has a secret is none.
func TestGuest(t *testing.T) {
	token := testToken("good")
	e := serveOn(t, Config{Admission: &Admission{Tree: "/", Tokens: Tokens(token.Public()), Guests: true}})
	for name, guest := range map[string]bool{"guest": true, "with a token": false} {
		r := remote(e, SecretOf(token))
		r.Lanes = 2
		if guest {
			r.Guest, r.Secret = true, Secret{}
		}
		l, err := dialFrom(t, Config{}).Dial(t.Context(), r)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		at, err := e.Accept(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if at.Peer().Guest != guest || len(l.Lanes()) != 2 {
			t.Errorf("%s: guest is %v, with %d lanes", name, at.Peer().Guest, len(l.Lanes()))
		}
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

// TestNothingListens: a host that says so is not waited for.
func TestNothingListens(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the kernel says it in another way")
	}
	for _, host := range []string{"127.0.0.1", "::1"} {
		gone, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.ParseIP(host)})
		if err != nil {
			t.Skip(err)
		}
		address := gone.LocalAddr().String()
		gone.Close()
		c, err := Listen(":0", Config{Identity: testIdentity("client"), HandshakeTimeout: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Dial(t.Context(), Remote{Addresses: []string{address}, Secret: SecretOf(testToken("x"))})
		if !errors.Is(err, ErrUnreachable) || !strings.Contains(err.Error(), "nothing listens on "+address) {
			t.Errorf("%v", err)
		}
		c.Close()
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
