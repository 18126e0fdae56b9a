package session

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"
)

// stored leaves a large file at the depot.
func (d *depositing) stored(size int) (Deposited, []byte) {
	d.t.Helper()
	data := fill(d.t, filepath.Join(d.from, "large"), size, 3)
	s, _, err := Deposit(d.t.Context(), d.config("large"))
	if err != nil {
		d.t.Fatal(err)
	}
	return s, data
}

// A receiving that was cut off goes on: what is on the disk is neither fetched again
// nor taken on trust.
func TestCollectGoesOn(t *testing.T) {
	for _, damaged := range []bool{false, true} {
		d := newDepositing(t)
		s, _ := d.stored(14 << 20)
		state := t.TempDir()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		first := d.open(DropConfig{Key: s.Key, State: state})
		o := DefaultOptions()
		seen, stored := 0, make(chan struct{})
		enough := sync.OnceFunc(func() { close(stored) })
		_, err := Collect(ctx, first, At(d.host, d.path(d.to)), CopyOptions{Options: &o, OnChunk: func(Chunk) error {
			if seen++; seen == 9 {
				select {
				case <-stored:
				case <-time.After(time.Minute):
					t.Error("of what was shown before nothing is stored")
				}
				cancel()
			}
			return nil
		}, OnProgress: func(tr Transfer) {
			if tr.Verified >= 5<<20 {
				enough()
			}
		}})
		if KindOf(err) != Interrupted {
			t.Fatal(err)
		}
		first.Close()
		if damaged {
			parts, err := filepath.Glob(filepath.Join(d.to, privatePrefix+"*"+partialSuffix))
			if err != nil || len(parts) != 1 {
				t.Fatal(parts, err)
			}
			f, err := os.OpenFile(parts[0], os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			f.WriteAt([]byte("damage"), 1<<20)
			f.Close()
		}
		d.depot.gets = 0
		second := d.open(DropConfig{Key: s.Key, State: state})
		tr, err := d.collect(t.Context(), second)
		if err != nil {
			t.Fatal(err)
		}
		must(t, second.Close()) // which is still fetching ahead
		// All but what is reused, the manifest, and some that are fetched ahead in vain.
		if tr.Reused < 3<<20 || d.depot.gets > 14-int(tr.Reused>>20)+1+8 {
			t.Errorf("damaged %v: %d bytes reused, %d chunks fetched", damaged, tr.Reused, d.depot.gets)
		}
		d.same()
		if left, _ := os.ReadDir(state); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
	}
}

// R8 and R9, as a receiver sees them: nothing of a chunk that is not the right one
// gets a name.
// It holds F51.
func TestDropOfABadRelay(t *testing.T) {
	for name, spoil := range map[string]func(d *depositing, list DropList, c DropDigest, b []byte) []byte{
		"a bit flipped": func(_ *depositing, list DropList, c DropDigest, b []byte) []byte {
			if c == list.Data[2] {
				b[5000] ^= 1
			}
			return b
		},
		"another chunk": func(d *depositing, list DropList, c DropDigest, b []byte) []byte {
			if c == list.Data[2] {
				for _, drop := range d.depot.drops {
					return slices.Clone(drop.chunks[list.Data[1]])
				}
			}
			return b
		},
		"cut": func(_ *depositing, list DropList, c DropDigest, b []byte) []byte {
			if c == list.Data[2] {
				return b[:10]
			}
			return b
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDepositing(t)
			put(t, filepath.Join(d.from, "after"), "after", older)
			fill(t, filepath.Join(d.from, "large"), 4<<20+9, 3)
			s, _, err := Deposit(t.Context(), d.config("after", "large"))
			if err != nil {
				t.Fatal(err)
			}
			list := *d.depot.drops[s.ID].list
			d.depot.spoil = func(c DropDigest, b []byte) []byte { return spoil(d, list, c, b) }
			tr, err := d.collect(t.Context(), d.open(DropConfig{Key: s.Key}))
			if !errors.Is(err, Integrity) || tr.Failures != 1 {
				t.Errorf("%v %+v", err, tr.Failed)
			}
			if _, err := os.Stat(filepath.Join(d.to, "large")); err == nil {
				t.Error("it has its name")
			}
			if b, err := os.ReadFile(filepath.Join(d.to, "after")); err != nil || string(b) != "after" {
				t.Errorf("what is good is not there: %v", err)
			}
		})
	}
	t.Run("another list", func(t *testing.T) {
		d := newDepositing(t)
		s, _ := d.stored(3 << 20)
		list := d.depot.drops[s.ID].list
		list.Data[0], list.Data[1] = list.Data[1], list.Data[0]
		if _, err := OpenDrop(t.Context(), DropConfig{Depot: d.depot, Key: s.Key}); !errors.Is(err, Integrity) {
			t.Error(err)
		}
	})
	t.Run("a manifest of another drop", func(t *testing.T) {
		d := newDepositing(t)
		s, _ := d.stored(1 << 20)
		put(t, filepath.Join(d.from, "other"), "other", older)
		other, _, err := Deposit(t.Context(), d.config("other"))
		if err != nil {
			t.Fatal(err)
		}
		mine, theirs := d.depot.drops[s.ID], d.depot.drops[other.ID]
		mine.list.Manifest = theirs.list.Manifest
		mine.chunks[theirs.list.Manifest[0]] = theirs.chunks[theirs.list.Manifest[0]]
		if _, err := OpenDrop(t.Context(), DropConfig{Depot: d.depot, Key: s.Key}); !errors.Is(err, Integrity) {
			t.Error(err)
		}
	})
}

