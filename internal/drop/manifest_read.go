package drop

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"
	"time"
)

// A ManifestReader reads the lines of a manifest. All that it returns is within the
// limits of this package.
type ManifestReader struct {
	Header Header

	r         *bufio.Reader
	sum       hash.Hash // of all lines so far
	left      Header    // what is still to come
	signature *Signature
	over      bool
}

// NewManifestReader reads the first line from r.
func NewManifestReader(r io.Reader) (*ManifestReader, error) {
	m := &ManifestReader{r: bufio.NewReaderSize(r, MaxLine), sum: sha256.New()}
	line, err := m.next()
	if err != nil {
		return nil, err
	}
	if line == nil {
		return nil, fmt.Errorf("an empty manifest: %w", ErrInvalid)
	}
	var version struct {
		Version int `json:"version"`
	}
	if err := decode(line, &version); err != nil {
		return nil, err
	}
	switch {
	case version.Version > Version:
		return nil, fmt.Errorf("a drop of version %d, and this program reads %d: %w", version.Version, Version, ErrVersion)
	case version.Version < 1:
		return nil, fmt.Errorf("a manifest without a version: %w", ErrInvalid)
	}
	var l headerLine
	if err := decode(line, &l); err != nil {
		return nil, err
	}
	h := Header{Files: l.Files, Dirs: l.Dirs, Links: l.Links, Bytes: l.Bytes, Chunk: l.Chunk, From: l.From,
		Tags: l.Tags, Created: valueOf(l.Created), Sequence: l.Sequence}
	if h.Chunks, err = ParseDigest(l.Chunks); err != nil {
		return nil, err
	}
	if err := checkHeader(h); err != nil {
		return nil, err
	}
	m.Header, m.left = h, h
	return m, nil
}

// Next returns the next entry, and io.EOF behind the last one, when all that the
// first line tells was there.
func (m *ManifestReader) Next() (Entry, error) {
	if m.over {
		return Entry{}, io.EOF
	}
	before := m.sum.Sum(nil)
	line, err := m.next()
	if err != nil {
		return Entry{}, err
	}
	if line == nil {
		return Entry{}, m.end()
	}
	var l entryLine
	if err := decode(line, &l); err != nil {
		return Entry{}, err
	}
	if l.Signature != nil {
		if len(l.Signature.Key) != 32 || len(l.Signature.Sig) != 64 {
			return Entry{}, fmt.Errorf("a signature that is none: %w", ErrInvalid)
		}
		m.signature = &Signature{Key: l.Signature.Key, Sig: l.Signature.Sig, over: before}
		if line, err = m.next(); err == nil && line != nil {
			err = fmt.Errorf("a manifest goes on behind its signature: %w", ErrInvalid)
		}
		if err != nil {
			return Entry{}, err
		}
		return Entry{}, m.end()
	}
	return m.entry(l)
}

// Signature returns the signature of the manifest, once Next has returned io.EOF;
// nil: it has none.
func (m *ManifestReader) Signature() *Signature { return m.signature }

func (m *ManifestReader) entry(l entryLine) (e Entry, err error) {
	e = Entry{Kind: l.Kind, Size: l.Size, Modified: valueOf(l.Modified)}
	var errs [5]error
	e.Path, errs[0] = fromText(l.Path, l.PathBase64)
	e.Target, errs[1] = fromText(l.Target, l.TargetBase64)
	e.Mode, errs[2] = parseMode(l.Mode)
	e.SHA256, errs[3] = optionalDigest(l.SHA256)
	e.BLAKE3, errs[4] = optionalDigest(l.BLAKE3)
	if err := errors.Join(errs[:]...); err != nil {
		return Entry{}, fmt.Errorf("an entry: %w", err)
	}
	if err := checkEntry(e); err != nil {
		return Entry{}, err
	}
	switch e.Kind {
	case File:
		m.left.Files--
		m.left.Bytes -= e.Size
	case Dir:
		m.left.Dirs--
	case Symlink:
		m.left.Links--
	}
	if m.left.Files < 0 || m.left.Bytes < 0 || m.left.Dirs < 0 || m.left.Links < 0 {
		return Entry{}, fmt.Errorf("more entries, or bytes, than the manifest says: %w", ErrInvalid)
	}
	return e, nil
}

