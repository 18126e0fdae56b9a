package drop

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hpke"
	"errors"
	"slices"
	"testing"
)

// A relay may do with what it keeps as it likes: change a byte of it, put one thing in
// the place of another, leave some out, show it again, show something old. None of
// that is taken for what was stored.

func sampleDrop(t *testing.T) (k Key, keys *Keys, list List, data, manifest [][]byte) {
	t.Helper()
	k = NewKey()
	keys = Derive(k)
	for i := range 3 {
		data = append(data, keys.Seal(nil, Data, uint64(i), i == 2, bytes.Repeat([]byte{byte(i)}, 40)))
		list.Data = append(list.Data, DigestOf(data[i]))
	}
	sealer := NewManifestSealer(keys, func(b []byte) error { manifest = append(manifest, b); return nil })
	writeManifest(t, sealer, keys.ID, Mailbox{}, list)
	if err := sealer.Close(); err != nil {
		t.Fatal(err)
	}
	return k, keys, list, data, manifest
}

// TestDropBitFlipEveryByte holds F51.
func TestDropBitFlipEveryByte(t *testing.T) {
	_, keys, list, data, manifest := sampleDrop(t)
	flip := func(sealed []byte, open func([]byte) error) {
		t.Helper()
		for i := range sealed {
			for _, bit := range []byte{1, 0x80} {
				bad := bytes.Clone(sealed)
				bad[i] ^= bit
				if err := open(bad); !errors.Is(err, ErrDamaged) {
					t.Fatalf("byte %d changed: %v", i, err)
				}
			}
		}
	}
	for i, sealed := range data {
		if DigestOf(sealed) != list.Data[i] {
			t.Fatal("a digest")
		}
		flip(sealed, func(b []byte) error {
			_, err := keys.Open(nil, Data, uint64(i), i == 2, b)
			return err
		})
	}
	flip(manifest[0], func(b []byte) error {
		_, _, err := tryManifest(keys, [][]byte{b})
		return err
	})
}

func TestDropSwapTruncateDuplicate(t *testing.T) {
	_, keys, list, data, manifest := sampleDrop(t)
	_, other, _, others, _ := sampleDrop(t)
	open := func(k *Keys, kind Kind, i int, final bool, sealed []byte) error {
		_, err := k.Open(nil, kind, uint64(i), final, sealed)
		return err
	}
	for name, err := range map[string]error{
		"swapped":               open(keys, Data, 0, false, data[1]),
		"given twice":           open(keys, Data, 1, false, data[0]),
		"cut: the last is gone": open(keys, Data, 1, true, data[1]),
		"longer than it was":    open(keys, Data, 2, false, data[2]),
		"another kind":          open(keys, Manifest, 0, true, data[2]),
		"another drop":          open(keys, Data, 0, false, others[0]),
		"another key":           open(other, Data, 0, false, data[0]),
		"cut short":             open(keys, Data, 0, false, data[0][:len(data[0])-1]),
		"next to nothing":       open(keys, Data, 0, false, data[0][:Overhead-1]),
		"nothing":               open(keys, Data, 0, false, nil),
	} {
		if !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := tryManifest(keys, [][]byte{manifest[0], manifest[0]}); !errors.Is(err, ErrDamaged) {
		t.Errorf("a manifest twice: %v", err)
	}
	// What opens, being of an attempt that was not the last, is not what the manifest tells.
	_, m := readManifest(t, keys, manifest)
	if m.Header.Chunks != list.Chunks() {
		t.Error("the manifest tells other chunks than there are")
	}
	earlier := List{Data: slices.Clone(list.Data)}
	earlier.Data[1] = DigestOf(keys.Seal(nil, Data, 1, false, []byte("as it was before")))
	for _, l := range []List{earlier, {Data: list.Data[:2]}, {Data: append(slices.Clone(list.Data), list.Data[2])}} {
		if m.Header.Chunks == l.Chunks() {
			t.Error("another list of chunks is taken for the manifest's")
		}
	}
}

func TestDropRollback(t *testing.T) {
	var seen Seen
	id := func(n uint64) ID { return ID{byte(n), byte(n >> 8)} }
	for _, n := range []uint64{5, 3, 9} { // taken in any order
		if again, err := seen.Take(n, id(n)); again || err != nil {
			t.Fatalf("%d: %v %v", n, again, err)
		}
	}
	if again, err := seen.Take(3, id(3)); !again || err != nil {
		t.Errorf("the same again: %v %v", again, err)
	}
	if _, err := seen.Take(3, id(4)); !errors.Is(err, ErrDamaged) {
		t.Errorf("another drop with an old number: %v", err)
	}
	for n := uint64(100); n < 100+remembered; n++ {
		if _, err := seen.Take(n, id(n)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := seen.Take(4, id(4)); !errors.Is(err, ErrDamaged) {
		t.Errorf("one that is older than all that is remembered: %v", err)
	}
	if len(seen.Drops) != remembered || !seen.Has(id(150)) || seen.Has(id(7)) {
		t.Errorf("remembers %d", len(seen.Drops))
	}
}

// A signature is of one drop, one manifest, one mailbox.
func TestSignature(t *testing.T) {
	_, keys, _, _, manifest := sampleDrop(t)
	_, m := readManifest(t, keys, manifest)
	s := m.Signature()
	if err := s.Verify(keys.ID, Mailbox{}); err != nil {
		t.Fatal(err)
	}
	if err := s.Verify(ID{1}, Mailbox{}); !errors.Is(err, ErrDamaged) {
		t.Errorf("another drop: %v", err)
	}
	if err := s.Verify(keys.ID, Mailbox{1}); !errors.Is(err, ErrDamaged) {
		t.Errorf("sealed anew to somebody else: %v", err)
	}
	other := *s
	other.over = bytes.Clone(s.over)
	other.over[0] ^= 1
	if err := other.Verify(keys.ID, Mailbox{}); !errors.Is(err, ErrDamaged) {
		t.Errorf("another manifest: %v", err)
	}
	other = *s
	other.Key = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{6}, 32)).Public().(ed25519.PublicKey)
	if err := other.Verify(keys.ID, Mailbox{}); !errors.Is(err, ErrDamaged) {
		t.Errorf("another sender: %v", err)
	}
}

func TestEnvelope(t *testing.T) {
	mine, err := hpke.MLKEM768X25519().GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	other, err := hpke.MLKEM768X25519().GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	k := NewKey()
	id := Derive(k).ID
	e, err := SealTo(mine.PublicKey().Bytes(), k)
	if err != nil || len(e) > MaxEnvelope {
		t.Fatal(len(e), err)
	}
	if got, err := OpenEnvelope(mine, id, e); err != nil || got != k {
		t.Fatal(err)
	}
	for name, try := range map[string]func() (Key, error){
		"of somebody else": func() (Key, error) { return OpenEnvelope(other, id, e) },
		"of another drop":  func() (Key, error) { return OpenEnvelope(mine, ID{1}, e) },
		"cut":              func() (Key, error) { return OpenEnvelope(mine, id, e[:len(e)-1]) },
		"none":             func() (Key, error) { return OpenEnvelope(mine, id, nil) },
	} {
		if _, err := try(); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for i := range e {
		bad := bytes.Clone(e)
		bad[i] ^= 4
		if _, err := OpenEnvelope(mine, id, bad); !errors.Is(err, ErrDamaged) {
			t.Fatalf("byte %d changed: %v", i, err)
		}
	}
	if _, err := SealTo([]byte("short"), k); !errors.Is(err, ErrInvalid) {
		t.Errorf("a key that is none: %v", err)
	}
}
