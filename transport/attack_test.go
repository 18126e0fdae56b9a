package transport

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/quic-go/quic-go"
	"google.golang.org/protobuf/proto"

	"github.com/bargee/bargee/internal/wire"
)

// rawTransport is a QUIC endpoint that follows no rule of ours above TLS.
func rawTransport(t *testing.T) *quic.Transport {
	t.Helper()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	tr := &quic.Transport{Conn: conn}
	t.Cleanup(func() { tr.Close(); conn.Close() })
	return tr
}

// rawDial opens the login stream to e as who, without saying anything.
func rawDial(t *testing.T, e *Endpoint, who *Identity) (*quic.Conn, *quic.Stream, channel) {
	t.Helper()
	tls, err := who.tlsConfig()
	if err != nil {
		t.Fatal(err)
	}
	conn, err := rawTransport(t).Dial(t.Context(), e.Addr(), tls, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.CloseWithError(0, "") })
	ch, err := channelOf(conn, "raw")
	if err != nil {
		t.Fatal(err)
	}
	ch.client, ch.server = who.Fingerprint(), e.cfg.Identity.Fingerprint()
	s, err := conn.OpenStreamSync(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return conn, s, ch
}

// TestMITM: someone with a certificate of his own in the middle, passing the
// login on word for word, gets in nowhere and is noticed on both sides.
func TestMITM(t *testing.T) {
	for name, secret := range map[string]Secret{
		"token":  SecretOf(testToken("mitm")),
		"phrase": {phrase: "correct horse battery"},
		"code":   testCode("mitm").Secret(),
	} {
		t.Run(name, func(t *testing.T) {
			refused := make(chan error, 8)
			server := serveOn(t, Config{
				Admission: &Admission{Tree: "/", Tokens: Tokens(testToken("mitm").Public()), Phrase: Secret{phrase: "correct horse battery"},
					Code: testInvitation("mitm", 1)},
				Report: func(_ string, err error) { refused <- err },
			})
			address := serveMITM(t, server)
			client := dialFrom(t, Config{})
			_, err := client.Dial(t.Context(), Remote{Addresses: []string{address}, Secret: secret})
			if !errors.Is(err, ErrAuth) {
				t.Errorf("the client: %v", err)
			}
			if err := <-refused; !errors.Is(err, ErrAuth) {
				t.Errorf("the server: %v", err)
			}
			if len(server.Links()) != 0 {
				t.Error("there is a link")
			}
		})
	}
}

// serveMITM passes the first stream of one connection on to server.
func serveMITM(t *testing.T, server *Endpoint) string {
	t.Helper()
	evil := testIdentity("evil")
	tls, err := evil.tlsConfig()
	if err != nil {
		t.Fatal(err)
	}
	tr := rawTransport(t)
	l, err := tr.Listen(tls, nil)
	if err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	t.Cleanup(wait.Wait)
	ctx := t.Context()
	wait.Go(func() {
		conn, err := l.Accept(ctx)
		if err != nil {
			return
		}
		near, err := conn.AcceptStream(ctx)
		if err != nil {
			return
		}
		on, err := tr.Dial(ctx, server.Addr(), tls, nil)
		if err != nil {
			return
		}
		far, err := on.OpenStreamSync(ctx)
		if err != nil {
			return
		}
		wait.Go(func() { io.Copy(far, near); far.Close() })
		io.Copy(near, far)
		near.Close()
		<-conn.Context().Done()
		on.CloseWithError(0, "")
	})
	return tr.Conn.LocalAddr().String()
}

// TestReplay: the recorded messages of a good login are worthless on another
// connection, even for the same key.
// It holds M90.
func TestReplay(t *testing.T) {
	token := testToken("replay")
	server := serveOn(t, Config{Admission: &Admission{Tree: "/", Tokens: Tokens(token.Public())}})
	who := testIdentity("client")
	_, s, ch := rawDial(t, server, who)
	var said bytes.Buffer
	login := clientLogin{versions: Versions{1, 2}, secret: SecretOf(token)}
	if _, err := login.run(converse(tee{s, &said}), ch); err != nil {
		t.Fatalf("the good login: %v", err)
	}
	_, again, _ := rawDial(t, server, who)
	if _, err := again.Write(said.Bytes()); err != nil {
		t.Fatal(err)
	}
	c := converse(again)
	var hello wire.ServerHello
	var reply wire.ProofReply
	if err := errors.Join(c.receive(&hello), c.receive(&reply)); err != nil {
		t.Fatal(err)
	}
	if reply.GetRefused().GetKind() != wire.Refused_AUTH {
		t.Errorf("the replay is answered with %v", &reply)
	}
}

// tee writes down what is said.
type tee struct {
	io.ReadWriter
	said io.Writer
}