// Where downloads are counted, an interrupted one and its end are one, and to look at
// what there is counts for none.
func TestDropsAreCounted(t *testing.T) {
	d := newDepositing(t)
	fill(t, filepath.Join(d.from, "large"), 9<<20, 3)
	cfg := d.config("large")
	cfg.Downloads = 2
	s, _, err := Deposit(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	claims := func() int { return len(d.depot.drops[s.ID].claims) }
	state := t.TempDir()
	if got := d.open(DropConfig{Key: s.Key, State: state}); got.Summary().Downloads != 2 || claims() != 0 {
		t.Errorf("looked at: %d claims", claims())
	}
	gone := false
	d.depot.before = func(call string, _ DropDigest) error {
		if call == "get" && d.depot.gets > 6 && !gone {
			gone = true
			return newError(Internal, Path{}, "the disk is broken")
		}
		return nil
	}
	if _, err := d.collect(t.Context(), d.open(DropConfig{Key: s.Key, State: state})); !errors.Is(err, Internal) || claims() != 1 {
		t.Fatalf("%v, %d claims", err, claims())
	}
	for n := 1; n <= 2; n++ {
		if _, err := d.collect(t.Context(), d.open(DropConfig{Key: s.Key, State: state})); err != nil || claims() != n {
			t.Fatalf("%v, %d claims after %d", err, claims(), n)
		}
		os.Remove(filepath.Join(d.to, "large"))
	}
	if _, err := d.collect(t.Context(), d.open(DropConfig{Key: s.Key, State: state})); !errors.Is(err, NotFound) {
		t.Errorf("a third one: %v", err)
	}
}

func TestDropIsATree(t *testing.T) {
	d := newDepositing(t)
	d.some()
	s, _, err := Deposit(t.Context(), d.config("dir", "large"))
	if err != nil {
		t.Fatal(err)
	}
	got := d.open(DropConfig{Key: s.Key})
	ctx := t.Context()
	var names []string
	for e, err := range got.List(ctx, MustPath("dir")) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, e.Name)
	}
	if want := []string{"empty", "hällo", "large", "link", "nothing", "sub", "z\n"}; !slices.Equal(names, want) {
		t.Errorf("%q", names)
	}
	want, err := os.ReadFile(filepath.Join(d.from, "dir/large"))
	if err != nil {
		t.Fatal(err)
	}
	f, err := got.Open(ctx, MustPath("dir/large"))
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(f); err != nil || !bytes.Equal(b, want) {
		t.Error(err)
	}
	b := make([]byte, 3)
	if _, err := f.ReadAt(b, 1<<20-1); err != nil || !bytes.Equal(b, want[1<<20-1:1<<20+2]) {
		t.Error(err)
	}
	here := openDir(t, d.from)
	for _, a := range []Algorithm{BLAKE3, SHA256} {
		x, err1 := got.Hash(ctx, MustPath("dir/large"), a)
		y, err2 := here.Hash(ctx, MustPath("dir/large"), a)
		if err := errors.Join(err1, err2); err != nil || !bytes.Equal(x, y) {
			t.Errorf("%s: %v", a, err)
		}
	}
	for m, err := range got.Measure(ctx, Path{}) {
		if err != nil || m.Files != 8 || m.Dirs != 3 || m.Bytes != s.Bytes || !m.Done {
			t.Errorf("%+v %v", m, err)
		}
	}
	for _, p := range []string{"dir/no", "no", "dir/large/x"} {
		if _, err := got.Stat(ctx, MustPath(p)); !errors.Is(err, NotFound) {
			t.Errorf("%s: %v", p, err)
		}
	}
	if err := got.Remove(ctx, MustPath("dir"), true); !errors.Is(err, Refused) {
		t.Error(err)
	}
	// One thing of it goes where it is wanted, here or to a peer.
	if _, err := Copy(ctx, At(got, MustPath("dir/sub")), At(d.host, d.path(d.to)), CopyOptions{}); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(filepath.Join(d.to, "sub/small")); err != nil || string(b) != "12345" {
		t.Error(err)
	}
	peer := t.TempDir()
	far, _ := served(t, ServerConfig{Tree: openDir(t, peer)})
	if _, err := Copy(ctx, At(got, Path{}), At(far, Path{}), CopyOptions{}); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(filepath.Join(peer, "dir/large")); err != nil || !bytes.Equal(b, want) {
		t.Error(err)
	}
}
