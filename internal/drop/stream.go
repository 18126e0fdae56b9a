package drop

import (
	"bytes"
	"fmt"
	"io"
)

// A ManifestSealer takes a manifest's bytes and seals them chunk by chunk; Close
// fills the last one up with blanks. emit gets each sealed chunk, in order, which is
// its own from then on.
type ManifestSealer struct {
	keys *Keys
	emit func(sealed []byte) error
	buf  []byte
	done int // chunks
	size int64
}

// NewManifestSealer returns one for the drop with these keys.
func NewManifestSealer(k *Keys, emit func(sealed []byte) error) *ManifestSealer {
	return &ManifestSealer{keys: k, emit: emit}
}

// Write takes p. Its error is emit's, or ErrLimit.
func (s *ManifestSealer) Write(p []byte) (n int, err error) {
	for len(p) > 0 {
		if len(s.buf) == manifestChunk { // more comes: it is not the last
			if err := s.seal(false); err != nil {
				return n, err
			}
		}
		m := min(len(p), manifestChunk-len(s.buf))
		s.buf = append(s.buf, p[:m]...)
		s.size += int64(m)
		n, p = n+m, p[m:]
	}
	return n, nil
}

// Close seals what is left.
func (s *ManifestSealer) Close() error {
	blanks := bytes.Repeat([]byte{' '}, 4096)
	for left := Padded(max(s.size, 1)) - s.size; left > 0; {
		n, err := s.Write(blanks[:min(left, int64(len(blanks)))])
		if err != nil {
			return err
		}
		left -= int64(n)
	}
	return s.seal(true)
}

func (s *ManifestSealer) seal(final bool) error {
	if s.done == MaxManifest {
		return fmt.Errorf("a manifest of more than %d chunks: %w", MaxManifest, ErrLimit)
	}
	sealed := s.keys.Seal(make([]byte, 0, len(s.buf)+Overhead), Manifest, uint64(s.done), final, s.buf)
	s.done++
	s.buf = s.buf[:0]
	return s.emit(sealed)
}

// A ManifestOpener reads a manifest's bytes from its sealed chunks, of which there
// are n, and which fetch returns in order; they may be opened where they are.
type ManifestOpener struct {
	keys  *Keys
	fetch func(i int) ([]byte, error)
	n, at int
	plain []byte
}

// NewManifestOpener returns one for the drop with these keys.
func NewManifestOpener(k *Keys, n int, fetch func(i int) ([]byte, error)) *ManifestOpener {
	return &ManifestOpener{keys: k, fetch: fetch, n: n}
}

// Read returns what is in the chunks; a chunk that is not the one of its place is
// ErrDamaged.
func (o *ManifestOpener) Read(p []byte) (int, error) {
	for len(o.plain) == 0 {
		if o.at == o.n {
			return 0, io.EOF
		}
		sealed, err := o.fetch(o.at)
		if err != nil {
			return 0, err
		}
		if len(sealed) < Overhead {
			return 0, fmt.Errorf("a chunk of %d bytes: %w", len(sealed), ErrDamaged)
		}
		if o.plain, err = o.keys.Open(sealed[NonceSize:NonceSize], Manifest, uint64(o.at), o.at == o.n-1, sealed); err != nil {
			return 0, err
		}
		o.at++
	}
	n := copy(p, o.plain)
	o.plain = o.plain[n:]
	return n, nil
}
