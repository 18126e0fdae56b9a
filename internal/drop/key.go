package drop

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"log/slog"
)

// A Key is the content key of a drop: who has it can read the drop. It is made for
// one drop and never used for another one. It does not print.
type Key [32]byte

// NewKey makes one.
func NewKey() (k Key) {
	rand.Read(k[:]) // never fails
	return k
}

// Reveal returns the key as it stands behind the # of a link: 43 letters.
func (k Key) Reveal() string { return base64.RawURLEncoding.EncodeToString(k[:]) }

// ParseKey reads what Reveal wrote.
func ParseKey(s string) (k Key, err error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(b) != len(k) {
		return k, fmt.Errorf("a key of a drop is 43 letters: %w", ErrInvalid)
	}
	return Key(b), nil
}

const hidden = "(key of a drop)"

// String hides it.
func (k Key) String() string { return hidden }

// GoString hides it.
func (k Key) GoString() string { return hidden }

// LogValue hides it.
func (k Key) LogValue() slog.Value { return slog.StringValue(hidden) }

// An ID names a drop at its relay. It follows from the key, and tells nothing of it.
type ID [16]byte

// String returns the 32 letters of a URL.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// ParseID reads what String wrote, in lower case.
func ParseID(s string) (id ID, err error) { return id, parseHex(id[:], s, "the id of a drop") }

// A Digest is the SHA-256 of a sealed chunk, which is its name at the relay.
type Digest [32]byte

// DigestOf returns the digest of a sealed chunk.
func DigestOf(sealed []byte) Digest { return sha256.Sum256(sealed) }

// String returns the 64 letters of a URL.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// ParseDigest reads what String wrote, in lower case.
func ParseDigest(s string) (d Digest, err error) { return d, parseHex(d[:], s, "a digest") }

// A Mailbox is where the drops that are sealed to somebody are found.
type Mailbox [16]byte

// String returns the 32 letters of a URL.
func (m Mailbox) String() string { return hex.EncodeToString(m[:]) }

func parseHex(into []byte, s, what string) error {
	ok := len(s) == 2*len(into)
	for i := 0; ok && i < len(s); i++ {
		ok = s[i] >= '0' && s[i] <= '9' || s[i] >= 'a' && s[i] <= 'f'
	}
	if ok {
		_, err := hex.Decode(into, []byte(s))
		ok = err == nil
	}
	if !ok {
		return fmt.Errorf("%s is %d letters of 0-9 and a-f: %w", what, 2*len(into), ErrInvalid)
	}
	return nil
}
