package transport

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"strings"
)

// A Fingerprint names a peer's Ed25519 key: the SHA-256 of its 32 bytes. The
// zero Fingerprint names no key.
type Fingerprint [sha256.Size]byte

var base32Lower = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// FingerprintOf returns the fingerprint of key.
func FingerprintOf(key ed25519.PublicKey) Fingerprint { return sha256.Sum256(key) }

// ParseFingerprint reads what String wrote: 52 base32 characters, lower case.
func ParseFingerprint(s string) (Fingerprint, error) {
	var f Fingerprint
	b, err := base32Lower.DecodeString(s)
	// Only one spelling is good: the decoder passes over ends of lines, takes the
	// byte 0xff for padding, and does not look at unused bits.
	if err != nil || len(b) != len(f) || base32Lower.EncodeToString(b) != s {
		return f, errors.New("a fingerprint is 52 characters of a-z and 2-7")
	}
	copy(f[:], b)
	return f, nil
}

// String returns all of f, 52 characters.
func (f Fingerprint) String() string { return base32Lower.EncodeToString(f[:]) }

// Short returns the first 60 bits of f for people to compare, as xxxx·xxxx·xxxx.
func (f Fingerprint) Short() string {
	s := f.String()
	return strings.Join([]string{s[:4], s[4:8], s[8:12]}, "·")
}

// IsZero tells whether f names no key.
func (f Fingerprint) IsZero() bool { return f == Fingerprint{} }

// MarshalText writes f as String does, and nothing for the zero Fingerprint.
func (f Fingerprint) MarshalText() ([]byte, error) {
	if f.IsZero() {
		return nil, nil
	}
	return []byte(f.String()), nil
}

// UnmarshalText reads what MarshalText wrote.
func (f *Fingerprint) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*f = Fingerprint{}
		return nil
	}
	g, err := ParseFingerprint(string(b))
	if err == nil {
		*f = g
	}
	return err
}
