package transport

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"
)

// A duplex is one end of two pipes of the system, as a program has them for its
// standard input and output.
type duplex struct {
	io.Reader
	io.Writer
	close func() error
}

func (d duplex) Close() error { return d.close() }

func duplexPair(t testing.TB) (near, far duplex) {
	t.Helper()
	there, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	back, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	closeBoth := func(a, b *os.File) func() error {
		return func() error { return errors.Join(a.Close(), b.Close()) }
	}
	near = duplex{back, in, closeBoth(back, in)}
	far = duplex{there, out, closeBoth(there, out)}
	t.Cleanup(func() { near.Close(); far.Close() })
	return near, far
}

// A stdioPeer is what runs at the far end of a pipe.
type stdioPeer struct {
	over, direct *Endpoint
	call         StdioCall
	from         *Endpoint // at the near end
	said         StdioPeer
}

// answerCall is the far end's part, up to listening; noise goes out before.
func answerCall(t testing.TB, far duplex, noise string, udp bool) *stdioPeer {
	t.Helper()
	if _, err := io.WriteString(far, noise); err != nil {
		t.Error(err)
	}
	call, in, err := HearStdio(far)
	if err != nil {
		t.Error(err)
		return nil
	}
	token := NewToken()
	cfg := Config{Identity: testIdentity("server"), Admission: &Admission{Tree: "/", Tokens: Tokens(token.Public()), Only: call.Key}}
	p := &stdioPeer{call: call}
	if udp {
		if p.direct, err = Listen("127.0.0.1:0", cfg); err != nil {
			t.Error(err)
			return nil
		}
		t.Cleanup(func() { p.direct.Close() })
	}
	if p.over, err = ListenStdio(far, in, cfg, p.direct, StdioAnswer{Token: token, Home: "home/user", Local: true}); err != nil {
		t.Error(err)
		return nil
	}
	t.Cleanup(func() { p.over.Close() })
	return p
}

// overPipeLink links two peers through a pipe.
func overPipeLink(t testing.TB, call StdioCall, noise string, udp bool) (near, far Link, nearPipe duplex, peer *stdioPeer) {
	t.Helper()
	a, b := duplexPair(t)
	near, far, peer = overPipes(t, a, b, call, noise, udp)
	return near, far, a, peer
}