// end says whether what was there is what the first line tells.
func (m *ManifestReader) end() error {
	m.over = true
	if l := m.left; l.Files != 0 || l.Dirs != 0 || l.Links != 0 || l.Bytes != 0 {
		return fmt.Errorf("fewer entries, or bytes, than the manifest says: %w", ErrInvalid)
	}
	return io.EOF
}

// next returns the next line, with its end; nil where only the filling is left.
func (m *ManifestReader) next() ([]byte, error) {
	line, err := m.r.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull) && strings.Trim(string(line), " ") == "", errors.Is(err, io.EOF):
		return nil, m.filling(line)
	case errors.Is(err, bufio.ErrBufferFull):
		return nil, fmt.Errorf("a line of a manifest with more than %d bytes: %w", MaxLine, ErrLimit)
	case err != nil:
		return nil, err
	}
	m.sum.Write(line)
	return line, nil
}

// filling reads the blanks that fill a manifest up, of which first are some.
func (m *ManifestReader) filling(first []byte) error {
	for {
		if len(bytes.Trim(first, " ")) > 0 {
			return fmt.Errorf("a manifest ends in the middle of a line: %w", ErrInvalid)
		}
		if len(first) == 0 {
			return nil
		}
		var err error
		first, err = m.r.ReadSlice('\n')
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
	}
}

func decode(line []byte, into any) error {
	if err := json.Unmarshal(line, into); err != nil {
		return fmt.Errorf("a line of a manifest: %w", ErrInvalid)
	}
	return nil
}

func valueOf(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

func checkHeader(h Header) error {
	l := Layout{h.Bytes, h.Chunk}
	if err := l.Check(); err != nil {
		return err
	}
	switch {
	case h.Files < 0 || h.Dirs < 0 || h.Links < 0:
		return fmt.Errorf("a manifest with less than no entries: %w", ErrInvalid)
	case h.Files > MaxEntries || h.Dirs > MaxEntries || h.Links > MaxEntries || h.Files+h.Dirs+h.Links > MaxEntries:
		return fmt.Errorf("more than %d entries: %w", MaxEntries, ErrLimit)
	case h.Sequence > 1<<53:
		return fmt.Errorf("a number beyond 2^53: %w", ErrInvalid)
	case len(h.From) > MaxFrom || len(h.Tags) > MaxTags:
		return fmt.Errorf("a sender's name of more than %d bytes, or more than %d tags: %w", MaxFrom, MaxTags, ErrLimit)
	}
	for _, tag := range h.Tags {
		if tag == "" || len(tag) > MaxFrom {
			return fmt.Errorf("a tag of %d bytes: %w", len(tag), ErrInvalid)
		}
	}
	return nil
}

func checkEntry(e Entry) error {
	if err := CheckPath(e.Path); err != nil {
		return err
	}
	switch {
	case e.Kind != File && e.Kind != Dir && e.Kind != Symlink:
		return fmt.Errorf("an entry of no kind: %w", ErrInvalid)
	case e.Size < 0 || e.Size > MaxBytes || e.Size > 0 && e.Kind != File:
		return fmt.Errorf("an entry of %d bytes: %w", e.Size, ErrInvalid)
	case e.Mode > 0o777 && e.Mode != NoMode:
		return fmt.Errorf("a mode that is none: %w", ErrInvalid)
	case len(e.Target) > MaxTarget || (e.Target != "") != (e.Kind == Symlink) || strings.ContainsRune(e.Target, 0):
		return fmt.Errorf("the target of a link: %w", ErrInvalid)
	}
	return nil
}

// CheckPath says what is wrong with p as the path of an entry: it has names between
// slashes, none of them empty, "." or "..", and no byte of zero.
func CheckPath(p string) error {
	if p == "" || len(p) > MaxPath || strings.ContainsRune(p, 0) {
		return fmt.Errorf("a path of %d bytes: %w", len(p), ErrInvalid)
	}
	for name := range strings.SplitSeq(p, "/") {
		if name == "" || name == "." || name == ".." || len(name) > MaxName {
			return fmt.Errorf("a path with a name that is none: %w", ErrInvalid)
		}
	}
	return nil
}
