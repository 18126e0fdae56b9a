package relay

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/bargee/bargee/transport"
)

func keyPair(n byte) (ed25519.PublicKey, ed25519.PrivateKey) {
	k := ed25519.NewKeyFromSeed(keyOf(n))
	return k.Public().(ed25519.PublicKey), k
}

// What Sign writes, a relay that trusts the signer takes from the holder.
func TestPass(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	trusted, signer := keyPair(1)
	holder, _ := keyPair(2)
	want := Pass{ID: "laptop.1", Holder: transport.Thumbprint(holder), Expires: now.Add(time.Hour), Terms: Terms{1 << 20, 3, 1 << 40}}
	word, err := want.Sign(signer, now)
	if err != nil {
		t.Fatal(err)
	}
	other, _ := keyPair(7)
	got, by, err := verifyPass(word, holder, []ed25519.PublicKey{other, trusted}, now)
	if err != nil || !by.Equal(trusted) || got.ID != want.ID || got.Holder != want.Holder || !got.Expires.Equal(want.Expires) || got.Terms != want.Terms {
		t.Errorf("%+v, %v", got, err)
	}
	if read, err := ReadPass(word); err != nil || read.ID != want.ID || read.Terms != want.Terms {
		t.Errorf("read without a key: %+v, %v", read, err)
	}
	for name, p := range map[string]Pass{
		"no holder":    {Expires: want.Expires},
		"no end":       {Holder: want.Holder},
		"an ID":        {ID: "a b", Holder: want.Holder, Expires: want.Expires},
		"a rate":       {Holder: want.Holder, Expires: want.Expires, Terms: Terms{Rate: 1}},
		"minus a rate": {Holder: want.Holder, Expires: want.Expires, Terms: Terms{Rate: -1 << 40}},
	} {
		if _, err := p.Sign(signer, now); err == nil {
			t.Errorf("%s is signed", name)
		}
	}
}

// Every pass but a good one is refused, whatever it says; TestPass shows that the
// one these are made of is good.
func TestBadPasses(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	trusted, signer := keyPair(1)
	_, stranger := keyPair(3)
	holder, _ := keyPair(2)
	good := func() jwt.MapClaims {
		return jwt.MapClaims{"aud": "bargee-relay", "jti": "1", "exp": now.Add(time.Hour).Unix(),
			"cnf": map[string]any{"jkt": transport.Thumbprint(holder)}, "bargee": map[string]any{"rate": 1 << 20}}
	}
	sign := func(method jwt.SigningMethod, key any, header map[string]any, c jwt.MapClaims) string {
		token := jwt.NewWithClaims(method, c)
		for k, v := range header {
			token.Header[k] = v
		}
		word, err := token.SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return word
	}
	eddsa := jwt.SigningMethodEdDSA
	with := func(key string, value any) string {
		c := good()
		if c[key] = value; value == nil {
			delete(c, key)
		}
		return sign(eddsa, signer, nil, c)
	}
	fine := sign(eddsa, signer, nil, good())
	if _, _, err := verifyPass(fine, holder, []ed25519.PublicKey{trusted}, now); err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(fine, ".")
	claims, _ := json.Marshal(good())
	for name, x := range map[string]struct {
		word string
		kind error
	}{
		"empty":              {"", transport.ErrForgedPass},
		"no JWT":             {"hello", transport.ErrForgedPass},
		"long":               {strings.Repeat("x", transport.MaxPass+1), transport.ErrForgedPass},
		"another's":          {sign(eddsa, stranger, nil, good()), transport.ErrForgedPass},
		"none":               {sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil, good()), transport.ErrForgedPass},
		"public key as HMAC": {sign(jwt.SigningMethodHS256, []byte(trusted), nil, good()), transport.ErrForgedPass},
		"other claims":       {parts[0] + "." + base64.RawURLEncoding.EncodeToString(claims) + "x." + parts[2], transport.ErrForgedPass},
		"no signature":       {parts[0] + "." + parts[1] + ".", transport.ErrForgedPass},
		"crit":               {sign(eddsa, signer, map[string]any{"crit": []string{"b64"}}, good()), transport.ErrForgedPass},
		"expired":            {with("exp", now.Add(-time.Second).Unix()), ErrPassExpired},
		"this moment":        {with("exp", now.Unix()), ErrPassExpired},
		"not yet":            {with("nbf", now.Add(time.Minute).Unix()), ErrPassExpired},
		"no end":             {with("exp", nil), transport.ErrForgedPass},
		"no audience":        {with("aud", nil), transport.ErrForgedPass},
		"another audience":   {with("aud", "mail"), transport.ErrForgedPass},
		"no ID":              {with("jti", nil), transport.ErrForgedPass},
		"an odd ID":          {with("jti", "a\nb"), transport.ErrForgedPass},
		"no holder":          {with("cnf", nil), transport.ErrForgedPass},
		"another holder":     {with("cnf", map[string]any{"jkt": transport.Thumbprint(trusted)}), transport.ErrForgedPass},
		"unknown limit":      {with("bargee", map[string]any{"peers": 1}), transport.ErrForgedPass},
		"negative quota":     {with("bargee", map[string]any{"bytes": -1}), transport.ErrForgedPass},
		"a quota too large":  {with("bargee", map[string]any{"bytes": 1e300}), transport.ErrForgedPass},
		"rate of no bytes":   {with("bargee", map[string]any{"rate": 1}), transport.ErrForgedPass},
	} {
		if _, _, err := verifyPass(x.word, holder, []ed25519.PublicKey{trusted}, now); !errors.Is(err, x.kind) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := verifyPass(fine, trusted, []ed25519.PublicKey{trusted}, now); !errors.Is(err, transport.ErrForgedPass) {
		t.Errorf("shown by another: %v", err)
	}
	if _, _, err := verifyPass(fine, holder, nil, now); !errors.Is(err, transport.ErrForgedPass) {
		t.Errorf("with nobody trusted: %v", err)
	}
}