// overPipes is overPipeLink for the two ends of a pipe.
func overPipes(t testing.TB, a, b duplex, call StdioCall, noise string, udp bool) (near, far Link, peer *stdioPeer) {
	t.Helper()
	e, err := Listen("127.0.0.1:0", Config{Identity: testIdentity("client")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	var said StdioPeer
	answered := make(chan *stdioPeer, 1)
	go func() { answered <- answerCall(t, b, noise, udp) }()
	if near, said, err = e.DialStdio(t.Context(), a, StdioRemote{Call: call, Where: "far.example"}); err != nil {
		t.Fatal(err)
	}
	peer = <-answered
	peer.said, peer.from = said, e
	if far, err = peer.over.Accept(t.Context()); err != nil {
		t.Fatal(err)
	}
	return near, far, peer
}

func TestStdioLink(t *testing.T) {
	near, far, _, peer := overPipeLink(t, StdioCall{Jail: "/srv/x", Linger: 90 * time.Second, NoUDP: true}, "Last login: today\nno newline", false)
	if p := peer.call; p.Jail != "/srv/x" || p.Linger != 90*time.Second || !p.NoUDP || p.Key != testIdentity("client").Fingerprint() {
		t.Errorf("heard %+v", p)
	}
	if near.Peer().Key != testIdentity("server").Fingerprint() || near.Peer().Address != "far.example" {
		t.Errorf("the peer is %+v", near.Peer())
	}
	if lanes := near.Lanes(); len(lanes) != 1 || lanes[0].Path != PathSSH {
		t.Errorf("lanes %+v", lanes)
	}
	s, r := openPair(t, near, far, Bulk)
	want := bytes.Repeat([]byte("0123456789abcdef"), 1<<20)
	go func() {
		s.Write(want)
		s.Close()
	}()
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes of %d arrived, %v", len(got), len(want), err)
	}
}

// TestStdioGoesOnDirectly: where UDP passes, the link has a direct lane soon, and
// lives on it when the pipe is gone.
func TestStdioGoesOnDirectly(t *testing.T) {
	near, far, pipe, peer := overPipeLink(t, StdioCall{}, "", true)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	awaitPath(ctx, t, near, PathDirect)
	awaitPath(ctx, t, far, PathDirect) // which may know of the lane a moment later
	pipe.Close()
	<-peer.over.Unplugged()
	for _, l := range []Link{near, far} {
		for len(l.Lanes()) > 1 {
			_, changed := l.Choice()
			if len(l.Lanes()) > 1 {
				select {
				case <-changed:
				case <-ctx.Done():
					t.Fatalf("lanes %+v", l.Lanes())
				}
			}
		}
	}
	s, r := openPair(t, near, far, Control)
	go func() {
		io.WriteString(s, "on we go")
		s.Close()
	}()
	if got, err := io.ReadAll(r); string(got) != "on we go" {
		t.Errorf("%q, %v", got, err)
	}
	if peer.said.Home != "home/user" {
		t.Errorf("its home is %q", peer.said.Home)
	}
	near.Close("the test is over")
	again, err := peer.from.Dial(ctx, peer.said.Again)
	if err != nil {
		t.Fatalf("it cannot be dialled again: %v", err)
	}
	again.Close("")
}

func awaitPath(ctx context.Context, t *testing.T, l Link, want Path) {
	t.Helper()
	for {
		_, changed := l.Choice()
		for _, n := range l.Lanes() {
			if n.Path == want {
				return
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			t.Fatalf("no lane takes the path %s: %+v", want, l.Lanes())
		}
	}
}

// TestStdioEnds: the end of the pipe is the end of a link that has nothing else,
// on both sides, at once.
func TestStdioEnds(t *testing.T) {
	near, far, pipe, _ := overPipeLink(t, StdioCall{NoUDP: true}, "", false)
	pipe.Close()
	for _, l := range []Link{near, far} {
		select {
		case <-l.Done():
		case <-time.After(time.Minute):
			t.Fatal("the link outlives the pipe")
		}
		// Who notices first gives up what it was dialling, and may be heard before the end.
		if err := l.Err(); !errors.Is(err, ErrUnreachable) && !errors.Is(err, ErrTimeout) {
			t.Errorf("it ended with %v", err)
		}
	}
}

// A stoppable takes what is written until stop is closed, and then nothing, as ssh
// does whose network is gone.
type stoppable struct {
	io.Writer
	stop, over chan struct{}
}

func (s stoppable) Write(p []byte) (int, error) {
	select {
	case <-s.stop:
		<-s.over
		return 0, os.ErrClosed
	default:
		return s.Writer.Write(p)
	}
}

// TestStdioStandsStill: a link ends soon when that is wanted, also over a pipe that
// takes nothing any more.
func TestStdioStandsStill(t *testing.T) {
	a, b := duplexPair(t)
	pipe := stoppable{a.Writer, make(chan struct{}), make(chan struct{})}
	a.Writer, a.close = pipe, func() error { close(pipe.over); return nil }
	near, far, _ := overPipes(t, a, b, StdioCall{NoUDP: true}, "", false)
	s, r := openPair(t, near, far, Bulk)
	go func() { // until the link is closed
		for b := make([]byte, 1<<20); ; {
			if _, err := s.Write(b); err != nil {
				return
			}
		}
	}()
	if _, err := io.CopyN(io.Discard, r, 32<<20); err != nil { // its window has grown
		t.Fatal(err)
	}
	go io.Copy(io.Discard, r)
	close(pipe.stop)
	f := near.(*link).home.from.over
	full := func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		return len(f.out) > framedBatch
	}
	for late := time.After(time.Minute); !full(); {
		select {
		case <-late:
			t.Fatal("the pipe was not filled")
		case <-time.After(time.Millisecond):
		}
	}
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		near.Close("enough")
	}()
	select {
	case <-closed:
	case <-time.After(time.Minute):
		t.Fatal("Close waits for the pipe")
	}
}

// TestFramedStandsStill: a pipe that takes nothing for long is dead.
func TestFramedStandsStill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		silent, _ := io.Pipe()
		stop, over := make(chan struct{}), make(chan struct{})
		close(stop)
		pipe := duplex{silent, stoppable{nil, stop, over}, func() error { close(over); return silent.Close() }}
		f := newFramed(pipe, pipeNear, pipeFar, framedEvents{ended: func() {}})
		if _, err := f.WriteTo([]byte("x"), nil); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		<-f.done
		if took := time.Since(began); took != pipeIdle {
			t.Errorf("it was given up after %v", took)
		}
	})
}

// TestStdioOnlyForWhoCalled: the token alone does not open what was started for
// another key.
func TestStdioOnlyForWhoCalled(t *testing.T) {
	_, _, _, peer := overPipeLink(t, StdioCall{}, "", true)
	token := NewToken()
	peer.direct.cfg.Admission.Tokens = Tokens(token.Public())
	other, err := Listen("127.0.0.1:0", Config{Identity: testIdentity("other")})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	_, err = other.Dial(t.Context(), Remote{Addresses: []string{peer.direct.Addr().String()}, Key: testIdentity("server").Fingerprint(), Secret: SecretOf(token)})
	if !errors.Is(err, ErrAuth) {
		t.Errorf("somebody else got %v", err)
	}
}

