package transport

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bargee/bargee/internal/wire"
)

var update = flag.Bool("update", false, "record the transcripts in testdata anew")

// A loginCase is a login with everything in it fixed.
type loginCase struct {
	name   string
	client func(*clientLogin)
	server func(*serverLogin)
	grant  bool  // the client's key has one
	err    error // what the client ends with
	kept   bool
	fec    bool
	meet   Rendezvous // that the client is told
	next   bool       // both say which key will be theirs
}

var testRendezvous = Rendezvous{Relay: "relay.example:6768", RelayKey: Fingerprint{5}, Room: RoomSecret{6}}

func loginCases() []loginCase {
	token, phrase := testToken("transcript"), Secret{phrase: "correct horse battery"}
	only := func(n int) Versions { return Versions{n, n} }
	withToken := func(c *clientLogin) { c.secret = SecretOf(token) }
	return []loginCase{
		{name: "token", client: func(c *clientLogin) { withToken(c); c.keep = true }, kept: true},
		{name: "token-client-1", client: func(c *clientLogin) { withToken(c); c.keep = true; c.versions = only(1) }},
		{name: "token-server-1", client: func(c *clientLogin) { withToken(c); c.keep = true },
			server: func(s *serverLogin) { s.versions = only(1) }},
		{name: "token-wrong", client: func(c *clientLogin) { c.secret = SecretOf(testToken("other")) }, err: ErrAuth},
		{name: "grant", client: func(c *clientLogin) { c.pinned = true }, grant: true},
		{name: "grant-rendezvous", client: func(c *clientLogin) { c.pinned = true }, grant: true, meet: testRendezvous,
			server: func(s *serverLogin) { s.admission.Meet = func(Grant) Rendezvous { return testRendezvous } }},
		{name: "grant-next", grant: true, next: true,
			client: func(c *clientLogin) { c.pinned, c.next = true, testIdentity("client next") },
			server: func(s *serverLogin) { s.next = testIdentity("server next") }},
		{name: "grant-unknown-server", client: withToken, grant: true},
		{name: "phrase", client: func(c *clientLogin) { c.secret = phrase },
			server: func(s *serverLogin) { s.admission.Phrase = phrase }},
		{name: "phrase-wrong", client: func(c *clientLogin) { c.secret = Secret{phrase: "wrong horse battery"} },
			server: func(s *serverLogin) { s.admission.Phrase = phrase }, err: ErrAuth},
		{name: "code", client: func(c *clientLogin) { c.secret = testCode("code").Secret() }, server: withCode},
		{name: "code-rerun", client: func(c *clientLogin) { c.secret = testCode("code").Secret() }, server: func(s *serverLogin) {
			withCode(s)
			key := testIdentity("client").Fingerprint()
			s.admission.Code.judge(key, testCode("code").Room(), true)
		}},
		{name: "code-pinned", client: func(c *clientLogin) { c.pinned = true }, server: func(s *serverLogin) {
			withCode(s)
			key := testIdentity("client").Fingerprint()
			s.admission.Code.judge(key, testCode("code").Room(), true)
		}},
		{name: "code-wrong", client: func(c *clientLogin) {
			code := testCode("code")
			code.words[0] = "wrong"
			c.secret = code.Secret()
		}, server: withCode, err: ErrAuth},
		{name: "code-old", client: func(c *clientLogin) { c.secret = testCode("old").Secret() }, server: withCode, err: ErrAuth},
		{name: "code-at-once", client: func(c *clientLogin) { c.secret, c.atOnce = testCode("code").Secret(), true }, server: withCode},
		{name: "code-at-once-wrong", client: func(c *clientLogin) {
			code := testCode("code")
			code.words[0] = "wrong"
			c.secret, c.atOnce = code.Secret(), true
		}, server: withCode, err: ErrAuth},
		{name: "code-at-once-old", client: func(c *clientLogin) { c.secret, c.atOnce = testCode("old").Secret(), true }, server: withCode, err: ErrAuth},
		{name: "code-at-once-none", client: func(c *clientLogin) { c.secret, c.atOnce = testCode("code").Secret(), true }, err: ErrAuth},
		{name: "join", client: func(c *clientLogin) {
			c.pinned = true
			c.join = &clientJoin{link: linkID{7}, lane: 2, first: [32]byte{8}}
		}},
		{name: "fec", client: func(c *clientLogin) { withToken(c); c.fec = true }, fec: true,
			server: func(s *serverLogin) { s.fec = true }},
		{name: "fec-client", client: func(c *clientLogin) { withToken(c); c.fec = true }},
		{name: "fec-server", client: withToken, server: func(s *serverLogin) { s.fec = true }},
		{name: "fec-join", fec: true,
			client: func(c *clientLogin) {
				c.pinned, c.fec = true, true
				c.join = &clientJoin{link: linkID{7}, lane: 2, first: [32]byte{8}}
			},
			server: func(s *serverLogin) { s.fec = true }},
		{name: "pass", client: withPass("good"), server: takesPasses},
		{name: "pass-forged", client: withPass("forged"), server: takesPasses, err: ErrAuth},
		{name: "pass-unknown", client: withPass("good"), err: ErrAuth}, // to a server that takes none
		{name: "busy", client: withToken, err: ErrBusy,
			server: func(s *serverLogin) { s.desk.(*fakeDesk).full = true }},
		{name: "version-9", client: func(c *clientLogin) { withToken(c); c.versions = only(9) }, err: ErrVersion},
	}
}

