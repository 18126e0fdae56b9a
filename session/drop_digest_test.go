package session

import (
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"lukechampine.com/blake3"
)

// A digester has the digest of a file, however it is cut, and is good for the next one.
func TestDigester(t *testing.T) {
	var d digester
	for _, size := range []int{0, 1, 1024, block - 1, block, block + 1, 2 * block, 5*block + 77} {
		data := fill(t, filepath.Join(t.TempDir(), "file"), size, byte(size))
		for _, piece := range []int{size + 1, 1000, block, block + 1} {
			for rest := data; len(rest) > 0; {
				n := min(piece, len(rest))
				d.write(rest[:n])
				rest = rest[n:]
			}
			if got, want := d.sum(), value(blake3.Sum256(data)); got != want {
				t.Errorf("%d bytes by %d: %x, want %x", size, piece, got, want)
			}
		}
	}
}

// A drop says the digest of each file, also of those that share a chunk or have no byte.
func TestDropSaysDigests(t *testing.T) {
	d := newDepositing(t)
	d.some()
	s, _, err := Deposit(t.Context(), d.config("dir", "large"))
	if err != nil {
		t.Fatal(err)
	}
	got, files := d.open(DropConfig{Key: s.Key}), 0
	for name, n := range got.nodes {
		if n.entry.Kind != RegularFile {
			continue
		}
		data, err := os.ReadFile(filepath.Join(d.from, name))
		if err != nil {
			t.Fatal(err)
		}
		files++
		if n.sums == nil || n.sums.blake3 != DropDigest(blake3.Sum256(data)) {
			t.Errorf("%s has another one: %+v", name, n.sums)
		}
	}
	if files != s.Files {
		t.Errorf("%d files of %d", files, s.Files)
	}
}

// A file that is not the one whose digest the drop has is not taken, and keeps no other
// from being so; of either kind of digest.
func TestDropOfOtherDigests(t *testing.T) {
	d := newDepositing(t)
	put(t, filepath.Join(d.from, "small"), "small", older)
	large := fill(t, filepath.Join(d.from, "large"), 5<<20+9, 3)
	s, _, err := Deposit(t.Context(), d.config("small", "large"))
	if err != nil {
		t.Fatal(err)
	}
	wrong, small, whole := DropDigest{1}, DropDigest(sha256.Sum256([]byte("small"))), DropDigest(sha256.Sum256(large))
	for what, x := range map[string]struct {
		small, large *dropSums
		fails        string
	}{
		"as it was stored":   {nil, nil, ""},
		"by a browser":       {&dropSums{sha256: small}, &dropSums{sha256: whole}, ""},
		"another large file": {nil, &dropSums{blake3: wrong, sha256: whole}, "large"},
		"another small file": {&dropSums{blake3: wrong}, nil, "small"},
		"another SHA-256":    {&dropSums{sha256: small}, &dropSums{sha256: wrong}, "large"},
		"a small one's":      {&dropSums{sha256: wrong}, &dropSums{sha256: whole}, "small"},
	} {
		d.to = t.TempDir()
		got := d.open(DropConfig{Key: s.Key})
		if x.small != nil {
			got.nodes["small"].sums = x.small
		}
		if x.large != nil {
			got.nodes["large"].sums = x.large
		}
		tr, err := d.collect(t.Context(), got)
		if x.fails == "" {
			if err != nil {
				t.Errorf("%s: %v", what, err)
			}
			d.same()
			continue
		}
		if !errors.Is(err, Integrity) || tr.Failures != 1 {
			t.Errorf("%s: %v, %+v", what, err, tr.Failed)
		}
		if _, err := os.Stat(filepath.Join(d.to, x.fails)); !os.IsNotExist(err) {
			t.Errorf("%s: it got its name: %v", what, err)
		}
		other := map[string]string{"large": "small", "small": "large"}[x.fails]
		if _, err := os.Stat(filepath.Join(d.to, other)); err != nil {
			t.Errorf("%s: the other one: %v", what, err)
		}
	}
}

// Chunks that come in another order make the same digest, as long as not too many wait.
func TestInOrder(t *testing.T) {
	piece := []string{"a", "b", "c", "d"}
	take := func(o *inOrder, order ...uint64) {
		for _, i := range order {
			o.take(i, uint64(len(piece)), []byte(piece[i]))
		}
	}
	o := &inOrder{}
	take(o, 2, 0, 0, 3, 2)
	if o.over() {
		t.Error("over without one of them")
	}
	if take(o, 1); !o.over() || o.sum() != sha256.Sum256([]byte("abcd")) {
		t.Errorf("over %v", o.over())
	}
	o = &inOrder{}
	for i := range uint64(mostEarly + 1) {
		o.take(i+1, mostEarly+2, nil)
	}
	if o.take(0, mostEarly+2, []byte("a")); o.over() || o.early != nil {
		t.Error("it keeps all that comes early")
	}
}
