package transport

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func openKeys(t *testing.T, dir string) *Keys {
	t.Helper()
	k, err := OpenKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// A key takes its place at its time, in processes that run and in those that start; the
// one before opens what was sealed to it.
func TestKeysRotate(t *testing.T) {
	dir := t.TempDir()
	k, other := openKeys(t, dir), openKeys(t, dir)
	old := k.Ring().Key.Fingerprint()
	ring, err := k.Rotate(time.Now().Add(time.Hour))
	if err != nil || ring.Key.Fingerprint() != old || ring.Next == nil {
		t.Fatalf("%+v, %v", ring, err)
	}
	next := ring.Next.Fingerprint()
	if got := other.Ring(); got.Next == nil || got.Next.Fingerprint() != next || !got.From.Equal(ring.From) {
		t.Errorf("another process sees %+v", got)
	}
	if late := ring.at(ring.From); late.Key.Fingerprint() != next || late.Next != nil || late.Former[0].Fingerprint() != old {
		t.Errorf("at its time it is %+v", late)
	}
	if again, err := other.Rotate(time.Now()); err != nil || again.Key.Fingerprint() != next || again.Next != nil {
		t.Errorf("at once: %+v, %v", again, err)
	}
	for name, k := range map[string]*Keys{"who made it": k, "who starts": openKeys(t, dir)} {
		got := k.Ring()
		if got.Key.Fingerprint() != next || got.Next != nil || len(got.Former) != 1 || got.Former[0].Fingerprint() != old {
			t.Errorf("%s sees %+v", name, got)
		}
	}
	if id, err := LoadIdentity(dir); err != nil || id.Fingerprint() != next {
		t.Errorf("an older version sees %v, %v", id, err)
	}
	for range 2 * mostFormer {
		if _, err := k.Rotate(time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(k.Ring().Former); n != mostFormer {
		t.Errorf("%d keys of before are kept", n)
	}
}

func TestKeysKeep(t *testing.T) {
	k := openKeys(t, t.TempDir())
	old := k.Ring().Key.Fingerprint()
	if _, err := k.Keep(); !errors.Is(err, ErrNoRotation) {
		t.Errorf("%v", err)
	}
	if _, err := k.Rotate(time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if ring, err := k.Keep(); err != nil || ring.Next != nil || ring.Key.Fingerprint() != old {
		t.Errorf("%+v, %v", ring, err)
	}
}

// Wherever a process dies that puts a key in its place, the next one ends with that key,
// and has the old one.
func TestKeysSettleAfterCrash(t *testing.T) {
	for name, crash := range map[string]func(k *Keys, before Keyring) error{
		"before anything":      func(*Keys, Keyring) error { return nil },
		"after the former one": func(k *Keys, r Keyring) error { return writeJSON(k.path(formerFile), []string{r.Key.Reveal()}) },
		"before the next is gone": func(k *Keys, r Keyring) error {
			return errors.Join(writeJSON(k.path(formerFile), []string{r.Key.Reveal()}), writeState(k.path(identityFile), []byte(r.Next.Reveal())))
		},
	} {
		dir := t.TempDir()
		k := openKeys(t, dir)
		ring, err := k.Rotate(time.Now().Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		past := nextKey{ring.Next.Reveal(), time.Now().Add(-time.Minute)}
		if err := errors.Join(crash(k, ring), writeJSON(k.path(nextFile), past)); err != nil {
			t.Fatal(err)
		}
		got := openKeys(t, dir).Ring()
		if got.Key.Fingerprint() != ring.Next.Fingerprint() || got.Next != nil || len(got.Former) != 1 || got.Former[0].Fingerprint() != ring.Key.Fingerprint() {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// A file that is damaged is told of, and makes no new key.
func TestKeysDamaged(t *testing.T) {
	for _, name := range []string{identityFile, nextFile, formerFile} {
		dir := t.TempDir()
		openKeys(t, dir)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(`{"key":`), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenKeys(dir); err == nil {
			t.Errorf("%s is not looked at", name)
		}
	}
}
