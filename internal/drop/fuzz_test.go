package drop

import (
	"bytes"
	"crypto/hpke"
	"errors"
	"io"
	"testing"
)

// FuzzManifest reads manifests that whoever has the key may make up. What is taken
// is written again, and comes to the same.
func FuzzManifest(f *testing.F) {
	f.Add([]byte(headOK + `{"path":"a","kind":"file","size":3,"mode":"0644"}` + "\n   "))
	f.Add([]byte(headOK + `{"path_base64":"/w==","kind":"dir"}` + "\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := NewManifestReader(bytes.NewReader(b))
		if err != nil {
			return
		}
		var out bytes.Buffer
		w, err := NewManifestWriter(&out, m.Header)
		if errors.Is(err, ErrLimit) { // times and words have more than one spelling, and none is longer
			return
		}
		if err != nil {
			t.Fatalf("read, and not written: %v", err)
		}
		var entries []Entry
		for {
			e, err := m.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				return
			}
			if err := CheckPath(e.Path); err != nil {
				t.Fatal(err)
			}
			if err := w.Add(e); err != nil {
				return // a time that JSON has not
			}
			entries = append(entries, e)
		}
		again, err := NewManifestReader(&out)
		if err != nil {
			t.Fatalf("written, and not read: %v", err)
		}
		for _, e := range entries {
			got, err := again.Next()
			if err != nil || got.Path != e.Path || got.Size != e.Size || got.Kind != e.Kind || got.Target != e.Target || got.Mode != e.Mode {
				t.Fatalf("%+v came back as %+v: %v", e, got, err)
			}
		}
	})
}

// FuzzList reads lists as a relay may send them.
func FuzzList(f *testing.F) {
	f.Add(List{Manifest: make([]Digest, 1), Data: make([]Digest, 2)}.Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := ParseList(b)
		if err != nil {
			return
		}
		if !bytes.Equal(l.Encode(), b) || len(l.Manifest) == 0 {
			t.Fatal("it comes back as another one")
		}
	})
}

// FuzzOpen opens what a relay may give for a chunk.
func FuzzOpen(f *testing.F) {
	keys := Derive(Key{1})
	f.Add(keys.Seal(nil, Data, 1, false, []byte("data"))[:20], uint64(1), false)
	f.Fuzz(func(t *testing.T, sealed []byte, index uint64, final bool) {
		if _, err := keys.Open(nil, Data, index, final, sealed); !errors.Is(err, ErrDamaged) {
			t.Fatalf("it opens: %v", err)
		}
		if _, err := OpenEnvelope(kemForFuzz(t), keys.ID, sealed); err == nil {
			t.Fatal("an envelope opens")
		}
	})
}

// FuzzWords reads what a person may paste, or a URL hold.
func FuzzWords(f *testing.F) {
	f.Add(Link("https://h", Key{3}))
	f.Add(ID{1}.String())
	f.Fuzz(func(t *testing.T, s string) {
		if origin, k, err := ParseLink(s); err == nil {
			if o, k2, err := ParseLink(Link(origin, k)); err != nil || k2 != k || o != origin {
				t.Fatalf("%q comes back as %q: %v", origin, o, err)
			}
		}
		if id, err := ParseID(s); err == nil && id.String() != s {
			t.Fatal("an id of two spellings")
		}
		if d, err := ParseDigest(s); err == nil && d.String() != s {
			t.Fatal("a digest of two spellings")
		}
		if k, err := ParseKey(s); err == nil && k.Reveal() != s {
			t.Fatal("a key of two spellings")
		}
	})
}

func kemForFuzz(t *testing.T) hpke.PrivateKey {
	t.Helper()
	k, err := hpke.MLKEM768X25519().DeriveKeyPair(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return k
}
