package transport

import (
	"bytes"
	"crypto/ecdh"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzServerWords has a real client hear whatever a server may say: it is not
// taken for the one that is dialled, whose token it would have to know.
func FuzzServerWords(f *testing.F) {
	for _, lc := range loginCases() {
		text, err := os.ReadFile("testdata/login-" + lc.name + ".txt")
		if err != nil {
			f.Fatal(err)
		}
		var all []byte
		for line := range strings.Lines(string(text)) {
			if data, ok := strings.CutPrefix(strings.TrimSpace(line), "server: "); ok {
				b, err := hex.DecodeString(data)
				if err != nil {
					f.Fatal(err)
				}
				all = append(all, b...)
			}
		}
		f.Add(all)
	}
	ch := channel{login: [32]byte{5}, client: Fingerprint{6}, server: Fingerprint{7}}
	f.Fuzz(func(t *testing.T, said []byte) {
		for name, secret := range map[string]Secret{"token": SecretOf(testToken("fuzzed")), "phrase": {phrase: "a phrase for the fuzzer"}, "code": testCode("fuzzed").Secret()} {
			l := clientLogin{versions: Versions{1, 2}, secret: secret}
			if e, err := l.run(converse(stranger{bytes.NewReader(said)}), ch); err == nil {
				t.Errorf("%s: let in: %+v", name, e)
			}
		}
	})
}

// FuzzShare takes any point of the other side (M87): the key agreement ends with
// an error, or with a key that depends on both sides.
func FuzzShare(f *testing.F) {
	f.Add(make([]byte, 32))
	f.Add(append([]byte{1}, make([]byte, 31)...))
	f.Add(bytes.Repeat([]byte{0xff}, 32))
	f.Add(make([]byte, 31))
	f.Add(bytes.Repeat([]byte{9}, 33))
	f.Fuzz(func(t *testing.T, share []byte) {
		mine, err := startCPace([]byte("phrase"), []byte("ci"), []byte("sid"), bytes.Repeat([]byte{7}, 32))
		if err != nil {
			t.Fatal(err)
		}
		key, err := mine.key(share, true, "client", "server")
		if err != nil {
			return
		}
		if _, err := ecdh.X25519().NewPublicKey(share); err != nil || len(key) == 0 {
			t.Errorf("%x: taken, and it is no point: %v", share, err)
		}
		other, err := startCPace([]byte("phrase"), []byte("ci"), []byte("sid"), bytes.Repeat([]byte{8}, 32))
		if err != nil {
			t.Fatal(err)
		}
		if again, err := other.key(share, true, "client", "server"); err == nil && bytes.Equal(again, key) {
			t.Errorf("%x: the key does not depend on ours", share)
		}
	})
}

// FuzzTicket reads whatever words: what is a ticket, a token or a fingerprint
// has one spelling, and no error tells more of a secret than was there.
// It holds M82.
func FuzzTicket(f *testing.F) {
	f.Add(Ticket{Addresses: []string{"h:1", "[::1]:2"}, Relay: "r:3", Key: Fingerprint{1}, Token: testToken("fuzz")}.Reveal())
	f.Add("bgticket_" + strings.Repeat("a", 100))
	f.Add(testToken("fuzz").Reveal())
	f.Add(Fingerprint{1, 2, 3}.String())
	f.Add(" bgt_\x00\n")
	f.Fuzz(func(t *testing.T, s string) {
		if ticket, err := ParseTicket(s); err == nil {
			again, err := ParseTicket(ticket.Reveal())
			if err != nil || again.Reveal() != ticket.Reveal() {
				t.Errorf("%q: %v", s, err)
			}
			if len(ticket.Addresses) > 16 {
				t.Errorf("%d addresses", len(ticket.Addresses))
			}
		}
		if p, err := ParseFingerprint(s); err == nil && p.String() != s {
			t.Errorf("%q is read as %s", s, p)
		}
		if secret, err := ParseSecret(s); err == nil && secret.IsZero() {
			t.Errorf("%q is no secret, and taken", s)
		} else if err != nil && len(s) > 12 && strings.Contains(err.Error(), s) {
			t.Errorf("the error repeats %q", s)
		}
	})
}

// FuzzStateFile reads whatever lies in place of the lists of peers and grants:
// they are read whole or not at all, and what was read is written and read again.
func FuzzStateFile(f *testing.F) {
	f.Add([]byte(`{"peers":[{"name":"nas","key":"` + Fingerprint{1}.String() + `","addresses":["h:1"],"added":"2026-01-02T03:04:05Z"}]}`))
	f.Add([]byte(`{"grants":[{"key":"` + Fingerprint{1}.String() + `","tree":"/srv","origin":"x","created":"2026-01-02T03:04:05Z"}]}`))
	f.Add([]byte(`{"peers":[{},{}]}`))
	f.Add([]byte(strings.Repeat(`{"peers":`, 10_000))) // M79
	f.Add([]byte(`{"peers":[],"peers":[{"name":"a"}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		dir := t.TempDir()
		for _, name := range []string{"known_peers.json", "grants.json", "identity"} {
			if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if known, err := OpenKnownPeers(dir); err == nil {
			peers, err := known.List()
			names := map[string]bool{}
			for _, p := range peers {
				if err := p.check(); err != nil || names[p.Name] {
					t.Errorf("%+v: %v, or twice", p, err)
				}
				names[p.Name] = true
			}
			added := known.Add(KnownPeer{Name: "one-more", Key: Fingerprint{99}})
			if again, err2 := known.List(); err == nil && added == nil && (err2 != nil || len(again) != len(peers)+1) {
				t.Errorf("%d peers and one more are %d: %v", len(peers), len(again), err2)
			}
		}
		if grants, err := OpenGrants(dir); err == nil {
			list, _ := grants.List()
			for _, g := range list {
				if err := g.Check(); err != nil {
					t.Errorf("%+v: %v", g, err)
				}
			}
		}
		if id, err := LoadIdentity(dir); err == nil && encodeWord(identityPrefix, id.seed) != strings.TrimSpace(string(b)) {
			t.Errorf("%q is read as another identity", b)
		}
	})
}
