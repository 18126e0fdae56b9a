package session

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bargee/bargee/internal/wire"
)

// What a sender may not say ends the transfer, with the reason, at once.
func TestLyingSenderManifest(t *testing.T) {
	entry := func(path string) []*wire.ToReceiver { return []*wire.ToReceiver{announce(1, path, 1)} }
	for _, c := range []struct {
		name string
		kind Kind
		say  []*wire.ToReceiver
	}{
		{"parent", BadName, entry("../x")},
		{"parent inside", BadName, entry("a/../x")},
		{"dot", BadName, entry(".")},
		{"absolute", BadName, entry("/etc/passwd")},
		{"empty component", BadName, entry("a//b")},
		{"trailing slash", BadName, entry("a/")},
		{"NUL", BadName, entry("a\x00b")},
		{"an id twice", Protocol, []*wire.ToReceiver{announce(1, "a", 1), announce(1, "b", 1)}},
		{"ids that skip", Protocol, []*wire.ToReceiver{announce(2, "a", 1)}},
		{"no entry", Protocol, []*wire.ToReceiver{{Say: &wire.ToReceiver_Entry{Entry: &wire.Announce{Id: 1, Path: []byte("a")}}}}},
		{"nothing", Protocol, []*wire.ToReceiver{{}}},
		{"End twice", Protocol, []*wire.ToReceiver{announce(1, "a", 1), end, end}},
		{"an entry after End", Protocol, []*wire.ToReceiver{announce(1, "a", 1), end, announce(2, "b", 1)}},
		{"a digest too short", Protocol, []*wire.ToReceiver{announce(1, "a", 1), complete(1, value{}), complete(1, value{})}},
		{"a decision unasked", Protocol, []*wire.ToReceiver{announce(1, "a", 1),
			{Say: &wire.ToReceiver_Decide{Decide: &wire.Decide{Id: 1, Decision: wire.Conflict_CONFLICT_OVERWRITE}}}}},
		{"a decision about nothing", Protocol, []*wire.ToReceiver{
			{Say: &wire.ToReceiver_Decide{Decide: &wire.Decide{Id: 9, Decision: wire.Conflict_CONFLICT_OVERWRITE}}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newRawSender(t, ServerConfig{}, nil)
			s.say(c.say...)
			s.fails(c.kind)
		})
	}
}

// Garbage on the manifest ends the transfer, too.
func TestLyingSenderGarbage(t *testing.T) {
	s := newRawSender(t, ServerConfig{}, nil)
	s.st.Write([]byte("\x05\xff\xff\xff\xff\xff"))
	s.fails(Protocol)
}

// The names of partials are not for peers, at any depth and in any case.
// It holds M30.
func TestLyingSenderPrivateNames(t *testing.T) {
	s := newRawSender(t, ServerConfig{}, nil)
	for i, name := range []string{".bargee-x.part", ".BARGEE-y.Journal", ".bargee-.part"} {
		s.say(announce(uint64(i+1), name, 1))
		a := s.hear().GetAnswer()
		if a.GetVerdict() != wire.Verdict_VERDICT_REFUSE || a.GetError().GetKind() != wire.Kind_KIND_NAME {
			t.Errorf("%s: %v", name, a)
		}
	}
}

// Chunks that cannot be end the transfer before their bytes are read.
// It holds M67.
func TestLyingSenderChunks(t *testing.T) {
	data := content(3 << 20)
	good := func() *wire.Chunk {
		return chunkMessage(1, 0, data[:1<<20], valueOf(data[:1<<20], 0, 1<<20, false))
	}
	for _, c := range []struct {
		name string
		turn func(*wire.Chunk)
	}{
		{"an index behind the end", func(c *wire.Chunk) { c.Index = 3 }},
		{"an index far behind the end", func(c *wire.Chunk) { c.Index = 1 << 40 }},
		{"too long", func(c *wire.Chunk) { c.Length = 1<<20 + 1 }},
		{"much too long", func(c *wire.Chunk) { c.Length = 16 << 20 }},
		{"too short", func(c *wire.Chunk) { c.Length-- }},
		{"no value", func(c *wire.Chunk) { c.Value = nil }},
		{"an unknown id", func(c *wire.Chunk) { c.Id = 2 }},
		{"id 0", func(c *wire.Chunk) { c.Id = 0 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newRawSender(t, ServerConfig{}, nil)
			s.say(announce(1, "file", len(data)))
			s.hear()
			st, in := s.data()
			m := good()
			c.turn(m)
			if state, err := sendChunk(t, st, in, m, nil); err == nil {
				t.Errorf("acknowledged as %v", state)
			}
			s.fails(Protocol)
		})
	}
}

// Data for an entry that is still being asked about was not asked for.
func TestLyingSenderDataBeforeTheAnswer(t *testing.T) {
	s := newRawSender(t, ServerConfig{}, &wire.Options{OnConflict: wire.Conflict_CONFLICT_ASK})
	write(t, filepath.Join(s.dir, "file"), "another one")
	s.say(announce(1, "file", 1))
	if v := s.hear().GetAnswer().GetVerdict(); v != wire.Verdict_VERDICT_CONFLICT {
		t.Fatal(v)
	}
	st, in := s.data()
	if _, err := sendChunk(t, st, in, chunkMessage(1, 0, []byte("x"), value{}), []byte("x")); err == nil {
		t.Error("acknowledged")
	}
	for m := s.hear(); m.GetError().GetKind() != wire.Kind_KIND_PROTOCOL; m = s.hear() {
	}
	if b, _ := os.ReadFile(filepath.Join(s.dir, "file")); string(b) != "another one" {
		t.Errorf("the old file is %q", b)
	}
}

// Bytes that do not have their value are not taken; the right ones are, later.
// F50.
func TestCorruptedChunk(t *testing.T) {
	for _, size := range []int{0, 1000, 3 << 20} {
		s := newRawSender(t, ServerConfig{}, nil)
		data := content(size)
		s.say(announce(1, "file", size))
		s.hear()
		f := &inFile{assembly: newAssembly(layout{int64(size), 1 << 20}, nil)}
		st, in := s.data()
		values := make([]value, f.count())
		for i := range f.count() {
			part, v := chunkOf(f, data, i)
			values[i] = v
			bad := v
			bad[5]++
			for _, try := range []struct {
				v    value
				want wire.Ack_State
			}{{bad, wire.Ack_STATE_CORRUPT}, {bad, wire.Ack_STATE_CORRUPT}, {v, wire.Ack_STATE_VERIFIED}} {
				if got, err := sendChunk(t, st, in, chunkMessage(1, i, part, try.v), part); err != nil || got != try.want {
					t.Fatalf("%d bytes: chunk %d: %v %v, want %v", size, i, got, err, try.want)
				}
			}
		}
		if f.count() > 1 {
			s.nothing()
			s.say(complete(1, combine(values)))
		}
		if r := s.hear().GetResult(); r.GetId() != 1 || r.GetError() != nil {
			t.Errorf("%d bytes: %v", size, r)
		}
		got, err := os.ReadFile(filepath.Join(s.dir, "file"))
		if err != nil || string(got) != string(data) {
			t.Errorf("%d bytes: %v, or they differ", size, err)
		}
	}
}

// Chunks that verify and do not make the digest make no file. The sender then
// announces it anew or gives it up; until then the transfer is not over.
// F58.
func TestWrongDigest(t *testing.T) {
	s := newRawSender(t, ServerConfig{}, nil)
	data := content(2 << 20)
	s.say(announce(1, "file", len(data)), end)
	s.hear()
	st, in := s.data()
	f := &inFile{assembly: newAssembly(layout{2 << 20, 1 << 20}, nil)}
	var values []value
	send := func(id uint64) {
		for i := range f.count() {
			part, v := chunkOf(f, data, i)
			values = append(values, v)
			if _, err := sendChunk(t, st, in, chunkMessage(id, i, part, v), part); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.say(complete(1, value{1}))
	send(1)
	if r := s.hear().GetResult(); r.GetError().GetKind() != wire.Kind_KIND_INTEGRITY {
		t.Fatalf("got %v", r)
	}
	s.nothing()
	again := announce(2, "file", len(data))
	again.GetEntry().Replaces = 1
	s.say(again)
	if a := s.hear().GetAnswer(); a.GetId() != 2 || a.GetVerdict() != wire.Verdict_VERDICT_WANT {
		t.Fatalf("got %v", a)
	}
	send(2)
	s.say(complete(2, combine(values[2:])))
	if r := s.hear().GetResult(); r.GetId() != 2 || r.GetError() != nil {
		t.Fatalf("got %v", r)
	}
	if s.hear().GetFinished() == nil {
		t.Error("not finished")
	}
}

// A size whose bookkeeping would not fit into memory is refused.
func TestAnnouncedSizeBeyondReason(t *testing.T) {
	s := newRawSender(t, ServerConfig{}, &wire.Options{ChunkSize: minChunkSize})
	// A partial lets a file pass the question for space.
	write(t, filepath.Join(s.dir, partialName("file", partialSuffix)), "")
	s.say(announce(1, "file", 1<<62))
	if a := s.hear().GetAnswer(); a.GetError().GetKind() != wire.Kind_KIND_CHUNK_SIZE {
		t.Errorf("got %v", a)
	}
}

// A sender that does not read its answers is not fed for ever.
func TestSenderThatDoesNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newRawSender(t, ServerConfig{}, &wire.Options{DryRun: true})
		s.st.SetWriteDeadline(time.Now().Add(time.Hour))
		name := ".bargee-" + strings.Repeat("x", 900) + ".part" // the answers are as long
		var err error
		for id := uint64(1); err == nil && id < 1<<16; id++ {
			err = wire.Write(s.st, announce(id, name, 1))
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("it takes entries without end and keeps the answers: %v", err)
		}
	})
}
