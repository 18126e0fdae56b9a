package session

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/transport"
)

// A server that is asked for a file may send that, and nothing else.
func TestLyingServer(t *testing.T) {
	failed := &wire.ToReceiver{Say: &wire.ToReceiver_Error{Error: &wire.Error{Kind: wire.Kind_KIND_NO_SPACE, Message: "why\x1b[2J"}}}
	for _, c := range []struct {
		name string
		kind Kind
		say  []*wire.ToReceiver
	}{
		{"a name that was not asked for", Protocol, []*wire.ToReceiver{announce(1, "other", 1)}},
		{"one below such a name", Protocol, []*wire.ToReceiver{announce(1, "other/file", 1)}},
		{"one above", BadName, []*wire.ToReceiver{announce(1, "file/../../x", 1)}},
		{"nothing", Protocol, []*wire.ToReceiver{{}}},
		{"its own error", Interrupted, []*wire.ToReceiver{failed}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := rawBed(t, &rawReach{manifest: func(st transport.Stream, in *bufio.Reader) {
				for _, m := range c.say {
					wire.Write(st, m)
				}
				for wire.Read(in, new(wire.ToSender)) == nil {
				}
				st.Close()
			}})
			j := once(Job{From: b.peer, Sources: []Path{{"file"}}, Destination: b.path(""), Into: true})
			tr := b.run(j)
			if c.name == "its own error" {
				if tr.State != StatePaused || KindOf(tr.Err) != NoSpace || tr.Err.Error() == "why\x1b[2J" {
					t.Errorf("%v: %q", tr.State, tr.Err)
				}
			} else if tr.State != StateFailed || KindOf(tr.Err) != c.kind {
				t.Errorf("%v: %v, want %s", tr.State, tr.Err, c.kind)
			}
			if n := names(t, b.here); len(n) > 0 {
				t.Errorf("there are %q", n)
			}
		})
	}
}

// A peer that owes something and says nothing is waited for as long as Timeout
// says: for its first word, for acknowledgements, for data.
func TestSilence(t *testing.T) {
	ready := func(st transport.Stream) { wire.Write(st, toSender(&wire.Ready{MaxStreams: 4})) }
	for name, c := range map[string]struct {
		way string
		say func(st transport.Stream)
	}{
		"no Ready": {"upload", func(transport.Stream) {}},
		"no acks": {"upload", func(st transport.Stream) {
			ready(st)
			<-time.After(time.Second) // of the bubble: it is announced by now
			wire.Write(st, toSender(&wire.Answer{Id: 1, ChunkSize: mib}))
		}},
		"nothing announced": {"download", func(transport.Stream) {}},
		"no data":           {"download", func(st transport.Stream) { wire.Write(st, announce(1, "file", 10)) }},
		"complete, no data": {"download", func(st transport.Stream) {
			wire.Write(st, announce(1, "file", 3*mib))
			<-time.After(time.Second) // of the bubble: it is wanted by now
			wire.Write(st, complete(1, value{}))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				over := make(chan struct{})
				t.Cleanup(func() { close(over) })
				b := rawBed(t, &rawReach{manifest: func(st transport.Stream, in *bufio.Reader) { c.say(st); <-over }})
				b.there = t.TempDir()
				j, from, _ := jobs[c.way](b, "file")
				fill(t, from, 10, 1)
				j = once(j)
				start := time.Now()
				tr := b.run(j)
				if d := time.Since(start); tr.State != StateFailed || KindOf(tr.Err) != Timeout || d < 30*time.Second || d > 40*time.Second {
					t.Errorf("after %v %v: %v", d, tr.State, tr.Err)
				}
			})
		})
	}
}

