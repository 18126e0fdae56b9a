package relay

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bargee/bargee/transport"
)

// A bed is a relay that serves on loopback, and what dials it.
type bed struct {
	t     testing.TB
	plane *Plane
	relay *Relay
	id    *transport.Identity // the relay's
	token transport.Token

	ledger *Ledger
	passes *Passes // that key 1 signs
	leave  func()  // of who joined in meet
}

func newBed(t *testing.T) *bed {
	t.Helper()
	return newBedServing(t, nil)
}

// newBedServing is newBed of a relay that answers HTTP.
func newBedServing(t testing.TB, web http.Handler) *bed {
	t.Helper()
	trusted, _ := keyPair(1)
	b := &bed{t: t, id: identity(t), token: transport.NewToken(), ledger: NewLedger(DefaultLimits, time.Now())}
	b.passes = NewPasses(b.ledger, trusted)
	b.plane = planeOnFreePort(t)
	e, err := transport.NewEndpoint(b.plane.Own(), transport.Config{
		Identity:  b.id,
		Admission: &transport.Admission{Tree: "relay", Tokens: transport.Tokens(b.token.Public()), Guests: true, Pass: b.passes.Judge},
	})
	if err != nil {
		t.Fatal(err)
	}
	b.relay = New(Config{Plane: b.plane, Endpoint: e, Ledger: b.ledger, Web: web})
	over := make(chan error, 1)
	go func() { over <- b.relay.Serve(context.Background()) }()
	t.Cleanup(func() {
		e.Close()
		<-over
		b.plane.Close()
	})
	return b
}

