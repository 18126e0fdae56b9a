package relay

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/bargee/bargee/transport"
)

// A Pass lets a key use relays that trust who signed it. As a word it is a JSON
// Web Token (RFC 7519), signed with EdDSA (RFC 8037) by an Ed25519 key:
//
//	aud     "bargee-relay", or holds it: it is meant for relays
//	jti     ID
//	cnf     {"jkt": Holder} (RFC 7800, 9449): who else has it can do nothing with it
//	exp     Expires, which there has to be; nbf is heeded
//	bargee  {"rate", "sessions", "bytes"}: Terms; any other key is refused, since it
//	        may be a limit that is not known here
type Pass struct {
	ID      string // 1 to 64 characters of A-Z a-z 0-9 - _ .: named in logs, and to revoke it
	Holder  string // thumbprint of the key that it is for, see transport.Thumbprint
	Expires time.Time
	Terms   Terms
}

const passAudience = "bargee-relay"

// Why a pass is not good. Those of somebody who never had a good one match
// transport.ErrForgedPass too.
var (
	ErrPassExpired = errors.New("the pass expired")
	ErrPassRevoked = errors.New("the pass was revoked")
)

// passClaims is a Pass as JSON.
type passClaims struct {
	jwt.RegisteredClaims
	Confirm struct {
		Thumbprint string `json:"jkt"`
	} `json:"cnf"`
	Terms strictTerms `json:"bargee"`
}

// strictTerms knows all limits that it takes.
type strictTerms struct{ Terms }

func (t *strictTerms) UnmarshalJSON(b []byte) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&t.Terms); err != nil {
		return err
	}
	return t.Terms.Check()
}

// Sign returns p as a word. Without an ID it gets a random one.
func (p Pass) Sign(key ed25519.PrivateKey, now time.Time) (string, error) {
	if p.ID == "" {
		var id [9]byte
		rand.Read(id[:])
		p.ID = base64.RawURLEncoding.EncodeToString(id[:])
	}
	if err := p.Check(); err != nil {
		return "", err
	}
	c := passClaims{Terms: strictTerms{p.Terms}}
	c.Audience, c.ID = jwt.ClaimStrings{passAudience}, p.ID
	c.IssuedAt, c.ExpiresAt = jwt.NewNumericDate(now), jwt.NewNumericDate(p.Expires)
	c.Confirm.Thumbprint = p.Holder
	word, err := jwt.NewWithClaims(jwt.SigningMethodEdDSA, c).SignedString(key)
	if err == nil && len(word) > transport.MaxPass {
		err = fmt.Errorf("the pass has %d bytes, at most %d", len(word), transport.MaxPass)
	}
	return word, err
}

// Check finds what no relay would take.
func (p Pass) Check() error {
	if err := p.CheckID(); err != nil {
		return err
	}
	switch thumb, err := base64.RawURLEncoding.DecodeString(p.Holder); {
	case err != nil || len(thumb) != 32:
		return errors.New("the holder of a pass is a thumbprint of 43 characters, as bargee key show --relay prints it")
	case p.Expires.IsZero():
		return errors.New("a pass has to expire")
	}
	return p.Terms.Check()
}

// CheckID is the part of Check that looks at the ID.
func (p Pass) CheckID() error {
	good := len(p.ID) > 0 && len(p.ID) <= 64
	for _, c := range []byte(p.ID) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.':
		default:
			good = false
		}
	}
	if !good {
		return errors.New("an ID has 1 to 64 characters, and only A-Z a-z 0-9 . - and _")
	}
	return nil
}

// ReadPass reads a word without a look at who signed it, for what says it again.
func ReadPass(word string) (Pass, error) {
	var c passClaims
	if len(word) > transport.MaxPass {
		return Pass{}, fmt.Errorf("a pass has at most %d bytes", transport.MaxPass)
	}
	if _, _, err := jwt.NewParser().ParseUnverified(word, &c); err != nil {
		return Pass{}, fmt.Errorf("it is no pass: %w", err)
	}
	return c.pass(), nil
}

func (c *passClaims) pass() Pass {
	p := Pass{ID: c.ID, Holder: c.Confirm.Thumbprint, Terms: c.Terms.Terms}
	if c.ExpiresAt != nil {
		p.Expires = c.ExpiresAt.Time
	}
	return p
}

// verifyPass judges a word that the holder of a key showed.
func verifyPass(word string, holder ed25519.PublicKey, trusted []ed25519.PublicKey, now time.Time) (Pass, error) {
	forged := func(why string) (Pass, error) {
		return Pass{}, &passError{why, transport.ErrForgedPass}
	}
	if len(word) > transport.MaxPass {
		return forged("the pass is too long")
	}
	var keys jwt.VerificationKeySet
	for _, k := range trusted {
		keys.Keys = append(keys.Keys, k)
	}
	var c passClaims
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"EdDSA"}), jwt.WithAudience(passAudience),
		jwt.WithExpirationRequired(), jwt.WithStrictDecoding(), jwt.WithTimeFunc(func() time.Time { return now }))
	token, err := parser.ParseWithClaims(word, &c, func(*jwt.Token) (any, error) { return keys, nil })
	if token != nil && token.Header["crit"] != nil {
		return forged("the pass demands what this relay does not know")
	}
	p := c.pass()
	switch {
	case errors.Is(err, jwt.ErrTokenMalformed), errors.Is(err, jwt.ErrTokenUnverifiable), errors.Is(err, jwt.ErrTokenSignatureInvalid):
		return forged("the pass is not signed by whom this relay trusts")
	case p.Holder != transport.Thumbprint(holder):
		return forged("the pass is for another key than yours at this relay")
	case errors.Is(err, jwt.ErrTokenExpired):
		return p, &passError{fmt.Sprintf("the pass expired on %s", p.Expires.UTC().Format(time.RFC3339)), ErrPassExpired}
	case errors.Is(err, jwt.ErrTokenNotValidYet):
		return p, &passError{"the pass is not good yet: its time begins later, or a clock is wrong", ErrPassExpired}
	case errors.Is(err, jwt.ErrTokenInvalidAudience):
		return forged("the pass is not meant for a relay")
	case err != nil:
		return forged("the pass does not say what it has to")
	}
	if err := p.Check(); err != nil {
		return forged(err.Error())
	}
	return p, nil
}

// A passError is what its holder is told, and what kind it is.
type passError struct {
	words string
	kind  error
}

func (e *passError) Error() string { return e.words }
func (e *passError) Unwrap() error { return e.kind }
