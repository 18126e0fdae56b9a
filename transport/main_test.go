package transport

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(patient{m}) }

// patient gives what is about to end the time that it takes on a busy machine.
type patient struct{ *testing.M }

func (m patient) Run() int {
	code := m.M.Run()
	for end := time.Now().Add(time.Minute); code == 0 && goleak.Find() != nil && time.Now().Before(end); {
	}
	return code
}

// testIdentity makes an identity that is always the same for the same name.
func testIdentity(name string) *Identity {
	return identityFromSeed(derive([]byte(name), nil, "test identity"))
}

// testToken makes a token that is always the same for the same name.
func testToken(name string) Token {
	return Token{secret: [tokenSize]byte(derive([]byte(name), nil, "test token"))}
}

// testCode makes a code that is always the same for the same name.
func testCode(name string) Code {
	b := derive([]byte(name), nil, "test code")
	c := Code{number: strconv.Itoa(1000 + int(b[0])*8)}
	for i := range c.words {
		c.words[i] = words()[int(b[1+2*i])<<4+int(b[2+2*i])>>4]
	}
	return c
}

// testInvitation has the code of a name, then of that name and 1, 2, …
func testInvitation(name string, guests int) *Invitation {
	v, err := Invite(InvitationOptions{Guests: guests})
	if err != nil {
		panic(err)
	}
	n := 0
	v.state.make = func(digits int) Code {
		c := testCode(name)
		if n > 0 {
			c = testCode(name + strconv.Itoa(n))
		}
		c.number += strings.Repeat("0", digits-minDigits)
		n++
		return c
	}
	v.state.begin(time.Now())
	return v
}

// serveOn makes a listening endpoint on loopback.
func serveOn(t testing.TB, cfg Config) *Endpoint {
	t.Helper()
	if cfg.Identity == nil {
		cfg.Identity = testIdentity("server")
	}
	e, err := Listen("127.0.0.1:0", cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

// dialFrom makes an endpoint that only dials.
func dialFrom(t testing.TB, cfg Config) *Endpoint {
	t.Helper()
	if cfg.Identity == nil {
		cfg.Identity = testIdentity("client")
	}
	e, err := Listen("127.0.0.1:0", cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

// quicPair returns both ends of a link over loopback.
func quicPair(t testing.TB, lanes int) (client, server Link) {
	t.Helper()
	token := testToken("pair")
	s := serveOn(t, Config{Admission: &Admission{Tree: "/tree", Tokens: Tokens(token.Public())}, Agent: "bargee/server"})
	c := dialFrom(t, Config{Agent: "bargee/client"})
	client, err := c.Dial(t.Context(), Remote{
		Addresses: []string{s.Addr().String()},
		Key:       s.cfg.Identity.Fingerprint(),
		Secret:    SecretOf(token),
		Lanes:     lanes,
	})
	if err != nil {
		t.Fatal(err)
	}
	server, err = s.Accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return client, server
}

// openPair opens a stream on a and accepts it on b.
func openPair(t testing.TB, a, b Link, class Class) (near, far Stream) {
	t.Helper()
	near, err := a.OpenStream(context.Background(), class)
	if err != nil {
		t.Fatal(err)
	}
	far, err = b.AcceptStream(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return near, far
}