// fuzzed makes a raw conversation with a real receiver of what is said on the
// manifest and on a data stream. It ends, and nothing lies outside of its tree.
func fuzzed(t *testing.T, manifest, data []byte) {
	top := t.TempDir()
	must(t, os.Mkdir(filepath.Join(top, "in"), 0o755))
	write(t, filepath.Join(top, "secret"), secret)
	near, far := transport.Pipe()
	served := make(chan struct{})
	go func() {
		defer close(served)
		NewServer(ServerConfig{Tree: openDir(t, filepath.Join(top, "in"))}).ServeLink(t.Context(), far)
	}()
	st, err := near.OpenStream(t.Context(), transport.Control)
	must(t, err)
	wire.Write(st, &wire.Request{Ask: &wire.Request_Send{Send: &wire.Send{Transfer: rawID, Into: true}}})
	in := bufio.NewReader(st)
	wire.Read(in, new(wire.ToSender))
	d, err := near.OpenStream(t.Context(), transport.Bulk)
	must(t, err)
	wire.Write(d, &wire.Request{Ask: &wire.Request_Data{Data: &wire.Data{Transfer: rawID}}})
	d.Write(data)
	d.Close()
	st.Write(manifest)
	st.Close()
	st.SetReadDeadline(time.Now().Add(20 * time.Second))
	for err == nil {
		err = wire.Read(in, new(wire.ToSender))
	}
	if os.IsTimeout(err) {
		t.Errorf("%q, %q: it does not end", manifest, data)
	}
	near.Close("over")
	<-served
	holds(t, filepath.Join(top, "secret"), secret)
	if n := names(t, top); len(n) != 2 {
		t.Errorf("there are %q", n)
	}
}

// FuzzToReceiver holds M62.
func FuzzToReceiver(f *testing.F) {
	whole := append(message(f, announce(1, "a", 5)), message(f, announce(2, "b", 3*mib))...)
	f.Add(append(whole, message(f, end)...))
	f.Add(append(whole, message(f, complete(2, value{1}))...))
	f.Fuzz(func(t *testing.T, b []byte) { fuzzed(t, b, nil) })
}

func FuzzChunkStream(f *testing.F) {
	data := []byte("12345")
	v := valueOf(data, 0, mib, true)
	f.Add(append(message(f, chunkMessage(1, 0, data, v)), data...))
	f.Add(message(f, chunkMessage(2, 1, make([]byte, mib), v)))
	f.Fuzz(func(t *testing.T, b []byte) {
		fuzzed(t, append(message(t, announce(1, "a", 5)), message(t, announce(2, "b", 3*mib))...), b)
	})
}

// FuzzToSender has a real sender hear whatever a receiver may say.
func FuzzToSender(f *testing.F) {
	hello := message(f, toSender(&wire.Ready{MaxStreams: 1}))
	f.Add(append(hello, message(f, toSender(&wire.Answer{Id: 1, ChunkSize: mib}))...))
	f.Add(append(hello, message(f, toSender(&wire.Claims{Id: 1, Values: make([]byte, 64)}))...))
	f.Add(append(hello, message(f, toSender(&wire.Need{Id: 1, Chunks: []uint64{1}}))...))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, b []byte) {
		fill(t, filepath.Join(dir, "file"), 3*mib, 1)
		d := openDir(t, dir)
		near, far := transport.Pipe()
		defer near.Close("over")
		st, err := near.OpenStream(t.Context(), transport.Control)
		must(t, err)
		peer, err := far.AcceptStream(t.Context())
		must(t, err)
		peer.Write(b)
		peer.Close()
		s := newSender(senderConfig{sources: []source{{tree: d, path: Path{"file"}, shown: Path{"file"}}}, ledger: newLedger(nil),
			ask: func(_ Question, reply func(Conflict)) { reply(Skip) }})
		if s.run(t.Context(), st) == nil && bytesOfResult(b) {
			t.Errorf("%q: it took that for success without sending", b)
		}
	})
}

// bytesOfResult tells whether b has a result without an error.
func bytesOfResult(b []byte) bool {
	in := bufio.NewReader(bytes.NewReader(b))
	for m := new(wire.ToSender); wire.Read(in, m) == nil; m = new(wire.ToSender) {
		if r := m.GetResult(); r != nil && r.GetError() == nil {
			return true
		}
	}
	return false
}
