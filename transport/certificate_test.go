package transport

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/bargee/bargee/internal/wire"
)

// M92: of a certificate only its key counts, which has to be an Ed25519 key:
// the rest may be expired, of the future, or full of names.
func TestCertificates(t *testing.T) {
	e := serveOn(t, Config{Admission: &Admission{Tree: "/"}})
	names := make([]string, 100)
	for i := range names {
		names[i] = fmt.Sprintf("host-%d.example", i)
	}
	weak, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	good := testIdentity("client").key
	for name, c := range map[string]struct {
		cert  x509.Certificate
		key   any
		taken bool
	}{
		"expired":         {x509.Certificate{NotAfter: time.Unix(1, 0)}, good, true},
		"of the future":   {x509.Certificate{NotBefore: time.Now().AddDate(10, 0, 0), NotAfter: time.Now().AddDate(20, 0, 0)}, good, true},
		"a hundred names": {x509.Certificate{DNSNames: names}, good, true},
		"for signatures":  {x509.Certificate{KeyUsage: x509.KeyUsageCRLSign}, good, true},
		"RSA":             {x509.Certificate{}, weak, false},
		"P-256":           {x509.Certificate{}, curve, false},
	} {
		t.Run(name, func(t *testing.T) {
			conf, err := testIdentity("client").tlsConfig()
			if err != nil {
				t.Fatal(err)
			}
			c.cert.SerialNumber = big.NewInt(1)
			der, err := x509.CreateCertificate(rand.Reader, &c.cert, &c.cert, publicOf(c.key), c.key)
			if err != nil {
				t.Fatal(err)
			}
			conf.Certificates = []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: c.key}}
			if taken := answersHello(t, e, conf); taken != c.taken {
				t.Errorf("taken: %t", taken)
			}
		})
	}
}

func publicOf(key any) crypto.PublicKey { return key.(crypto.Signer).Public() }

// answersHello tells whether e goes as far as to answer what a client says.
func answersHello(t *testing.T, e *Endpoint, conf *tls.Config) bool {
	t.Helper()
	conn, err := rawTransport(t).Dial(t.Context(), e.Addr(), conf, nil)
	if err != nil {
		return false
	}
	defer conn.CloseWithError(0, "")
	s, err := conn.OpenStreamSync(t.Context())
	if err != nil {
		return false
	}
	s.Write([]byte{3, 0xff, 0xff, 0xff})
	s.Close()
	var hello wire.ServerHello
	return converse(s).receive(&hello) == nil && hello.GetRefused() != nil
}

// M115: a list that has one key under two names, or one name twice, is refused
// with where that stands.
func TestListWithTwoOfOneKind(t *testing.T) {
	key, other := Fingerprint{1}.String(), Fingerprint{2}.String()
	for name, peers := range map[string][2][2]string{
		"one key, two names": {{"nas", key}, {"laptop", key}},
		"one name, two keys": {{"nas", key}, {"nas", other}},
	} {
		dir := t.TempDir()
		text := fmt.Sprintf(`{"peers":[{"name":%q,"key":%q,"added":"2026-01-02T03:04:05Z"},{"name":%q,"key":%q,"added":"2026-01-02T03:04:05Z"}]}`,
			peers[0][0], peers[0][1], peers[1][0], peers[1][1])
		if err := writeState(dir+"/known_peers.json", []byte(text)); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenKnownPeers(dir); err == nil || !strings.Contains(err.Error(), "entries 1 and 2") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
