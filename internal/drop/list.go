package drop

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// A List is the order of a drop's chunks, by their digests: that by which a drop is
// committed, and which its receiver asks for first.
type List struct {
	Manifest []Digest // at least one
	Data     []Digest
}

// listHead is how many bytes stand before the digests: how many are the manifest's.
const listHead = 4

// MaxList is the most bytes that a List has.
const MaxList = listHead + (MaxManifest+MaxChunks)*len(Digest{})

// Encode returns the list as it is sent: how many chunks the manifest has in four
// bytes, the first the highest, and then all digests, the manifest's first.
func (l List) Encode() []byte {
	b := make([]byte, listHead, listHead+(len(l.Manifest)+len(l.Data))*len(Digest{}))
	binary.BigEndian.PutUint32(b, uint32(len(l.Manifest)))
	for _, d := range l.Manifest {
		b = append(b, d[:]...)
	}
	for _, d := range l.Data {
		b = append(b, d[:]...)
	}
	return b
}

// ParseList reads what Encode wrote.
func ParseList(b []byte) (List, error) {
	if len(b) > MaxList {
		return List{}, fmt.Errorf("a list of chunks of %d bytes: %w", len(b), ErrLimit)
	}
	if len(b) < listHead || (len(b)-listHead)%len(Digest{}) != 0 {
		return List{}, fmt.Errorf("a list of chunks of %d bytes: %w", len(b), ErrInvalid)
	}
	manifest, all := binary.BigEndian.Uint32(b), (len(b)-listHead)/len(Digest{})
	if manifest < 1 || manifest > MaxManifest || int(manifest) > all {
		return List{}, fmt.Errorf("a list of %d chunks, %d of them the manifest's: %w", all, manifest, ErrInvalid)
	}
	if all-int(manifest) > MaxChunks {
		return List{}, fmt.Errorf("a list of %d chunks: %w", all, ErrLimit)
	}
	digests := make([]Digest, all)
	for i := range digests {
		digests[i] = Digest(b[listHead+i*len(Digest{}):])
	}
	return List{digests[:manifest:manifest], digests[manifest:]}, nil
}

// Chunks is the digest that the manifest has of the chunks of data: SHA-256 of
// theirs, in order.
func (l List) Chunks() Digest {
	h := sha256.New()
	for _, d := range l.Data {
		h.Write(d[:])
	}
	return Digest(h.Sum(nil))
}
