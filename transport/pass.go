package transport

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"github.com/bargee/bargee/internal/wire"
)

// A pass is a JSON Web Token (RFC 7519) that somebody whom a relay trusts signed
// for a key (RFC 7800): worth nothing without it. What it says is the business of
// Admission.Pass; here it is a word that is carried.

// MaxPass is how long a pass may be, in bytes.
const MaxPass = 1536

// ErrForgedPass says that a pass is not what the server trusts, or another key's.
var ErrForgedPass = errors.New("forged pass")

// Thumbprint is the SHA-256 of a key as RFC 7638 has it (of RFC 8037's JWK), in
// base64url: what a pass names its holder by (cnf.jkt, RFC 9449).
func Thumbprint(key ed25519.PublicKey) string {
	sum := sha256.Sum256([]byte(`{"crv":"Ed25519","kty":"OKP","x":"` + base64.RawURLEncoding.EncodeToString(key) + `"}`))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Thumbprint names the Ed25519 key as passes do.
func (id *Identity) Thumbprint() string {
	return Thumbprint(id.key.Public().(ed25519.PublicKey))
}

// checkPass lets a client in by its pass, or tells it why not.
func (l serverLogin) checkPass(c *conversation, ch channel, v visitor, pass string) (visitor, error) {
	g, err := l.admission.Pass(pass, ch.holder)
	if err != nil {
		why := fail(ErrAuth, "%s: %w", ch.address, err)
		if errors.Is(err, ErrForgedPass) {
			why = errors.Join(why, errWrongProof)
		}
		return visitor{}, l.turnAway(c, v.version, refuse(wire.Refused_AUTH, "%s", cut(err.Error())), why)
	}
	if !g.Valid(time.Now()) {
		return visitor{}, l.turnAway(c, v.version, refuse(wire.Refused_AUTH, "the pass expired"), fail(ErrAuth, "%s: the pass expired", ch.address))
	}
	g.Key, g.Tree = ch.client, l.admission.Tree
	if g.Created.IsZero() {
		g.Created = time.Now().UTC().Truncate(time.Second)
	}
	v.grant = g
	return l.admit(c, ch, v, nil, false)
}

// cut makes words short enough for a refusal.
func cut(words string) string { return strings.ToValidUTF8(words[:min(len(words), 500)], "") }