// planeOnFreePort is a plane at a port that is free for TCP too: bed.carry takes it. It
// has a second entrance.
func planeOnFreePort(t testing.TB) *Plane {
	t.Helper()
	for {
		p, err := NewPlane("127.0.0.1:0", 1, "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		l, err := net.Listen("tcp", p.Addr().String())
		if err == nil {
			l.Close()
			return p
		}
		p.Close()
	}
}

func identity(t testing.TB) *transport.Identity {
	t.Helper()
	id, err := transport.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// dial links to the relay, with the token or as a guest.
func (b *bed) dial(guest bool) transport.Link {
	_, l := b.dialAs(identity(b.t), nil, guest)
	return l
}

// dialAs is dial, on an endpoint that lets others in.
func (b *bed) dialAs(id *transport.Identity, admission *transport.Admission, guest bool) (*transport.Endpoint, transport.Link) {
	b.t.Helper()
	e, err := transport.ListenToRelay(":0", transport.Config{Identity: id, Admission: admission}, b.plane.Addr().String())
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { e.Close() })
	r := transport.Remote{Addresses: []string{b.plane.Addr().String()}, Guest: guest, As: id.ForRelay(b.plane.Addr().String())}
	if !guest {
		r.Secret = transport.SecretOf(b.token)
	}
	l, err := e.Dial(b.t.Context(), r)
	if err != nil {
		b.t.Fatal(err)
	}
	return e, l
}

// meet has two peers that know a room, one of which has a token, link to each other
// through the relay; with direct they may go on without it.
func (b *bed) meet(direct bool) (near, far transport.Link) {
	t := b.t
	t.Helper()
	name := transport.RoomName{1, 2, 3}
	secret, alice, bob := transport.NewToken(), identity(t), identity(t)
	admission := &transport.Admission{Tree: "/", Tokens: transport.Tokens(secret.Public())}
	opening, opener := b.dialAs(alice, admission, false)
	room, err := transport.OpenRoom(t.Context(), opener, name, time.Minute, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(room.Close)
	joining, joiner := b.dialAs(bob, nil, true)
	if !direct {
		opening, joining = nil, nil
	}
	met := make(chan transport.Link, 1)
	go func() {
		defer close(met)
		failed := func(err error) bool {
			if err != nil && t.Context().Err() == nil { // else the test is over, for another reason
				t.Error(err)
			}
			return err != nil
		}
		leg, err := room.Next()
		if failed(err) {
			return
		}
		e, err := transport.ListenByRelay(t.Context(), leg, transport.Config{Identity: alice, Admission: admission}, opening)
		if failed(err) {
			return
		}
		t.Cleanup(func() { e.Close() })
		l, err := e.Accept(t.Context())
		failed(err)
		met <- l
	}()
	leg, err := transport.JoinRoom(t.Context(), joiner, name)
	if err != nil {
		t.Fatal(err)
	}
	e, err := transport.ListenByRelay(t.Context(), leg, transport.Config{Identity: bob}, joining)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	b.leave = func() { e.Close() }
	near, err = e.Dial(t.Context(), transport.Remote{Addresses: []string{leg.Relay}, Secret: transport.SecretOf(secret), Lanes: 2})
	if err != nil {
		t.Fatal(err)
	}
	if key := near.Peer().Key; key != alice.Fingerprint() {
		t.Errorf("behind the relay is %v", key)
	}
	return near, <-met
}

// Two peers that know a room get a link to each other through the relay.
func TestMeetInARoom(t *testing.T) {
	b := newBed(t)
	near, far := b.meet(false)
	go echo(t.Context(), far)
	exchange(t, near, []byte("by way of the relay"))
	wantPaths(t, near, map[transport.Path]int{transport.PathRelay: 2})
	if s := b.relay.Status(); s.Rooms != 1 || s.Sessions != 1 || s.Legs != 2 || s.Packets == 0 {
		t.Errorf("the relay says %v", s)
	}
}

// A relay sees another key of each peer than their own.
func TestRelayLearnsNoKeys(t *testing.T) {
	b := newBed(t)
	near, _ := b.meet(false)
	for _, l := range b.relay.cfg.Endpoint.Links() {
		if l.Peer().Key == near.Peer().Key {
			t.Error("the relay sees the key of who opened the room")
		}
	}
	if n := len(b.relay.cfg.Endpoint.Links()); n != 2 {
		t.Errorf("the relay has %d links", n)
	}
}

// With direct sockets they go on without it, by themselves.
func TestGoOnDirectly(t *testing.T) {
	b := newBed(t)
	near, far := b.meet(true)
	go echo(t.Context(), far)
	exchange(t, near, []byte("at once, whichever way"))
	wantPaths(t, near, map[transport.Path]int{transport.PathRelay: 1, transport.PathDirect: 2})
	before := b.plane.Traffic().Bytes
	exchange(t, near, make([]byte, 1<<20))
	if more := b.plane.Traffic().Bytes - before; more > 1<<16 {
		t.Errorf("%d bytes went by way of the relay", more)
	}
}

// What a relay refuses, it says why.
func TestRelayRefuses(t *testing.T) {
	b := newBed(t)
	guest, owner := b.dial(true), b.dial(false)
	name := transport.RoomName{7}
	if _, err := transport.OpenRoom(t.Context(), guest, name, 0, 0); !errors.Is(err, transport.ErrAuth) || !strings.Contains(err.Error(), "token") {
		t.Errorf("a guest opens a room: %v", err)
	}
	if _, err := transport.JoinRoom(t.Context(), guest, name); !errors.Is(err, transport.ErrNoRoom) {
		t.Errorf("a room that is not there: %v", err)
	}
	room, err := transport.OpenRoom(t.Context(), owner, name, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := transport.OpenRoom(t.Context(), b.dial(false), name, 0, 0); !errors.Is(err, transport.ErrRoomBusy) {
		t.Errorf("a room opened twice: %v", err)
	}
	leg, err := transport.JoinRoom(t.Context(), guest, name)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := room.Next()
	if err != nil {
		t.Fatal(err)
	}
	if theirs.Session != leg.Session || theirs.Number != 0 || leg.Number != 1 || string(theirs.Key) == string(leg.Key) {
		t.Errorf("the legs are %v and %v", theirs, leg)
	}
	if err := room.Reject(theirs, true); err != nil {
		t.Fatal(err)
	}
	b.until(func() bool { return b.relay.Status().Sessions == 0 })
	if _, err := transport.JoinRoom(t.Context(), b.dial(true), name); !errors.Is(err, transport.ErrRoomBusy) || !strings.Contains(err.Error(), "15m") {
		t.Errorf("after a wrong secret: %v", err)
	}
	room.Close()
	b.until(func() bool { return b.relay.Status().Rooms == 0 })
}

// until waits for what the relay does after it heard a peer.
func (b *bed) until(done func() bool) {
	b.t.Helper()
	for tick := time.NewTicker(time.Millisecond); !done(); {
		select {
		case <-tick.C:
		case <-b.t.Context().Done():
			b.t.Fatal("it does not come about")
		}
	}
}

// Sessions that nobody uses end, after a minute; those that are used do not.
func TestIdleSessionsEnd(t *testing.T) {
	b := newBed(t)
	o := newOpener("x", b.plane.Addr(), nil)
	name := roomName{1}
	b.relay.rooms.begin(name, o, 0, 0, b.relay.now())
	_, opens, _, refused := b.relay.match(name, b.plane.Addr())
	if refused != nil {
		t.Fatal(refused)
	}
	b.relay.match(name, b.plane.Addr())
	leg := transport.Leg{Relay: b.plane.Addr().String(), Session: opens.Session, Key: opens.Key}
	e, err := transport.ListenByRelay(t.Context(), leg, transport.Config{Identity: identity(t)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	b.relay.sweepOnce(b.relay.now().Add(graceful / 2))
	if n := b.relay.Status().Sessions; n != 2 {
		t.Errorf("%d sessions, want 2", n)
	}
	b.relay.sweepOnce(b.relay.now().Add(2 * graceful))
	if n := b.relay.Status().Sessions; n != 1 {
		t.Errorf("%d sessions, want 1", n)
	}
}
