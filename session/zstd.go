package session

import (
	"errors"
	"fmt"
	"runtime"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// A level is how hard a chunk is compressed.
type level uint8

const (
	asIs level = iota // not at all
	fast
	good
	levels int = iota
)

// The encoders of this process, by level, and its decoder. All transfers share
// them: each has as many states as there are processors, of 1 to 3 MiB, made
// when they are first used; who finds all of them busy waits.
var (
	encoders [levels]func() *zstd.Encoder
	decoder  = sync.OnceValue(func() *zstd.Decoder {
		d, err := zstd.NewReader(nil,
			zstd.WithDecoderConcurrency(0),
			zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(maxChunkSize),
			zstd.WithDecoderMaxMemory(maxChunkSize),
			zstd.WithDecodeAllCapLimit(true), // a chunk is never longer than its buffer
			zstd.IgnoreChecksum(true))        // it is held against its BLAKE3 value
		if err != nil {
			panic(err) // the options are constant
		}
		return d
	})
)

func init() {
	for l, speed := range map[level]zstd.EncoderLevel{fast: zstd.SpeedFastest, good: zstd.SpeedDefault} {
		encoders[l] = sync.OnceValue(func() *zstd.Encoder {
			e, err := zstd.NewWriter(nil,
				zstd.WithEncoderLevel(speed),
				zstd.WithEncoderConcurrency(runtime.GOMAXPROCS(0)),
				zstd.WithWindowSize(defaultChunkSize),
				zstd.WithLowerEncoderMem(true),
				zstd.WithAllLitEntropyCompression(true), // text may have no repetition within a block
				zstd.WithEncoderCRC(false))              // the chunk's BLAKE3 value says more
			if err != nil {
				panic(err) // the options are constant
			}
			return e
		})
	}
}

// deflate appends data, compressed, to dst.
func deflate(l level, dst, data []byte) []byte { return encoders[l]().EncodeAll(data, dst) }

// inflate fills dst with what body makes. errBomb says that it makes more or
// less than that, or wants more memory; any other error, that it is damaged.
func inflate(dst, body []byte) error {
	out, err := decoder().DecodeAll(body, dst[:0:len(dst)])
	switch {
	case errors.Is(err, zstd.ErrDecoderSizeExceeded), errors.Is(err, zstd.ErrWindowSizeExceeded):
		return errBomb
	case err != nil:
		return fmt.Errorf("zstd: %w", err)
	case len(out) != len(dst):
		return errBomb
	}
	return nil
}

var errBomb = errors.New("a compressed chunk that does not make as many bytes as it says")