func withPass(pass string) func(*clientLogin) {
	return func(c *clientLogin) { c.pinned, c.pass = true, pass }
}

// takesPasses takes one that says "good".
func takesPasses(s *serverLogin) {
	s.admission.Pass = func(pass string, _ ed25519.PublicKey) (Grant, error) {
		if pass != "good" {
			return Grant{}, fmt.Errorf("the pass is not signed as it should be: %w", ErrForgedPass)
		}
		return Grant{Origin: "pass"}, nil
	}
}

func withCode(s *serverLogin) { s.admission.Code = testInvitation("code", 1) }

// sides returns both sides of the case and the channel between them.
func (lc loginCase) sides(t *testing.T) (clientLogin, serverLogin, channel) {
	t.Helper()
	kem := func(name string) []byte {
		b, err := testIdentity(name).KEM()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	ch := channel{
		login:   [32]byte(bytes.Repeat([]byte{1}, 32)),
		join:    [32]byte(bytes.Repeat([]byte{2}, 32)),
		client:  testIdentity("client").Fingerprint(),
		server:  testIdentity("server").Fingerprint(),
		address: "peer.example:6768",
	}
	c := clientLogin{
		versions: Versions{1, 2},
		agent:    "bargee/client",
		kem:      kem("client"),
		random:   bytes.NewReader(bytes.Repeat([]byte{3}, 32)),
	}
	s := serverLogin{
		versions:  Versions{1, 2},
		agent:     "bargee/server",
		kem:       kem("server"),
		admission: &Admission{Tree: "/srv", Tokens: Tokens(testToken("transcript").Public()), MaxLanes: 16},
		desk:      &fakeDesk{},
		report:    func(err error) { t.Error(err) },
		random:    bytes.NewReader(bytes.Repeat([]byte{4}, 32)),
	}
	grants, err := OpenGrants(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s.admission.Grants = grants
	if lc.grant {
		if err := grants.Add(Grant{Key: ch.client, Tree: "/srv", Origin: "test"}); err != nil {
			t.Fatal(err)
		}
	}
	lc.client(&c)
	if lc.server != nil {
		lc.server(&s)
	}
	return c, s, ch
}

// fakeDesk has one link to join, and always the same id for a new one.
type fakeDesk struct {
	full  bool
	wrong int
}

func (d *fakeDesk) reserve() (linkID, *wire.Refused) {
	if d.full {
		return linkID{}, busy(2, 2, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	}
	return linkID{9}, nil
}
func (d *fakeDesk) release(linkID) {}
func (d *fakeDesk) joinable(id linkID, _ Fingerprint, lane int) ([32]byte, bool) {
	return [32]byte{8}, id == linkID{7} && lane == 2
}
func (d *fakeDesk) phraseWait() time.Duration { return 0 }
func (d *fakeDesk) phraseWrong()              { d.wrong++ }

// TestTranscripts replays logins that were recorded: our client against the
// recorded server, and our server against the recorded client. Those of version
// 1 show that version 2 talks to it in both roles.
func TestTranscripts(t *testing.T) {
	for _, lc := range loginCases() {
		t.Run(lc.name, func(t *testing.T) {
			path := filepath.Join("testdata", "login-"+lc.name+".txt")
			if *update {
				record(t, lc, path)
			}
			frames := readTranscript(t, path)
			t.Run("client", func(t *testing.T) {
				c, _, ch := lc.sides(t)
				script := &script{frames: slices.Clone(frames), us: "client"}
				in, err := c.run(converse(script), ch)
				if !errors.Is(err, lc.err) || script.err != nil {
					t.Fatalf("got %v, want %v; script: %v", err, lc.err, script.err)
				}
				if err == nil && in.kept != lc.kept {
					t.Errorf("kept: %v", in.kept)
				}
				if err == nil && in.meet != lc.meet {
					t.Errorf("it can be met at %v", in.meet)
				}
				if err == nil && (in.next == testIdentity("server next").Fingerprint()) != lc.next {
					t.Errorf("its next key is %v", in.next)
				}
				if err == nil && in.fec != lc.fec {
					t.Errorf("fec: %v", in.fec)
				}
				script.checkEnd(t)
			})
			t.Run("server", func(t *testing.T) {
				_, s, ch := lc.sides(t)
				script := &script{frames: slices.Clone(frames), us: "server"}
				v, err := s.run(converse(script), ch)
				if (err == nil) != (lc.err == nil) || script.err != nil {
					t.Fatalf("got %v; script: %v", err, script.err)
				}
				if err == nil && v.lane == 1 && v.grant.Key != ch.client {
					t.Errorf("grant %+v", v.grant)
				}
				if err == nil && (v.next == testIdentity("client next").Fingerprint()) != lc.next {
					t.Errorf("its next key is %v", v.next)
				}
				if err == nil && v.fec != lc.fec {
					t.Errorf("fec: %v", v.fec)
				}
				if _, stored, _ := s.admission.Grants.Find(ch.client, "/srv"); stored != (lc.kept || lc.grant) {
					t.Errorf("a grant is stored: %v", stored)
				}
				script.checkEnd(t)
			})
		})
	}
}

type frame struct {
	from string // client or server
	data []byte
}

func readTranscript(t *testing.T, path string) []frame {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var frames []frame
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if from, data, ok := strings.Cut(line, ": "); ok && !strings.HasPrefix(line, "#") {
			frames = append(frames, frame{from, unhex(t, data)})
		}
	}
	return frames
}

// A script plays one side of a transcript, and checks the other.
type script struct {
	frames []frame
	us     string
	err    error
}

func (s *script) Read(p []byte) (int, error) {
	if len(s.frames) == 0 || s.frames[0].from == s.us {
		return 0, io.EOF
	}
	n := copy(p, s.frames[0].data)
	if s.frames[0].data = s.frames[0].data[n:]; len(s.frames[0].data) == 0 {
		s.frames = s.frames[1:]
	}
	return n, nil
}

func (s *script) Write(p []byte) (int, error) {
	switch {
	case len(s.frames) == 0 || s.frames[0].from != s.us:
		s.err = fmt.Errorf("wrote %x out of turn", p)
	case !bytes.Equal(s.frames[0].data, p):
		s.err = fmt.Errorf("wrote %x, recorded was %x", p, s.frames[0].data)
	default:
		s.frames = s.frames[1:]
	}
	return len(p), nil
}

func (s *script) checkEnd(t *testing.T) {
	t.Helper()
	if len(s.frames) > 0 {
		t.Errorf("%d frames of the transcript are left", len(s.frames))
	}
}

// record runs the case live and writes what was said.
func record(t *testing.T, lc loginCase, path string) {
	t.Helper()
	c, s, ch := lc.sides(t)
	var out bytes.Buffer
	fmt.Fprintf(&out, "# A login of bargee/1. Inputs, as bytes in hex:\n")
	fmt.Fprintf(&out, "# exporter %s = %x\n# exporter %s = %x\n", loginLabel, ch.login, joinLabel, ch.join)
	fmt.Fprintf(&out, "# client key (SHA-256) = %x\n# server key (SHA-256) = %x\n", ch.client, ch.server)
	if token, ok := c.secret.Token(); ok {
		fmt.Fprintf(&out, "# token = %x\n", token.secret)
	} else if c.secret.IsPhrase() {
		fmt.Fprintf(&out, "# phrase of the client = %s, of the server = %s\n", c.secret.phrase, s.admission.Phrase.phrase)
		fmt.Fprintf(&out, "# CPace scalars: 32 bytes of 03 at the client, of 04 at the server\n")
	}
	if c.secret.IsCode() {
		fmt.Fprintf(&out, "# code of the client = %s, of the server = %s\n", c.secret.phrase, testCode("code").spoken())
		fmt.Fprintf(&out, "# CPace scalars: 32 bytes of 03 at the client, of 04 at the server\n")
	}
	if c.join != nil {
		fmt.Fprintf(&out, "# join exporter of lane 1 = %x\n", c.join.first)
	}
	near, far := net.Pipe()
	var mu sync.Mutex
	var wait sync.WaitGroup
	wait.Go(func() {
		defer far.Close()
		s.run(converse(recorder{far, "server", &out, &mu}), ch)
	})
	c.run(converse(recorder{near, "client", &out, &mu}), ch)
	near.Close()
	wait.Wait()
	if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

type recorder struct {
	io.ReadWriter
	name string
	out  io.Writer
	mu   *sync.Mutex
}

func (r recorder) Write(p []byte) (int, error) {
	r.mu.Lock()
	fmt.Fprintf(r.out, "%s: %x\n", r.name, p)
	r.mu.Unlock()
	return r.ReadWriter.Write(p)
}
