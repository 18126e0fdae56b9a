package transport

import (
	"errors"
	"testing"
)

// Who comes for an errand is let in by it and its key alone, comes out of no Accept,
// and is told nothing of where the server can be met.
func TestErrand(t *testing.T) {
	errands := &Errands{}
	token := testToken("errand")
	e := serveOn(t, Config{Admission: &Admission{Tree: "/srv", Tokens: Tokens(token.Public()), Errands: errands,
		Meet: func(Grant) Rendezvous { return Rendezvous{Room: RoomSecret{1}} }}})
	c := dialFrom(t, Config{})
	came := make(chan Link, 1)
	errand, cancel := errands.Expect(testIdentity("client").Fingerprint(), func(l Link) { came <- l })
	r := Remote{Addresses: []string{e.Addr().String()}, Key: testIdentity("server").Fingerprint(), Errand: errand}
	l, err := c.Dial(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	far := <-came
	if far.Peer().Key != testIdentity("client").Fingerprint() || far.Peer().Grant != (Grant{}) || !l.Peer().Meet.IsZero() {
		t.Errorf("the server sees %+v, the client %+v", far.Peer(), l.Peer())
	}
	far.Close("")
	<-l.Done()

	refused := func(what string, r Remote) {
		t.Helper()
		if _, err := c.Dial(t.Context(), r); !errors.Is(err, ErrAuth) {
			t.Errorf("%s: %v", what, err)
		}
	}
	other := r
	other.Errand[0]++
	refused("another errand", other)
	other = r
	other.Key = Fingerprint{}
	refused("a server that is not known", other)

	other = r
	other.Errand, _ = errands.Expect(testIdentity("other").Fingerprint(), func(Link) { t.Error("let in") })
	refused("the errand of somebody else", other)
	cancel()
	refused("one that is over", r)
	e.Admit(&Admission{Tree: "/srv", Tokens: Tokens(token.Public())})
	refused("a server that awaits nobody", r)
}
