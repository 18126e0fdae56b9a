package relay

import (
	"bytes"
	"context"
	"io"
	"testing"
	"time"

	"github.com/bargee/bargee/transport"
)

// A direct lane takes over from a relayed one without losing a byte, and when it
// dies the relayed one is there.
func TestUpgradeAndBack(t *testing.T) {
	p, err := NewPlane("127.0.0.1:0", 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	s, err := p.Open([2][]byte{keyOf(1), keyOf(2)})
	if err != nil {
		t.Fatal(err)
	}
	token, alice, bob := transport.NewToken(), identity(t), identity(t)
	admission := &transport.Admission{Tree: "/", Tokens: transport.Tokens(token.Public())}
	byRelay := func(number uint8, cfg transport.Config) *transport.Endpoint {
		e, err := transport.ListenByRelay(t.Context(), transport.Leg{Relay: p.Addr().String(), Session: s.ID, Number: number, Key: keyOf(number + 1)}, cfg, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { e.Close() })
		return e
	}
	directly := func(cfg transport.Config) *transport.Endpoint {
		e, err := transport.Listen("127.0.0.1:0", cfg)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { e.Close() })
		return e
	}
	far, near := byRelay(0, transport.Config{Identity: alice, Admission: admission}), byRelay(1, transport.Config{Identity: bob})
	farDirect, nearDirect := directly(transport.Config{Identity: alice, Admission: admission}), directly(transport.Config{Identity: bob})
	farDirect.Join(far)

	l, err := near.Dial(t.Context(), transport.Remote{
		Addresses: []string{p.Addr().String()}, Key: alice.Fingerprint(), Secret: transport.SecretOf(token), Lanes: 3})
	if err != nil {
		t.Fatal(err)
	}
	served, err := far.Accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	go echo(t.Context(), served)
	wantPaths(t, l, map[transport.Path]int{transport.PathRelay: 3})
	early, err := l.OpenStream(t.Context(), transport.Bulk)
	if err != nil {
		t.Fatal(err)
	}
	early.Write([]byte("half of it "))

	if err := nearDirect.Upgrade(t.Context(), l, []string{farDirect.Addr().String()}); err != nil {
		t.Fatal(err)
	}
	wantPaths(t, l, map[transport.Path]int{transport.PathRelay: 1, transport.PathDirect: 3})
	before := s.Traffic().Bytes
	exchange(t, l, bytes.Repeat([]byte("direct "), 1<<17))
	if more := s.Traffic().Bytes - before; more > 1<<16 {
		t.Errorf("%d bytes went by way of the relay still", more)
	}
	early.Write([]byte("and the rest"))
	early.Close()
	if got, err := io.ReadAll(early); string(got) != "half of it and the rest" || err != nil {
		t.Errorf("the stream from before has %q, %v", got, err)
	}

	nearDirect.Close()
	wantPaths(t, l, map[transport.Path]int{transport.PathRelay: 1})
	before = s.Traffic().Bytes
	exchange(t, l, bytes.Repeat([]byte("relayed "), 1<<17))
	if s.Traffic().Bytes-before < 1<<20 {
		t.Error("it did not go by way of the relay")
	}
}

// wantPaths waits until l has so many lanes of each path.
func wantPaths(t *testing.T, l transport.Link, want map[transport.Path]int) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; {
		_, changed := l.Choice()
		got := map[transport.Path]int{}
		for _, n := range l.Lanes() {
			got[n.Path]++
		}
		same := len(got) == len(want)
		for path, n := range want {
			same = same && got[path] == n
		}
		if same {
			return
		}
		select {
		case <-changed:
		case <-time.After(time.Until(deadline)):
			t.Fatalf("the lanes are %v, want %v; the link: %v", got, want, l.Err())
		}
	}
}

// echo sends back what comes on each stream.
func echo(ctx context.Context, l transport.Link) {
	for {
		st, err := l.AcceptStream(ctx)
		if err != nil {
			return
		}
		go func() {
			io.Copy(st, st)
			st.Close()
		}()
	}
}

// exchange sends data on a stream and sees that it comes back.
func exchange(t *testing.T, l transport.Link, data []byte) {
	t.Helper()
	st, err := l.OpenStream(t.Context(), transport.Bulk)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		st.Write(data)
		st.Close()
	}()
	got, err := io.ReadAll(st)
	if err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d bytes came back as %d, %v", len(data), len(got), err)
	}
}
