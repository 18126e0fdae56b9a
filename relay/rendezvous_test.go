package relay

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/bargee/bargee/transport"
)

// A host is somebody who keeps a room open at a bed's relay.
type host struct {
	endpoint *transport.Endpoint
	hosted   *transport.Hosted
	key      transport.Fingerprint
	secret   transport.Secret // of who joins
	name     transport.RoomName
}

func (b *bed) remote(token bool) transport.RelayRemote {
	r := transport.RelayRemote{Address: b.plane.Addr().String(), Key: b.relay.cfg.Endpoint.Fingerprint()}
	if token {
		r.Secret = transport.SecretOf(b.token)
	}
	return r
}

// endpoint is one on loopback, for the time of the test.
func (b *bed) endpoint(cfg transport.Config) *transport.Endpoint {
	b.t.Helper()
	if cfg.Identity == nil {
		cfg.Identity = identity(b.t)
	}
	e, err := transport.Listen("127.0.0.1:0", cfg)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { e.Close() })
	return e
}

func (b *bed) host(o transport.RoomOptions) *host {
	b.t.Helper()
	token := transport.NewToken()
	h := &host{secret: transport.SecretOf(token), name: transport.RoomName{4, 2}}
	h.endpoint = b.endpoint(transport.Config{Admission: &transport.Admission{Tree: "/", Tokens: transport.Tokens(token.Public())}})
	h.key = h.endpoint.Fingerprint()
	var err error
	if h.hosted, err = h.endpoint.Host(b.t.Context(), b.remote(true), h.name, o); err != nil {
		b.t.Fatal(err)
	}
	return h
}

