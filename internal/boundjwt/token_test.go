package boundjwt

import (
	"crypto/ed25519"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

type allowed struct {
	Mode string `json:"mode,omitempty"`
}

func key(seed string) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed([]byte(strings.Repeat(seed, 32)))
}

func public(k ed25519.PrivateKey) ed25519.PublicKey { return k.Public().(ed25519.PublicKey) }

// A token is good for its holder, its audience and its time, by whom it is signed; and
// nothing else is.
func TestVerify(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	signer, other := key("s"), key("o")
	good := func() jwt.MapClaims {
		return jwt.MapClaims{"aud": "x", "sub": "alice", "jti": "1", "exp": now.Add(time.Hour).Unix(),
			"cnf": map[string]any{"jkt": "holder"}, "bargee": map[string]any{"mode": "read"}}
	}
	word := func(method jwt.SigningMethod, key any, change func(jwt.MapClaims), header map[string]any) string {
		c := good()
		if change != nil {
			change(c)
		}
		token := jwt.NewWithClaims(method, c)
		for k, v := range header {
			token.Header[k] = v
		}
		w, err := token.SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	eddsa := jwt.SigningMethodEdDSA
	with := func(name string, value any) string {
		return word(eddsa, signer, func(c jwt.MapClaims) {
			if c[name] = value; value == nil {
				delete(c, name)
			}
		}, nil)
	}
	fine := word(eddsa, signer, nil, nil)
	parts := strings.Split(fine, ".")
	for name, c := range map[string]struct {
		word string
		want error
	}{
		"good":               {fine, nil},
		"for several":        {with("aud", []string{"mail", "x"}), nil},
		"nothing":            {"", ErrForged},
		"another signer":     {word(eddsa, key("z"), nil, nil), ErrForged},
		"none":               {word(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil, nil), ErrForged},
		"HMAC of the key":    {word(jwt.SigningMethodHS256, []byte(public(signer)), nil, nil), ErrForged},
		"no signature":       {parts[0] + "." + parts[1] + ".", ErrForged},
		"a changed one":      {parts[0] + "." + parts[1] + "A." + parts[2], ErrForged},
		"crit":               {word(eddsa, signer, nil, map[string]any{"crit": []string{"exp"}}), ErrCritical},
		"a key of its own":   {word(eddsa, key("z"), nil, map[string]any{"jwk": map[string]any{"kty": "OKP"}}), ErrForged},
		"another holder":     {with("cnf", map[string]any{"jkt": "somebody"}), ErrHolder},
		"no holder":          {with("cnf", nil), ErrHolder},
		"another audience":   {with("aud", "y"), ErrAudience},
		"no audience":        {with("aud", nil), ErrClaims},
		"expired":            {with("exp", now.Add(-time.Second).Unix()), ErrExpired},
		"no end":             {with("exp", nil), ErrClaims},
		"not yet":            {with("nbf", now.Add(time.Minute).Unix()), ErrEarly},
		"an unknown right":   {with("bargee", map[string]any{"mode": "read", "root": true}), ErrClaims},
		"a right of no kind": {with("bargee", 7), ErrClaims},
	} {
		var own allowed
		got, by, err := Verify(c.word, "x", "holder", []ed25519.PublicKey{public(other), public(signer)}, now, &own)
		if err != c.want {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if err == nil && (got.Subject != "alice" || got.ID != "1" || own.Mode != "read" || !by.Equal(public(signer))) {
			t.Errorf("%s: %+v %+v", name, got, own)
		}
	}
	if _, _, err := Verify(fine, "x", "holder", nil, now, new(allowed)); err != ErrForged {
		t.Errorf("with nobody trusted: %v", err)
	}
	if _, _, err := Verify(with("cnf", nil), "x", "", []ed25519.PublicKey{public(signer)}, now, new(allowed)); err != ErrHolder {
		t.Errorf("of nobody, for nobody: %v", err)
	}
	signed, err := Token{Audience: "x", ID: "2", Subject: "bob", Holder: "holder", Expires: now.Add(time.Hour), Own: &allowed{"write"}}.Sign(signer, now)
	if err != nil {
		t.Fatal(err)
	}
	var own allowed
	if got, err := Read(signed, &own); err != nil || got.Subject != "bob" || own.Mode != "write" {
		t.Errorf("%+v %+v %v", got, own, err)
	}
}
