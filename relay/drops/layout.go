package drops

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"strconv"
	"time"
)

// Keys in the bucket. The record is the first object of a drop, and nothing of a drop
// is there without one; a tombstone comes before anything is removed.
const (
	dropsDir = "d"    // d/ID/...
	goneDir  = "gone" // gone/ID: a tombstone
)

func dirOf(id ID) string                 { return path.Join(dropsDir, id.String()) }
func recordKey(id ID) string             { return path.Join(dirOf(id), "drop") }
func listKey(id ID) string               { return path.Join(dirOf(id), "list") }
func chunksDir(id ID) string             { return path.Join(dirOf(id), "c") }
func chunkKey(id ID, d Digest) string    { return path.Join(chunksDir(id), d.String()) }
func claimsDir(id ID) string             { return path.Join(dirOf(id), "claims") }
func claimKey(id ID, slot int) string    { return path.Join(claimsDir(id), strconv.Itoa(slot)) }
func finishedDir(id ID) string           { return path.Join(dirOf(id), "finished") }
func finishedKey(id ID, c Digest) string { return path.Join(finishedDir(id), c.String()) }
func goneKey(id ID) string               { return path.Join(goneDir, id.String()) }

// A record is what Begin was told. It never changes.
type record struct {
	Version   int       `json:"version"`
	ID        string    `json:"id"`
	Account   string    `json:"account"`
	Owner     string    `json:"owner"`
	Bytes     int64     `json:"bytes"`
	Chunks    int       `json:"chunks"`
	Created   time.Time `json:"created"`
	Expires   time.Time `json:"expires"`
	Downloads int       `json:"downloads,omitempty"`
	Mailbox   string    `json:"mailbox,omitempty"`
	Envelope  []byte    `json:"envelope,omitempty"`
}

const (
	formatVersion = 1
	largestRecord = 64 << 10
)

// A claimed is in a slot: who has it, and since when. A tombstone says why, and when.
type (
	claimed struct {
		Claim string    `json:"claim"` // its SHA-256
		At    time.Time `json:"at"`
	}
	tombstone struct {
		Why string    `json:"why"`
		At  time.Time `json:"at"`
	}
)

// encode writes a small object: its digest in a line, then JSON.
func encode(v any) []byte {
	content, err := json.Marshal(v)
	if err != nil {
		panic(err) // all of v's fields are plain
	}
	sum := sha256.Sum256(content)
	return append(append(hex.AppendEncode(nil, sum[:]), '\n'), content...)
}

// decode reads what encode wrote.
func decode(b []byte, v any) error {
	head, content, ok := bytes.Cut(b, []byte("\n"))
	sum := sha256.Sum256(content)
	if !ok || string(head) != hex.EncodeToString(sum[:]) {
		return ErrDamaged
	}
	if err := json.Unmarshal(content, v); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return nil
}

func recordOf(account string, b Begin, now time.Time, ttl time.Duration) record {
	r := record{Version: formatVersion, ID: b.ID.String(), Account: account, Owner: b.Owner.String(), Bytes: b.Bytes,
		Chunks: b.Chunks, Created: now.UTC(), Expires: now.Add(ttl).UTC(), Downloads: b.Downloads, Envelope: b.Envelope}
	if b.Mailbox != (ID{}) {
		r.Mailbox = b.Mailbox.String()
	}
	return r
}

// drop reads a record that came from the bucket.
func (r record) drop(id ID) (*drop, error) {
	if r.Version > formatVersion {
		return nil, fmt.Errorf("drop %s: %w (%d)", id, ErrVersion, r.Version)
	}
	d := &drop{id: id, account: r.Account, bytes: r.Bytes, reserved: r.Bytes, chunks: r.Chunks, created: r.Created,
		expires: r.Expires, downloads: r.Downloads, received: unmeasured, envelope: r.Envelope}
	own, err := ParseID(r.ID)
	if err == nil {
		d.owner, err = ParseDigest(r.Owner)
	}
	if err == nil && r.Mailbox != "" {
		d.mailbox, err = ParseID(r.Mailbox)
	}
	if err != nil || own != id || r.Bytes < 1 || r.Chunks < 1 || r.Downloads < 0 {
		return nil, fmt.Errorf("drop %s: %w", id, ErrDamaged)
	}
	return d, nil
}

// A list is stored as a head and what the API sends: how many of the chunks are the
// manifest's, and all digests.
const (
	listMagic  = "bargeed1"
	headSize   = len(listMagic) + 8
	countSize  = 4
	digestSize = len(Digest{})
)

// encodeList writes a list of chunks of so many bytes together.
func encodeList(bytes int64, manifest int, digests []Digest) []byte {
	b := make([]byte, 0, headSize+countSize+len(digests)*digestSize)
	b = append(b, listMagic...)
	b = binary.BigEndian.AppendUint64(b, uint64(bytes))
	b = binary.BigEndian.AppendUint32(b, uint32(manifest))
	for _, d := range digests {
		b = append(b, d[:]...)
	}
	return b
}

// A listHead is what stands in front of the digests.
type listHead struct {
	bytes    int64
	manifest int
	chunks   int
}

// readListHead reads the head of a list whose object has so many bytes.
func readListHead(r io.Reader, size int64) (h listHead, err error) {
	var b [headSize + countSize]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return h, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	h.bytes = int64(binary.BigEndian.Uint64(b[len(listMagic):]))
	h.manifest = int(binary.BigEndian.Uint32(b[headSize:]))
	rest := size - int64(len(b))
	h.chunks = int(rest / int64(digestSize))
	if string(b[:len(listMagic)]) != listMagic || rest%int64(digestSize) != 0 || h.bytes < 1 ||
		h.manifest < 1 || h.manifest > h.chunks || h.chunks > MostChunks {
		return h, ErrDamaged
	}
	return h, nil
}