func (t tee) Write(p []byte) (int, error) {
	t.said.Write(p)
	return t.ReadWriter.Write(p)
}

// TestReflection: a server that sends the client's own proof back, or what it
// can make of it, is not believed.
// It holds M88.
func TestReflection(t *testing.T) {
	token := testToken("reflection")
	answers := map[string]func(ch channel, hellos [32]byte, p *wire.TokenProof) []byte{
		"the signature": func(_ channel, _ [32]byte, p *wire.TokenProof) []byte { return p.Signature[:32] },
		"nothing":       func(channel, [32]byte, *wire.TokenProof) []byte { return nil },
		// Even someone who knows the public half cannot use what is meant for
		// the other role.
		"the other role": func(ch channel, hellos [32]byte, _ *wire.TokenProof) []byte {
			return token.Public().mac(ch.bind(clientRole, hellos))
		},
	}
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			ch := channel{login: [32]byte{1}, client: Fingerprint{2}, server: Fingerprint{3}, address: "evil"}
			err := loginAgainst(t, clientLogin{versions: Versions{1, 2}, secret: SecretOf(token)}, ch, func(c *conversation) {
				hellos := helloAndProve(c)
				var proof wire.Proof
				c.receive(&proof)
				c.send(&wire.ProofReply{Reply: &wire.ProofReply_Admitted{Admitted: &wire.Admitted{
					Link: make([]byte, 16), Proof: answer(ch, hellos, proof.GetToken()),
				}}})
			})
			if !errors.Is(err, ErrAuth) {
				t.Errorf("the client says %v", err)
			}
		})
	}
}

func helloAndProve(c *conversation) [32]byte {
	c.receive(new(wire.ClientHello))
	c.send(&wire.ServerHello{MinVersion: 1, MaxVersion: 2, Version: 2,
		Answer: &wire.ServerHello_Prove{Prove: &wire.Prove{Token: true, Phrase: true, Code: true}}})
	return c.transcript()
}

// loginAgainst runs a client against a server made up by the test.
func loginAgainst(t *testing.T, l clientLogin, ch channel, server func(*conversation)) error {
	t.Helper()
	near, far := net.Pipe()
	var wait sync.WaitGroup
	defer wait.Wait()
	wait.Go(func() {
		defer far.Close()
		server(converse(far))
	})
	defer near.Close()
	_, err := l.run(converse(near), ch)
	return err
}

// TestPhraseImpostor: a server that does not know the phrase, or the code, cannot
// let the client in, whatever it does with the client's tag.
func TestPhraseImpostor(t *testing.T) {
	code := testCode("impostor")
	guessed := testCode("a guess")
	guessed.number = code.number
	phraseImpostor(t, Secret{phrase: "correct horse battery"}, Secret{phrase: "a guess at the phrase"})
	phraseImpostor(t, code.Secret(), guessed.Secret())
}

func phraseImpostor(t *testing.T, right, guess Secret) {
	t.Helper()
	for _, answer := range []string{"the client's tag", "nothing"} {
		ch := channel{login: [32]byte{1}, client: Fingerprint{2}, server: Fingerprint{3}, address: "evil"}
		l := clientLogin{versions: Versions{1, 2}, secret: right}
		err := loginAgainst(t, l, ch, func(c *conversation) {
			hellos := helloAndProve(c)
			run, err := pakeRun(guess, ch, hellos, nil)
			if err != nil {
				t.Error(err)
				return
			}
			var share, tag wire.Proof
			c.receive(&share)
			c.send(&wire.ProofReply{Reply: &wire.ProofReply_Share{Share: run.share}})
			c.receive(&tag)
			admitted := &wire.Admitted{Link: make([]byte, 16)}
			if answer != "nothing" {
				admitted.Proof = tag.GetConfirmation()
			}
			c.send(&wire.ProofReply{Reply: &wire.ProofReply_Admitted{Admitted: admitted}})
		})
		if !errors.Is(err, ErrAuth) || !strings.Contains(err.Error(), "in between") {
			t.Errorf("%s: the client says %v", answer, err)
		}
	}
}

// TestVersionOutOfTurn: the server may not choose an older version than both
// speak, nor one that the client does not.
func TestVersionOutOfTurn(t *testing.T) {
	for _, version := range []uint32{0, 1, 3} {
		l := clientLogin{versions: Versions{1, 2}, pinned: true}
		err := loginAgainst(t, l, channel{}, func(c *conversation) {
			c.receive(new(wire.ClientHello))
			c.send(&wire.ServerHello{MinVersion: 1, MaxVersion: 2, Version: version,
				Answer: &wire.ServerHello_Admitted{Admitted: &wire.Admitted{Link: make([]byte, 16)}}})
		})
		if !errors.Is(err, ErrProtocol) {
			t.Errorf("version %d: %v", version, err)
		}
	}
}

