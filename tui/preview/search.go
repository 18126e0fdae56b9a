package preview

import (
	"bytes"
	"context"
	"encoding/hex"
	"io"
	"strings"
)

// A Pattern is what is searched for in a file.
type Pattern struct {
	want  []byte // in small letters if fold
	fold  bool   // ASCII letters match either case
	align int64  // where a match may begin
}

// NewPattern returns the pattern for what was typed: text, in either case unless
// it has a capital, or with bytes set, and if it is such, pairs of hex digits.
func NewPattern(typed string, c Code, bytesToo bool) Pattern {
	if bytesToo {
		digits := strings.TrimPrefix(strings.ReplaceAll(typed, " ", ""), "0x")
		if raw, err := hex.DecodeString(digits); err == nil && len(raw) > 0 && (digits != typed || len(raw) > 1) {
			return Pattern{want: raw, align: 1}
		}
	}
	p := Pattern{want: c.encode(typed), align: int64(c.width())}
	if lower := foldASCII(bytes.Clone(p.want)); bytes.Equal(lower, p.want) {
		p.fold = true
	}
	return p
}

// foldASCII makes letters small, in place.
func foldASCII(b []byte) []byte {
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return b
}

// How much is read at once by a search: little at first, since the next match is
// often near, and later what hides the round trip to a peer.
const (
	firstSearch = 64 << 10
	maxSearch   = 2 << 20
)

// Find returns the first match that begins at from or behind it, with back the
// last one that begins before. It reads the file in turn until there, so it can
// take long: report, if not nil, is told how far it is, and ctx ends it.
func (p Pattern) Find(ctx context.Context, src io.ReaderAt, size, from int64, back bool, report func(at int64)) (Range, error) {
	overlap := int64(len(p.want) - 1)
	if overlap < 0 {
		return Range{}, nil
	}
	buf := []byte(nil)
	at, n := min(max(from, 0), size), int64(firstSearch)
	for ctx.Err() == nil {
		start, end := at, min(at+n+overlap, size)
		if back {
			start, end = max(at-n, 0), min(at+overlap, size)
		}
		if end-start <= overlap || back && at == 0 {
			return Range{}, nil
		}
		if int64(cap(buf)) < end-start {
			buf = make([]byte, end-start)
		}
		k, err := src.ReadAt(buf[:end-start], start)
		if err != nil && err != io.EOF {
			return Range{}, err
		}
		if i := p.in(buf[:k], start, back); i >= 0 {
			found := start + int64(i)
			return Range{found, found + int64(len(p.want))}, nil
		}
		switch {
		case back:
			at = start
		case int64(k) < end-start:
			return Range{}, nil // it became shorter
		default:
			at = end - overlap
		}
		if report != nil {
			report(at)
		}
		n = min(2*n, maxSearch)
	}
	return Range{}, ctx.Err()
}

// in returns where in b, which begins at start in the file, the first or last
// match is; -1 if there is none.
func (p Pattern) in(b []byte, start int64, back bool) int {
	if p.fold {
		foldASCII(b)
	}
	index, at := bytes.Index, 0
	if back {
		index = bytes.LastIndex
	}
	for {
		i := index(b[at:], p.want)
		if i < 0 || (start+int64(at+i))%p.align == 0 {
			if i >= 0 {
				i += at
			}
			return i
		}
		if back {
			b = b[:i+len(p.want)-1]
		} else {
			at += i + 1
		}
	}
}

// CountLines returns how many newlines are in the bytes from..to of a file.
func CountLines(ctx context.Context, src io.ReaderAt, c Code, from, to int64, report func(at int64)) (n int64, err error) {
	err = eachChunk(ctx, src, from, to, func(b []byte, start int64) bool {
		if c.width() == 1 {
			n += int64(bytes.Count(b, []byte{'\n'}))
		} else {
			for off := 0; off < len(b); {
				k := c.newline(b[off:])
				if k == 0 {
					break
				}
				off, n = off+k, n+1
			}
		}
		if report != nil {
			report(start + int64(len(b)))
		}
		return true
	})
	return n, err
}

// FindLine returns where the line begins that has most newlines before it,
// counted from an offset; if there are fewer, the beginning of the last line.
func FindLine(ctx context.Context, src io.ReaderAt, c Code, from, size, newlines int64, report func(at int64)) (int64, error) {
	if newlines <= 0 {
		return from, nil
	}
	at := int64(-1)
	last := from
	n := int64(0)
	err := eachChunk(ctx, src, from, size, func(b []byte, start int64) bool {
		for off := 0; off < len(b); {
			k := c.newline(b[off:])
			if k == 0 {
				break
			}
			off += k
			last = start + int64(off)
			if n++; n == newlines {
				at = last
				return false
			}
		}
		if report != nil {
			report(start + int64(len(b)))
		}
		return true
	})
	if at < 0 {
		at = min(last, max(size-1, 0))
	}
	return at, err
}

// eachChunk reads a part of a file in turn, until f returns false. A chunk ends
// with a whole letter of UTF-16.
func eachChunk(ctx context.Context, src io.ReaderAt, from, to int64, f func(b []byte, start int64) bool) error {
	n := int64(firstSearch)
	var buf []byte
	for from < to && ctx.Err() == nil {
		if int64(len(buf)) < n {
			buf = make([]byte, n)
		}
		k, err := src.ReadAt(buf[:min(n, to-from)], from)
		if err != nil && err != io.EOF {
			return err
		}
		if k == 0 || !f(buf[:k], from) {
			return nil
		}
		from, n = from+int64(k), min(2*n, maxSearch)
	}
	return ctx.Err()
}
