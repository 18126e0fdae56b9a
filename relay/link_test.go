package relay

import (
	"crypto/sha256"
	"io"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/bargee/bargee/transport"
)

// linked returns the ends of a link of two lanes: direct, or by way of a relay.
func linked(t testing.TB, p *Plane) (asker, server transport.Link) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	token := transport.NewToken()
	alice, err := transport.NewIdentity()
	must(err)
	bob, err := transport.NewIdentity()
	must(err)
	open := func(number uint8, s *Session, cfg transport.Config) *transport.Endpoint {
		var e *transport.Endpoint
		var err error
		if s == nil {
			e, err = transport.Listen("127.0.0.1:0", cfg)
		} else {
			e, err = transport.ListenByRelay(t.Context(), transport.Leg{Relay: p.Addr().String(), Session: s.ID, Number: number, Key: keyOf(number + 1)}, cfg, nil)
		}
		must(err)
		t.Cleanup(func() { e.Close() })
		return e
	}
	var s *Session
	if p != nil {
		s, err = p.Open([2][]byte{keyOf(1), keyOf(2)})
		must(err)
	}
	far := open(0, s, transport.Config{Identity: alice, Admission: &transport.Admission{Tree: "/", Tokens: transport.Tokens(token.Public())}})
	near := open(1, s, transport.Config{Identity: bob})
	at := far.Addr().String()
	if p != nil {
		at = p.Addr().String()
	}
	asker, err = near.Dial(t.Context(), transport.Remote{Addresses: []string{at}, Key: alice.Fingerprint(), Secret: transport.SecretOf(token), Lanes: 2})
	must(err)
	server, err = far.Accept(t.Context())
	must(err)
	return asker, server
}

// A link works by way of a relay as it does without one: lanes, streams, both
// directions.
func TestLinkByRelay(t *testing.T) {
	p, err := NewPlane("127.0.0.1:0", 2)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	asker, server := linked(t, p)
	if n := len(asker.Lanes()); n != 2 {
		t.Errorf("the link has %d lanes, want 2", n)
	}
	for name, ends := range map[string][2]transport.Link{"up": {asker, server}, "down": {server, asker}} {
		sent, got := sha256.New(), sha256.New()
		var wait sync.WaitGroup
		wait.Go(func() {
			s, err := ends[0].OpenStream(t.Context(), transport.Bulk)
			if err != nil {
				t.Error(err)
				return
			}
			noise := rand.NewChaCha8([32]byte{1})
			if _, err := io.CopyN(io.MultiWriter(s, sent), noise, 16<<20); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			s.Close()
			io.Copy(io.Discard, s)
		})
		s, err := ends[1].AcceptStream(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if n, err := io.Copy(got, s); err != nil || n != 16<<20 {
			t.Errorf("%s: %d bytes, %v", name, n, err)
		}
		s.Close()
		wait.Wait()
		if string(sent.Sum(nil)) != string(got.Sum(nil)) {
			t.Errorf("%s: what arrived is something else", name)
		}
	}
}

// BenchmarkLink compares a relayed link with a direct one, relay and both ends in
// this process, on the same cores.
func BenchmarkLink(b *testing.B) {
	b.Run("direct", func(b *testing.B) { pumpLink(b, nil) })
	b.Run("relayed", func(b *testing.B) {
		p, err := NewPlane("127.0.0.1:0", 2)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { p.Close() })
		pumpLink(b, p)
	})
}

func pumpLink(b *testing.B, p *Plane) {
	const round, streams = 64 << 20, 4
	asker, server := linked(b, p)
	b.SetBytes(round)
	chunk := make([]byte, 256<<10)
	for b.Loop() {
		var wait sync.WaitGroup
		for range streams {
			wait.Go(func() {
				s, err := asker.OpenStream(b.Context(), transport.Bulk)
				if err != nil {
					b.Error(err)
					return
				}
				for range round / streams / len(chunk) {
					if _, err := s.Write(chunk); err != nil {
						b.Error(err)
						return
					}
				}
				s.Close()
				io.Copy(io.Discard, s)
			})
			wait.Go(func() {
				s, err := server.AcceptStream(b.Context())
				if err != nil {
					b.Error(err)
					return
				}
				io.Copy(io.Discard, s)
				s.Close()
			})
		}
		wait.Wait()
	}
}
