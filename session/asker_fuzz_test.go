package session

import (
	"bufio"
	"bytes"
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/transport"
)

// FuzzReply has every call of a Remote hear whatever a peer may answer: an
// *Error comes back, or what the call promises, and soon.
func FuzzReply(f *testing.F) {
	for _, r := range []*wire.Reply{
		{Answer: &wire.Reply_Done{Done: &wire.Done{}}},
		{Answer: &wire.Reply_Entry{Entry: &wire.Entry{Name: []byte("file"), Size: 1 << 40}}},
		{Answer: &wire.Reply_Digest{Digest: make([]byte, 32)}},
		{Answer: &wire.Reply_Space{Space: &wire.SpaceReply{Free: 1<<64 - 1, Total: 1}}},
		{Answer: &wire.Reply_Error{Error: &wire.Error{Kind: wire.Kind_KIND_NO_SPACE, Message: "\x1b[2J"}}},
	} {
		f.Add(message(f, r))
	}
	f.Fuzz(func(t *testing.T, said []byte) {
		remote := scripted(t, func(st transport.Stream) { st.Write(said) })
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		for name, call := range remoteCalls {
			if err := call(ctx, remote); err != nil {
				kindIsKnown(t, name, err)
			}
			if ctx.Err() != nil {
				t.Fatalf("%s: %q: it does not end", name, said)
			}
		}
	})
}

// kindIsKnown fails where err tells nobody what went wrong.
func kindIsKnown(t *testing.T, what string, err error) {
	t.Helper()
	if _, ok := kinds[KindOf(err)]; !ok {
		t.Errorf("%s: %v is of no kind", what, err)
	}
}

// FuzzListing lists a directory of a peer that says whatever it likes: the
// names are names, and the listing ends.
func FuzzListing(f *testing.F) {
	f.Add(append(message(f, named("a", "b")), message(f, named("c"))...))
	f.Add(message(f, named("ok", "..", "a/b", "")))
	f.Add(append(message(f, named("a")), message(f, &wire.Entries{Error: &wire.Error{Kind: wire.Kind_KIND_BUSY}})...))
	f.Fuzz(func(t *testing.T, said []byte) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		for e, err := range scripted(t, func(st transport.Stream) { st.Write(said) }).List(ctx, Path{"dir"}) {
			if err != nil {
				kindIsKnown(t, "List", err)
				continue
			}
			if _, err := (Path{"dir"}).Join(e.Name); err != nil {
				t.Errorf("a name that is none: %v", err)
			}
			if y := e.Modified.UTC().Year(); y < 1 || y > 9999 || e.Size < 0 {
				t.Errorf("%+v", e)
			}
		}
		if ctx.Err() != nil {
			t.Errorf("%q: it does not end", said)
		}
	})
}

// FuzzAcks has a real sender hear whatever acknowledgements: it does not end
// well unless all chunks were acknowledged, and it ends.
func FuzzAcks(f *testing.F) {
	all := &wire.Acks{Acks: []*wire.Ack{{Id: 1}, {Id: 1, Index: 1}, {Id: 1, Index: 2}}}
	f.Add(message(f, all))
	f.Add(append(message(f, all), message(f, all)...))
	f.Add(message(f, &wire.Acks{Acks: []*wire.Ack{{Id: 1, State: wire.Ack_STATE_CORRUPT}}}))
	f.Add(message(f, &wire.Acks{Acks: []*wire.Ack{{Id: 1, Index: 2, State: wire.Ack_STATE_UNWANTED}}}))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, acks []byte) {
		fill(t, filepath.Join(dir, "file"), 3*minChunkSize, 1)
		near, far := transport.Pipe()
		defer near.Close("over")
		open := func(c transport.Class) (mine, theirs transport.Stream) {
			mine, err := near.OpenStream(t.Context(), c)
			must(t, err)
			theirs, err = far.AcceptStream(t.Context())
			must(t, err)
			return mine, theirs
		}
		manifest, heard := open(transport.Control)
		data, took := open(transport.Bulk)
		s := newSender(senderConfig{sources: []source{{tree: openDir(t, dir), path: Path{"file"}, shown: Path{"file"}}}, ledger: newLedger(nil)})
		done := make(chan error, 1)
		go func() { done <- s.run(t.Context(), manifest) }()
		go s.carry(data, 1)
		completed := make(chan bool, 1)
		go func() {
			in := bufio.NewReader(heard)
			for m := new(wire.ToReceiver); wire.Read(in, m) == nil; m = new(wire.ToReceiver) {
				if m.GetComplete() != nil {
					completed <- true
				}
			}
			close(completed)
		}()
		wire.Write(heard, toSender(&wire.Ready{MaxStreams: 1}))
		wire.Write(heard, toSender(&wire.Answer{Id: 1, ChunkSize: minChunkSize}))
		in := bufio.NewReader(took)
		for range 3 {
			c := new(wire.Chunk)
			if wire.Read(in, c) == nil {
				in.Discard(int(c.GetLength()))
			}
		}
		took.Write(acks)
		took.Close()
		wire.Write(heard, toSender(&wire.Result{Id: 1}))
		wire.Write(heard, toSender(&wire.Finished{}))
		heard.Close()
		select {
		case err := <-done:
			if err != nil {
				kindIsKnown(t, "the sender", err)
			}
		case <-time.After(time.Minute):
			t.Fatalf("%x: it does not end", acks)
		}
		near.Close("over")
		if told, ok := <-completed; ok && told && !acknowledgesAll(acks) {
			t.Errorf("%x: it says that all was sent and taken", acks)
		}
	})
}

// acknowledgesAll tells whether acks begin with those of three chunks, verified.
func acknowledgesAll(acks []byte) bool {
	in := bufio.NewReader(bytes.NewReader(acks))
	seen := map[uint64]bool{}
	for m := new(wire.Acks); wire.Read(in, m) == nil; m = new(wire.Acks) {
		for _, a := range m.Acks {
			if a.GetId() == 1 && a.GetState() == wire.Ack_STATE_VERIFIED {
				seen[a.GetIndex()] = true
			}
		}
	}
	return seen[0] && seen[1] && seen[2]
}
