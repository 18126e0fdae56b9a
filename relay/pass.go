package relay

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/bargee/bargee/internal/boundjwt"
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
	word, err := boundjwt.Token{Audience: passAudience, ID: p.ID, Holder: p.Holder, Expires: p.Expires, Own: &p.Terms}.Sign(key, now)
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
	if len(word) > transport.MaxPass {
		return Pass{}, fmt.Errorf("a pass has at most %d bytes", transport.MaxPass)
	}
	var terms Terms
	t, err := boundjwt.Read(word, &terms)
	if err == nil {
		err = terms.Check()
	}
	if err == nil && t.Audience != passAudience {
		err = errors.New("it is not meant for a relay")
	}
	if err != nil {
		return Pass{}, fmt.Errorf("it is no pass: %w", err)
	}
	return passOf(t, terms), nil
}

func passOf(t boundjwt.Token, terms Terms) Pass {
	return Pass{ID: t.ID, Holder: t.Holder, Expires: t.Expires, Terms: terms}
}

// verifyPass judges a word that the holder of a key showed, and returns who signed it.
func verifyPass(word string, holder ed25519.PublicKey, trusted []ed25519.PublicKey, now time.Time) (Pass, ed25519.PublicKey, error) {
	if len(word) > transport.MaxPass {
		return Pass{}, nil, &passError{"the pass is too long", transport.ErrForgedPass}
	}
	var terms Terms
	t, signer, err := boundjwt.Verify(word, passAudience, transport.Thumbprint(holder), trusted, now, &terms)
	p := passOf(t, terms)
	switch why := whyNot[err]; {
	case err == boundjwt.ErrExpired:
		return p, signer, &passError{fmt.Sprintf("the pass expired on %s", p.Expires.UTC().Format(time.RFC3339)), ErrPassExpired}
	case err == boundjwt.ErrEarly:
		return p, signer, &passError{"the pass is not good yet: its time begins later, or a clock is wrong", ErrPassExpired}
	case err != nil:
		return Pass{}, nil, &passError{why, transport.ErrForgedPass}
	}
	if err := p.Check(); err != nil {
		return Pass{}, nil, &passError{err.Error(), transport.ErrForgedPass}
	}
	return p, signer, nil
}

// whyNot is what is told to who shows a pass that was never good.
var whyNot = map[error]string{
	boundjwt.ErrForged:   "the pass is not signed by whom this relay trusts",
	boundjwt.ErrCritical: "the pass demands what this relay does not know",
	boundjwt.ErrHolder:   "the pass is for another key than yours at this relay",
	boundjwt.ErrAudience: "the pass is not meant for a relay",
	boundjwt.ErrClaims:   "the pass does not say what it has to",
}

// A passError is what its holder is told, and what kind it is.
type passError struct {
	words string
	kind  error
}

func (e *passError) Error() string { return e.words }
func (e *passError) Unwrap() error { return e.kind }
