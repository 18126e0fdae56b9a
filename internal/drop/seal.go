package drop

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// A Kind says what a chunk is of.
type Kind byte

// The kinds of chunks.
const (
	Data     Kind = 1 // of the files
	Manifest Kind = 2 // of what says which files these are
)

// Sizes of sealing, in bytes.
const (
	NonceSize = 12
	Overhead  = NonceSize + 16 // a sealed chunk is so much longer
	MaxSealed = MaxChunk + Overhead
)

// Keys are what follows from a Key. Its methods may be called from several
// goroutines.
type Keys struct {
	ID ID

	data, manifest cipher.AEAD
}

// Derive returns what follows from k.
func Derive(k Key) *Keys {
	return &Keys{
		ID:       ID(expand(k, "bargee drop id v1", 16)),
		data:     gcm(expand(k, "bargee drop chunk v1", 32)),
		manifest: gcm(expand(k, "bargee drop manifest v1", 32)),
	}
}

func expand(k Key, info string, n int) []byte {
	b, err := hkdf.Key(sha256.New, k[:], nil, info, n)
	if err != nil {
		panic(err) // only of lengths beyond 255 hashes
	}
	return b
}

func gcm(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // only of keys of another length
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // only of ciphers with other blocks
	}
	return aead
}

func (k *Keys) aead(kind Kind) cipher.AEAD {
	if kind == Manifest {
		return k.manifest
	}
	return k.data
}

// associated is what a chunk is bound to: drop, kind, place, and whether it is the last.
func (k *Keys) associated(kind Kind, index uint64, final bool) []byte {
	ad := append(make([]byte, 0, 64), "bargee drop v1\x00"...)
	ad = append(ad, k.ID[:]...)
	ad = append(ad, byte(kind))
	ad = binary.BigEndian.AppendUint64(ad, index)
	if final {
		return append(ad, 1)
	}
	return append(ad, 0)
}

// Seal appends to dst the sealed chunk that holds plain, under a nonce of its own:
// the same bytes sealed twice are two chunks. dst and plain must not overlap.
func (k *Keys) Seal(dst []byte, kind Kind, index uint64, final bool, plain []byte) []byte {
	var nonce [NonceSize]byte
	rand.Read(nonce[:]) // never fails
	return k.sealWith(dst, nonce, kind, index, final, plain)
}

func (k *Keys) sealWith(dst []byte, nonce [NonceSize]byte, kind Kind, index uint64, final bool, plain []byte) []byte {
	dst = append(dst, nonce[:]...)
	return k.aead(kind).Seal(dst, nonce[:], plain, k.associated(kind, index, final))
}

// SealInPlace seals what stands in buf behind NonceSize bytes, where it is, and
// returns the sealed chunk, which begins where buf does. buf needs room for Overhead
// - NonceSize bytes more.
func (k *Keys) SealInPlace(kind Kind, index uint64, final bool, buf []byte) []byte {
	rand.Read(buf[:NonceSize]) // never fails
	plain := buf[NonceSize:]
	return k.aead(kind).Seal(buf[:NonceSize], buf[:NonceSize], plain, k.associated(kind, index, final))
}

// SealAs tells whether plain, sealed with the nonce of an earlier attempt, is the
// chunk that has the digest d, and returns it in dst then. Where it is another one,
// nothing of it leaves this function: so no nonce is ever used for two contents.
func (k *Keys) SealAs(dst []byte, nonce [NonceSize]byte, kind Kind, index uint64, final bool, plain []byte, d Digest) ([]byte, bool) {
	sealed := k.sealWith(dst, nonce, kind, index, final, plain)
	if DigestOf(sealed) == d {
		return sealed, true
	}
	clear(sealed)
	return nil, false
}

// Open appends to dst what the sealed chunk holds, which has to be the one of this
// place. dst and sealed must not overlap, but for sealed[NonceSize:NonceSize], which
// opens it where it is. A chunk of another place, kind or drop, and one that was
// changed, is ErrDamaged.
func (k *Keys) Open(dst []byte, kind Kind, index uint64, final bool, sealed []byte) ([]byte, error) {
	if len(sealed) < Overhead || len(sealed) > MaxSealed {
		return nil, fmt.Errorf("chunk %d has %d bytes: %w", index, len(sealed), ErrDamaged)
	}
	out, err := k.aead(kind).Open(dst, sealed[:NonceSize], sealed[NonceSize:], k.associated(kind, index, final))
	if err != nil {
		return nil, fmt.Errorf("chunk %d: %w", index, ErrDamaged)
	}
	return out, nil
}
