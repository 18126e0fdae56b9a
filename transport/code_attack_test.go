package transport

import (
	"bytes"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bargee/bargee/internal/wire"
)

// wrongCode has the room of code, and other words.
func wrongCode(code Code) Code {
	wrong := testCode("wrong")
	wrong.number = code.number
	return wrong
}

// TestCodeBurnt: three wrong codes burn it; the right one is worth nothing then, and
// the next one is good. Reruns by the key that was let in are let in, nobody else is.
func TestCodeBurnt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := testInvitation("burnt", 1)
		defer v.Close()
		s, c := new(simPath).start(t, time.Millisecond, Config{Admission: &Admission{Tree: "/", Code: v}}, Config{})
		dial := func(code Code) error {
			_, err := c.Dial(t.Context(), Remote{Addresses: []string{s.Addr().String()}, Secret: code.Secret()})
			if err == nil {
				_, err = s.Accept(t.Context())
			}
			<-time.After(10 * time.Second) // keep clear of the penalties
			return err
		}
		first := v.State().Code
		for n := range codeTries {
			if st := v.State(); st.Code != first || st.Wrong != n {
				t.Errorf("after %d wrong ones: %+v", n, st)
			}
			if err := dial(wrongCode(first)); !errors.Is(err, ErrAuth) {
				t.Fatal(err)
			}
		}
		if err := dial(first); !errors.Is(err, ErrAuth) || !strings.Contains(err.Error(), "shown there now") {
			t.Errorf("the burnt one: %v", err)
		}
		second := v.State()
		if second.Why != CodeBurnt || second.Wrong != 0 || second.Code.Room() == first.Room() {
			t.Errorf("then: %+v", second)
		}
		for range 3 { // reruns
			if err := dial(second.Code); err != nil {
				t.Fatal(err)
			}
		}
		if st := v.State(); st.Left != 0 || !st.Code.IsZero() || len(st.Rooms) != 1 {
			t.Errorf("after one came: %+v", st)
		}
		v.Close()
		if err := dial(second.Code); !errors.Is(err, ErrAuth) {
			t.Errorf("after the end: %v", err)
		}
	})
}

