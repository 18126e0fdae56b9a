package session

import (
	"bufio"
	"fmt"
	"io"
	"runtime"
	"sync"
	"time"

	"github.com/bargee/bargee/internal/wire"
)

// This file compresses chunks at the sender and undoes that at the receiver.

// leastShrink is below which chunks are sent as they are: a frame has some
// bytes of its own, and the header of the chunk is not compressed. sampleSize
// is how much of a chunk is tried first, where it is not known to shrink, and
// sampleEvery in how many chunks that is done while nothing is compressed.
const (
	leastShrink = 512
	sampleSize  = 64 << 10
	sampleEvery = 64
	sampleSoon  = 8 // chunks, from when compression is on
)

// A compressor compresses the chunks of one transfer, on all its streams.
type compressor struct {
	mode Compression

	mu      sync.Mutex
	takes   bool // the receiver's word
	q       squeezer
	skipped int // chunks since the last sample
}

func newCompressor(mode Compression) *compressor {
	return &compressor{mode: mode, q: squeezer{cores: float64(runtime.GOMAXPROCS(0))}}
}

// allow tells what the receiver takes.
func (c *compressor) allow(zstd bool) {
	c.mu.Lock()
	c.takes = zstd && c.mode != CompressOff
	c.mu.Unlock()
}

// A body is what follows a chunk's header. It is in a pooled buffer, if it is
// compressed, and ended by compressor.wrote.
type body struct {
	bytes []byte
	codec wire.Codec
	level level
	pool  []byte // the buffer
	plain int
	noted bool // the squeezer counts it
}

// describe says in the header what follows it.
func (b *body) describe(c *wire.Chunk) {
	if c.Codec = b.codec; b.codec != wire.Codec_CODEC_NONE {
		c.Size = uint32(len(b.bytes))
	}
}

// pack makes the body of chunk i of a file, of which g is known.
func (c *compressor) pack(g *grain, lock sync.Locker, i uint64, data []byte) body {
	b := body{bytes: data, plain: len(data)}
	c.mu.Lock()
	takes, known := c.takes, c.q.known
	c.mu.Unlock()
	if !takes {
		return b
	}
	if len(data) >= leastShrink {
		lock.Lock()
		tries, shrank := g.tries(i), g.shrank
		lock.Unlock()
		if c.samples(known, tries, shrank, len(data)) {
			ratio := c.sample(data)
			lock.Lock()
			g.learn(i, ratio)
			tries = g.tries(i)
			lock.Unlock()
		}
		if l := c.levelNow(); tries && l != asIs {
			c.squeeze(&b, l)
			lock.Lock()
			g.learn(i, float64(len(b.bytes))/float64(len(data)))
			lock.Unlock()
		}
	}
	c.mu.Lock()
	c.q.begin(time.Now(), b.level)
	c.mu.Unlock()
	b.noted = true
	return b
}

// samples tells whether a part of a chunk is tried before the whole of it.
func (c *compressor) samples(known, tries, shrank bool, n int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mode == CompressAuto && c.q.level == asIs && known {
		// Just to know what could be had.
		c.skipped++
		if c.skipped < sampleEvery || !tries {
			return false
		}
		c.skipped = 0
		return true
	}
	if c.skipped++; c.mode == CompressAuto && tries && c.skipped%sampleEvery == sampleSoon {
		return true // for the level that is not in use
	}
	return tries && (!known || !shrank && n > 2*sampleSize)
}

// sample tries what a part from the middle of data makes at each level, and
// returns the ratio.
func (c *compressor) sample(data []byte) float64 {
	if len(data) > sampleSize {
		middle := (len(data) - sampleSize) / 2
		data = data[middle : middle+sampleSize]
	}
	buf := getChunk(len(data) + frameExtra)
	defer putChunk(buf)
	ratio := 1.0
	for _, l := range c.sampled() {
		start := time.Now()
		n := len(deflate(l, buf[:0], data))
		took := time.Since(start)
		ratio = min(ratio, float64(n)/float64(len(data)))
		if ratio >= worthRatio {
			return ratio
		}
		c.mu.Lock()
		c.q.sampled(l, len(data), n, took)
		c.mu.Unlock()
	}
	return ratio
}

