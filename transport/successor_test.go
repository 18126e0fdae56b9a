package transport

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/bargee/bargee/internal/wire"
)

// What says that a key will be somebody's counts only from who has that key, on the
// connection and in the role that it was said for.
func TestSuccessorProof(t *testing.T) {
	here := channel{login: [32]byte{1}, client: Fingerprint{2}, server: Fingerprint{3}}
	next := testIdentity("next")
	good := here.announce(clientRole, next)
	other := func(change func(*channel)) channel { ch := here; change(&ch); return ch }
	tests := map[string]struct {
		ch   channel
		role string
		m    *wire.Successor
		ok   bool
	}{
		"as it was said":        {here, clientRole, good, true},
		"reflected":             {here, serverRole, good, false},
		"on another connection": {other(func(ch *channel) { ch.login[0]++ }), clientRole, good, false},
		"of another client":     {other(func(ch *channel) { ch.client[0]++ }), clientRole, good, false},
		"to another server":     {other(func(ch *channel) { ch.server[0]++ }), clientRole, good, false},
		"another's key":         {here, clientRole, &wire.Successor{Key: here.announce(clientRole, testIdentity("victim")).Key, Signature: good.Signature}, false},
		"no signature":          {here, clientRole, &wire.Successor{Key: good.Key}, false},
		"no key":                {here, clientRole, &wire.Successor{Signature: good.Signature}, false},
	}
	for name, test := range tests {
		got, err := test.ch.successor(test.role, here.client, test.m)
		if (err == nil) != test.ok || test.ok != (got == next.Fingerprint()) || err != nil && !errors.Is(err, ErrProtocol) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	if got, err := here.successor(clientRole, next.Fingerprint(), good); !got.IsZero() || err != nil {
		t.Errorf("its own key is no other: %v, %v", got, err)
	}
}

// A side of a rotation: a machine with a key, known peers and grants.
type rotating struct {
	*Endpoint
	keys   *Keys
	known  *KnownPeers
	grants *Grants
}

func newRotating(t *testing.T, a *Admission) rotating {
	t.Helper()
	dir := t.TempDir()
	r := rotating{}
	var errs [3]error
	r.keys, errs[0] = OpenKeys(dir)
	r.known, errs[1] = OpenKnownPeers(dir)
	r.grants, errs[2] = OpenGrants(dir)
	if err := errors.Join(errs[:]...); err != nil {
		t.Fatal(err)
	}
	if a != nil {
		a.Grants = r.grants
	}
	r.Endpoint = serveOn(t, Config{Identity: r.keys.Ring().Key, Keyring: r.keys.Ring, Admission: a, Renewed: func(n Renewal) {
		if err := errors.Join(r.known.Renew(n), r.grants.Renew(n)); err != nil {
			t.Error(err)
		}
	}})
	return r
}

func (r rotating) rotate(t *testing.T, in time.Duration) Fingerprint {
	t.Helper()
	ring, err := r.keys.Rotate(time.Now().Add(in))
	if err != nil {
		t.Fatal(err)
	}
	if in > 0 {
		return ring.Next.Fingerprint()
	}
	return ring.Key.Fingerprint()
}

// dial links to the known peer "box" at s, as far as that is possible.
func (r rotating) dial(t *testing.T, s rotating) (Link, Peer, error) {
	t.Helper()
	p, err := r.known.Lookup("box")
	if err != nil {
		t.Fatal(err)
	}
	l, err := r.Dial(t.Context(), Remote{Addresses: []string{s.Addr().String()}, Key: p.Key, Next: p.Next})
	if err != nil {
		return nil, Peer{}, err
	}
	at, err := s.Accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return l, at.Peer(), nil
}

// pairOf is a client that has pinned a server, whose key it lets in; both run on while
// keys are replaced.
func pairOf(t *testing.T) (client, server rotating) {
	t.Helper()
	token := testToken("rotation")
	server = newRotating(t, &Admission{Tree: "/", Tokens: Tokens(token.Public())})
	client = newRotating(t, nil)
	l, err := client.Dial(t.Context(), Remote{Addresses: []string{server.Addr().String()}, Secret: SecretOf(token), Keep: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := server.Accept(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := client.known.Add(KnownPeer{Name: "box", Key: l.Peer().Key}); err != nil {
		t.Fatal(err)
	}
	return client, server
}

// Who was told of a server's next key follows it, and takes the old one no more; a link
// of before gets lanes all the while. Who was not told is refused.
func TestServerRotates(t *testing.T) {
	client, server := pairOf(t)
	old, _ := client.known.Lookup("box")
	next := server.rotate(t, time.Hour)
	before, _, err := client.dial(t, server)
	if err != nil {
		t.Fatal(err)
	}
	if p, _ := client.known.Lookup("box"); before.Peer().Key != old.Key || before.Peer().Next != next || p.Key != old.Key || p.Next != next {
		t.Fatalf("it heard %+v, and noted %+v", before.Peer(), p)
	}
	if now := server.rotate(t, 0); now != next || server.Fingerprint() != next {
		t.Fatalf("the key is %v, not %v", now, next)
	}
	if err := before.(*link).route().addLane(t.Context(), before.(*link)); err != nil {
		t.Errorf("a further lane of a link of before: %v", err)
	}
	if _, err := client.Dial(t.Context(), Remote{Addresses: []string{server.Addr().String()}, Key: old.Key}); !errors.Is(err, ErrKeyChanged) {
		t.Errorf("who was not told: %v", err)
	}
	l, _, err := client.dial(t, server)
	if err != nil {
		t.Fatal(err)
	}
	kem, _ := server.keys.Ring().Key.KEM()
	if p, _ := client.known.Lookup("box"); l.Peer().Key != next || p.Key != next || !p.Next.IsZero() || !p.Had(old.Key) || string(p.KEM) != string(kem) {
		t.Errorf("it is known as %+v", p)
	}
	if _, _, err := client.dial(t, server); err != nil {
		t.Errorf("again: %v", err)
	}
	// Whoever has the old key is nobody now.
	thief := serveOn(t, Config{Identity: server.keys.Ring().Former[0], Admission: &Admission{Tree: "/", Guests: true}})
	p, _ := client.known.Lookup("box")
	if _, err := client.Dial(t.Context(), Remote{Addresses: []string{thief.Addr().String()}, Key: p.Key, Next: p.Next}); !errors.Is(err, ErrKeyChanged) {
		t.Errorf("the old key: %v", err)
	}
}

// A client that replaces its key comes in by the new one, where it was before, and by
// the old one no more.
func TestClientRotates(t *testing.T) {
	client, server := pairOf(t)
	old := client.keys.Ring().Key
	next := client.rotate(t, time.Hour)
	before, _, err := client.dial(t, server)
	if err != nil {
		t.Fatal(err)
	}
	client.rotate(t, 0)
	if err := before.(*link).route().addLane(t.Context(), before.(*link)); err != nil {
		t.Errorf("a further lane of a link of before: %v", err)
	}
	_, at, err := client.dial(t, server)
	if err != nil {
		t.Fatal(err)
	}
	if at.Key != next || at.Grant.Key != next || at.Grant.Former != old.Fingerprint() {
		t.Errorf("it came in as %+v", at)
	}
	if all, _ := server.grants.List(); len(all) != 1 || all[0].Key != next {
		t.Errorf("the grants are %+v", all)
	}
	thief := dialFrom(t, Config{Identity: old})
	if _, err := thief.Dial(t.Context(), Remote{Addresses: []string{server.Addr().String()}, Key: server.Fingerprint()}); !errors.Is(err, ErrAuth) {
		t.Errorf("the old key: %v", err)
	}
	if gone, err := server.grants.RevokeKey(next); err != nil || len(gone) != 1 {
		t.Errorf("revoked %v, %v", gone, err)
	}
}

// A relay, and who is not pinned, hears of no other key.
func TestNextKeyIsToldToFriendsOnly(t *testing.T) {
	token := testToken("stranger")
	heard := make(chan Renewal, 4)
	server := serveOn(t, Config{Admission: &Admission{Tree: "/", Tokens: Tokens(token.Public()), Guests: true}, Renewed: func(r Renewal) { heard <- r }})
	client := newRotating(t, nil)
	client.rotate(t, time.Hour)
	for name, r := range map[string]Remote{
		"not pinned": {Secret: SecretOf(token)},
		"a guest":    {Guest: true, Key: server.Fingerprint()},
		"a relay":    {Secret: SecretOf(token), Key: server.Fingerprint(), As: client.keys.Ring().Key.ForRelay("relay")},
	} {
		r.Addresses = []string{server.Addr().String()}
		if _, err := client.Dial(t.Context(), r); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		l, err := server.Accept(ctx)
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		if !l.Peer().Next.IsZero() || len(heard) > 0 {
			t.Errorf("%s: told %v", name, l.Peer().Next)
		}
	}
}