// Who hosts a room is dialled there like anywhere else, and both go on directly by
// themselves.
func TestDialRoom(t *testing.T) {
	b := newBed(t)
	h := b.host(transport.RoomOptions{})
	near := b.endpoint(transport.Config{})
	for range 3 { // one after the other
		l, err := near.DialRoom(t.Context(), b.remote(false), h.name, transport.Remote{Key: h.key, Secret: h.secret, Lanes: 2})
		if err != nil {
			t.Fatal(err)
		}
		far, err := h.endpoint.Accept(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if p := far.Peer(); p.Room != h.name || p.Key != near.Fingerprint() || p.Grant.Tree != "/" {
			t.Errorf("who joined is %+v", p)
		}
		if p := l.Peer(); p.Key != h.key {
			t.Errorf("who was joined is %+v", p)
		}
		go echo(t.Context(), far)
		exchange(t, l, []byte("at once, whichever way"))
		wantPaths(t, l, map[transport.Path]int{transport.PathRelay: 1, transport.PathDirect: 2})
		wantPaths(t, far, map[transport.Path]int{transport.PathRelay: 1, transport.PathDirect: 2})
		l.Close("over")
		<-far.Done()
	}
	b.until(func() bool { return b.relay.Status().Legs == 0 }) // both leave at once
}

// An endpoint that lets nobody in hosts a room all the same, and lets in there who
// has the room's secret, and takes their direct lanes.
func TestHostOnly(t *testing.T) {
	b := newBed(t)
	token := transport.NewToken()
	e, near := b.endpoint(transport.Config{}), b.endpoint(transport.Config{})
	name := transport.RoomName{1}
	h, err := e.Host(t.Context(), b.remote(true), name, transport.RoomOptions{
		For: time.Minute, Joins: 1, Admission: &transport.Admission{Tree: "/room", Tokens: transport.Tokens(token.Public())}})
	if err != nil {
		t.Fatal(err)
	}
	if s := h.State(); !s.Open || time.Until(s.Until) > time.Minute {
		t.Errorf("the room is %+v", s)
	}
	l, err := near.DialRoom(t.Context(), b.remote(false), name, transport.Remote{Secret: transport.SecretOf(token), Lanes: 2})
	if err != nil {
		t.Fatal(err)
	}
	far, err := e.Accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if g := far.Peer().Grant; g.Tree != "/room" {
		t.Errorf("it was let in to %q", g.Tree)
	}
	wantPaths(t, l, map[transport.Path]int{transport.PathRelay: 1, transport.PathDirect: 2})
	h.Close()
	go echo(t.Context(), far)
	exchange(t, l, []byte("the link needs no room"))
	if _, err := near.Dial(t.Context(), transport.Remote{Addresses: []string{e.Addr().String()}, Secret: transport.SecretOf(token)}); !errors.Is(err, transport.ErrAuth) {
		t.Errorf("without the room: %v", err)
	}
}

// What cannot be is said at once.
// It holds F90.
func TestRoomsThatCannotBe(t *testing.T) {
	b := newBed(t)
	h := b.host(transport.RoomOptions{})
	near := b.endpoint(transport.Config{})
	to := transport.Remote{Key: h.key, Secret: h.secret}
	other, wrong := b.remote(true), b.remote(false)
	other.Secret = transport.SecretOf(transport.NewToken())
	wrong.Key = h.key
	if _, err := h.endpoint.Host(t.Context(), other, transport.RoomName{9}, transport.RoomOptions{}); !errors.Is(err, transport.ErrAuth) {
		t.Errorf("a wrong token of the relay's: %v", err)
	}
	if _, err := h.endpoint.Host(t.Context(), b.remote(false), transport.RoomName{9}, transport.RoomOptions{}); !errors.Is(err, transport.ErrAuth) {
		t.Errorf("no token of the relay's: %v", err)
	}
	if _, err := near.DialRoom(t.Context(), wrong, h.name, to); !errors.Is(err, transport.ErrKeyChanged) {
		t.Errorf("another relay than the pinned one: %v", err)
	}
	if _, err := near.DialRoom(t.Context(), b.remote(false), transport.RoomName{9}, to); !errors.Is(err, transport.ErrNoRoom) {
		t.Errorf("a room that is not there: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	to.Secret = transport.SecretOf(transport.NewToken())
	if _, err := near.DialRoom(ctx, b.remote(false), h.name, to); !errors.Is(err, transport.ErrAuth) {
		t.Errorf("a wrong secret: %v", err)
	}
	b.until(func() bool { return b.relay.Status().Sessions == 0 }) // it was told
	if _, err := near.DialRoom(t.Context(), b.remote(false), h.name, to); !errors.Is(err, transport.ErrRoomBusy) {
		t.Errorf("after a wrong secret: %v", err)
	}
}

// A peer that is on its way back is waited for, and who opens a room again on a newer
// link has it at once.
func TestRoomWaitedFor(t *testing.T) {
	b := newBed(t)
	near, token := b.endpoint(transport.Config{}), transport.NewToken()
	e := b.endpoint(transport.Config{Admission: &transport.Admission{Tree: "/", Tokens: transport.Tokens(token.Public())}})
	name := transport.RoomName{3}
	met := make(chan error, 1)
	go func() {
		l, err := near.DialRoom(t.Context(), b.remote(false), name, transport.Remote{Key: e.Fingerprint(), Secret: transport.SecretOf(token), Wait: true})
		if err == nil {
			err = l.Close("over")
		}
		met <- err
	}()
	b.until(func() bool {
		b.relay.mu.Lock()
		defer b.relay.mu.Unlock()
		return len(b.relay.rooms.awaited) == 1
	})
	if _, err := e.Host(t.Context(), b.remote(true), name, transport.RoomOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := <-met; err != nil {
		t.Error(err)
	}
}

// Honest joins are not counted: one may come as often as one likes.
func TestWelcomeIsNotCounted(t *testing.T) {
	b := newBed(t)
	h := b.host(transport.RoomOptions{})
	near := b.endpoint(transport.Config{})
	for range 2 * defaultRoomLimits.perMinute {
		l, err := near.DialRoom(t.Context(), b.remote(false), h.name, transport.Remote{Key: h.key, Secret: h.secret})
		if err != nil {
			t.Fatal(err)
		}
		far, err := h.endpoint.Accept(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		b.until(func() bool {
			b.relay.mu.Lock()
			defer b.relay.mu.Unlock()
			for _, j := range b.relay.rooms.sources {
				if j.minute.n > 0 {
					return false
				}
			}
			return true
		})
		l.Close("over")
		<-far.Done()
	}
}

// Peers that are let in count as those of the endpoint itself.
func TestClientsThroughARoom(t *testing.T) {
	b := newBed(t)
	token := transport.NewToken()
	e := b.endpoint(transport.Config{Admission: &transport.Admission{Tree: "/", Tokens: transport.Tokens(token.Public()), MaxClients: 1}})
	name := transport.RoomName{3}
	if _, err := e.Host(t.Context(), b.remote(true), name, transport.RoomOptions{}); err != nil {
		t.Fatal(err)
	}
	to := transport.Remote{Key: e.Fingerprint(), Secret: transport.SecretOf(token)}
	if _, err := b.endpoint(transport.Config{}).DialRoom(t.Context(), b.remote(false), name, to); err != nil {
		t.Fatal(err)
	}
	if _, err := b.endpoint(transport.Config{}).DialRoom(t.Context(), b.remote(false), name, to); !errors.Is(err, transport.ErrBusy) {
		t.Errorf("a second one: %v", err)
	}
	to.Addresses = []string{e.Addr().String()}
	if _, err := b.endpoint(transport.Config{}).Dial(t.Context(), to); !errors.Is(err, transport.ErrBusy) {
		t.Errorf("a second one, directly: %v", err)
	}
}
