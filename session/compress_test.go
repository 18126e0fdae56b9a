package session

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/bargee/bargee/internal/wire"
)

// prose is n bytes of something like text, which shrinks to a third or less.
func prose(n int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	var b bytes.Buffer
	for b.Len() < n {
		fmt.Fprintf(&b, "%s %d ", strings.Repeat(string(rune('a'+r.IntN(26))), 1+r.IntN(9)), r.IntN(1000))
	}
	return b.Bytes()[:n]
}

// What is copied is the same, whatever is compressed of it, and what was
// agreed is what crosses the link.
func TestCompressedTransfers(t *testing.T) {
	text := prose(3<<20 + 17)
	mixed := append(prose(2<<20), content(2<<20)...)
	files := map[string][]byte{"text": text, "noise": content(2<<20 + 1), "mixed": mixed, "small": text[:3000], "tiny": text[:9], "empty": nil}
	for _, mode := range []Compression{CompressOff, CompressAuto, CompressOn} {
		for _, way := range []string{"up", "down"} {
			t.Run(fmt.Sprint(way, mode), func(t *testing.T) {
				b := newBed(t, ServerConfig{})
				at, to := b.here, b.there
				if way == "down" {
					at, to = to, at
				}
				for name, data := range files {
					write(t, filepath.Join(at, "from", name), string(data))
				}
				j := Job{From: Here, To: b.peer, Into: true, Options: DefaultOptions(), Sources: []Path{b.path("from")}}
				if way == "down" {
					j = Job{From: b.peer, To: Here, Into: true, Options: DefaultOptions(), Sources: []Path{{"from"}}, Destination: b.path("")}
				}
				j.Options.Compress = mode
				tr := b.run(j)
				if tr.State != StateDone || tr.Failures > 0 {
					t.Fatalf("%v %v %v", tr.State, tr.Err, tr.Failed)
				}
				for name, data := range files {
					got, err := os.ReadFile(filepath.Join(to, "from", name))
					if err != nil || !bytes.Equal(got, data) {
						t.Errorf("%s differs: %v", name, err)
					}
				}
				if tr.Sent != tr.Bytes {
					t.Errorf("%d bytes sent of %d: it is to be counted before compression", tr.Sent, tr.Bytes)
				}
				if compressed := tr.Wire < tr.Bytes*8/10; mode == CompressOn && !compressed || mode == CompressOff && tr.Wire < tr.Bytes {
					t.Errorf("%d bytes crossed the link for %d", tr.Wire, tr.Bytes)
				}
			})
		}
	}
}

// A peer that does not say that it takes compressed chunks gets none.
func TestCompressOnlyWhatIsTaken(t *testing.T) {
	for _, c := range []struct {
		mode  Compression
		takes bool
		want  wire.Codec
	}{
		{CompressOff, true, wire.Codec_CODEC_NONE},
		{CompressOn, false, wire.Codec_CODEC_NONE},
		{CompressAuto, false, wire.Codec_CODEC_NONE},
		{CompressOn, true, wire.Codec_CODEC_ZSTD},
		{CompressAuto, true, wire.Codec_CODEC_ZSTD},
	} {
		z := newCompressor(c.mode)
		z.allow(c.takes)
		if b := pack(z, new(grain), 0, prose(1<<20)); b.codec != c.want {
			t.Errorf("mode %d, taken %v: %v", c.mode, c.takes, b.codec)
		}
	}
}

func pack(z *compressor, g *grain, i uint64, data []byte) body {
	return z.pack(g, new(nolock), i, data)
}

type nolock struct{}

func (*nolock) Lock()   {}
func (*nolock) Unlock() {}

// What does not shrink is found by a sample, passed over for a while and then
// tried again: a file may be an archive of both.
func TestCompressWhatShrinks(t *testing.T) {
	z := newCompressor(CompressOn)
	z.allow(true)
	var g grain
	noise, text := content(256<<10), prose(256<<10)
	var got strings.Builder
	for i := range uint64(40) {
		data := noise
		if i >= 12 {
			data = text
		}
		b := pack(z, &g, i, data)
		got.WriteString(map[wire.Codec]string{wire.Codec_CODEC_NONE: ".", wire.Codec_CODEC_ZSTD: "z"}[b.codec])
		z.wrote(&b)
	}
	// 0 and 9 fail, then 26 is tried.
	if want := strings.Repeat(".", 26) + strings.Repeat("z", 14); got.String() != want {
		t.Errorf("%s, want\n%s", &got, want)
	}
}

// zipped is a frame of data, with encoder options.
func zipped(data []byte, o ...zstd.EOption) []byte {
	e, err := zstd.NewWriter(nil, o...)
	if err != nil {
		panic(err)
	}
	defer e.Close()
	return e.EncodeAll(data, nil)
}

