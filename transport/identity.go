package transport

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"
	"time"
)

const (
	identityFile   = "identity"
	identityPrefix = "bgid_"
)

// An Identity is who we are: an Ed25519 key, and a key others can seal to.
// Both come from one seed of 32 bytes.
type Identity struct {
	seed []byte
	key  ed25519.PrivateKey
	kem  func() (hpke.PrivateKey, error) // made at first use
	tls  func() (*tls.Config, error)     // likewise

	from, to time.Time // dates of its certificates; zero: always
}

// NewKey makes a key that lives in memory only. Reveal and ParseKey are for who
// keeps it elsewhere than LoadIdentity does.
func NewKey() *Identity {
	seed := make([]byte, ed25519.SeedSize)
	rand.Read(seed) // never fails
	return identityFromSeed(seed)
}

// NewIdentity is NewKey; its error is nil, as one of LoadIdentity may not be.
func NewIdentity() (*Identity, error) { return NewKey(), nil }

// ParseKey reads what Reveal wrote.
func ParseKey(word string) (*Identity, error) {
	seed, err := decodeWord(identityPrefix, word)
	if err != nil || len(seed) != ed25519.SeedSize {
		return nil, errors.New("a key is bgid_ and 56 characters of a-z and 2-7")
	}
	return identityFromSeed(seed), nil
}

// Reveal returns the key as a word that is as secret as itself.
func (id *Identity) Reveal() string { return encodeWord(identityPrefix, id.seed) }

// LoadIdentity returns the one kept in dir, a directory of ours alone, and
// makes it at first. It refuses a file that others can read.
func LoadIdentity(dir string) (*Identity, error) {
	path := filepath.Join(dir, identityFile)
	id, err := readIdentity(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return id, err
	}
	err = withLock(dir, func() error {
		if id, err = readIdentity(path); !errors.Is(err, fs.ErrNotExist) {
			return err // another process was faster
		}
		id, err = NewIdentity()
		if err != nil {
			return err
		}
		return writeState(path, []byte(id.Reveal()+"\n"))
	})
	if err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	return id, nil
}

func readIdentity(path string) (*Identity, error) {
	b, err := readState(path)
	if err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	id, err := ParseKey(string(bytes.TrimSpace(b)))
	if err != nil {
		return nil, fmt.Errorf("identity: %s is damaged: restore it, or move it away and be a new peer to everyone", path)
	}
	return id, nil
}

func identityFromSeed(seed []byte) *Identity {
	id := &Identity{
		seed: seed,
		key:  ed25519.NewKeyFromSeed(seed),
		kem: sync.OnceValues(func() (hpke.PrivateKey, error) {
			return hpke.MLKEM768X25519().DeriveKeyPair(derive(seed, nil, "bargee kem"))
		}),
	}
	id.tls = sync.OnceValues(id.tlsConfig)
	return id
}

// Fingerprint names the Ed25519 key.
func (id *Identity) Fingerprint() Fingerprint {
	return FingerprintOf(id.key.Public().(ed25519.PublicKey))
}

// PublicKey returns the 32 bytes of the Ed25519 key that Fingerprint names.
func (id *Identity) PublicKey() []byte { return id.key.Public().(ed25519.PublicKey) }

// Sign signs message with it. Whoever has something signed begins it with what it is
// and for what ("bargee drop sender v1"), so that no signature is good for anything else.
func (id *Identity) Sign(message []byte) []byte { return ed25519.Sign(id.key, message) }

// KEM returns the public key to seal to, in the encoding of RFC 9180.
func (id *Identity) KEM() ([]byte, error) {
	k, err := id.kem()
	if err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	return k.PublicKey().Bytes(), nil
}

// KEMPrivate returns the private half of KEM.
func (id *Identity) KEMPrivate() (hpke.PrivateKey, error) { return id.kem() }

// derive returns 32 bytes for purpose that nobody else can know.
func (id *Identity) derive(purpose string) [32]byte {
	return [32]byte(derive(id.seed, nil, "bargee "+purpose))
}

// ForRelay is who we are to a relay: somebody of its own for each, by the address
// it was given by, so that no relay learns the key that peers know us by, and two
// of them cannot tell that they serve the same machine.
func (id *Identity) ForRelay(address string) *Identity {
	seed := id.derive("relay " + address)
	return identityFromSeed(seed[:])
}

// String shows the fingerprint, never the seed.
func (id *Identity) String() string { return id.Fingerprint().String() }
