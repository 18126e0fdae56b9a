package blobs

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bargee/bargee/relay/bucket"
	"github.com/bargee/bargee/relay/drops"
)

// A shared bucket is one that other relays have, too.
type shared struct{ bucket.Bucket }

func (shared) Shared() bool { return true }

func openBucket(t *testing.T) bucket.Bucket {
	t.Helper()
	b, err := bucket.OpenDirectory(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func openStore(t *testing.T, cfg Config) *Store {
	t.Helper()
	if cfg.Scratch == "" {
		cfg.Scratch = t.TempDir()
	}
	s, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func some(n int) ([]byte, Digest) {
	b := make([]byte, n)
	rand.Read(b)
	return b, sha256.Sum256(b)
}

func put(t *testing.T, s *Store, b []byte, d Digest, a Attributes) Info {
	t.Helper()
	i, created, err := s.Put(t.Context(), Who{Account: "me"}, d, int64(len(b)), bytes.NewReader(b), a)
	if err != nil || !created {
		t.Fatal(created, err)
	}
	return i
}

func objects(t *testing.T, b bucket.Bucket) (n int) {
	t.Helper()
	for _, err := range b.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

// What has expired is not there any more, and then its bytes are not either; a quota
// is what is there.
func TestExpiry(t *testing.T) {
	b := openBucket(t)
	var passed atomic.Int64
	now := func() time.Time { return time.Unix(1e9, 0).Add(time.Duration(passed.Load())) }
	quota := drops.NewQuota(drops.Limits{PerAccount: 1000})
	cfg := Config{Bucket: b, Now: now, Quota: quota, Limits: Limits{MaxTTL: 48 * time.Hour}, Scratch: t.TempDir()}
	s := openStore(t, cfg)
	short, d1 := some(400)
	long, d2 := some(500)
	put(t, s, short, d1, Attributes{Expires: now().Add(time.Hour)})
	if i := put(t, s, long, d2, Attributes{}); !i.Expires.Equal(now().Add(48 * time.Hour)) {
		t.Errorf("%v", i.Expires)
	}
	if _, _, err := s.Put(t.Context(), Who{Account: "me"}, Digest{}, 200, strings.NewReader(""), Attributes{}); !errors.Is(err, drops.ErrNoSpace) {
		t.Error(err)
	}
	passed.Store(int64(2 * time.Hour))
	if _, err := s.Info(t.Context(), d1); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	again := openStore(t, Config{Bucket: b, Now: now, Scratch: t.TempDir()}) // a restart knows it, too
	if list, _ := again.List(Filter{}); len(list) != 1 || list[0].Digest != d2 {
		t.Errorf("%v", list)
	}
	if n, err := s.Sweep(t.Context()); n != 1 || err != nil || objects(t, b) != 2 {
		t.Errorf("%d, %v, %d objects", n, err, objects(t, b))
	}
	if own, _ := quota.Used("me"); own != 500 {
		t.Errorf("%d bytes are counted", own)
	}
}

// Bytes that nothing is said about are of an upload or a removal that a crash cut
// short, and go; those of a blob stay, whatever else is wrong.
func TestRecover(t *testing.T) {
	b := openBucket(t)
	s := openStore(t, Config{Bucket: b})
	kept, d1 := some(100)
	lost, d2 := some(100)
	put(t, s, kept, d1, Attributes{})
	put(t, s, lost, d2, Attributes{})
	if err := b.Delete(t.Context(), s.infoKey(d2)); err != nil {
		t.Fatal(err)
	}
	again := openStore(t, Config{Bucket: b})
	if n, err := again.Recover(t.Context()); n != 1 || err != nil || objects(t, b) != 2 {
		t.Errorf("%d, %v, %d objects", n, err, objects(t, b))
	}
	put(t, again, lost, d2, Attributes{})
	f, i, err := again.Get(t.Context(), d1)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got, err := io.ReadAll(f); err != nil || !bytes.Equal(got, kept) || i.Account != "me" {
		t.Errorf("%d bytes, %+v, %v", len(got), i, err)
	}
	// What is said of it is damaged: it is not there, and who stores it mends that.
	if _, err := b.Put(t.Context(), s.infoKey(d1), 1, strings.NewReader("{"), bucket.Condition{}); err != nil {
		t.Fatal(err)
	}
	mended := openStore(t, Config{Bucket: b})
	if _, err := mended.Recover(t.Context()); err != nil || objects(t, b) != 4 {
		t.Errorf("%v, %d objects", err, objects(t, b))
	}
	put(t, mended, kept, d1, Attributes{})
}

// Two relays with one bucket see what the other does: at once what is asked for, and
// the rest when they look again.
func TestSharedBucket(t *testing.T) {
	b := shared{openBucket(t)}
	one, two := openStore(t, Config{Bucket: b}), openStore(t, Config{Bucket: b})
	content, d := some(100)
	put(t, one, content, d, Attributes{Tags: []string{"t"}})
	if _, err := two.Info(t.Context(), d); err != nil {
		t.Error(err)
	}
	if err := one.Remove(t.Context(), d); err != nil {
		t.Error(err)
	}
	if _, _, err := two.Get(t.Context(), d); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	other, d2 := some(50)
	put(t, one, other, d2, Attributes{Tags: []string{"t"}})
	if _, err := two.Sweep(t.Context()); err != nil {
		t.Error(err)
	}
	if list, _ := two.List(Filter{Tags: []string{"t"}}); len(list) != 1 || list[0].Digest != d2 {
		t.Errorf("%v", list)
	}
}

// A long body is read ahead of who stores it, and ends as it should: also where it
// breaks off, or who stores it gives up.
func TestAhead(t *testing.T) {
	s := openStore(t, Config{Bucket: openBucket(t)})
	content, d := some(longBody + 12345)
	broken := errors.New("broken")
	for _, x := range []struct {
		why  string
		r    io.Reader
		want error
	}{
		{"another digest", io.MultiReader(strings.NewReader("x"), bytes.NewReader(content[1:])), ErrMismatch},
		{"it breaks off", io.MultiReader(bytes.NewReader(content[:longBody]), failing{broken}), broken},
		{"too short", bytes.NewReader(content[:longBody]), ErrMismatch},
	} {
		if _, _, err := s.Put(t.Context(), Who{}, d, int64(len(content)), x.r, Attributes{}); !errors.Is(err, x.want) {
			t.Errorf("%s: %v", x.why, err)
		}
	}
	if _, _, err := s.Put(t.Context(), Who{}, d, int64(len(content))-1, bytes.NewReader(content), Attributes{}); !errors.Is(err, bucket.ErrLength) {
		t.Errorf("longer than it says: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := s.Put(ctx, Who{}, d, int64(len(content)), bytes.NewReader(content), Attributes{}); !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %v", err)
	}
	put(t, s, content, d, Attributes{})
	if _, created, err := s.Put(t.Context(), Who{}, d, int64(len(content)), bytes.NewReader(content[:10]), Attributes{}); created || !errors.Is(err, ErrMismatch) {
		t.Errorf("%v, %v", created, err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// Uploads in pieces that nobody goes on with are given up, and what they had reserved
// is free again.
func TestPiecesAreGivenUp(t *testing.T) {
	quota := drops.NewQuota(drops.Limits{PerAccount: 1000})
	var late atomic.Bool
	now := func() time.Time {
		if late.Load() {
			return time.Now().Add(2 * partAge)
		}
		return time.Now()
	}
	s := openStore(t, Config{Bucket: openBucket(t), Quota: quota, Now: now})
	content, d := some(900)
	who := Who{Account: "me"}
	if n, _, done, err := s.Piece(t.Context(), who, d, 0, 100, 900, bytes.NewReader(content[:100]), Attributes{}); n != 100 || done || err != nil {
		t.Fatal(n, done, err)
	}
	if _, _, _, err := s.Piece(t.Context(), who, Digest{1}, 0, 1, 200, strings.NewReader("x"), Attributes{}); !errors.Is(err, drops.ErrNoSpace) {
		t.Error(err)
	}
	if _, err := s.Sweep(t.Context()); err != nil {
		t.Error(err)
	}
	if n, _, err := s.Received(t.Context(), who, d, 900); n != 100 || err != nil {
		t.Error(n, err)
	}
	if n, _, err := s.Received(t.Context(), Who{Account: "other"}, d, 900); n != 0 || err != nil {
		t.Error(n, err)
	}
	late.Store(true)
	if _, err := s.Sweep(t.Context()); err != nil {
		t.Error(err)
	}
	if n, _, err := s.Received(t.Context(), who, d, 900); n != 0 || err != nil {
		t.Error(n, err)
	}
	if own, all := quota.Used("me"); own != 0 || all != 0 {
		t.Errorf("%d, %d bytes are counted", own, all)
	}
}
