package cli

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"

	"github.com/bargee/bargee/session"
)

const (
	pemPrivate = "PRIVATE KEY" // PKCS #8, as openssl genpkey -algorithm ed25519 writes it
	pemPublic  = "PUBLIC KEY"  // as openssl pkey -pubout
)

// newPassKey makes a key that signs passes: FILE, and FILE.pub for relays and servers.
// Both are there in the end, or neither.
func (a *app) newPassKey(file string) error {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return err
	}
	shown, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return err
	}
	if err := writePEM(file, pemPrivate, 0o600, secret); err != nil {
		return err
	}
	if err := writePEM(file+".pub", pemPublic, 0o644, shown); err != nil {
		return errors.Join(err, os.Remove(file)) // which is ours, and of no use without
	}
	if a.json {
		a.event(struct {
			Event  string `json:"event"`
			File   string `json:"file"`
			Public string `json:"public"`
		}{"key", file, file + ".pub"})
		return nil
	}
	a.say("%s signs passes: bargee token new --relay-key %s --for KEY\n%s.pub is for relays: bargee relay --pass-key %s.pub",
		session.Display(file), shellWord(file), session.Display(file), shellWord(file))
	return nil
}

// writePEM makes a file that is not there yet; of one that cannot be written whole
// nothing stays.
func writePEM(name, kind string, mode os.FileMode, der []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err == nil {
		if err = errors.Join(pem.Encode(f, &pem.Block{Type: kind, Bytes: der}), f.Sync(), f.Close()); err != nil {
			os.Remove(name)
		}
	}
	if err != nil {
		return &problem{what: "write", where: session.Display(name), err: err}
	}
	return nil
}

// readPassSigner and readPassKey read the halves of such a key.
func readPassSigner(name string) (ed25519.PrivateKey, error) {
	f, err := openSecret(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	key, err := readPEM(f, name, pemPrivate, x509.ParsePKCS8PrivateKey)
	if err != nil {
		return nil, err
	}
	if k, ok := key.(ed25519.PrivateKey); ok {
		return k, nil
	}
	return nil, notAKey(name, errors.New("it is no Ed25519 key"))
}

func readPassKey(name string) (ed25519.PublicKey, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, &problem{what: "read", where: session.Display(name), err: err}
	}
	defer f.Close()
	key, err := readPEM(f, name, pemPublic, x509.ParsePKIXPublicKey)
	if err != nil {
		return nil, err
	}
	if k, ok := key.(ed25519.PublicKey); ok {
		return k, nil
	}
	return nil, notAKey(name, errors.New("it is no Ed25519 key"))
}

// readPEM reads the file f of that name.
func readPEM(f io.Reader, name, kind string, parse func([]byte) (any, error)) (any, error) {
	text, err := io.ReadAll(io.LimitReader(f, maxSecret))
	if err != nil {
		return nil, &problem{what: "read", where: session.Display(name), err: err}
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, notAKey(name, errors.New("it is not in PEM"))
	}
	if block.Type != kind {
		return nil, notAKey(name, fmt.Errorf("it holds a %s, not a %s", strings.ToLower(block.Type), strings.ToLower(kind)))
	}
	key, err := parse(block.Bytes)
	if err != nil {
		return nil, notAKey(name, err)
	}
	return key, nil
}

func notAKey(name string, err error) error {
	return &problem{what: "read the key in", where: session.Display(name), err: err,
		hint: "bargee key new FILE makes FILE, which signs, and FILE.pub, which a relay takes"}
}
