package session

import (
	"fmt"

	"github.com/bargee/bargee/internal/wire"
)

// This file puts chunks together from parts: what the receiver has in an old
// file, and what has to be sent. It reads no file and knows no stream.

// A part is some bytes of the old file, then some that are sent.
type part struct {
	from    int64
	copied  int
	literal int
}

// A recipe makes a chunk. A nil recipe is that all of it is sent.
type recipe []part

// maxParts is how many parts a chunk has at the most (transfer.proto).
const maxParts = 2048

// copy continues the recipe with n bytes of the old file.
func (r recipe) copy(from int64, n int) recipe {
	if last := len(r) - 1; last >= 0 && r[last].literal == 0 && r[last].from+int64(r[last].copied) == from {
		r[last].copied += n
		return r
	}
	if len(r) >= maxParts {
		return r.send(n)
	}
	return append(r, part{from: from, copied: n})
}

// send continues the recipe with n bytes that are sent.
func (r recipe) send(n int) recipe {
	if len(r) == 0 {
		return append(r, part{literal: n})
	}
	r[len(r)-1].literal += n
	return r
}

// literals returns how many bytes are sent.
func (r recipe) literals() (n int) {
	for _, p := range r {
		n += p.literal
	}
	return n
}

// squeeze moves the bytes of chunk that are sent to its front and returns them.
func (r recipe) squeeze(chunk []byte) []byte {
	to, at := 0, 0
	for _, p := range r {
		at += p.copied
		to += copy(chunk[to:], chunk[at:at+p.literal])
		at += p.literal
	}
	return chunk[:to]
}

func (r recipe) toWire() []*wire.Part {
	if r == nil {
		return nil
	}
	out := make([]*wire.Part, len(r))
	for i, p := range r {
		out[i] = &wire.Part{From: uint64(p.from), Copy: uint32(p.copied), Literal: uint32(p.literal)}
	}
	return out
}

// recipeFromWire checks the parts of a chunk of length bytes. What they refer
// to is held against the old file later, by within.
func recipeFromWire(parts []*wire.Part, length int) (recipe, error) {
	if len(parts) == 0 {
		return nil, nil
	}
	r := make(recipe, len(parts))
	left := uint64(length)
	for i, p := range parts {
		if p.GetFrom() > 1<<60 {
			return nil, fmt.Errorf("a part begins at %d", p.GetFrom())
		}
		n := uint64(p.GetCopy()) + uint64(p.GetLiteral())
		if n == 0 || n > left {
			return nil, fmt.Errorf("a part of %d bytes, and %d are left of the chunk", n, left)
		}
		left -= n
		r[i] = part{int64(p.GetFrom()), int(p.GetCopy()), int(p.GetLiteral())}
	}
	if left > 0 {
		return nil, fmt.Errorf("parts that leave out %d bytes of the chunk", left)
	}
	return r, nil
}

// within tells whether the recipe only refers to the first size bytes of the
// old file.
func (r recipe) within(size int64) bool {
	for _, p := range r {
		if p.copied > 0 && p.from > size-int64(p.copied) {
			return false
		}
	}
	return true
}

// bodySize returns how many bytes the body of a chunk makes, whose parts were
// checked: those of the chunk, or what its parts take from them.
func bodySize(c *wire.Chunk) int {
	if len(c.GetParts()) == 0 {
		return int(c.GetLength())
	}
	n := 0
	for _, p := range c.GetParts() {
		n += int(p.GetLiteral())
	}
	return n
}
