package session

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/bargee/bargee/internal/wire"
)

// M52, M61, M67: chunks that no file of that size has end the transfer before
// their bytes are read, from an asker and from a server.
func TestLyingChunks(t *testing.T) {
	data := content(3 << 20)
	for _, c := range []struct {
		name string
		size int
		turn func(*wire.Chunk)
	}{
		{"of an empty file", 0, func(c *wire.Chunk) { c.Length = 1 }},
		{"the second of an empty file", 0, func(c *wire.Chunk) { c.Length, c.Index = 0, 1 }},
		{"nothing of five bytes", 5, func(c *wire.Chunk) { c.Length = 0 }},
		{"six of five bytes", 5, func(c *wire.Chunk) { c.Length = 6 }},
		{"behind the end", mib + 1, func(c *wire.Chunk) { c.Index, c.Length = 1, 2 }},
		{"as if the file had grown", mib, func(c *wire.Chunk) { c.Index, c.Length = 1, mib }},
		{"far behind the end", 3 * mib, func(c *wire.Chunk) { c.Index = 1 << 40 }},
		{"of an entry to come", 3 * mib, func(c *wire.Chunk) { c.Id = 2 }},
		{"a hole, where none was agreed", 3 * mib, func(c *wire.Chunk) { c.Hole = true }},
		{"in parts, where no old file is", 3 * mib, func(c *wire.Chunk) { c.Parts = []*wire.Part{{Copy: mib}} }},
		{"in parts that make too much", 3 * mib, func(c *wire.Chunk) { c.Parts = []*wire.Part{{Literal: mib}, {Literal: 1}} }},
		{"in parts that make too little", 3 * mib, func(c *wire.Chunk) { c.Parts = []*wire.Part{{Literal: mib - 1}} }},
		{"in parts of nothing", 3 * mib, func(c *wire.Chunk) { c.Parts = []*wire.Part{{}, {Literal: mib}} }},
		{"a body where none is", 3 * mib, func(c *wire.Chunk) { c.Size = 7 }},
		{"compressed, without being shorter", 3 * mib, func(c *wire.Chunk) { c.Codec, c.Size = wire.Codec_CODEC_ZSTD, mib }},
		{"compressed to nothing", 3 * mib, func(c *wire.Chunk) { c.Codec = wire.Codec_CODEC_ZSTD }},
	} {
		for _, who := range sendingLiars(ServerConfig{}, &wire.Options{Compress: wire.Compress_COMPRESS_ON}) {
			t.Run(c.name+"/"+who.name, func(t *testing.T) {
				l := who.meet(t, func(string) {})
				l.say(announce(1, "file", c.size))
				l.until(answerOf(1))
				first := data[:min(c.size, mib)]
				m := chunkMessage(1, 0, first, valueOf(first, 0, mib, c.size <= mib))
				c.turn(m)
				l.chunk(m, make([]byte, 100))
				l.fails(Protocol, Limit, Integrity)
				if n := names(t, l.dir); len(n) > 0 && !isPrivate(n[0]) {
					t.Errorf("there are %q", n)
				}
			})
		}
	}
}

// chunk sends a chunk on a data stream of its own. acked tells what was said of
// it by then, CORRUPT if nothing was.
func (l *liar) chunk(c *wire.Chunk, body []byte) (acked func() wire.Ack_State) {
	st, in := l.data()
	st.SetWriteDeadline(time.Now().Add(time.Minute))
	if wire.Write(st, c) == nil {
		st.Write(body)
	}
	return func() wire.Ack_State {
		st.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		m := new(wire.Acks)
		if wire.Read(in, m) != nil || len(m.Acks) == 0 {
			return wire.Ack_STATE_CORRUPT
		}
		return m.Acks[0].GetState()
	}
}

// M58, M59: a body that makes more or less than its header says, or that wants
// the memory of a data centre, ends the transfer.
func TestLyingCompression(t *testing.T) {
	zeros := make([]byte, mib)
	for name, body := range map[string][]byte{
		"a byte more":           deflate(fast, nil, make([]byte, mib+1)),
		"a byte less":           deflate(fast, nil, make([]byte, mib-1)),
		"a bomb":                bytes.Repeat(deflate(fast, nil, make([]byte, 64*mib)), 4),
		"a window of 2 GiB":     []byte("\x28\xb5\x2f\xfd\x00\xa8\x01\x00\x00"),
		"a size of 2^64-1":      []byte("\x28\xb5\x2f\xfd\xe0\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00\x00"),
		"a frame in a frame":    deflate(fast, nil, deflate(fast, nil, zeros)),
		"frames without number": bytes.Repeat(deflate(fast, nil, nil), 1000),
	} {
		for _, who := range sendingLiars(ServerConfig{}, &wire.Options{Compress: wire.Compress_COMPRESS_ON}) {
			t.Run(name+"/"+who.name, func(t *testing.T) {
				s := besiege(t)
				t.Cleanup(s.lift)
				l := who.meet(t, func(string) {})
				l.say(announce(1, "file", 3*mib))
				l.until(answerOf(1))
				m := chunkMessage(1, 0, zeros, valueOf(zeros, 0, mib, false))
				m.Codec, m.Size = wire.Codec_CODEC_ZSTD, uint32(len(body))
				acked := l.chunk(m, body)
				l.say(announce(4711, "probe", 1)) // a body that is only damaged is borne
				l.fails(Protocol, Limit, Integrity)
				if acked() == wire.Ack_STATE_VERIFIED {
					t.Error("it is acknowledged")
				}
			})
		}
	}
}

