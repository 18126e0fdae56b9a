package drops

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/bargee/bargee/relay/bucket"
)

// A clock of a test's: what it shows, and how long it has been running.
type clock struct {
	mu  sync.Mutex
	now time.Time
	up  time.Duration
}

func newClock() *clock { return &clock{now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Up() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.up
}

// pass lets time go by; jump sets the clock.
func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now, c.up = c.now.Add(d), c.up+d
}

func (c *clock) jump(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// sharedBucket is one that other relays use, too.
type sharedBucket struct{ bucket.Bucket }

func (sharedBucket) Shared() bool { return true }

// openBucket makes a bucket where syncing costs nothing, if there is such a place: what
// syncs when is for the bucket's own tests.
func openBucket(t *testing.T) bucket.Bucket {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "drops-")
	if err != nil {
		dir = t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	b, err := bucket.OpenDirectory(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func openStore(t *testing.T, b bucket.Bucket, c *clock, l Limits) *Store {
	t.Helper()
	s, err := Open(t.Context(), Config{Bucket: b, Limits: l, Now: c.Now, Up: c.Up})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A parcel is a drop that a test stores.
type parcel struct {
	begin  Begin
	secret Secret
	chunks [][]byte // the manifest's first
}

// newParcel makes one of n chunks, of no great size; seed tells it from others.
func newParcel(seed byte, n int) *parcel {
	r := rand.New(rand.NewChaCha8([32]byte{seed, 1}))
	p := &parcel{begin: Begin{ID: ID{seed, 0xaa}, Chunks: n}, secret: Secret{seed, 0x5e}}
	for range n {
		chunk := make([]byte, 100+r.IntN(900))
		for i := range chunk {
			chunk[i] = byte(r.Uint32())
		}
		p.chunks = append(p.chunks, chunk)
		p.begin.Bytes += int64(len(chunk))
	}
	p.begin.Owner = p.secret.Sum()
	return p
}

func (p *parcel) digests() (all []Digest) {
	for _, c := range p.chunks {
		all = append(all, sha256.Sum256(c))
	}
	return all
}

func (p *parcel) put(ctx context.Context, s *Store, i int) (bool, error) {
	return s.PutChunk(ctx, p.begin.ID, p.secret, p.digests()[i], int64(len(p.chunks[i])), bytes.NewReader(p.chunks[i]))
}

// store does all of it: also again, after any part of it.
func (p *parcel) store(ctx context.Context, s *Store, account string) error {
	if _, _, err := s.Begin(ctx, account, 0, p.begin); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	missing, err := s.Missing(ctx, p.begin.ID, p.secret, p.digests())
	if err != nil {
		return fmt.Errorf("missing: %w", err)
	}
	for i, d := range p.digests() {
		if !slices.Contains(missing, d) {
			continue
		}
		if _, err := p.put(ctx, s, i); err != nil {
			return fmt.Errorf("chunk %d: %w", i, err)
		}
	}
	if _, err := s.Commit(ctx, p.begin.ID, p.secret, 1, p.digests()); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

func (p *parcel) mustStore(t *testing.T, s *Store, account string) {
	t.Helper()
	if err := p.store(t.Context(), s, account); err != nil {
		t.Fatal(err)
	}
}

// fetch reads all of a drop, and compares.
func (p *parcel) fetch(ctx context.Context, s *Store, claim Claim) error {
	r, size, err := s.List(ctx, p.begin.ID)
	if err != nil {
		return fmt.Errorf("list: %w", err)
	}
	defer r.Close()
	list, err := io.ReadAll(r)
	if err != nil || int64(len(list)) != size || binary.BigEndian.Uint32(list) != 1 {
		return fmt.Errorf("a list of %d bytes (%d): %w", len(list), size, err)
	}
	for i, want := range p.chunks {
		digest := Digest(list[4+32*i:])
		r, size, err := s.Chunk(ctx, p.begin.ID, digest, claim)
		if err != nil {
			return fmt.Errorf("chunk %d: %w", i, err)
		}
		got, err := io.ReadAll(r)
		r.Close()
		if err != nil || !bytes.Equal(got, want) || size != int64(len(want)) {
			return fmt.Errorf("chunk %d is another one (%w)", i, err)
		}
	}
	return nil
}
