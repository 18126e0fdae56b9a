package transport

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
)

// The example of RFC 8037, appendix A.3.
func TestThumbprint(t *testing.T) {
	key, err := base64.RawURLEncoding.DecodeString("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
	if err != nil {
		t.Fatal(err)
	}
	if got := Thumbprint(key); got != "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k" {
		t.Error(got)
	}
}

// A pass lets in the key that shows it, and is never shown to somebody unknown.
func TestPass(t *testing.T) {
	holder := testIdentity("holder")
	var mu sync.Mutex
	var shown []string
	server := serveOn(t, Config{Admission: &Admission{Tree: "relay", Pass: func(pass string, key ed25519.PublicKey) (Grant, error) {
		mu.Lock()
		shown = append(shown, pass)
		mu.Unlock()
		if Thumbprint(key) != holder.Thumbprint() {
			return Grant{}, fmt.Errorf("the pass is another key's: %w", ErrForgedPass)
		}
		return Grant{Origin: "pass of " + pass}, nil
	}}})
	at := Remote{Addresses: []string{server.Addr().String()}, Key: server.cfg.Identity.Fingerprint(), Pass: "p", As: holder}
	client := dialFrom(t, Config{})
	if _, err := client.Dial(t.Context(), at); err != nil {
		t.Fatal(err)
	}
	l, err := server.Accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if p := l.Peer(); p.Grant.Origin != "pass of p" || p.Grant.Key != holder.Fingerprint() || p.Guest {
		t.Errorf("admitted is %+v", p)
	}
	thief := at
	thief.As = testIdentity("thief")
	if _, err := client.Dial(t.Context(), thief); !errors.Is(err, ErrAuth) || !strings.Contains(err.Error(), "another key's") {
		t.Errorf("with another key: %v", err)
	}
	for name, r := range map[string]Remote{
		"to somebody unknown": {Addresses: at.Addresses, Pass: "p", Secret: SecretOf(testToken("x"))},
		"too long":            {Addresses: at.Addresses, Key: at.Key, Pass: strings.Repeat("p", MaxPass+1)},
	} {
		if _, err := client.Dial(t.Context(), r); !errors.Is(err, ErrAuth) {
			t.Errorf("%s: %v", name, err)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if len(shown) != 2 {
		t.Errorf("shown were %q", shown)
	}
}
