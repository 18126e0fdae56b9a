package session

import (
	"bufio"
	"context"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/transport"
)

// rawReach reaches a peer that the test plays: it is handed each manifest and
// data stream, with its request.
type rawReach struct {
	manifest func(st transport.Stream, in *bufio.Reader)
	data     func(st transport.Stream, in *bufio.Reader) // may be nil
}

func (r *rawReach) Dial(ctx context.Context, _, _ string) (transport.Link, error) {
	near, far := transport.Pipe()
	go func() {
		for {
			st, err := far.AcceptStream(context.Background())
			if err != nil {
				return
			}
			go r.serve(st)
		}
	}()
	return near, nil
}

func (r *rawReach) serve(st transport.Stream) {
	in := bufio.NewReader(st)
	req := new(wire.Request)
	if wire.Read(in, req) != nil {
		return
	}
	switch req.Ask.(type) {
	case *wire.Request_Send, *wire.Request_Fetch:
		r.manifest(st, in)
	case *wire.Request_Data:
		if r.data != nil {
			r.data(st, in)
		}
	}
}

func (r *rawReach) Known() []KnownPeer                       { return nil }
func (r *rawReach) Pin(transport.Link, string, string) error { return nil }

// rawBed is a bed whose peer is played by reach.
func rawBed(t *testing.T, reach Reach) *bed {
	b := &bed{tb: t, here: t.TempDir(), engine: NewEngine(EngineConfig{Reach: reach})}
	t.Cleanup(func() { b.engine.Close() })
	var err error
	b.peer, err = b.engine.Connect(t.Context(), "peer", "")
	must(t, err)
	return b
}

// once is a job that is attempted one time.
func once(j Job) Job {
	j.Options = DefaultOptions()
	j.Options.Retry = 0
	j.Options.Timeout = 30 * time.Second
	return j
}

func toSender(m any) *wire.ToSender {
	switch m := m.(type) {
	case *wire.Ready:
		return &wire.ToSender{Say: &wire.ToSender_Ready{Ready: m}}
	case *wire.Answer:
		return &wire.ToSender{Say: &wire.ToSender_Answer{Answer: m}}
	case *wire.Claims:
		return &wire.ToSender{Say: &wire.ToSender_Claims{Claims: m}}
	case *wire.Cuts:
		return &wire.ToSender{Say: &wire.ToSender_Cuts{Cuts: m}}
	case *wire.Need:
		return &wire.ToSender{Say: &wire.ToSender_Need{Need: m}}
	case *wire.Result:
		return &wire.ToSender{Say: &wire.ToSender_Result{Result: m}}
	case *wire.Finished:
		return &wire.ToSender{Say: &wire.ToSender_Finished{Finished: m}}
	}
	return &wire.ToSender{}
}

// What a receiver may not say ends the upload, with the reason, and the other
// side is told.
// It holds M53.
func TestLyingReceiver(t *testing.T) {
	const want, have, digest = wire.Verdict_VERDICT_WANT, wire.Verdict_VERDICT_HAVE, wire.Verdict_VERDICT_DIGEST
	ready := &wire.Ready{MaxStreams: 4}
	answer := func(v wire.Verdict, chunk uint32) *wire.Answer {
		return &wire.Answer{Id: 1, Verdict: v, ChunkSize: chunk}
	}
	wanted := answer(want, 1<<20)
	for _, c := range []struct {
		name string
		kind Kind
		say  []any
	}{
		{"no Ready", Protocol, []any{wanted}},
		{"Ready twice", Protocol, []any{ready, ready}},
		{"a name with a slash", Protocol, []any{&wire.Ready{As: []byte("../x")}}},
		{"nothing", Protocol, []any{ready, nil}},
		{"chunk size 0", ChunkSize, []any{ready, answer(want, 0)}},
		{"chunk size 32 KiB", ChunkSize, []any{ready, answer(want, 32<<10)}},
		{"an answer about nothing", Protocol, []any{ready, &wire.Answer{Id: 77}}},
		{"wanted twice", Protocol, []any{ready, wanted, answer(want, 64<<10)}},
		{"wanted and had", Protocol, []any{ready, wanted, answer(have, 0)}},
		{"digest twice", Protocol, []any{ready, answer(digest, 0), answer(digest, 0)}},
		{"no known verdict", Protocol, []any{ready, answer(99, 0)}},
		{"a negative verdict", Protocol, []any{ready, answer(-1, 0)}},
		{"a need before it is wanted", Protocol, []any{ready, &wire.Need{Id: 1, Chunks: []uint64{0}}}},
		{"a need out of range", Protocol, []any{ready, wanted, &wire.Need{Id: 1, Chunks: []uint64{3}}}},
		{"a need of nothing", Protocol, []any{ready, &wire.Need{Id: 9, Chunks: []uint64{0}}}},
		{"a result of nothing", Protocol, []any{ready, &wire.Result{Id: 9}}},
		{"a result unasked", Protocol, []any{ready, &wire.Result{Id: 1}}},
		{"a result too early", Protocol, []any{ready, &wire.Claims{Id: 1, Values: make([]byte, 96)}, wanted, &wire.Result{Id: 1}}},
		{"finished too early", Protocol, []any{ready, &wire.Finished{}}},
		{"claims out of range", Protocol, []any{ready, &wire.Claims{Id: 1, First: 2, Values: make([]byte, 64)}, wanted}},
		{"claims far out of range", Protocol, []any{ready, &wire.Claims{Id: 1, First: 1 << 40, Values: make([]byte, 32)}, wanted}},
		{"claims of half a value", Protocol, []any{ready, &wire.Claims{Id: 1, Values: make([]byte, 33)}}},
		{"claims after the answer", Protocol, []any{ready, wanted, &wire.Claims{Id: 1, Values: make([]byte, 32)}}},
		{"a conflict whose entry has a bad name", Protocol, []any{ready, &wire.Answer{Id: 1, Verdict: wire.Verdict_VERDICT_CONFLICT,
			Existing: &wire.Entry{Name: []byte("a/b")}}}},
	} {
		t.Run(c.name, func(t *testing.T) { refusesReceiver(t, c.kind, c.say) })
	}
}