func TestStdioRefusals(t *testing.T) {
	e, err := Listen("127.0.0.1:0", Config{Identity: testIdentity("client")})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for name, c := range map[string]struct {
		far   func(duplex)
		check func(error) bool
	}{
		"noise": {func(d duplex) { io.WriteString(d, "sh: 1: bargee: not found\n") }, func(err error) bool {
			var n *NoiseError
			return errors.As(err, &n) && strings.Contains(n.Noise, "not found") && errors.Is(err, ErrUnreachable)
		}},
		"endless noise": {func(d duplex) { io.Copy(d, io.LimitReader(zeros{}, 1<<20)) }, func(err error) bool {
			var n *NoiseError
			return errors.As(err, &n) && len(n.Noise) <= quotedNoise
		}},
		"refused": {func(d duplex) {
			HearStdio(d)
			RefuseStdio(d, "not-found", "/srv/x\x1b[2J: no such directory")
		}, func(err error) bool {
			var r *RefusedError
			return errors.As(err, &r) && r.Kind == "not-found" && !strings.Contains(err.Error(), "\x1b")
		}},
		"half an answer": {func(d duplex) { io.WriteString(d, stdioLine+"\n\x50") }, func(err error) bool { return errors.Is(err, ErrProtocol) }},
		"no key":         {func(d duplex) { io.WriteString(d, stdioLine+"\n\x02\x08\x01") }, func(err error) bool { return errors.Is(err, ErrProtocol) }},
		"later version":  {func(d duplex) { io.WriteString(d, stdioLine+"\n\x02\x08\x07") }, func(err error) bool { return errors.Is(err, ErrVersion) }},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := duplexPair(t)
			go func() {
				c.far(b)
				b.Close()
			}()
			_, _, err := e.DialStdio(t.Context(), a, StdioRemote{Where: "far.example"})
			if err == nil || !c.check(err) {
				t.Errorf("%T %v", err, err)
			}
		})
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// TestStdioGivenUp: who does not want to wait any more does not have to.
func TestStdioGivenUp(t *testing.T) {
	e, err := Listen("127.0.0.1:0", Config{Identity: testIdentity("client")})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	a, _ := duplexPair(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	time.AfterFunc(20*time.Millisecond, func() { cancel(enough) })
	if _, _, err := e.DialStdio(ctx, a, StdioRemote{Where: "far.example"}); !errors.Is(err, enough) {
		t.Errorf("%v", err)
	}
}

// TestHearStdio: a person, or another program, at the other end is told apart.
func TestHearStdio(t *testing.T) {
	for _, said := range []string{"", "ls\n", "GET / HTTP/1.1\r\n\r\n", "\x00", "\x02\x08\x01"} {
		if _, _, err := HearStdio(strings.NewReader(said)); !errors.Is(err, ErrProtocol) {
			t.Errorf("%q: %v", said, err)
		}
	}
	if _, _, err := HearStdio(iotest.ErrReader(io.ErrUnexpectedEOF)); err == nil {
		t.Error("a pipe that fails is heard")
	}
}

func FuzzWholeFrames(f *testing.F) {
	f.Add([]byte{0, 1, 7, 0, 2, 8})
	f.Add([]byte{0, 0})
	f.Add([]byte{0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		n, ok := wholeFrames(b)
		if n < 0 || n > len(b) {
			t.Fatalf("%d of %d", n, len(b))
		}
		if again, _ := wholeFrames(b[:n]); again != n {
			t.Fatalf("%d whole bytes are %d", n, again)
		}
		if ok && len(b)-n >= frameHead+mostPacket {
			t.Fatalf("%d bytes are left", len(b)-n)
		}
	})
}

func TestThrottle(t *testing.T) {
	var th throttle
	taken, asked := uint64(0), 0
	count := func() uint64 { asked++; taken += 40; return taken }
	for range 10 * mostAhead {
		th.wait(count)
		if th.ahead > mostAhead {
			t.Fatalf("%d packets ahead", th.ahead)
		}
	}
	if asked < 9*mostAhead/40 {
		t.Errorf("asked %d times", asked)
	}
	th = throttle{ahead: mostAhead}
	th.wait(func() uint64 { return 0 }) // nothing is ever processed: it gives up
	if th.ahead >= mostAhead {
		t.Errorf("%d packets ahead of who never counts", th.ahead)
	}
}

func BenchmarkPumpStdio(b *testing.B) {
	from, to, _, _ := overPipeLink(b, StdioCall{NoUDP: true}, "", false)
	pump(b, from, to, 4)
}