// sampled returns the levels that are worth trying on a sample: the slower one
// only if compression is on at all.
func (c *compressor) sampled() []level {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mode == CompressAuto && c.q.level == asIs {
		return []level{fast}
	}
	return []level{fast, good}
}

// frameExtra is by how much a frame of a chunk that does not shrink may be
// longer than that: 3 bytes for each block of 128 KiB, and its header.
const frameExtra = 1 << 10

// levelNow returns the level of the next chunk.
func (c *compressor) levelNow() level {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mode == CompressOn {
		return good
	}
	return c.q.level
}

// squeeze compresses b, if it shrinks.
func (c *compressor) squeeze(b *body, l level) {
	buf := getChunk(len(b.bytes) + frameExtra)
	start := time.Now()
	out := deflate(l, buf[:0], b.bytes)
	took := time.Since(start)
	c.mu.Lock()
	c.q.sampled(l, len(b.bytes), len(out), took)
	c.mu.Unlock()
	if float64(len(out)) >= worthRatio*float64(len(b.bytes)) {
		putChunk(buf)
		return
	}
	b.bytes, b.pool, b.level, b.codec = out, buf, l, wire.Codec_CODEC_ZSTD
}

// wrote ends b, which was written, or was not if it is to be sent again.
func (c *compressor) wrote(b *body) {
	if b.noted {
		c.mu.Lock()
		c.q.end(time.Now(), b.level, b.plain, len(b.bytes))
		c.mu.Unlock()
	}
	if b.pool != nil {
		putChunk(b.pool)
	}
	*b = body{}
}

// checkBody holds what a header says of the body against what was agreed, and
// against the bytes that the body makes.
func (r *receiver) checkBody(c *wire.Chunk) error {
	if _, err := recipeFromWire(c.GetParts(), int(c.GetLength())); err != nil {
		return newError(Protocol, Path{}, "chunk %d of entry %d: %w", c.GetIndex(), c.GetId(), err)
	}
	n := bodySize(c)
	switch c.GetCodec() {
	case wire.Codec_CODEC_NONE:
		if c.GetSize() != 0 {
			return newError(Protocol, Path{}, "a chunk that is not compressed, and is to have a body of %d bytes", c.GetSize())
		}
	case wire.Codec_CODEC_ZSTD:
		if r.options.Compress == CompressOff {
			return newError(Protocol, Path{}, "a compressed chunk, and none was asked for")
		}
		if size := int(c.GetSize()); size == 0 || size >= n {
			return newError(Protocol, Path{}, "a compressed chunk of %d bytes that makes %d", size, n)
		}
	}
	return nil
}

// readBody fills data with what the body of c makes. A body that is damaged
// makes something that will not verify; one that makes more or less than it
// says ends the transfer.
func readBody(br *bufio.Reader, c *wire.Chunk, data []byte) error {
	if c.GetCodec() == wire.Codec_CODEC_NONE {
		_, err := io.ReadFull(br, data)
		return noEOF(err)
	}
	body := getChunk(int(c.GetSize()))
	defer putChunk(body)
	if _, err := io.ReadFull(br, body); err != nil {
		return noEOF(err)
	}
	switch err := inflate(data, body); err {
	case nil:
	case errBomb:
		return newError(Protocol, Path{}, "chunk %d of entry %d: %w", c.GetIndex(), c.GetId(), err)
	default:
		clear(data) // what an earlier chunk left there must not verify
	}
	return nil
}

func noEOF(err error) error {
	if err == io.EOF {
		err = fmt.Errorf("%w in a chunk", io.ErrUnexpectedEOF)
	}
	return err
}
