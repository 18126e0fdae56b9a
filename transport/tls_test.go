package transport

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"math/big"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
)

// TestNoUnverifiedTLS: InsecureSkipVerify stands in one file of the module, and
// always beside VerifyConnection.
func TestNoUnverifiedTLS(t *testing.T) {
	found := 0
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CompositeLit:
				keys := keysOf(n)
				if keys["InsecureSkipVerify"] && !keys["VerifyConnection"] {
					t.Errorf("%s: InsecureSkipVerify without VerifyConnection", path)
				}
				return true
			case *ast.Ident:
				if n.Name == "InsecureSkipVerify" {
					found++
					if filepath.Base(path) != "tls.go" || filepath.Base(filepath.Dir(path)) != "transport" {
						t.Errorf("%s: InsecureSkipVerify belongs in transport/tls.go alone", path)
					}
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if found != 1 {
		t.Errorf("InsecureSkipVerify stands in %d places", found)
	}
}

func keysOf(l *ast.CompositeLit) map[string]bool {
	keys := map[string]bool{}
	for _, e := range l.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			if id, ok := kv.Key.(*ast.Ident); ok {
				keys[id.Name] = true
			}
		}
	}
	return keys
}

// TestTLSRefused: clients that do not show one Ed25519 key, or speak something
// else, do not get as far as the login.
// It holds M92.
func TestTLSRefused(t *testing.T) {
	e := serveOn(t, Config{Admission: &Admission{Tree: "/"}})
	good, err := testIdentity("client").tlsConfig()
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]func(*tls.Config){
		"no certificate": func(c *tls.Config) { c.Certificates = nil },
		"another key":    func(c *tls.Config) { c.Certificates = []tls.Certificate{ecdsaCert(t)} },
		"two certificates": func(c *tls.Config) {
			c.Certificates[0].Certificate = append(c.Certificates[0].Certificate[:1:1], c.Certificates[0].Certificate[0])
		},
		"another protocol": func(c *tls.Config) { c.NextProtos = []string{"h3"} },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			c := good.Clone()
			c.Certificates = append([]tls.Certificate(nil), good.Certificates...)
			change(c)
			conn, err := rawTransport(t).Dial(t.Context(), e.Addr(), c, nil)
			if err != nil {
				return // refused in the handshake
			}
			defer conn.CloseWithError(0, "")
			// With TLS 1.3 a client learns of it after its own handshake.
			var refused *quic.TransportError
			if _, err := conn.AcceptStream(t.Context()); !errors.As(err, &refused) || !refused.ErrorCode.IsCryptoError() {
				t.Errorf("not refused by TLS: %v", err)
			}
		})
	}
}

func ecdsaCert(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// F98: machines whose clocks are days or years apart let each other in: it is the
// key in a certificate that counts, not its dates.
func TestCertificateDates(t *testing.T) {
	token := testToken("dates")
	for name, from := range map[string]time.Time{"is over": time.Unix(0, 0), "is still to come": time.Now().AddDate(5, 0, 0)} {
		dated := func(name string) *Identity {
			id := *testIdentity(name)
			id.from, id.to = from, from.AddDate(1, 0, 0)
			return &id
		}
		s := serveOn(t, Config{Identity: dated("server"), Admission: &Admission{Tree: "/", Tokens: Tokens(token.Public())}})
		c := dialFrom(t, Config{Identity: dated("client")})
		l, err := c.Dial(t.Context(), remote(s, SecretOf(token)))
		if err != nil {
			t.Errorf("a certificate whose time %s: %v", name, err)
			continue
		}
		if l.Peer().Key != testIdentity("server").Fingerprint() {
			t.Errorf("it is %v", l.Peer().Key)
		}
	}
}
