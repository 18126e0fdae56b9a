package transport

import (
	"context"
	"io"
	"net"
	"net/netip"
	"testing"

	"github.com/quic-go/quic-go"
)

func ownSocket(t *testing.T) *net.UDPConn {
	t.Helper()
	c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// Endpoints of a caller's own quic.Transport and net.PacketConn talk to each other,
// and close them.
func TestOnOnesOwnSocket(t *testing.T) {
	token := testToken("own")
	over := &quic.Transport{Conn: ownSocket(t), ConnectionIDLength: 12}
	server, err := NewEndpointOn(over, Config{Identity: testIdentity("server"), Admission: &Admission{Tree: "/", Tokens: Tokens(token.Public())}})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	if over.ConnectionIDLength != 12 || over.StatelessResetKey == nil {
		t.Errorf("the transport has %+v", over)
	}
	conn := ownSocket(t)
	client, err := NewEndpoint(conn, Config{Identity: testIdentity("client")})
	if err != nil {
		t.Fatal(err)
	}
	near, err := client.Dial(t.Context(), remote(server, SecretOf(token)))
	if err != nil {
		t.Fatal(err)
	}
	far, err := server.Accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	say, err := near.OpenStream(t.Context(), Control)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(say, "hello")
	say.Close()
	hear, err := far.AcceptStream(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if said, err := io.ReadAll(hear); err != nil || string(said) != "hello" {
		t.Errorf("%q, %v", said, err)
	}
	client.Close()
	if _, err := conn.WriteTo([]byte{0}, server.Addr()); err == nil {
		t.Error("the socket is open after Close of its endpoint")
	}
}

// What the endpoint needs for itself cannot be somebody else's.
func TestTransportThatIsTaken(t *testing.T) {
	for name, over := range map[string]*quic.Transport{
		"nothing":             {},
		"ConnContext":         {Conn: ownSocket(t), ConnContext: func(ctx context.Context, _ *quic.ClientInfo) (context.Context, error) { return ctx, nil }},
		"VerifySourceAddress": {Conn: ownSocket(t), VerifySourceAddress: func(net.Addr) bool { return true }},
	} {
		if _, err := NewEndpointOn(over, Config{Identity: testIdentity("server")}); err == nil {
			t.Errorf("%s: it is taken", name)
		}
		if over.Conn == nil {
			continue
		}
		if _, err := over.Conn.WriteTo([]byte{0}, over.Conn.LocalAddr()); err == nil {
			t.Errorf("%s: the socket is open", name)
		}
	}
}

// A key that was kept as a word is the same key.
func TestKeyAsAWord(t *testing.T) {
	id := NewKey()
	again, err := ParseKey(id.Reveal())
	if err != nil || again.Fingerprint() != id.Fingerprint() || NewKey().Fingerprint() == id.Fingerprint() {
		t.Errorf("%v, %v", again, err)
	}
	for _, word := range []string{"", "bgid_", id.Reveal() + "a", id.Reveal()[:20], testToken("x").Reveal()} {
		if _, err := ParseKey(word); err == nil {
			t.Errorf("%q is a key", word)
		}
	}
}
