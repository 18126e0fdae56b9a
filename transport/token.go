package transport

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

const (
	tokenPrefix       = "bgt_"
	tokenPublicPrefix = "bgtpub_"
	tokenSize         = 16
	tokenIDSize       = 5
)

// A Token is a shared secret of 128 bits. Printing it in any way shows
// "bgt_***"; Reveal is the only way out.
type Token struct {
	secret [tokenSize]byte
}

// NewToken makes a token.
func NewToken() Token {
	var t Token
	rand.Read(t.secret[:]) // never fails
	return t
}

// ParseToken reads what Reveal returned.
func ParseToken(s string) (Token, error) {
	var t Token
	b, err := decodeWord(tokenPrefix, s)
	switch {
	case errors.Is(err, errMistyped):
		return t, errors.New("the token is mistyped: its checksum does not match")
	case err != nil || len(b) != tokenSize:
		return t, errors.New("a token is bgt_ and 30 characters of a-z and 2-7")
	}
	copy(t.secret[:], b)
	return t, nil
}

// Reveal returns the token itself: bgt_, 26 characters and 4 of checksum.
func (t Token) Reveal() string { return encodeWord(tokenPrefix, t.secret[:]) }

// IsZero tells whether t is no token.
func (t Token) IsZero() bool { return t == Token{} }

const hiddenToken = tokenPrefix + "***"

func (t Token) String() string               { return hiddenToken }
func (t Token) GoString() string             { return hiddenToken }
func (t Token) LogValue() slog.Value         { return slog.StringValue(hiddenToken) }
func (t Token) Format(s fmt.State, _ rune)   { io.WriteString(s, hiddenToken) }
func (t Token) MarshalText() ([]byte, error) { return nil, errHidden }

var errHidden = errors.New("a secret is not written by accident: call Reveal")

// key returns the Ed25519 key that the token is the seed of.
func (t Token) key() ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(derive(t.secret[:], nil, "bargee token key"))
}

// Public returns the half of the token that is enough to check a proof and too
// little to make one.
func (t Token) Public() TokenPublic {
	return TokenPublic{key: [ed25519.PublicKeySize]byte(t.key().Public().(ed25519.PublicKey))}
}

// A TokenPublic is what a server stores of a token. Who steals it cannot log
// in, but can pose as the server to a client that has not pinned its key.
type TokenPublic struct {
	key [ed25519.PublicKeySize]byte
}

// ID names the token in 8 characters, for people and for Grant.Origin.
func (p TokenPublic) ID() string { return base32Lower.EncodeToString(p.id()) }

func (p TokenPublic) id() []byte {
	sum := sha256.Sum256(append([]byte("bargee token id "), p.key[:]...))
	return sum[:tokenIDSize]
}

// MarshalText writes p as one word, bgtpub_….
func (p TokenPublic) MarshalText() ([]byte, error) {
	return []byte(encodeWord(tokenPublicPrefix, p.key[:])), nil
}

// UnmarshalText reads what MarshalText wrote.
func (p *TokenPublic) UnmarshalText(text []byte) error {
	b, err := decodeWord(tokenPublicPrefix, string(text))
	if err != nil || len(b) != len(p.key) {
		return errors.New("the public half of a token is bgtpub_ and 56 characters of a-z and 2-7")
	}
	copy(p.key[:], b)
	return nil
}

// String returns p as MarshalText does: it is no secret.
func (p TokenPublic) String() string { return encodeWord(tokenPublicPrefix, p.key[:]) }

// mac is the server's proof that it knows p, over message.
func (p TokenPublic) mac(message []byte) []byte {
	h := hmac.New(sha256.New, derive(p.key[:], nil, "bargee token server proof"))
	h.Write(message)
	return h.Sum(nil)
}

// derive returns 32 bytes of HKDF-SHA256.
func derive(secret, salt []byte, info string) []byte {
	b, err := hkdf.Key(sha256.New, secret, salt, info, 32)
	if err != nil { // only for lengths that do not occur
		panic(err)
	}
	return b
}

// isTokenWord tells whether s is meant to be a token, mistyped or not.
func isTokenWord(s string) bool { return strings.HasPrefix(s, tokenPrefix) }
