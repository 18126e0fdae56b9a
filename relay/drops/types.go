package drops

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Sizes of what comes from outside.
const (
	MostChunks    = 1 << 18      // of a drop: a list of 8 MiB
	LargestChunk  = 4<<20 + 1024 // sealed
	MostAsked     = 65536        // digests in one question for what is missing
	MostDownloads = 1000
	LongestSealed = 2 << 10 // bytes of an envelope
	SecretSize    = 32
)

// An ID names a drop, or a mailbox; who knows it may ask for the drop.
type ID [16]byte

// A Digest is the SHA-256 of a sealed chunk, and its name.
type Digest [32]byte

// A Secret proves that one is the owner of a drop. A store has its SHA-256 only.
type Secret [SecretSize]byte

// A Claim is a random number of who receives, so that a download that is resumed
// counts once. The zero value is none.
type Claim [16]byte

func (id ID) String() string    { return hex.EncodeToString(id[:]) }
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// Sum is what a store keeps of a secret.
func (s Secret) Sum() Digest { return sha256.Sum256(s[:]) }

func (c Claim) sum() Digest { return sha256.Sum256(c[:]) }

// ParseID takes lower case hexadecimal of just the right length, as the others do.
func ParseID(s string) (id ID, err error) { err = parseHex(id[:], s, "an id"); return id, err }

// ParseDigest reads 64 letters.
func ParseDigest(s string) (d Digest, err error) { err = parseHex(d[:], s, "a digest"); return d, err }

// ParseSecret reads 64 letters.
func ParseSecret(s string) (o Secret, err error) {
	err = parseHex(o[:], s, "an owner's secret")
	return o, err
}

// ParseClaim reads 32 letters.
func ParseClaim(s string) (c Claim, err error) { err = parseHex(c[:], s, "a claim"); return c, err }

func parseHex(to []byte, s, what string) error {
	if len(s) != 2*len(to) || strings.Trim(s, "0123456789abcdef") != "" {
		return fmt.Errorf("%w: not %s", ErrInvalid, what)
	}
	if _, err := hex.Decode(to, []byte(s)); err != nil {
		return fmt.Errorf("%w: not %s", ErrInvalid, what)
	}
	return nil
}

// A Begin is what somebody wants to store.
type Begin struct {
	ID        ID
	Bytes     int64 // of all sealed chunks together, at most
	Chunks    int   // at most; manifest's and data's
	TTL       time.Duration
	Downloads int    // how many may take it; 0: any
	Owner     Digest // Secret.Sum
	Mailbox   ID     // zero: none
	Envelope  []byte
}

// An Info is what is known of a drop.
type Info struct {
	ID        ID
	Account   string
	Bytes     int64 // as announced; once it is complete, of all chunks
	Chunks    int
	Manifest  int  // how many of the list's chunks, the first ones, are the manifest; 0: not complete
	Complete  bool // it was committed
	Created   time.Time
	Expires   time.Time
	Downloads int // 0: any
	Left      int // of them
	Mailbox   ID
	Envelope  []byte
}

// Errors of a Store, by errors.Is. Those of size and room come before the first byte.
var (
	ErrInvalid     = errors.New("invalid")
	ErrNotFound    = errors.New("there is no such drop")
	ErrGone        = errors.New("the drop is gone")
	ErrExists      = errors.New("there is another drop of that id")
	ErrOwner       = errors.New("not the owner's secret")
	ErrClaim       = errors.New("the drop has to be claimed first")
	ErrMismatch    = errors.New("the chunk is not what its digest says")
	ErrMissing     = errors.New("chunks are missing")
	ErrLimit       = errors.New("over a limit")           // of size, of time: no room will ever be
	ErrNoSpace     = errors.New("no room")                // a quota, the disk: there may be some later
	ErrUnavailable = errors.New("the store is not there") // worth another try
	ErrDamaged     = errors.New("the store is damaged")
	ErrVersion     = errors.New("stored by a newer version")
)

// A MissingError is ErrMissing with how many.
type MissingError struct{ Count int }

func (e *MissingError) Error() string { return fmt.Sprintf("%d chunks are missing", e.Count) }
func (e *MissingError) Unwrap() error { return ErrMissing }

// equal compares what is secret.
func equal(a, b Digest) bool { return subtle.ConstantTimeCompare(a[:], b[:]) == 1 }
