package web

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// A Right is something that a key allows.
type Right string

// The rights there are. Admin is history, statistics, events and shutdown.
const (
	Read   Right = "read"
	Write  Right = "write"
	Delete Right = "delete"
	List   Right = "list"
	Admin  Right = "admin"
)

// Rights are all rights, in the order in which they are shown.
var Rights = []Right{Read, Write, Delete, List, Admin}

// ParseRights reads rights with commas between them; "all" is all of them.
func ParseRights(s string) ([]Right, error) {
	if s == "all" {
		return slices.Clone(Rights), nil
	}
	var rights []Right
	for word := range strings.SplitSeq(s, ",") {
		r := Right(strings.TrimSpace(word))
		if !slices.Contains(Rights, r) {
			return nil, fmt.Errorf("%q is none of read, write, delete, list, admin, all", string(r))
		}
		if !slices.Contains(rights, r) {
			rights = append(rights, r)
		}
	}
	return rights, nil
}

// A Key lets somebody in over HTTP. Of its secret only the SHA-256 is kept: it has
// 130 random bits, which nobody guesses.
type Key struct {
	ID      string    `json:"id"`
	Name    string    `json:"name,omitempty"`
	Hash    string    `json:"sha256"`
	Rights  []Right   `json:"rights"`
	Quota   int64     `json:"quota,omitempty"` // bytes that it may have stored at a time; 0: as the relay's limits are
	Made    time.Time `json:"made"`
	Expires time.Time `json:"expires,omitzero"`
}

// Account is what a key is called where is counted what it uses.
func (k Key) Account() string { return "key:" + k.ID }

// Expired tells whether a key is none any more.
func (k Key) Expired(now time.Time) bool { return !k.Expires.IsZero() && !now.Before(k.Expires) }

// May tells whether a key has a right.
func (k Key) May(r Right) bool { return slices.Contains(k.Rights, r) }

// keyPrefix marks the secrets of keys, so that scanners for leaked ones find them.
const keyPrefix = "bgk_"

// NewKey makes a key and its secret, which is kept nowhere.
func NewKey() (k Key, secret string) {
	secret = keyPrefix + strings.ToLower(rand.Text())
	sum := sha256.Sum256([]byte(secret))
	return Key{ID: "k" + hex.EncodeToString(sum[:4]), Hash: hex.EncodeToString(sum[:])}, secret
}

// MostKeys and maxKeyLine bound a file of keys.
const (
	MostKeys   = 4096
	maxKeyLine = 4 << 10
)

// ParseKeys reads a file of keys: a JSON object a line.
func ParseKeys(text []byte) ([]Key, error) {
	var keys []Key
	n := 0
	for line := range bytes.Lines(text) {
		n++
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		var k Key
		err := json.Unmarshal(line, &k)
		if hash, bad := hex.DecodeString(k.Hash); err == nil && (bad != nil || len(hash) != sha256.Size || k.ID == "" || k.Quota < 0) {
			err = errors.New("is no key")
		}
		switch {
		case len(line) > maxKeyLine:
			err = errors.New("is too long")
		case len(keys) == MostKeys:
			err = fmt.Errorf("is one more than %d keys", MostKeys)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		keys = append(keys, k)
	}
	return keys, nil
}

// FormatKeys is the text that ParseKeys reads.
func FormatKeys(keys []Key) ([]byte, error) {
	text := []byte("# Keys for HTTP, and the SHA-256 of their secrets: bargee relay key\n")
	for _, k := range keys {
		line, err := json.Marshal(k)
		if err != nil {
			return nil, err
		}
		text = append(append(text, line...), '\n')
	}
	return text, nil
}

// Keys are those that a running relay knows. Set may be called at any time; a request
// that runs goes on with the key that it came with.
type Keys struct {
	by atomic.Pointer[map[string]Key]
}

// Set replaces all keys.
func (k *Keys) Set(keys []Key) {
	by := make(map[string]Key, len(keys))
	for _, key := range keys {
		by[key.Hash] = key
	}
	k.by.Store(&by)
}

// find returns the key with a secret. What a guess takes in time tells about the
// digest of the guess only.
func (k *Keys) find(secret string, now time.Time) (Key, bool) {
	by := k.by.Load()
	if by == nil || !strings.HasPrefix(secret, keyPrefix) {
		return Key{}, false
	}
	sum := sha256.Sum256([]byte(secret))
	hash := hex.EncodeToString(sum[:])
	key, ok := (*by)[hash]
	if !ok || subtle.ConstantTimeCompare([]byte(key.Hash), []byte(hash)) != 1 || key.Expired(now) {
		return Key{}, false
	}
	return key, true
}

// NewServerID makes the capability that stands in the addresses of blobs: 128
// random bits in hex.
func NewServerID() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// IsServerID tells whether s has the shape of one.
func IsServerID(s string) bool { return isHex(s, 32) }

// isHex tells whether s is n lower-case hexadecimal digits.
func isHex(s string, n int) bool {
	if len(s) != n {
		return false
	}
	for i := range n {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
