package transport

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/bargee/bargee/transport/lan"
)

// testLAN is a local network of a test's own, that is this machine.
func testLAN(t *testing.T) *lan.Options {
	t.Helper()
	all, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	o := &lan.Options{Interfaces: []string{}, Port: 20000 + 8*rand.IntN(5000)}
	for _, i := range all {
		if i.Flags&net.FlagLoopback != 0 {
			o.Interfaces = append(o.Interfaces, i.Name)
		}
	}
	return o
}

func TestDials(t *testing.T) {
	small, large := lan.ID{1}, lan.ID{2}
	for _, test := range []struct {
		us    lan.ID
		now   lan.State
		them  lan.State
		dials bool
	}{
		{small, lan.Seeking, lan.Seeking, true},
		{large, lan.Seeking, lan.Seeking, false},
		{small, lan.Seeking, lan.Waiting, true},
		{large, lan.Seeking, lan.Waiting, true},
		{small, lan.Waiting, lan.Seeking, false},
		{large, lan.Waiting, lan.Seeking, false},
		{small, lan.Waiting, lan.Waiting, true},
		{large, lan.Waiting, lan.Waiting, false},
		{small, lan.Dialling, lan.Waiting, false},
		{small, lan.Waiting, lan.Dialling, false},
		{small, lan.Dialling, lan.Dialling, false},
	} {
		them := lan.Sighting{ID: lan.ID{3 - test.us[0]}, State: test.them}
		if got := dials(test.us, test.now, them); got != test.dials {
			t.Errorf("%d in state %d hears of state %d: dials: %v", test.us[0], test.now, test.them, got)
		}
	}
}

// meets has two equals meet, the second when the first one is ready.
func meets(t *testing.T, m Meeting, a, b Secret, together bool) (la, lb Link, errA, errB error) {
	t.Helper()
	admit := func(s Secret) *Admission {
		if token, ok := s.Token(); ok {
			return &Admission{Tree: "/", Tokens: Tokens(token.Public())}
		}
		return &Admission{Tree: "/", Phrase: s}
	}
	ea, eb := serveOn(t, Config{Admission: admit(a)}), serveOn(t, Config{Identity: testIdentity("client"), Admission: admit(b)})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ready, done := make(chan struct{}), make(chan struct{})
	ma, mb := m, m
	ma.To.Secret, mb.To.Secret = a, b
	ma.Ready = func() { close(ready) }
	go func() {
		defer close(done)
		la, errA = ea.Meet(ctx, ma)
	}()
	if !together {
		<-ready
	}
	if lb, errB = eb.Meet(ctx, mb); errB != nil {
		cancel()
	}
	<-done
	return la, lb, errA, errB
}

// TestMeet: who has the same token or phrase meets on the local network, whoever is
// first, and both have the same link.
func TestMeet(t *testing.T) {
	token := SecretOf(NewToken())
	phrase, err := ParseSecret("correct horse battery " + NewRoomNumber(9))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name     string
		secret   Secret
		together bool
	}{
		{"token, one after the other", token, false}, {"token, at once", token, true},
		{"phrase, one after the other", phrase, false}, {"phrase, at once", phrase, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := Meeting{Room: RoomNamed(NewRoomNumber(9)), Doors: Doors{LAN: testLAN(t)}}
			a, b, errA, errB := meets(t, m, test.secret, test.secret, test.together)
			if errA != nil || errB != nil {
				t.Fatal(errA, errB)
			}
			if a.Peer().Words != b.Peer().Words || a.Err() != nil || b.Err() != nil {
				t.Errorf("not the same link: %v, %v", a.Err(), b.Err())
			}
			near, far := openPair(t, a, b, Control)
			near.Close()
			far.Close()
			if a.Peer().Key != testIdentity("client").Fingerprint() || b.Peer().Key != testIdentity("server").Fingerprint() {
				t.Error("they met somebody else")
			}
		})
	}
}

// TestMeetWrongPhrase: who comes with another phrase is told so, and who waits goes on.
func TestMeetWrongPhrase(t *testing.T) {
	right, wrong := Secret{phrase: "correct horse battery"}, Secret{phrase: "another horse battery"}
	m := Meeting{Room: RoomNamed(NewRoomNumber(9)), Doors: Doors{LAN: testLAN(t)}}
	_, _, errA, errB := meets(t, m, right, wrong, false)
	if !errors.Is(errB, ErrAuth) || !errors.Is(errA, context.Canceled) {
		t.Errorf("who waits: %v; who comes: %v", errA, errB)
	}
}