// TestCodeIsForOne: who knows the code too, but comes later, is told so.
func TestCodeIsForOne(t *testing.T) {
	v := testInvitation("one", 1)
	t.Cleanup(v.Close)
	s := serveOn(t, Config{Admission: &Admission{Tree: "/", Code: v}})
	code := v.State().Code
	r := Remote{Addresses: []string{s.Addr().String()}, Secret: code.Secret()}
	l, err := dialFrom(t, Config{}).Dial(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	other := dialFrom(t, Config{Identity: testIdentity("other")})
	if _, err := other.Dial(t.Context(), r); !errors.Is(err, ErrAuth) || !strings.Contains(err.Error(), "another machine") {
		t.Errorf("another key: %v", err)
	}
	again := Remote{Addresses: r.Addresses, Key: l.Peer().Key}
	if _, err := dialFrom(t, Config{}).Dial(t.Context(), again); err != nil {
		t.Errorf("the same key, which has pinned ours: %v", err)
	}
	if _, err := other.Dial(t.Context(), again); !errors.Is(err, ErrAuth) {
		t.Errorf("another key, which has pinned ours: %v", err)
	}
}

// TestCodeManyAtOnce: of many wrong ones that are all on their way at the same time
// three count. It holds M86.
func TestCodeManyAtOnce(t *testing.T) {
	v := testInvitation("many", 1)
	t.Cleanup(v.Close)
	code := v.State().Code
	room := code.Room()
	admission := &Admission{Tree: "/", Code: v}
	const tries = 20
	var ready, done sync.WaitGroup
	ready.Add(tries)
	confirm := make(chan struct{}) // closed when all have the server's share
	refusals := make(chan *wire.Refused, tries)
	for n := range tries {
		done.Go(func() {
			ch := channel{login: [32]byte{byte(n)}, client: Fingerprint{byte(n + 1)}, server: Fingerprint{99}, address: "guess"}
			server := serverLogin{versions: Versions{1, 2}, admission: admission, desk: &fakeDesk{}, report: func(error) {}}
			near, stop := serveLogin(&done, server, ch)
			defer stop()
			c := converse(near)
			c.send(&wire.ClientHello{MinVersion: 1, MaxVersion: 2, UnknownServer: true})
			c.receive(new(wire.ServerHello))
			run, err := pakeRun(wrongCode(code).Secret(), ch, c.transcript(), nil)
			if err != nil {
				t.Error(err)
				return
			}
			c.send(&wire.Proof{Room: room[:], Proof: &wire.Proof_Share{Share: run.share}})
			var share, reply wire.ProofReply
			c.receive(&share)
			ready.Done()
			<-confirm
			c.send(&wire.Proof{Proof: &wire.Proof_Confirmation{Confirmation: make([]byte, 32)}})
			if err := c.receive(&reply); err != nil {
				t.Error(err)
			}
			refusals <- reply.GetRefused()
		})
	}
	ready.Wait()
	close(confirm)
	done.Wait()
	counted := 0
	for range tries {
		if r := <-refusals; strings.Contains(r.GetMessage(), "the code is wrong") {
			counted++
		}
	}
	if st := v.State(); counted != codeTries || st.Why != CodeBurnt || st.Wrong != 0 {
		t.Errorf("%d counted, then %+v", counted, st)
	}
}

// TestCodeAbandoned: who goes away after our share has learnt nothing that a guess
// could be held against, and costs no try; it is no way in either.
func TestCodeAbandoned(t *testing.T) {
	v := testInvitation("abandoned", 1)
	t.Cleanup(v.Close)
	room := v.State().Code.Room()
	s := serveOn(t, Config{Admission: &Admission{Tree: "/", Code: v}})
	for range 2 * codeTries {
		conn, stream, ch := rawDial(t, s, testIdentity("client"))
		c := converse(stream)
		c.send(&wire.ClientHello{MinVersion: 1, MaxVersion: 2, UnknownServer: true})
		c.receive(new(wire.ServerHello))
		run, err := pakeRun(wrongCode(v.State().Code).Secret(), ch, c.transcript(), nil)
		if err != nil {
			t.Fatal(err)
		}
		c.send(&wire.Proof{Room: room[:], Proof: &wire.Proof_Share{Share: run.share}})
		var reply wire.ProofReply
		if err := c.receive(&reply); err != nil || len(reply.GetShare()) != 32 {
			t.Fatalf("%v, %v", &reply, err)
		}
		conn.CloseWithError(0, "")
	}
	if st := v.State(); st.Wrong != 0 || st.Why != CodeFirst || len(st.Guests) > 0 {
		t.Errorf("%+v", st)
	}
}

// TestCodeIsNoPhrase: neither opens what the other one does, even if it is spelt the
// same; and who asks for neither is told what was asked for.
func TestCodeIsNoPhrase(t *testing.T) {
	code := testCode("phrase")
	spelt, err := ParseSecret(code.Reveal())
	if err != nil || !spelt.IsPhrase() || spelt.IsCode() || code.Secret().IsPhrase() {
		t.Fatalf("%v, %v", spelt.IsPhrase(), err)
	}
	v := testInvitation("phrase", 1)
	t.Cleanup(v.Close)
	takesCode := serveOn(t, Config{Admission: &Admission{Tree: "/", Code: v}})
	takesPhrase := serveOn(t, Config{Admission: &Admission{Tree: "/", Phrase: spelt}})
	for _, test := range []struct {
		to     *Endpoint
		secret Secret
		says   string
	}{
		{takesCode, spelt, "takes a code, and what was given is a phrase"},
		{takesPhrase, code.Secret(), "takes a phrase, and what was given is a code"},
	} {
		_, err := dialFrom(t, Config{}).Dial(t.Context(), Remote{Addresses: []string{test.to.Addr().String()}, Secret: test.secret})
		if !errors.Is(err, ErrAuth) || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%v", err)
		}
	}
}

// serveLogin runs a server's login over a pipe, until stop.
func serveLogin(wait *sync.WaitGroup, s serverLogin, ch channel) (client net.Conn, stop func()) {
	near, far := net.Pipe()
	wait.Go(func() {
		defer far.Close()
		s.run(converse(far), ch)
	})
	return near, func() { near.Close() }
}

// TestCodeReplay: the recorded messages of a good login by code are worthless on
// another connection, for another key and for the same one. It holds M90.
func TestCodeReplay(t *testing.T) {
	v := testInvitation("replay", 2)
	t.Cleanup(v.Close)
	s := serveOn(t, Config{Admission: &Admission{Tree: "/", Code: v}})
	var said bytes.Buffer
	_, stream, ch := rawDial(t, s, testIdentity("client"))
	login := clientLogin{versions: Versions{1, 2}, secret: v.State().Code.Secret()}
	if _, err := login.run(converse(tee{stream, &said}), ch); err != nil {
		t.Fatalf("the good login: %v", err)
	}
	for _, who := range []string{"client", "other"} {
		_, again, _ := rawDial(t, s, testIdentity(who))
		if _, err := again.Write(said.Bytes()); err != nil {
			t.Fatal(err)
		}
		c := converse(again)
		var hello wire.ServerHello
		var share, reply wire.ProofReply
		if err := errors.Join(c.receive(&hello), c.receive(&share), c.receive(&reply)); err != nil {
			t.Fatal(err)
		}
		if reply.GetRefused().GetKind() != wire.Refused_AUTH {
			t.Errorf("the replay by %s is answered with %v", who, &reply)
		}
	}
	if st := v.State(); st.Left != 1 || st.Wrong != 1 {
		t.Errorf("then: %+v", st)
	}
}
