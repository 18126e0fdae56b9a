package transport

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// A Keyring is who a machine is, and who it will be: a key that is replaced is shown
// for a while yet, in which those who have pinned it hear of its successor.
type Keyring struct {
	Key    *Identity
	Next   *Identity   // nil: none
	From   time.Time   // when Next takes the place of Key
	Former []*Identity // those before, the latest first: they open what was sealed to them, and are shown to nobody
}

// Fingerprints names the key, and the one that will take its place; zero: none.
func (k Keyring) Fingerprints() (key, next Fingerprint) {
	if k.Next != nil {
		next = k.Next.Fingerprint()
	}
	return k.Key.Fingerprint(), next
}

// at is k at a time.
func (k Keyring) at(now time.Time) Keyring {
	if k.Next == nil || now.Before(k.From) {
		return k
	}
	former := slices.DeleteFunc(slices.Clone(k.Former), func(id *Identity) bool { return id.Fingerprint() == k.Key.Fingerprint() })
	former = slices.Insert(former, 0, k.Key)
	return Keyring{Key: k.Next, Former: former[:min(len(former), mostFormer)]}
}

// The files of a keyring, beside identityFile. Whoever reads only that one, as older
// versions do, sees the present key.
const (
	nextFile   = "identity.next"
	formerFile = "identity.former"
	mostFormer = 4 // keys that are kept to open what was sealed to them
)

// Keys is the keyring kept in a directory of ours alone. Other processes may change it.
type Keys struct {
	dir string

	mu    sync.Mutex
	stamp string // of the files when they were read
	ring  Keyring
}

// OpenKeys returns the keyring in dir. The first call for a directory makes its key.
func OpenKeys(dir string) (*Keys, error) {
	if _, err := LoadIdentity(dir); err != nil {
		return nil, err
	}
	k := &Keys{dir: dir}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k, k.read()
}

// Ring returns the keys of now: Config.Keyring. What cannot be read again stays as it
// was.
func (k *Keys) Ring() Keyring {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.stampNow() != k.stamp {
		_ = k.read()
	}
	return k.ring.at(time.Now())
}

func (k *Keys) path(name string) string { return filepath.Join(k.dir, name) }

func (k *Keys) stampNow() (s string) {
	for _, name := range []string{identityFile, nextFile} {
		if info, err := os.Lstat(k.path(name)); err == nil {
			s += fmt.Sprint(info.ModTime().UnixNano(), info.Size(), " ")
		}
		s += ";"
	}
	return s
}

// read reads the files, and puts a key in its place whose time has come; k.mu is held.
func (k *Keys) read() error {
	stamp := k.stampNow()
	ring, err := k.load()
	if err != nil {
		return err
	}
	if ring.Next != nil && !time.Now().Before(ring.From) {
		// Where we may not write, the files say the same at the next time.
		if err := withLock(k.dir, k.settle); err == nil {
			stamp = k.stampNow()
			if again, err := k.load(); err == nil {
				ring = again
			}
		}
	}
	k.stamp, k.ring = stamp, ring
	return nil
}

type nextKey struct {
	Key  string    `json:"key"`
	From time.Time `json:"from"`
}

func (k *Keys) load() (Keyring, error) {
	id, err := readIdentity(k.path(identityFile))
	if err != nil {
		return Keyring{}, err
	}
	ring := Keyring{Key: id}
	var former []string
	if err := readJSON(k.path(formerFile), &former); err != nil {
		return Keyring{}, err
	}
	for _, word := range former {
		old, err := ParseKey(word)
		if err != nil {
			return Keyring{}, fmt.Errorf("identity: %s: %w: mend it, or move it away", k.path(formerFile), err)
		}
		ring.Former = append(ring.Former, old)
	}
	var next nextKey
	if err := readJSON(k.path(nextFile), &next); err != nil || next.Key == "" {
		return ring, err
	}
	if ring.Next, err = ParseKey(next.Key); err != nil || next.From.IsZero() {
		return Keyring{}, fmt.Errorf("identity: %s is damaged: move it away, and the key stays as it is", k.path(nextFile))
	}
	if ring.From = next.From; ring.Next.Fingerprint() == id.Fingerprint() { // all but its file was put in place
		ring.Next, ring.From = nil, time.Time{}
	}
	return ring, nil
}

// readJSON reads a file of ours into v, if it is there.
func readJSON(path string, v any) error {
	b, err := readState(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = json.Unmarshal(b, v)
	}
	if err != nil {
		return fmt.Errorf("identity: %s: %w", path, err)
	}
	return nil
}

func writeJSON(path string, v any) error {
	b, err := json.Marshal(v)
	if err == nil {
		err = writeState(path, append(b, '\n'))
	}
	return err
}

// settle puts a key in its place whose time has come. Wherever it stops, the files are
// those of before, or say the same as in the end. The directory is locked.
func (k *Keys) settle() error {
	ring, err := k.load()
	if err != nil || ring.Next == nil || time.Now().Before(ring.From) {
		return err
	}
	ring = ring.at(time.Now())
	var former []string
	for _, id := range ring.Former {
		former = append(former, id.Reveal())
	}
	if err := writeJSON(k.path(formerFile), former); err != nil {
		return err
	}
	if err := writeState(k.path(identityFile), []byte(ring.Key.Reveal()+"\n")); err != nil {
		return err
	}
	return os.Remove(k.path(nextFile))
}

// ErrNoRotation means that no key is to be replaced.
var ErrNoRotation = errors.New("no other key is to take the place of this one")

// Rotate has another key take the place of the present one at from, and tells which:
// a new one, or the one that was to do so at another time.
func (k *Keys) Rotate(from time.Time) (Keyring, error) {
	return k.change(func(ring Keyring) error {
		next := ring.Next
		if next == nil {
			next = NewKey()
		}
		return writeJSON(k.path(nextFile), nextKey{next.Reveal(), from.UTC()})
	})
}

// Keep has the present key stay; it fails with ErrNoRotation where it does anyway.
func (k *Keys) Keep() (Keyring, error) {
	return k.change(func(ring Keyring) error {
		if ring.Next == nil {
			return ErrNoRotation
		}
		return os.Remove(k.path(nextFile))
	})
}

func (k *Keys) change(do func(Keyring) error) (Keyring, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	err := withLock(k.dir, func() error {
		if err := k.settle(); err != nil {
			return err
		}
		ring, err := k.load()
		if err != nil {
			return err
		}
		return do(ring)
	})
	if err == nil {
		err = k.read()
	}
	if err != nil && !errors.Is(err, ErrNoRotation) {
		err = fmt.Errorf("identity: %w", err)
	}
	return k.ring.at(time.Now()), err
}
