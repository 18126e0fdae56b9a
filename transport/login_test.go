package transport

import (
	"bytes"
	"encoding/hex"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/bargee/bargee/internal/wire"
)

// TestLoginGarbage: what is no message ends the login with a refusal.
func TestLoginGarbage(t *testing.T) {
	refused := make(chan error, 8)
	server := serveOn(t, Config{Admission: &Admission{Tree: "/"}, Report: func(_ string, err error) { refused <- err }})
	for name, garbage := range map[string][]byte{
		"too long":    {0xff, 0xff, 0x03},
		"no message":  {3, 0xff, 0xff, 0xff},
		"bad length":  {0x80, 0x00},
		"wrong sizes": append([]byte{5, 0x22, 3}, "kem"...), // kem of 3 bytes
	} {
		t.Run(name, func(t *testing.T) {
			conn, s, _ := rawDial(t, server, testIdentity("client"))
			s.Write(garbage)
			s.Close()
			var hello wire.ServerHello
			if err := converse(s).receive(&hello); err != nil {
				t.Fatal(err)
			}
			if k := hello.GetRefused().GetKind(); k != wire.Refused_LIMIT && k != wire.Refused_INVALID {
				t.Errorf("answered with %v", &hello)
			}
			conn.CloseWithError(0, "")
			if err := <-refused; err == nil {
				t.Error("nothing is reported")
			}
		})
	}
}

// TestNoSecretOnTheWire: neither the token nor its public half, nor anything
// that can be tested against a guess of a phrase, is said in a login.
func TestNoSecretOnTheWire(t *testing.T) {
	token := testToken("transcript")
	public := token.Public()
	for _, lc := range loginCases() {
		for _, f := range readTranscript(t, "testdata/login-"+lc.name+".txt") {
			if bytes.Contains(f.data, token.secret[:]) || bytes.Contains(f.data, public.key[:]) {
				t.Errorf("%s: the %s says the token", lc.name, f.from)
			}
		}
	}
}

// FuzzLogin: whatever a stranger says, the server neither panics nor lets him in.
func FuzzLogin(f *testing.F) {
	frames := func(name string) (all []byte) {
		text, err := os.ReadFile("testdata/login-" + name + ".txt")
		if err != nil {
			f.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if data, ok := strings.CutPrefix(strings.TrimSpace(line), "client: "); ok {
				b, err := hex.DecodeString(data)
				if err != nil {
					f.Fatal(err)
				}
				all = append(all, b...)
			}
		}
		return all
	}
	for _, lc := range loginCases() {
		f.Add(frames(lc.name))
	}
	s := serverLogin{
		versions:  Versions{1, 2},
		admission: &Admission{Tree: "/", Tokens: Tokens(testToken("fuzz").Public()), Phrase: Secret{phrase: "a phrase for the fuzzer"}, Code: testInvitation("fuzz", 1)},
		desk:      &fakeDesk{},
		report:    func(error) {},
	}
	ch := channel{login: [32]byte{5}, client: Fingerprint{6}, server: Fingerprint{7}}
	f.Fuzz(func(t *testing.T, said []byte) {
		if v, err := s.run(converse(stranger{bytes.NewReader(said)}), ch); err == nil {
			t.Errorf("let in: %+v", v)
		}
	})
}

type stranger struct{ io.Reader }

func (stranger) Write(p []byte) (int, error) { return len(p), nil }