// TestMeetOurselves: who makes us dial ourselves makes us stop, not believe that
// somebody came.
func TestMeetOurselves(t *testing.T) {
	token := SecretOf(NewToken())
	public := token.token.Public()
	room, doors := RoomOfToken(public), Doors{LAN: testLAN(t)}
	e := serveOn(t, Config{Admission: &Admission{Tree: "/", Tokens: Tokens(public)}})
	node, err := lan.Open(*doors.LAN)
	if err != nil {
		t.Fatal(err)
	}
	defer node.Close()
	// Somebody who knows the room says that he waits at our own address.
	node.Join(lan.Room(room), addressOf(e.Addr()), lan.Waiting, func(lan.Sighting) {})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := e.Meet(ctx, Meeting{Room: room, Doors: doors, To: Remote{Secret: token}}); !errors.Is(err, ErrProtocol) {
		t.Error(err)
	}
}

// TestMeetNobody: without the other side a meeting ends with its ctx, and leaves
// nothing behind.
func TestMeetNobody(t *testing.T) {
	e := serveOn(t, Config{Admission: &Admission{Tree: "/", Phrase: Secret{phrase: "correct horse battery"}}})
	ctx, cancel := context.WithCancel(t.Context())
	_, err := e.Meet(ctx, Meeting{
		Room: RoomNamed(NewRoomNumber(9)), Doors: Doors{LAN: testLAN(t)},
		To: Remote{Secret: Secret{phrase: "correct horse battery"}}, Ready: cancel,
	})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestCodeOnLAN: a code without a relay is good on the local network.
func TestCodeOnLAN(t *testing.T) {
	v, err := Invite(InvitationOptions{Guests: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	admission := &Admission{Tree: "/", Code: v}
	server := serveOn(t, Config{Admission: admission})
	doors := Doors{LAN: testLAN(t)}
	w, err := server.Welcome(t.Context(), v, doors, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	client := dialFrom(t, Config{})
	st := w.State()
	if _, err := client.DialCode(t.Context(), wrongCode(st.Code), doors, Remote{}); !errors.Is(err, ErrAuth) {
		t.Errorf("a wrong code: %v", err)
	}
	if now := v.State(); now.Wrong != 1 {
		t.Errorf("one wrong code counts %d times", now.Wrong)
	}
	first := st.Code
	for range 2 { // a rerun
		l, err := client.DialCode(t.Context(), first, doors, Remote{})
		if err != nil {
			t.Fatal(err)
		}
		far, err := server.Accept(t.Context())
		if err != nil || far.Peer().Words != l.Peer().Words || far.Peer().Grant.Origin != codeOrigin {
			t.Fatalf("%v, %+v", err, far.Peer())
		}
	}
	old := w.State()
	if old.Left != 1 || old.Code != first {
		t.Errorf("after the first guest: %+v", old)
	}
	for n := 0; old.Code == first; n++ { // burn it
		if n > 20 {
			t.Fatal("it does not burn")
		}
		v.judge(Fingerprint{byte(n)}, first.Room(), false)
		if old, err = w.Next(t.Context(), old); err != nil {
			t.Fatal(err)
		}
	}
	if old.Why != CodeBurnt || len(old.Rooms) != 2 {
		t.Errorf("then: %+v", old)
	}
	if _, err := client.DialCode(t.Context(), first, doors, Remote{}); err != nil {
		t.Errorf("the first guest comes again by the burnt code: %v", err)
	}
	if _, err := server.Accept(t.Context()); err != nil {
		t.Error(err)
	}
	other := dialFrom(t, Config{Identity: testIdentity("other")})
	if _, err := other.DialCode(t.Context(), first, doors, Remote{}); !errors.Is(err, ErrAuth) {
		t.Errorf("another guest by the burnt code: %v", err)
	}
	if _, err := other.DialCode(t.Context(), old.Code, doors, Remote{}); err != nil {
		t.Errorf("another guest: %v", err)
	}
	if _, err := server.Accept(t.Context()); err != nil {
		t.Error(err)
	}
	v.Close()
	if end, err := w.Next(t.Context(), w.State()); !errors.Is(err, ErrClosed) || !end.Ended {
		t.Errorf("after the end: %+v, %v", end, err)
	}
}

// TestCodeNowhere: where nobody waits that is said, and soon.
func TestCodeNowhere(t *testing.T) {
	client := dialFrom(t, Config{HandshakeTimeout: time.Second})
	code := testCode("nowhere")
	if _, err := client.DialCode(t.Context(), code, Doors{LAN: testLAN(t)}, Remote{}); !errors.Is(err, ErrNoRoom) || !strings.Contains(err.Error(), "misheard") {
		t.Errorf("nobody is there: %v", err)
	}
	if _, err := client.DialCode(t.Context(), code, Doors{}, Remote{}); !errors.Is(err, ErrUnreachable) {
		t.Errorf("no way: %v", err)
	}
}
