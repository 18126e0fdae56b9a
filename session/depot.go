package session

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/bargee/bargee/internal/drop"
)

// What a drop is named and read by: see package internal/drop, whose format it has.
type (
	DropKey     = drop.Key     // reads a drop; the relay never has it
	DropID      = drop.ID      // names it at the relay; follows from the key
	DropDigest  = drop.Digest  // names a sealed chunk
	DropMailbox = drop.Mailbox // where drops for a known peer are found
	DropList    = drop.List    // the order of a drop's chunks
)

// A DropOwner is the secret of who stored a drop: who has it may add to the drop until
// it is whole, and remove it. The relay keeps its SHA-256 only. It does not print.
type DropOwner [32]byte

// NewDropOwner makes one.
func NewDropOwner() (o DropOwner) {
	rand.Read(o[:]) // never fails
	return o
}

// ParseDropOwner reads what Reveal wrote.
func ParseDropOwner(s string) (o DropOwner, err error) {
	d, err := drop.ParseDigest(s)
	if err != nil {
		return o, newError(Invalid, Path{}, "no secret of a drop's owner")
	}
	return DropOwner(d), nil
}

// Reveal returns the secret, as 64 hexadecimal digits.
func (o DropOwner) Reveal() string { return hex.EncodeToString(o[:]) }

// Sum is what the relay keeps of it.
func (o DropOwner) Sum() DropDigest { return sha256.Sum256(o[:]) }

const hiddenOwner = "(owner of a drop)"

// String hides it.
func (o DropOwner) String() string { return hiddenOwner }

// GoString hides it.
func (o DropOwner) GoString() string { return hiddenOwner }

// LogValue hides it.
func (o DropOwner) LogValue() slog.Value { return slog.StringValue(hiddenOwner) }

// A DropClaim is what a receiver of a drop is known by while it takes it: the same
// claim counts as one download, however often it is resumed.
type DropClaim [16]byte

// NewDropClaim makes one.
func NewDropClaim() (c DropClaim) {
	rand.Read(c[:]) // never fails
	return c
}

// String returns 32 hexadecimal digits.
func (c DropClaim) String() string { return hex.EncodeToString(c[:]) }

// A DropPlan is what a depot is told of a drop before the first byte, so that it can
// say no.
type DropPlan struct {
	ID        DropID
	Owner     DropDigest // DropOwner.Sum
	Bytes     int64      // of all chunks, sealed
	Chunks    int
	TTL       time.Duration // 0: as long as the depot keeps them by itself
	Downloads int           // how many may take it; 0: any number
	Mailbox   DropMailbox   // of whom it is sealed to; zero: nobody
	Envelope  []byte        // its key, sealed to them
}

// A DropState is what a depot says of a drop: never a name, and sizes as they are padded.
type DropState struct {
	ID        DropID
	Bytes     int64
	Chunks    int
	Manifest  int // how many of the chunks are the manifest's; 0: it is not whole yet
	Created   time.Time
	Expires   time.Time
	Downloads int    // how many more may take it; -1: any number
	Envelope  []byte // where it is sealed to a known peer
	Origin    string // where a browser finds it, https://HOST[:PORT]; "": nowhere that the depot knows of
}

// A Depot keeps drops: a relay, in front of its storage. Its methods may be called
// from several goroutines. Errors are of type *Error: Unreachable, Timeout, Busy and
// Interrupted pass, and are tried again; NotFound says that the drop is not there
// (any more), Limit and NoSpace that it is too much, Exists that somebody else has its
// id, Auth that the secret is not the owner's, Integrity that bytes are not those of
// their digest.
type Depot interface {
	// Begin makes room for a drop, or goes on with one of the same owner.
	Begin(ctx context.Context, plan DropPlan) (DropState, error)

	// Missing returns which of the chunks are not there.
	Missing(ctx context.Context, id DropID, owner DropOwner, chunks []DropDigest) ([]DropDigest, error)

	// Put stores a chunk; when it returns, the chunk is on the depot's disk. sealed
	// is the caller's again then.
	Put(ctx context.Context, id DropID, owner DropOwner, d DropDigest, sealed []byte) error

	// Commit makes the drop whole: from then on others see it. Where chunks are
	// missing it is ErrMissing.
	Commit(ctx context.Context, id DropID, owner DropOwner, list DropList) (DropState, error)

	// Info describes a drop that is whole.
	Info(ctx context.Context, id DropID) (DropState, error)

	// List returns the order of its chunks.
	List(ctx context.Context, id DropID) (DropList, error)

	// Take counts a download, once for each claim; until is how long it may take.
	// When there are none left, it is NotFound.
	Take(ctx context.Context, id DropID, claim DropClaim) (until time.Time, err error)

	// Taken says that the download is over, so that a drop whose last one it was can go.
	Taken(ctx context.Context, id DropID, claim DropClaim) error

	// Get returns a chunk, in buf if that is large enough. What it returns was not
	// held against the digest.
	Get(ctx context.Context, id DropID, claim DropClaim, d DropDigest, buf []byte) ([]byte, error)

	// Remove removes a drop, whole or not. One that is not there is NotFound.
	Remove(ctx context.Context, id DropID, owner DropOwner) error

	// Mailbox lists the drops that are sealed to whose mailbox it is.
	Mailbox(ctx context.Context, box DropMailbox) ([]DropState, error)

	// Mine lists the drops that were stored with the same rights at the depot.
	Mine(ctx context.Context) ([]DropState, error)
}

// ErrMissing is what errors of Depot.Commit match where chunks are missing.
var ErrMissing = fmt.Errorf("chunks are missing: %w", Interrupted)

// dropError gives an error of internal/drop its kind.
func dropError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, drop.ErrDamaged):
		return &Error{Kind: Integrity, Side: Relay, Err: err}
	case errors.Is(err, drop.ErrVersion):
		return &Error{Kind: Version, Err: fmt.Errorf("%w: update bargee here", err)}
	case errors.Is(err, drop.ErrLimit):
		return &Error{Kind: Limit, Err: err}
	case errors.Is(err, drop.ErrInvalid):
		return &Error{Kind: Invalid, Err: err}
	}
	return about(Path{}, err)
}
