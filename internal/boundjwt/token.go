package boundjwt

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// A Token is what such a JWT says.
type Token struct {
	Audience string    // what it is meant for
	ID       string    // jti
	Subject  string    // sub: who it is about; may be ""
	Holder   string    // thumbprint of the key that it is for
	Expires  time.Time // there has to be one; nbf is heeded
	Own      any       // what is, or goes, under "bargee": a pointer to something of JSON
}

// Why a token is not good.
var (
	ErrForged   = errors.New("it is not signed by anybody who is trusted")
	ErrCritical = errors.New("it demands what is not known here")
	ErrHolder   = errors.New("it is for another key")
	ErrAudience = errors.New("it is meant for something else")
	ErrExpired  = errors.New("it expired")
	ErrEarly    = errors.New("it is not good yet")
	ErrClaims   = errors.New("it does not say what it has to")
)

// claims is a Token as JSON.
type claims struct {
	jwt.RegisteredClaims
	Confirm struct {
		Thumbprint string `json:"jkt"`
	} `json:"cnf"`
	Own json.RawMessage `json:"bargee,omitempty"`
}

// Sign returns t as a word.
func (t Token) Sign(key ed25519.PrivateKey, now time.Time) (string, error) {
	own, err := json.Marshal(t.Own)
	if err != nil {
		return "", err
	}
	c := claims{Own: own}
	c.Audience, c.ID, c.Subject = jwt.ClaimStrings{t.Audience}, t.ID, t.Subject
	c.IssuedAt, c.ExpiresAt = jwt.NewNumericDate(now), jwt.NewNumericDate(t.Expires)
	c.Confirm.Thumbprint = t.Holder
	return jwt.NewWithClaims(jwt.SigningMethodEdDSA, c).SignedString(key)
}

// Read reads a word without a look at who signed it, for what only says it again.
// own is decoded into.
func Read(word string, own any) (Token, error) {
	var c claims
	if _, _, err := jwt.NewParser().ParseUnverified(word, &c); err != nil {
		return Token{}, err
	}
	return c.token(own)
}

// token is the Token that the claims are.
func (c *claims) token(own any) (Token, error) {
	t := Token{ID: c.ID, Subject: c.Subject, Holder: c.Confirm.Thumbprint, Own: own}
	if len(c.Audience) > 0 {
		t.Audience = c.Audience[0]
	}
	if c.ExpiresAt != nil {
		t.Expires = c.ExpiresAt.Time
	}
	if len(c.Own) == 0 {
		return t, nil
	}
	d := json.NewDecoder(bytes.NewReader(c.Own))
	d.DisallowUnknownFields()
	return t, d.Decode(own)
}

// Verify judges a word that the holder of the key with that thumbprint showed. It
// returns who of the trusted ones signed it. With ErrExpired and ErrEarly the Token is
// what it says all the same.
func Verify(word, audience, holder string, trusted []ed25519.PublicKey, now time.Time, own any) (Token, ed25519.PublicKey, error) {
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"EdDSA"}), jwt.WithAudience(audience),
		jwt.WithExpirationRequired(), jwt.WithStrictDecoding(), jwt.WithTimeFunc(func() time.Time { return now }))
	for _, signer := range trusted {
		var c claims
		parsed, err := parser.ParseWithClaims(word, &c, func(*jwt.Token) (any, error) { return signer, nil })
		if errors.Is(err, jwt.ErrTokenMalformed) || errors.Is(err, jwt.ErrTokenUnverifiable) {
			break
		}
		if errors.Is(err, jwt.ErrTokenSignatureInvalid) {
			continue
		}
		if parsed == nil || parsed.Header["crit"] != nil {
			return Token{}, nil, ErrCritical
		}
		t, malformed := c.token(own)
		return t, signer, judge(t, holder, err, malformed)
	}
	return Token{}, nil, ErrForged
}

// judge says what is wrong with a token that is signed; err is the library's word.
func judge(t Token, holder string, err, malformed error) error {
	switch {
	case t.Holder == "" || t.Holder != holder:
		return ErrHolder
	case errors.Is(err, jwt.ErrTokenInvalidAudience):
		return ErrAudience
	case malformed != nil:
		return ErrClaims
	case errors.Is(err, jwt.ErrTokenExpired):
		return ErrExpired
	case errors.Is(err, jwt.ErrTokenNotValidYet):
		return ErrEarly
	case err != nil:
		return ErrClaims
	}
	return nil
}
