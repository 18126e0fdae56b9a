package transport

import (
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A lane is asked after when something was said for a while and nothing heard,
// not because nobody has anything to say.
func TestSilenceTable(t *testing.T) {
	at := func(s float64) time.Time { return time.Unix(1000, 0).Add(time.Duration(s * float64(time.Second))) }
	type tick struct {
		at             float64
		received, sent uint64
		want           bool
	}
	for name, c := range map[string]struct {
		rtt   time.Duration
		ticks []tick
	}{
		"idle":     {0, []tick{{0, 5, 5, false}, {100, 5, 5, false}}},
		"talking":  {0, []tick{{0, 5, 5, false}, {1, 6, 6, false}, {3, 7, 7, false}, {9, 8, 8, false}}},
		"dead":     {0, []tick{{0, 5, 5, false}, {1, 5, 6, false}, {2.5, 5, 7, false}, {3, 5, 7, true}, {4, 5, 8, false}, {8, 5, 9, true}}},
		"far away": {time.Second, []tick{{0, 5, 5, false}, {1, 5, 6, false}, {4.5, 5, 7, false}, {5, 5, 7, true}}},
		"came back": {0, []tick{{0, 5, 5, false}, {1, 5, 6, false}, {2, 6, 7, false}, {3.5, 6, 7, false}, {9, 6, 7, false},
			{10, 6, 8, false}, {12, 6, 8, true}}},
	} {
		t.Run(name, func(t *testing.T) {
			var s silence
			for _, k := range c.ticks {
				if got := s.suspicious(at(k.at), LaneStats{RTT: c.rtt, Received: k.received, Sent: k.sent}); got != k.want {
					t.Errorf("at %v s: %t", k.at, got)
				}
			}
		})
	}
}

// killable returns a link to a server, and what kills that one without a word.
func killable(t *testing.T) (l Link, kill func()) {
	token := testToken("killed")
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	var dead atomic.Bool
	s, err := NewEndpoint(mute{conn, &dead}, Config{Identity: testIdentity("server"),
		Admission: &Admission{Tree: "/", Tokens: Tokens(token.Public())}})
	if err != nil {
		t.Fatal(err)
	}
	r := remote(s, SecretOf(token))
	r.Lanes = 3
	l, err = dialFrom(t, Config{}).Dial(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return l, func() {
		dead.Store(true) // nothing gets out any more, and then its socket is gone
		s.Close()
	}
}

// F84, F85: a peer that was killed without a word is known to be gone within
// seconds where its host says so, on every lane.
func TestPeerKilled(t *testing.T) {
	l, kill := killable(t)
	kill()
	since := time.Now()
	st, err := l.OpenStream(t.Context(), Control)
	if err != nil {
		t.Fatal(err)
	}
	st.Write(make([]byte, 2000))
	<-l.Done()
	if took := time.Since(since); took > 6*time.Second {
		t.Errorf("it took %v", took)
	}
	if !errors.Is(l.Err(), ErrUnreachable) || !strings.Contains(l.Err().Error(), "gone") {
		t.Errorf("%v", l.Err())
	}
}

// Who suspects a peer knows at once, without having sent it anything; one that
// lives keeps its link.
func TestSuspect(t *testing.T) {
	l, kill := killable(t)
	Suspect(t.Context(), l)
	if err := l.Err(); err != nil {
		t.Fatalf("a living peer: %v", err)
	}
	asked, err := l.OpenStream(t.Context(), Control)
	if err != nil {
		t.Fatal(err)
	}
	kill()
	Suspect(t.Context(), l)
	select {
	case <-l.Done():
	case <-time.After(5 * time.Second): // far less than a lane may be silent
		t.Fatal("a dead peer: the link lives on")
	}
	if _, err := asked.Read(make([]byte, 1)); !errors.Is(err, ErrUnreachable) || !strings.Contains(err.Error(), "gone") {
		t.Errorf("who waited for an answer is told %v", err)
	}
	if !strings.Contains(l.Err().Error(), "gone") {
		t.Errorf("%v", l.Err())
	}
}

// A server names the links that it admits. To one that gives a link a name of
// ours that says nothing: here an endpoint that dials itself.
func TestDialOneself(t *testing.T) {
	token := testToken("self")
	e := serveOn(t, Config{Admission: &Admission{Tree: "/", Tokens: Tokens(token.Public()), MaxLanes: 3}})
	r := remote(e, SecretOf(token))
	r.Lanes = 3
	near, err := e.Dial(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	far, err := e.Accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if n := len(near.Lanes()); n != 3 {
		t.Errorf("it has %d lanes", n)
	}
	openPair(t, near, far, Bulk)
	near.Close("over")
	<-far.Done()
}

// However many find out at once that a link is dead, and whether they know why
// or not, it ends once and has a reason.
func TestLinkEndsOnce(t *testing.T) {
	for range 50 {
		var over sync.WaitGroup
		var forgotten atomic.Int32
		l := newLink(linkID{}, Peer{Address: "x"}, &over, func() { forgotten.Add(1) })
		for _, err := range []error{nil, nil, errors.New("a reason"), nil} {
			over.Go(func() { l.end(err, "") })
			over.Go(func() { l.detach(&lane{}, err) })
			over.Go(func() { l.Close("closed") })
		}
		over.Wait()
		if <-l.Done(); l.Err() == nil || forgotten.Load() != 1 {
			t.Errorf("%v, forgotten %d times", l.Err(), forgotten.Load())
		}
	}
}
