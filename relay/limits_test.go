package relay

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/bargee/bargee/transport"
)

// pass signs one for a machine at the bed's relay.
func (b *bed) pass(id *transport.Identity, terms Terms, good time.Duration) string {
	b.t.Helper()
	_, signer := keyPair(1)
	p := Pass{Holder: id.ForRelay(b.plane.Addr().String()).Thumbprint(), Expires: time.Now().Add(good), Terms: terms}
	word, err := p.Sign(signer, time.Now())
	if err != nil {
		b.t.Fatal(err)
	}
	return word
}

// dialPass links to the relay with a pass.
func (b *bed) dialPass(id *transport.Identity, word string) (transport.Link, error) {
	at := b.plane.Addr().String()
	e, err := transport.ListenToRelay(":0", transport.Config{Identity: id}, at)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { e.Close() })
	return e.Dial(b.t.Context(), transport.Remote{Addresses: []string{at}, Key: b.remote(false).Key, Pass: word, As: id.ForRelay(at)})
}

// A pass lets its holder open rooms, on the terms that it says; a stolen one lets
// nobody do anything.
func TestHolderOfAPass(t *testing.T) {
	b := newBed(t)
	alice := identity(t)
	word := b.pass(alice, Terms{Sessions: 1}, time.Hour)
	l, err := b.dialPass(alice, word)
	if err != nil {
		t.Fatal(err)
	}
	name := transport.RoomName{1}
	if _, err := transport.OpenRoom(t.Context(), l, name, time.Minute, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := transport.JoinRoom(t.Context(), b.dial(true), name); err != nil {
		t.Fatal(err)
	}
	if _, err := transport.JoinRoom(t.Context(), b.dial(true), name); !errors.Is(err, transport.ErrRoomBusy) || !strings.Contains(err.Error(), "the token that opened the room has 1 sessions") {
		t.Errorf("one session more than the pass allows: %v", err)
	}
	if _, err := b.dialPass(identity(t), word); !errors.Is(err, transport.ErrAuth) || !strings.Contains(err.Error(), "another key") {
		t.Errorf("a stolen pass: %v", err)
	}
	if _, err := b.dialPass(alice, b.pass(alice, Terms{}, -time.Minute)); !errors.Is(err, transport.ErrAuth) || !strings.Contains(err.Error(), "expired on") {
		t.Errorf("an expired pass: %v", err)
	}
	s, err := transport.ReadRelayStatus(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Accounts) != 1 || s.Accounts[0].Sessions != 1 || s.Accounts[0].MostSessions != 1 || s.Accounts[0].Expires.IsZero() || len(s.Errors) != 0 {
		t.Errorf("its holder is told %+v", s)
	}
}

// When a pass expires, all that its holder has at the relay ends; so it is when it
// is revoked.
func TestPassEnds(t *testing.T) {
	for name, end := range map[string]func(b *bed, origin string, after time.Time){
		"expired": func(b *bed, _ string, after time.Time) { b.relay.settle(after) },
		"revoked": func(b *bed, origin string, _ time.Time) {
			if gone := b.passes.Set(nil, nil); len(gone) != 1 || gone[0] != origin {
				b.t.Errorf("gone are %v", gone)
			}
			b.relay.Revoke(origin, "your pass was revoked")
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBed(t)
			alice := identity(t)
			l, err := b.dialPass(alice, b.pass(alice, Terms{}, time.Minute))
			if err != nil {
				t.Fatal(err)
			}
			room := transport.RoomName{1}
			if _, err := transport.OpenRoom(t.Context(), l, room, time.Minute, 0); err != nil {
				t.Fatal(err)
			}
			if _, err := transport.JoinRoom(t.Context(), b.dial(true), room); err != nil {
				t.Fatal(err)
			}
			origin := passOrigin(alice.ForRelay(b.plane.Addr().String()).Thumbprint())
			end(b, origin, time.Now().Add(2*time.Minute))
			<-l.Done()
			if !strings.Contains(l.Err().Error(), "your pass "+map[string]string{"expired": "expired", "revoked": "was revoked"}[name]) {
				t.Errorf("its holder is told: %v", l.Err())
			}
			b.until(func() bool { s := b.relay.Status(); return s.Sessions == 0 && s.Rooms == 0 })
		})
	}
}

// Who has a token of the relay's is told of everybody, a guest of nobody.
func TestStatus(t *testing.T) {
	b := newBed(t)
	owner, guest := b.dial(false), b.dial(true)
	if _, err := transport.JoinRoom(t.Context(), guest, transport.RoomName{9}); !errors.Is(err, transport.ErrNoRoom) {
		t.Fatal(err)
	}
	name := transport.RoomName{1}
	if _, err := transport.OpenRoom(t.Context(), owner, name, time.Minute, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := transport.JoinRoom(t.Context(), guest, name); err != nil {
		t.Fatal(err)
	}
	s, err := transport.ReadRelayStatus(t.Context(), owner)
	if err != nil {
		t.Fatal(err)
	}
	if s.Rooms != 1 || s.Sessions != 1 || s.Links != 2 || s.Guests != 1 || s.Draining || time.Since(s.Since) > time.Minute {
		t.Errorf("told is %+v", s)
	}
	if len(s.Errors) != 1 || !strings.Contains(s.Errors[0], "nobody waits there") {
		t.Errorf("the errors are %q", s.Errors)
	}
	if len(s.Accounts) != 2 || s.Accounts[0].Name != "" || s.Accounts[0].MostSessions != uint64(DefaultLimits.Total.Sessions) ||
		s.Accounts[1].Name != b.token.Public().ID() || s.Accounts[1].Sessions != 1 {
		t.Errorf("the accounts are %+v", s.Accounts)
	}
	if _, err := transport.ReadRelayStatus(t.Context(), guest); !errors.Is(err, transport.ErrAuth) {
		t.Errorf("a guest asks: %v", err)
	}
}

// A session over its quota carries nothing more, and who opened its room is told.
func TestQuotaOfAToken(t *testing.T) {
	b := newBed(t)
	b.ledger.SetLimits(Limits{PerToken: Terms{Bytes: 1 << 20}})
	near, far := b.meet(false)
	opener := b.opener()
	go func() {
		if s, err := far.AcceptStream(t.Context()); err == nil {
			io.Copy(io.Discard, s)
		}
	}()
	s, err := near.OpenStream(t.Context(), transport.Bulk)
	if err != nil {
		t.Fatal(err)
	}
	go s.Write(make([]byte, 8<<20))
	token := b.ledger.tokens[b.token.Public().ID()]
	b.until(token.spent)
	b.relay.settle(time.Now())
	<-opener.Done()
	if !strings.Contains(opener.Err().Error(), "your token has used up its 1048576 bytes of this month") {
		t.Errorf("who opened the room is told: %v", opener.Err())
	}
	if n := token.used.Load(); n > 1<<20+64<<10 {
		t.Errorf("%d bytes were forwarded", n)
	}
	if _, err := transport.OpenRoom(t.Context(), b.dial(false), transport.RoomName{5}, time.Minute, 0); !errors.Is(err, transport.ErrRoomBusy) || !strings.Contains(err.Error(), "this month") {
		t.Errorf("another room: %v", err)
	}
}

// opener is the relay's end of the link of who has a token.
func (b *bed) opener() transport.Link {
	for _, l := range b.relay.cfg.Endpoint.Links() {
		if !l.Peer().Guest {
			return l
		}
	}
	b.t.Fatal("nobody has a token")
	return nil
}