// Passes that were revoked, or whose signer is not trusted any more, are found.
func TestPassesAreRevoked(t *testing.T) {
	now := time.Now()
	trusted, signer := keyPair(1)
	next, _ := keyPair(4)
	holder, _ := keyPair(2)
	ledger := NewLedger(DefaultLimits, now)
	p := NewPasses(ledger, trusted)
	sign := func(id string) string {
		word, err := Pass{ID: id, Holder: transport.Thumbprint(holder), Expires: now.Add(time.Hour), Terms: Terms{Sessions: 2}}.Sign(signer, now)
		if err != nil {
			t.Fatal(err)
		}
		return word
	}
	g, err := p.Judge(sign("1"), holder)
	if err != nil || g.Expires.Unix() != now.Add(time.Hour).Unix() {
		t.Fatalf("%+v, %v", g, err)
	}
	if n := ledger.tokens[g.Origin].terms().Sessions; n != 2 {
		t.Errorf("it may have %d sessions", n)
	}
	both := []ed25519.PublicKey{next, trusted}
	if gone := p.Set(both, map[string]bool{"2": true}); len(gone) != 0 {
		t.Errorf("revoked with another: %v", gone)
	}
	if gone := p.Set(both, map[string]bool{"1": true}); len(gone) != 1 || gone[0] != g.Origin {
		t.Errorf("revoked: %v", gone)
	}
	if _, err := p.Judge(sign("1"), holder); !errors.Is(err, ErrPassRevoked) || errors.Is(err, transport.ErrForgedPass) {
		t.Errorf("shown again: %v", err)
	}
	if again, err := p.Judge(sign("3"), holder); err != nil || again.Origin != g.Origin {
		t.Errorf("another one of the same holder: %v, %v", again, err)
	}
	if gone := p.Set([]ed25519.PublicKey{next}, nil); len(gone) != 1 {
		t.Errorf("with another signer: %v", gone)
	}
}

// One of two passes of a holder that is revoked cuts him off, and the other one is as
// good as before; who logs in meanwhile is found by Good.
func TestTwoPassesOfOneHolder(t *testing.T) {
	now := time.Now()
	trusted, signer := keyPair(1)
	holder, _ := keyPair(2)
	p := NewPasses(NewLedger(DefaultLimits, now), trusted)
	show := func(id string) (transport.Grant, error) {
		word, err := Pass{ID: id, Holder: transport.Thumbprint(holder), Expires: now.Add(time.Hour)}.Sign(signer, now)
		if err != nil {
			t.Fatal(err)
		}
		return p.Judge(word, holder)
	}
	first, err1 := show("1")
	second, err2 := show("2")
	if err := errors.Join(err1, err2, p.Good(first), p.Good(second)); err != nil {
		t.Fatal(err)
	}
	if gone := p.Set([]ed25519.PublicKey{trusted}, map[string]bool{"1": true}); len(gone) != 1 {
		t.Errorf("the first one revoked: %v", gone)
	}
	if p.Good(first) == nil || p.Good(second) != nil {
		t.Errorf("good are: %v, %v", p.Good(first), p.Good(second))
	}
	for _, id := range []string{"a", "b", "c", "d", "e", "f", "g"} {
		if _, err := show(id); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
	if _, err := show("h"); err == nil {
		t.Error("a ninth one is taken")
	}
	if _, err := show("2"); err != nil {
		t.Errorf("one of the eight again: %v", err)
	}
}
