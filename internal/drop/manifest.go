package drop

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"
)

// Version is that of the format that this package writes, and the highest it reads.
const Version = 1

// Limits of a manifest's lines, in bytes.
const (
	MaxLine   = 64 << 10
	MaxPath   = 16 << 10
	MaxName   = 1024
	MaxTarget = 4096
	MaxFrom   = 256 // of what is shown of the sender, and of a tag
	MaxTags   = 16
)

// A Header is the first line of a manifest.
type Header struct {
	Files, Dirs, Links int // how many entries of each kind follow
	Bytes              int64
	Chunk              int    // size of the chunks of data
	Chunks             Digest // List.Chunks of them
	From               string // who sent it, for people; a signature says it for sure
	Tags               []string
	Created            time.Time // zero: not said
	Sequence           uint64    // of what this sender sealed, growing; 0: not said. At most 2^53
}

// Layout is how the drop's data is cut.
func (h Header) Layout() Layout { return Layout{h.Bytes, h.Chunk} }

// An EntryKind says what an Entry is.
type EntryKind string

// The kinds of entries.
const (
	File    EntryKind = "file"
	Dir     EntryKind = "dir"
	Symlink EntryKind = "link"
)

// An Entry is a line of a manifest: something that is in the drop. The data of
// files stands in the order of their entries; a directory stands before what is in it.
type Entry struct {
	Path     string // from the top of the drop, with slashes; raw bytes, valid by CheckPath
	Kind     EntryKind
	Size     int64     // of a file
	Mode     uint32    // permission bits, at most 0777; NoMode: not said
	Modified time.Time // zero: not said
	Target   string    // of a link, raw bytes
	SHA256   Digest    // of a file; zero: not said
	BLAKE3   Digest    // of a file; zero: not said
}

// NoMode is the Mode of an entry of which it is not known, as a browser does not.
const NoMode = 1 << 31

// A Signature says who sealed a drop to whom it is for. It is the last line of a
// manifest, if there is one.
type Signature struct {
	Key  []byte // Ed25519, 32 bytes
	Sig  []byte // 64 bytes
	over []byte // SHA-256 of the lines before it
}

// The lines as JSON. What a line has beyond these is passed over.
type (
	headerLine struct {
		Version  int        `json:"version"`
		Files    int        `json:"files"`
		Dirs     int        `json:"dirs"`
		Links    int        `json:"links,omitempty"`
		Bytes    int64      `json:"bytes"`
		Chunk    int        `json:"chunk"`
		Chunks   string     `json:"chunks"`
		From     string     `json:"from,omitempty"`
		Tags     []string   `json:"tags,omitempty"`
		Created  *time.Time `json:"created,omitempty"`
		Sequence uint64     `json:"sequence,omitempty"`
	}
	entryLine struct {
		Path         string         `json:"path,omitempty"`
		PathBase64   string         `json:"path_base64,omitempty"`
		Kind         EntryKind      `json:"kind,omitempty"`
		Size         int64          `json:"size,omitempty"`
		Mode         string         `json:"mode,omitempty"`
		Modified     *time.Time     `json:"modified,omitempty"`
		Target       string         `json:"target,omitempty"`
		TargetBase64 string         `json:"target_base64,omitempty"`
		SHA256       string         `json:"sha256,omitempty"`
		BLAKE3       string         `json:"blake3,omitempty"`
		Signature    *signatureLine `json:"signature,omitempty"`
	}
	signatureLine struct {
		Key []byte `json:"key"`
		Sig []byte `json:"sig"`
	}
)

// A ManifestWriter writes the lines of a manifest.
type ManifestWriter struct {
	w   io.Writer
	sum hash.Hash // of all lines so far
	buf bytes.Buffer
}

// NewManifestWriter writes the first line to w.
func NewManifestWriter(w io.Writer, h Header) (*ManifestWriter, error) {
	m := &ManifestWriter{w: w, sum: sha256.New()}
	line := headerLine{
		Version: Version, Files: h.Files, Dirs: h.Dirs, Links: h.Links, Bytes: h.Bytes, Chunk: h.Chunk,
		Chunks: h.Chunks.String(), From: h.From, Tags: h.Tags, Created: timeOrNone(h.Created), Sequence: h.Sequence,
	}
	if err := checkHeader(h); err != nil {
		return nil, err
	}
	return m, m.line(line)
}

// Add writes the line of e.
func (m *ManifestWriter) Add(e Entry) error {
	if err := checkEntry(e); err != nil {
		return err
	}
	line := entryLine{Kind: e.Kind, Size: e.Size, Modified: timeOrNone(e.Modified)}
	line.Path, line.PathBase64 = asText(e.Path)
	line.Target, line.TargetBase64 = asText(e.Target)
	if e.Mode != NoMode {
		line.Mode = fmt.Sprintf("%04o", e.Mode)
	}
	if e.SHA256 != (Digest{}) {
		line.SHA256 = e.SHA256.String()
	}
	if e.BLAKE3 != (Digest{}) {
		line.BLAKE3 = e.BLAKE3.String()
	}
	return m.line(line)
}

func (m *ManifestWriter) line(v any) error {
	m.buf.Reset()
	enc := json.NewEncoder(&m.buf) // ends the line
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("a line of a manifest: %w", err)
	}
	if m.buf.Len() > MaxLine {
		return fmt.Errorf("a line of a manifest with %d bytes: %w", m.buf.Len(), ErrLimit)
	}
	m.sum.Write(m.buf.Bytes())
	_, err := m.w.Write(m.buf.Bytes())
	return err
}

func timeOrNone(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// asText gives s as text, or where that would change it or is no text, in base64.
func asText(s string) (text, b64 string) {
	plain := utf8.ValidString(s)
	for _, r := range s {
		plain = plain && r != utf8.RuneError && !unicode.IsControl(r)
	}
	if plain {
		return s, ""
	}
	return "", base64.StdEncoding.EncodeToString([]byte(s))
}

func fromText(text, b64 string) (string, error) {
	if b64 == "" {
		return text, nil
	}
	b, err := base64.StdEncoding.Strict().DecodeString(b64)
	if err != nil || text != "" {
		return "", fmt.Errorf("a name in base64: %w", ErrInvalid)
	}
	return string(b), nil
}

func optionalDigest(s string) (d Digest, err error) {
	if s == "" {
		return d, nil
	}
	return d, parseHex(d[:], s, "a digest")
}

func parseMode(s string) (uint32, error) {
	if s == "" {
		return NoMode, nil
	}
	mode, err := strconv.ParseUint(s, 8, 32)
	if err != nil || mode > 0o777 {
		return 0, fmt.Errorf("a mode that is none: %w", ErrInvalid)
	}
	return uint32(mode), nil
}