// TestAdmittedWithoutProof: who does not know the server's key does not believe
// one that just says "come in".
func TestAdmittedWithoutProof(t *testing.T) {
	open := func(c *conversation) {
		c.receive(new(wire.ClientHello))
		c.send(&wire.ServerHello{MinVersion: 1, MaxVersion: 2, Version: 2,
			Answer: &wire.ServerHello_Admitted{Admitted: &wire.Admitted{Link: make([]byte, 16)}}})
	}
	l := clientLogin{versions: Versions{1, 2}, secret: SecretOf(testToken("x"))}
	if err := loginAgainst(t, l, channel{}, open); !errors.Is(err, ErrAuth) {
		t.Errorf("an unknown server: %v", err)
	}
	l.join = &clientJoin{lane: 2}
	if err := loginAgainst(t, l, channel{}, open); !errors.Is(err, ErrAuth) {
		t.Errorf("a lane of a link that the server has not: %v", err)
	}
	l.join, l.pinned = nil, true
	if err := loginAgainst(t, l, channel{}, open); err != nil {
		t.Errorf("a pinned server: %v", err)
	}
}

// TestDowngrade: whoever changes a hello on the way, even inside the channel,
// breaks the proof.
func TestDowngrade(t *testing.T) {
	for _, secret := range []Secret{SecretOf(testToken("transcript")), {phrase: "correct horse battery"}, testCode("code").Secret()} {
		lc := loginCase{client: func(c *clientLogin) { c.secret = secret }, server: func(s *serverLogin) {
			s.admission.Phrase = Secret{phrase: "correct horse battery"}
			withCode(s)
		}}
		c, s, ch := lc.sides(t)
		near, far := net.Pipe()
		var wait sync.WaitGroup
		wait.Go(func() {
			defer far.Close()
			if _, err := s.run(converse(lower{far}), ch); !errors.Is(err, ErrAuth) {
				t.Errorf("the server: %v", err)
			}
		})
		if _, err := c.run(converse(near), ch); !errors.Is(err, ErrAuth) && !errors.Is(err, ErrProtocol) {
			t.Errorf("the client: %v", err)
		}
		near.Close()
		wait.Wait()
	}
}

// lower makes every hello that is read say that the client speaks version 1
// only, and every hello that is written say that both agreed on version 2.
type lower struct{ io.ReadWriter }

func (l lower) Read(p []byte) (int, error) {
	n, err := l.ReadWriter.Read(p)
	var hello wire.ClientHello
	if err == nil && n > 500 && proto.Unmarshal(p[2:n], &hello) == nil && hello.MaxVersion == 2 {
		hello.MaxVersion = 1
		b, err := wire.Append(nil, &hello)
		return copy(p, b), err
	}
	return n, err
}

func (l lower) Write(p []byte) (int, error) {
	var hello wire.ServerHello
	if proto.Unmarshal(p[1:], &hello) == nil && hello.Version == 1 {
		hello.Version = 2
		b, _ := wire.Append(nil, &hello)
		l.ReadWriter.Write(b)
		return len(p), nil
	}
	return l.ReadWriter.Write(p)
}

// TestJoinNeedsLaneOne: a lane that was not made by the ends of lane 1 is
// refused, whoever's key it shows.
func TestJoinNeedsLaneOne(t *testing.T) {
	token := testToken("join")
	e := serveOn(t, Config{Admission: &Admission{Tree: "/", Tokens: Tokens(token.Public())}})
	client, err := dialFrom(t, Config{}).Dial(t.Context(), Remote{
		Addresses: []string{e.Addr().String()}, Secret: SecretOf(token)})
	if err != nil {
		t.Fatal(err)
	}
	id, first := client.(*link).id, client.(*link).first
	tries := map[string]struct {
		who   string
		first [32]byte
		lane  int
		ok    bool
	}{
		"the client":        {"client", first, 2, true},
		"the same lane":     {"client", first, 1, false},
		"another exporter":  {"client", [32]byte{1}, 3, false},
		"another key":       {"stranger", first, 3, false},
		"too high a number": {"client", first, MaxLanes + 1, false},
	}
	for name, try := range tries {
		t.Run(name, func(t *testing.T) {
			_, s, ch := rawDial(t, e, testIdentity(try.who))
			_, err := clientLogin{versions: Versions{1, 2}, pinned: true,
				join: &clientJoin{link: id, lane: try.lane, first: try.first}}.run(converse(s), ch)
			if (err == nil) != try.ok {
				t.Errorf("%v", err)
			}
		})
	}
}