// M68: of the same chunk twice the first good one counts, and what comes after
// changes nothing, whatever it says.
func TestLyingChunkTwice(t *testing.T) {
	s := newRawSender(t, ServerConfig{}, nil)
	data := content(2 * mib)
	s.say(announce(1, "file", len(data)), end)
	s.hear()
	st, in := s.data()
	v := []value{valueOf(data[:mib], 0, mib, false), valueOf(data[mib:], 1, mib, false)}
	other := content(2 * mib)[mib:]
	otherValue := valueOf(other, 0, mib, false)
	for _, part := range [][]byte{data[:mib], data[:mib], other} {
		value := v[0]
		if &part[0] == &other[0] {
			value = otherValue
		}
		if state, err := sendChunk(t, st, in, chunkMessage(1, 0, part, value), part); err != nil || state != wire.Ack_STATE_VERIFIED {
			t.Errorf("%v, %v", state, err)
		}
	}
	if _, err := sendChunk(t, st, in, chunkMessage(1, 1, data[mib:], v[1]), data[mib:]); err != nil {
		t.Fatal(err)
	}
	s.say(complete(1, combine(v)))
	if r := s.hear().GetResult(); r.GetId() != 1 || r.GetError() != nil {
		t.Errorf("%v", r)
	}
	got, err := os.ReadFile(filepath.Join(s.dir, "file"))
	if err != nil || !bytes.Equal(got, data) {
		t.Errorf("%v, or they differ", err)
	}
}

// Headers of the largest chunks on all streams there are, and not a byte behind
// them, do not take the memory that the chunks would.
func TestSiegeOfHeaders(t *testing.T) {
	for _, who := range sendingLiars(ServerConfig{}, &wire.Options{ChunkSize: maxChunkSize})[:1] {
		s := besiege(t)
		t.Cleanup(s.lift)
		l := who.meet(t, func(string) {})
		l.say(announce(1, "file", 300*maxChunkSize))
		l.until(answerOf(1))
		for i := range uint64(250) {
			st, _ := l.data()
			must(t, wire.Write(st, &wire.Chunk{Id: 1, Index: i, Length: maxChunkSize, Value: make([]byte, 32)}))
			st.Write(make([]byte, 100))
		}
		l.say(announce(4711, "probe", 1))
		l.fails(Protocol)
	}
}

// M70: streams without end, opened and given up at once, cost what the streams
// of an honest peer do, and others are answered meanwhile.
func TestSiegeOfStreams(t *testing.T) {
	if raceEnabled && testing.Short() {
		t.Skip("it is about memory, of which the race detector takes several times as much")
	}
	s := besiege(t)
	t.Cleanup(s.lift)
	remote, link := served(t, ServerConfig{Tree: openDir(t, t.TempDir())})
	request := message(t, &wire.Request{Ask: &wire.Request_Data{Data: &wire.Data{Transfer: rawID}}})
	for i := range 100_000 {
		st := stream(t, link)
		if i%3 > 0 {
			st.Write(request[:1+i%len(request)])
		}
		st.Abort(abortInterrupted)
		if i%20_000 == 0 {
			if _, err := remote.Ping(t.Context()); err != nil && KindOf(err) != Busy {
				t.Errorf("after %d streams: %v", i, err)
			}
		}
	}
	deadline := time.Now().Add(time.Minute)
	for {
		if _, err := remote.Ping(t.Context()); err == nil {
			return
		} else if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

// M73, M74: there is nothing in the schema by which a peer could set our time
// limits, or tell us a progress or a speed to show; what it counts at the end of
// its walk is not taken for what came.
func TestPeersDoNotCountForUs(t *testing.T) {
	for _, who := range sendingLiars(ServerConfig{}, nil)[1:] {
		l := who.meet(t, func(string) {})
		l.say(announce(1, "other", 5), &wire.ToReceiver{Say: &wire.ToReceiver_End{End: &wire.End{Files: 1 << 63, Dirs: 1<<64 - 1, Bytes: 1<<64 - 1}}})
		l.until(answerOf(1))
		l.send(1, 0, []byte("12345"))
		l.until(func(m *wire.ToSender) bool { return m.GetFinished() != nil })
		l.st.Close()
		l.part()
		if err := l.end(); err != nil {
			t.Error(err)
		}
	}
	for _, m := range []proto.Message{&wire.ToReceiver{}, &wire.ToSender{}, &wire.Request{}, &wire.Options{}, &wire.Announce{}} {
		fields := m.ProtoReflect().Descriptor().Fields()
		for _, name := range []string{"timeout", "deadline", "patience", "progress", "speed"} {
			if fields.ByName(protoreflect.Name(name)) != nil {
				t.Errorf("%T has %s", m, name)
			}
		}
	}
}