// Compressed chunks that make more or less than they say, or want more memory,
// end the transfer; damaged ones are sent again. Neither takes memory.
func TestCompressionBombs(t *testing.T) {
	const size = 1 << 20
	data := prose(size)
	honest := zipped(data)
	bomb := zipped(make([]byte, 256<<20))
	hidden := bytes.Repeat(zipped(nil, zstd.WithZeroFrames(true)), 100)
	streamed := func() []byte { // says nothing of its size, and wants a window of 64 MiB
		var b bytes.Buffer
		e, _ := zstd.NewWriter(&b, zstd.WithWindowSize(64<<20))
		for range 65 {
			e.Write(make([]byte, 1<<20))
			e.Flush()
		}
		e.Close()
		return b.Bytes()
	}()
	damaged := bytes.Clone(honest)
	for i := len(damaged) / 2; i < len(damaged)/2+100; i++ {
		damaged[i] ^= 0x55
	}
	for _, c := range []struct {
		name string
		body []byte
		turn func(*wire.Chunk)
		want Kind // "": State
		ack  wire.Ack_State
	}{
		{name: "honest", body: honest, ack: wire.Ack_STATE_VERIFIED},
		{name: "frames of nothing before it", body: append(bytes.Clone(hidden), honest...), ack: wire.Ack_STATE_VERIFIED},
		{name: "of 256 MiB", body: bomb, want: Protocol},
		{name: "behind an honest frame", body: append(bytes.Clone(honest), bomb...), want: Protocol},
		{name: "that does not say its size", body: streamed, want: Protocol},
		{name: "a byte more", body: zipped(append(bytes.Clone(data), 'x')), want: Protocol},
		{name: "a byte less", body: zipped(data[1:]), want: Protocol},
		{name: "nothing", body: hidden, want: Protocol},
		{name: "no size", body: honest, turn: func(c *wire.Chunk) { c.Size = 0 }, want: Protocol},
		{name: "longer than what it makes", body: honest, turn: func(c *wire.Chunk) { c.Size = size }, want: Protocol},
		{name: "far longer", body: honest, turn: func(c *wire.Chunk) { c.Size = 16 << 20 }, want: Protocol},
		{name: "an unknown codec", body: honest, turn: func(c *wire.Chunk) { c.Codec = 7 }, want: Protocol},
		{name: "damaged", body: damaged, ack: wire.Ack_STATE_CORRUPT},
		{name: "no frame", body: content(1000), ack: wire.Ack_STATE_CORRUPT},
		{name: "half a frame", body: honest[:len(honest)/2], ack: wire.Ack_STATE_CORRUPT},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newRawSender(t, ServerConfig{}, &wire.Options{Compress: wire.Compress_COMPRESS_ON})
			s.say(announce(1, "file", 2*size))
			s.hear()
			st, in := s.data()
			m := chunkMessage(1, 0, data, valueOf(data, 0, size, false))
			m.Codec, m.Size = wire.Codec_CODEC_ZSTD, uint32(len(c.body))
			if c.turn != nil {
				c.turn(m)
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			state, err := sendChunk(t, st, in, m, c.body)
			runtime.ReadMemStats(&after)
			if grown := after.TotalAlloc - before.TotalAlloc; grown > 24<<20 {
				t.Errorf("%d MiB were allocated", grown>>20)
			}
			switch {
			case c.want != "" && err == nil:
				t.Errorf("acknowledged as %v", state)
			case c.want != "":
				s.fails(c.want)
			case err != nil || state != c.ack:
				t.Errorf("%v, %v, want %v", state, err, c.ack)
			}
		})
	}
}

// Who was not asked for compressed chunks sends none.
func TestCompressedChunkUnasked(t *testing.T) {
	data := prose(1 << 20)
	s := newRawSender(t, ServerConfig{}, nil)
	s.say(announce(1, "file", 2<<20))
	s.hear()
	st, in := s.data()
	m := chunkMessage(1, 0, data, valueOf(data, 0, 1<<20, false))
	body := zipped(data)
	m.Codec, m.Size = wire.Codec_CODEC_ZSTD, uint32(len(body))
	if state, err := sendChunk(t, st, in, m, body); err == nil {
		t.Errorf("acknowledged as %v", state)
	}
	s.fails(Protocol)
}

// FuzzInflate: whatever a body has, no more than the chunk is made of it.
func FuzzInflate(f *testing.F) {
	f.Add(uint16(1000), zipped(prose(1000)))
	f.Add(uint16(1000), zipped(make([]byte, 1<<20)))
	f.Add(uint16(0), []byte{})
	f.Fuzz(func(t *testing.T, n uint16, body []byte) {
		dst := make([]byte, int(n)+16)
		copy(dst[n:], "0123456789abcdef")
		done := time.AfterFunc(time.Minute, func() { panic("it takes for ever") })
		defer done.Stop()
		inflate(dst[:n:n], body)
		if string(dst[n:]) != "0123456789abcdef" {
			t.Error("it wrote behind the chunk")
		}
	})
}