// An acknowledgement of what is not the next chunk, or of nothing, ends the
// transfer; so does garbage.
func TestLyingAcks(t *testing.T) {
	for _, c := range []struct {
		name string
		say  []byte
	}{
		{"another chunk", message(t, &wire.Acks{Acks: []*wire.Ack{{Id: 1, Index: 2}}})},
		{"another file", message(t, &wire.Acks{Acks: []*wire.Ack{{Id: 2, Index: 0}}})},
		{"too many", message(t, &wire.Acks{Acks: []*wire.Ack{{Id: 1}, {Id: 1, Index: 1}, {Id: 1, Index: 2}, {Id: 1, Index: 3}}})},
		{"garbage", []byte("\x05\xff\xff\xff\xff\xff")},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := rawBed(t, &rawReach{
				manifest: func(st transport.Stream, in *bufio.Reader) {
					wire.Write(st, toSender(&wire.Ready{MaxStreams: 1}))
					wire.Read(in, new(wire.ToReceiver)) // the file
					wire.Write(st, toSender(&wire.Answer{Id: 1, ChunkSize: 1 << 20}))
					for wire.Read(in, new(wire.ToReceiver)) == nil {
					}
					st.Close()
				},
				data: func(st transport.Stream, in *bufio.Reader) {
					wire.Read(in, new(wire.Chunk))
					st.Write(c.say)
				},
			})
			fill(t, filepath.Join(b.here, "file"), 3<<20, 1)
			tr := b.run(once(Job{From: Here, To: b.peer, Sources: []Path{b.path("file")}}))
			if tr.State != StateFailed || KindOf(tr.Err) != Protocol {
				t.Errorf("%v: %v, want %s", tr.State, tr.Err, Protocol)
			}
		})
	}
}

// A chunk that arrives corrupted is sent again, three times; then it is said
// that something is wrong with a machine.
// F50.
func TestChunkThatArrivesCorrupted(t *testing.T) {
	sent := make(chan int, 1)
	b := rawBed(t, &rawReach{
		manifest: func(st transport.Stream, in *bufio.Reader) {
			wire.Write(st, toSender(&wire.Ready{MaxStreams: 1}))
			wire.Read(in, new(wire.ToReceiver)) // the file
			wire.Write(st, toSender(&wire.Answer{Id: 1, ChunkSize: 1 << 20}))
			for m := new(wire.ToReceiver); wire.Read(in, m) == nil; {
				if m.GetFailed() != nil {
					wire.Write(st, toSender(&wire.Finished{}))
				}
			}
			st.Close()
		},
		data: func(st transport.Stream, in *bufio.Reader) {
			n := 0
			for c := new(wire.Chunk); wire.Read(in, c) == nil; n++ {
				in.Discard(int(c.GetLength()))
				wire.Write(st, &wire.Acks{Acks: []*wire.Ack{{Id: c.Id, Index: c.Index, State: wire.Ack_STATE_CORRUPT}}})
			}
			st.Close()
			if n > 0 {
				sent <- n
			}
		},
	})
	fill(t, filepath.Join(b.here, "file"), 1000, 1)
	j := once(Job{From: Here, To: b.peer, Sources: []Path{b.path("file")}})
	j.Options.Streams = 1
	tr := b.run(j)
	if tr.State != StateDone || tr.Failures != 1 || KindOf(tr.Failed[0].Err) != Integrity {
		t.Errorf("%v: %v, %v", tr.State, tr.Err, tr.Failed)
	}
	if n := <-sent; n != 1+maxFaults {
		t.Errorf("it was sent %d times", n)
	}
}

// message is m as it travels.
func message(t testing.TB, m proto.Message) []byte {
	b, err := wire.Append(nil, m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// refusesReceiver uploads a file to a receiver that says what is given: the
// transfer ends with an error of that kind, which the receiver is told.
func refusesReceiver(t *testing.T, kind Kind, says []any) {
	t.Helper()
	told := make(chan *wire.Error, 1)
	b := rawBed(t, &rawReach{manifest: func(st transport.Stream, in *bufio.Reader) {
		m := new(wire.ToReceiver)
		wire.Read(in, m) // the file
		for _, say := range says {
			wire.Write(st, toSender(say))
		}
		for wire.Read(in, m) == nil {
			if m.GetError() != nil {
				told <- m.GetError()
				st.Close()
				return
			}
		}
		told <- nil
	}})
	// Of the second MiB on nothing fits into the one stream that nobody reads:
	// however late the sender hears what is said, the file was not sent yet.
	fill(t, filepath.Join(b.here, "file"), 3<<20, 1)
	j := once(Job{From: Here, To: b.peer, Sources: []Path{b.path("file")}})
	j.Options.Streams = 1
	tr := b.run(j)
	if tr.State != StateFailed || KindOf(tr.Err) != kind {
		t.Errorf("%v: %v, want %s", tr.State, tr.Err, kind)
	}
	if e := <-told; fromWire(e).Kind != kind {
		t.Errorf("the receiver is told %v, want %s", e, kind)
	}
}
