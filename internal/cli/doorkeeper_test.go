package cli

import (
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// doorOf is a doorkeeper of a directory with these tokens.
func doorOf(t *testing.T, tokens ...treeToken) (*doorkeeper, home) {
	t.Helper()
	h := home{t.TempDir(), t.TempDir()}
	if err := h.changeServed("/srv", false, func(s *servedTree) error { s.Tokens = tokens; return nil }); err != nil {
		t.Fatal(err)
	}
	grants, err := h.grants()
	if err != nil {
		t.Fatal(err)
	}
	d, err := newDoorkeeper(h, "/srv", grants, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return d, h
}

// guest is a link whose peer came by a grant.
type guest struct {
	transport.Link
	grant transport.Grant
}

func (g guest) Peer() transport.Peer {
	return transport.Peer{Key: g.grant.Key, Address: "192.0.2.1:1", Grant: g.grant}
}

// entryOf is what a server asks to keep keys.
func entryOf(d *doorkeeper) *entry {
	return &entry{door: d, admission: transport.Admission{Tree: d.tree, Grants: d.grants, Terms: d.terms}}
}

func guestBy(origin string) guest {
	l, _ := transport.Pipe()
	return guest{l, transport.Grant{Key: transport.Fingerprint{7}, Tree: "/srv", Origin: origin}}
}

// What a token is worth is what the list says of it now, also for a key that was kept
// by it; what another origin is worth is what its grant says.
func TestDoorkeeperTerms(t *testing.T) {
	fine := treeToken{Token: transport.NewToken().Public(), Name: "fine", Mode: transport.ReadOnly, Path: "/in", Quota: 7}
	late := treeToken{Token: transport.NewToken().Public(), Expires: time.Now().Add(-time.Second)}
	d, h := doorOf(t, fine, late)
	g, err := d.terms(transport.Grant{Origin: fine.Token.ID()})
	if err != nil || g.Mode != transport.ReadOnly || g.Path != "/in" || g.Quota != 7 || g.Name != "fine" {
		t.Errorf("%+v, %v", g, err)
	}
	if _, err := d.terms(transport.Grant{Origin: late.Token.ID()}); err == nil || !strings.Contains(err.Error(), "expired") {
		t.Errorf("expired: %v", err)
	}
	if g, err := d.terms(transport.Grant{Origin: "pair", Mode: transport.ReadOnly}); err != nil || g.Mode != transport.ReadOnly {
		t.Errorf("another grant: %+v, %v", g, err)
	}
	if n := len(d.meetable(time.Now())); n != 1 {
		t.Errorf("met by %d tokens", n)
	}
	// A token that went away after it was proved is good for nothing, rather than for all.
	if err := h.changeServed("/srv", false, func(s *servedTree) error { s.remove(fine.Token.ID()); return nil }); err != nil {
		t.Fatal(err)
	}
	if g, err := d.terms(transport.Grant{Origin: fine.Token.ID()}); err == nil {
		t.Errorf("taken away: %+v", g)
	}
	if err := os.WriteFile(h.servedFile("/srv"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if n := len(d.tokens()); n != 1 {
		t.Errorf("%d tokens of a file that is damaged, not those of before", n)
	}
}

// Revoking acts on who is inside, on who is about to enter, and on keys that are kept.
func TestDoorkeeperRevokes(t *testing.T) {
	x, y := treeToken{Token: transport.NewToken().Public()}, treeToken{Token: transport.NewToken().Public()}
	d, h := doorOf(t, x, y)
	inside, other := guestBy(x.Token.ID()), guestBy(y.Token.ID())
	for _, l := range []guest{inside, other} {
		if _, err := d.enter(l); err != nil {
			t.Fatal(err)
		}
	}
	if err := entryOf(d).keep(inside.Peer()); err != nil {
		t.Fatal(err)
	}
	if _, err := d.enter(guestBy("pair")); err == nil {
		t.Error("a key that was never kept enters")
	}
	late := guestBy(x.Token.ID()) // has proved the token, and is not inside yet
	if err := h.revoke(condemned{x.Token.ID(), []string{"/srv"}}, time.Now()); err != nil {
		t.Fatal(err)
	}
	d.tokens() // somebody else logs in
	if !d.look() || inside.Err() == nil || other.Err() != nil {
		t.Errorf("inside: %v, the other: %v", inside.Err(), other.Err())
	}
	if _, err := d.enter(late); err == nil {
		t.Error("who logged in meanwhile enters")
	}
	if err := entryOf(d).keep(late.Peer()); err == nil {
		t.Error("its key is kept")
	}
	if all, err := d.grants.List(); err != nil || len(all) != 0 {
		t.Errorf("grants %v, %v", all, err)
	}
	d.look()
	if d.look() {
		t.Error("nothing changed, and something is seen")
	}
}

// However revoking and keeping come one after the other, no grant is left.
func TestKeepWhileRevoked(t *testing.T) {
	for range 20 {
		x := treeToken{Token: transport.NewToken().Public()}
		d, h := doorOf(t, x)
		var both sync.WaitGroup
		both.Go(func() { _ = entryOf(d).keep(guestBy(x.Token.ID()).Peer()) }) // it may come too late
		both.Go(func() {
			if err := h.revoke(condemned{x.Token.ID(), []string{"/srv"}}, time.Now()); err != nil {
				t.Error(err)
			}
		})
		both.Wait()
		if all, err := d.grants.List(); err != nil || len(all) != 0 {
			t.Fatalf("left are %v, %v", all, err)
		}
	}
}

// What came by a token is remembered over restarts, and added up by several servers.
func TestTokenUsage(t *testing.T) {
	name := filepath.Join(t.TempDir(), "use.json")
	one, err1 := openUsage(name)
	two, err2 := openUsage(name)
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	one.came("x", "192.0.2.1:1")
	one.of("x").Used += 5
	two.of("x").Used += 7
	if err := one.save(); err != nil {
		t.Fatal(err)
	}
	if err := two.save(); err != nil {
		t.Fatal(err)
	}
	three, err := openUsage(name)
	if err != nil || three.kept["x"].Used != 12 || three.kept["x"].From != "192.0.2.1:1" {
		t.Fatalf("%+v, %v", three.kept["x"], err)
	}
	if used := three.quota("x", 20, nil).Used(); used != 12 {
		t.Errorf("the quota begins with %d", used)
	}
	if err := os.WriteFile(name, []byte(`{"x":{"used":-1}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if u, err := openUsage(name); err == nil || u == nil || u.quota("x", 1, nil).Used() != 0 {
		t.Errorf("a damaged file: %v", err)
	}
	if _, err := os.Stat(name + ".damaged"); err != nil {
		t.Error(err)
	}
}

// Each subject has a directory of its own, and none gets at another's by a name that
// some disk takes for the same, by a link, or by a path.
func TestSubjectsAndTheirDirectories(t *testing.T) {
	signer := ed25519.NewKeyFromSeed([]byte(strings.Repeat("s", 32)))
	holder := ed25519.NewKeyFromSeed([]byte(strings.Repeat("h", 32))).Public().(ed25519.PublicKey)
	dir := t.TempDir()
	served, err := session.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer served.Close()
	if err := os.Symlink("/etc", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	d := &jwtDoor{perUser: served, make: true, shown: map[string]shownJWT{}, keys: []ed25519.PublicKey{signer.Public().(ed25519.PublicKey)}}
	n := 0
	come := func(subject, path string) (transport.Grant, error) {
		n++
		j := serveJWT{ID: fmt.Sprint(n), Subject: subject, Holder: transport.Thumbprint(holder), Expires: time.Now().Add(time.Hour), Terms: serveTerms{Path: path}}
		word, err := j.sign(signer, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return d.judge(word, holder, nil, slog.New(slog.DiscardHandler))
	}
	if g, err := come("alice", "/in"); err != nil || g.Path != "/alice/in" {
		t.Errorf("%+v, %v", g, err)
	}
	if _, err := served.Stat(context.Background(), mustPath(t, "alice")); err != nil {
		t.Error(err)
	}
	for _, subject := range []string{"", ".", "..", "Alice", "a/b", ".hidden", "alice.", "a\\b", "con:", "-rf", "a b", "älice", strings.Repeat("a", 65)} {
		if g, err := come(subject, ""); err == nil {
			t.Errorf("%q may see %s", subject, g.Path)
		}
	}
	for _, path := range []string{"/../bob", "bob", "/a/../../bob", "/."} {
		if g, err := come("alice", path); err == nil {
			t.Errorf("alice may see %s by %q", g.Path, path)
		}
	}
	// The link is in the way, and session.Server enters none.
	if g, err := come("link", ""); err == nil && g.Path != "/link" {
		t.Errorf("a link: %+v", g)
	}
}

func mustPath(t *testing.T, s string) session.Path {
	t.Helper()
	p, err := session.ParsePath(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Who a JWT let in is cut off when who signed it is not trusted any more, also if it was
// another login that noticed.
func TestSignerIsReplaced(t *testing.T) {
	signer := ed25519.NewKeyFromSeed([]byte(strings.Repeat("s", 32)))
	holder := ed25519.NewKeyFromSeed([]byte(strings.Repeat("h", 32))).Public().(ed25519.PublicKey)
	name := filepath.Join(t.TempDir(), "trusted")
	put := func(k ed25519.PublicKey) {
		der, err := x509.MarshalPKIXPublicKey(k)
		if err == nil {
			os.Remove(name)
			err = writePEM(name, pemPublic, 0o644, der)
		}
		if err == nil { // files are told apart by it
			err = os.Chtimes(name, time.Now(), time.Now().Add(time.Duration(k[0])*time.Second))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	put(signer.Public().(ed25519.PublicKey))
	d, _ := doorOf(t)
	var err error
	if d.jwt, err = openJWTDoor([]string{name}, nil, false); err != nil {
		t.Fatal(err)
	}
	word, err := serveJWT{ID: "1", Subject: "alice", Holder: transport.Thumbprint(holder), Expires: time.Now().Add(time.Hour)}.sign(signer, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	g, err := d.pass(word, holder)
	if err != nil {
		t.Fatal(err)
	}
	l, _ := transport.Pipe()
	inside := guest{l, g}
	if _, err := d.enter(inside); err != nil {
		t.Fatal(err)
	}
	if d.look(); inside.Err() != nil {
		t.Error("cut off while all is as it was")
	}
	put(holder)
	if _, err := d.pass(word, holder); !errors.Is(err, transport.ErrForgedPass) {
		t.Errorf("again: %v", err)
	}
	if d.look(); inside.Err() == nil {
		t.Error("who was in stays in")
	}
	if err := entryOf(d).keep(inside.Peer()); err == nil {
		t.Error("a key is kept by a JWT")
	}
}
