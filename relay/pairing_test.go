package relay

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/bargee/bargee/transport"
)

// welcome has somebody show codes at the bed's relay.
func (b *bed) welcome(guests int) (*transport.Endpoint, *transport.Invitation, *transport.Welcome) {
	b.t.Helper()
	v, err := transport.Invite(transport.InvitationOptions{Relay: b.plane.Addr().String(), Guests: guests})
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(v.Close)
	e := b.endpoint(transport.Config{Admission: &transport.Admission{Tree: "/", Code: v}})
	w, err := e.Welcome(b.t.Context(), v, transport.Doors{Relay: b.remote(true)}, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return e, v, w
}

// Who types a code needs nothing else: it names the relay, which takes him as a guest.
func TestPairByCode(t *testing.T) {
	b := newBed(t)
	e, v, w := b.welcome(1)
	near := b.endpoint(transport.Config{})
	code, err := transport.ParseCode(w.State().Code.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // a rerun, by the same key
		l, err := near.DialCode(t.Context(), code, transport.Doors{}, transport.Remote{Lanes: 2})
		if err != nil {
			t.Fatal(err)
		}
		far, err := e.Accept(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if p := far.Peer(); p.Room != code.Room() || p.Words != l.Peer().Words || p.Key != near.Fingerprint() || l.Peer().Key != e.Fingerprint() {
			t.Errorf("who came is %+v, and met %+v", p, l.Peer())
		}
		go echo(t.Context(), far)
		exchange(t, l, []byte("at once"))
		wantPaths(t, l, map[transport.Path]int{transport.PathRelay: 1, transport.PathDirect: 2})
		l.Close("over")
	}
	st := w.State()
	for st.Left > 0 {
		if st, err = w.Next(t.Context(), st); err != nil {
			t.Fatal(err)
		}
	}
	if !st.Code.IsZero() || len(st.Rooms) != 1 {
		t.Errorf("after the only guest: %+v", st)
	}
	other := b.endpoint(transport.Config{})
	if _, err := other.DialCode(t.Context(), code, transport.Doors{}, transport.Remote{}); !errors.Is(err, transport.ErrAuth) {
		t.Errorf("another guest: %v", err)
	}
	v.Close()
	w.Close()
	b.until(func() bool { return b.relay.Status().Rooms == 0 })
	if _, err := near.DialCode(t.Context(), code, transport.Doors{}, transport.Remote{}); !errors.Is(err, transport.ErrNoRoom) {
		t.Errorf("after the end: %v", err)
	}
}

// A wrong code counts at the one who shows it, and locks its network out at the relay.
func TestWrongCodeAtRelay(t *testing.T) {
	b := newBed(t)
	_, v, w := b.welcome(1)
	code := w.State().Code
	wrong, err := transport.NewCode(b.plane.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	// Of its words and the right number.
	if wrong, err = transport.ParseCode(code.Number() + wrong.Reveal()[4:]); err != nil {
		t.Fatal(err)
	}
	near := b.endpoint(transport.Config{})
	if _, err := near.DialCode(t.Context(), wrong, transport.Doors{}, transport.Remote{}); !errors.Is(err, transport.ErrAuth) {
		t.Errorf("a wrong code: %v", err)
	}
	if st := v.State(); st.Wrong != 1 || st.Code != code {
		t.Errorf("then: %+v", st)
	}
	b.until(func() bool {
		_, err := near.DialCode(t.Context(), code, transport.Doors{}, transport.Remote{})
		return errors.Is(err, transport.ErrRoomBusy)
	})
}

// A code whose number somebody else has at the relay is replaced by one with a longer
// number, before anybody sees it.
func TestCodeNumberTaken(t *testing.T) {
	b := newBed(t)
	v, err := transport.Invite(transport.InvitationOptions{Relay: b.plane.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	first := v.State().Code
	squatter := b.endpoint(transport.Config{Admission: &transport.Admission{Tree: "/"}})
	if _, err := squatter.Host(t.Context(), b.remote(true), first.Room(), transport.RoomOptions{}); err != nil {
		t.Fatal(err)
	}
	e := b.endpoint(transport.Config{Admission: &transport.Admission{Tree: "/", Code: v}})
	w, err := e.Welcome(t.Context(), v, transport.Doors{Relay: b.remote(true)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	st := w.State()
	if st.Why != transport.CodeTaken || len(st.Code.Number()) != 5 {
		t.Fatalf("the code has the number %s, %q", st.Code.Number(), st.Why)
	}
	if _, err := b.endpoint(transport.Config{}).DialCode(t.Context(), st.Code, transport.Doors{}, transport.Remote{}); err != nil {
		t.Error(err)
	}
}

// A code whose room somebody else has after the relay lost us is replaced, too.
func TestCodeNumberTakenLater(t *testing.T) {
	b := newBed(t)
	_, _, w := b.welcome(1)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	first := w.State()
	b.takeRoom(ctx, b.endpoint(transport.Config{Admission: &transport.Admission{Tree: "/"}}), first.Code.Room())
	second, err := w.Next(ctx, first)
	if err != nil || second.Why != transport.CodeTaken || len(second.Code.Number()) != 5 {
		t.Fatalf("the code has the number %s, %q: %v", second.Code.Number(), second.Why, err)
	}
}

// takeRoom has e open a room that another one has open, whose link to the relay is cut.
func (b *bed) takeRoom(ctx context.Context, e *transport.Endpoint, room transport.RoomName) {
	b.t.Helper()
	for {
		for _, l := range b.relay.cfg.Endpoint.Links() {
			l.Close("cut")
		}
		_, err := e.Host(ctx, b.remote(true), room, transport.RoomOptions{})
		if err == nil {
			return
		}
		if !errors.Is(err, transport.ErrRoomOpen) { // the first one was faster
			b.t.Fatal(err)
		}
	}
}

// Codes are replaced together with their rooms, and who types the one before is told
// so. It holds F94.
func TestCodeExpiresAtRelay(t *testing.T) {
	b := newBed(t)
	v, err := transport.Invite(transport.InvitationOptions{Relay: b.plane.Addr().String(), TTL: 300 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	e := b.endpoint(transport.Config{Admission: &transport.Admission{Tree: "/", Code: v}})
	w, err := e.Welcome(t.Context(), v, transport.Doors{Relay: b.remote(true)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	first := w.State()
	second, err := w.Next(t.Context(), first)
	if err != nil || second.Why != transport.CodeExpired || second.Code.Room() == first.Code.Room() {
		t.Fatalf("%+v, %v", second, err)
	}
	near := b.endpoint(transport.Config{HandshakeTimeout: 2 * time.Second})
	for range 10 {
		_, err = near.DialCode(t.Context(), first.Code, transport.Doors{}, transport.Remote{})
		if !errors.Is(err, context.DeadlineExceeded) {
			break // else it joined just before the relay heard that the room is closed
		}
	}
	if !errors.Is(err, transport.ErrNoRoom) || !strings.Contains(err.Error(), "it is over") {
		t.Errorf("the first code: %v", err)
	}
}

// A relay that is not there is an error at once, for both sides.
func TestCodeWithoutRelay(t *testing.T) {
	b := newBed(t)
	gone := b.remote(true)
	gone.Address = "127.0.0.1:9"
	v, err := transport.Invite(transport.InvitationOptions{Relay: gone.Address})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	e := b.endpoint(transport.Config{Admission: &transport.Admission{Tree: "/", Code: v}, HandshakeTimeout: time.Second})
	if _, err := e.Welcome(t.Context(), v, transport.Doors{Relay: gone}, nil); !errors.Is(err, transport.ErrUnreachable) {
		t.Errorf("who shows: %v", err)
	}
	near := b.endpoint(transport.Config{HandshakeTimeout: time.Second})
	if _, err := near.DialCode(t.Context(), v.State().Code, transport.Doors{}, transport.Remote{}); !errors.Is(err, transport.ErrUnreachable) {
		t.Errorf("who types: %v", err)
	}
}

// Two with the same token meet at the relay, whoever is first; one of them needs no
// token of the relay's.
func TestMeetAtRelay(t *testing.T) {
	for name, opens := range map[string]struct{ first, second bool }{
		"both may open": {true, true}, "a guest comes second": {true, false}, "a guest comes first": {false, true},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBed(t)
			token := transport.NewToken()
			meet := func(ctx context.Context, opens bool, ready func()) (transport.Link, error) {
				e := b.endpoint(transport.Config{Admission: &transport.Admission{Tree: "/", Tokens: transport.Tokens(token.Public())}})
				return e.Meet(ctx, transport.Meeting{
					Room: transport.RoomOfToken(token.Public()), Doors: transport.Doors{Relay: b.remote(opens)},
					To: transport.Remote{Secret: transport.SecretOf(token)}, Ready: ready,
				})
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			type result struct {
				transport.Link
				error
			}
			ready, first := make(chan struct{}), make(chan result)
			go func() {
				l, err := meet(ctx, opens.first, func() { close(ready) })
				first <- result{l, err}
			}()
			<-ready
			l, err := meet(ctx, opens.second, func() {})
			if err != nil {
				t.Fatal(err)
			}
			far := <-first
			if far.error != nil || far.Peer().Words != l.Peer().Words {
				t.Fatal(far.error)
			}
			go echo(t.Context(), far)
			exchange(t, l, []byte("met"))
		})
	}
}

// Who waited at the relay, was away for a while, and finds that the other one came
// meanwhile and waits there now, comes to that one.
func TestMeetAfterAbsence(t *testing.T) {
	b := newBed(t)
	token := transport.NewToken()
	admit := transport.Config{Admission: &transport.Admission{Tree: "/", Tokens: transport.Tokens(token.Public())}}
	room := transport.RoomOfToken(token.Public())
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ready, met := make(chan struct{}), make(chan error, 1)
	first, second := b.endpoint(admit), b.endpoint(admit)
	go func() {
		_, err := first.Meet(ctx, transport.Meeting{
			Room: room, Doors: transport.Doors{Relay: b.remote(true)},
			To: transport.Remote{Secret: transport.SecretOf(token)}, Ready: func() { close(ready) },
		})
		met <- err
	}()
	<-ready
	b.takeRoom(ctx, second, room)
	if _, err := second.Accept(ctx); err != nil {
		t.Error(err)
	}
	if err := <-met; err != nil {
		t.Error(err)
	}
}

// A wrong token of the relay's ends a meeting: waiting would not help.
func TestMeetWithWrongRelayToken(t *testing.T) {
	b := newBed(t)
	token := transport.NewToken()
	e := b.endpoint(transport.Config{Admission: &transport.Admission{Tree: "/", Tokens: transport.Tokens(token.Public())}})
	relay := b.remote(true)
	relay.Secret = transport.SecretOf(transport.NewToken())
	_, err := e.Meet(t.Context(), transport.Meeting{
		Room: transport.RoomOfToken(token.Public()), Doors: transport.Doors{Relay: relay}, To: transport.Remote{Secret: transport.SecretOf(token)}})
	if !errors.Is(err, transport.ErrAuth) {
		t.Error(err)
	}
}

// Thousands of pairings opened at once with one token: so many as a token may have are,
// the others are told so, and another token's are none the worse. It holds M91.
func TestThousandPairings(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes long, above all under the race detector")
	}
	r, now := newRooms(defaultRoomLimits), time.Unix(1_000_000, 0)
	opened := 0
	for n := range defaultRoomLimits.perToken + 1000 {
		name := roomName{byte(n), byte(n >> 8)}
		_, refused := r.begin(name, newOpener("t", netip.AddrPort{}, nil), 10*time.Minute, 1, now)
		switch {
		case refused == nil:
			opened++
		case refused.why != whyLimit:
			t.Fatalf("the %dth: %v", n, refused)
		}
	}
	if opened != defaultRoomLimits.perToken {
		t.Errorf("%d are open", opened)
	}
	if _, refused := r.begin(roomName{0, 0, 1}, newOpener("u", netip.AddrPort{}, nil), 10*time.Minute, 1, now); refused != nil {
		t.Errorf("another token: %v", refused)
	}
}

// While the relay lets nobody wait no code is shown, and another one as soon as it does
// again.
func TestCodeWhileRelayRefuses(t *testing.T) {
	b := newBed(t)
	v, err := transport.Invite(transport.InvitationOptions{Relay: b.plane.Addr().String(), TTL: 300 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	e := b.endpoint(transport.Config{Admission: &transport.Admission{Tree: "/", Code: v}})
	w, err := e.Welcome(t.Context(), v, transport.Doors{Relay: b.remote(true)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	admit := func(tokens ...transport.TokenPublic) {
		t.Helper()
		if err := b.relay.cfg.Endpoint.Admit(&transport.Admission{Tree: "relay", Tokens: transport.Tokens(tokens...), Guests: true}); err != nil {
			t.Fatal(err)
		}
	}
	until := func(st transport.InvitationState, want bool) transport.InvitationState {
		t.Helper()
		for st.Code.IsZero() == want {
			if st, err = w.Next(t.Context(), st); err != nil {
				t.Fatal(err)
			}
		}
		return st
	}
	st := w.State()
	first := st.Code
	admit()
	st = until(st, false)
	if st.Ended || st.Left != 1 || !errors.Is(st.Err, transport.ErrAuth) {
		t.Errorf("without a code: %+v", st)
	}
	admit(b.token.Public())
	if st = until(st, true); st.Code == first {
		t.Error("the code is the one that is over")
	}
}
