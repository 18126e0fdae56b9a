package bucket_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/bargee/bargee/internal/s3test"
	"github.com/bargee/bargee/relay/bucket"
	"github.com/bargee/bargee/relay/drops"
)

// Two relays have one bucket in a real S3 server, which ends and comes back in the
// middle of an upload: the upload goes on where it was, at the other relay; both give
// away as many downloads as there are; what one removes is gone at the other.
func TestDropsOnS3(t *testing.T) {
	server := s3test.New(t)
	server.Start()
	open := func() bucket.Bucket {
		t.Helper()
		b, err := bucket.Open(t.Context(), server.Location("/relay"))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	relays := []*drops.Store{openDrops(t, open()), openDrops(t, open())}
	ctx, secret := t.Context(), drops.Secret{1}
	var chunks [][]byte
	var digests []drops.Digest
	begin := drops.Begin{ID: drops.ID{1}, Owner: secret.Sum(), Downloads: 3}
	random := rand.NewChaCha8([32]byte{})
	for range 8 {
		chunk := make([]byte, 1<<20+28)
		random.Read(chunk)
		chunks, digests = append(chunks, chunk), append(digests, sha256.Sum256(chunk))
		begin.Bytes += int64(len(chunk))
		begin.Chunks++
	}
	put := func(s *drops.Store, i int) error {
		_, err := s.PutChunk(ctx, begin.ID, secret, digests[i], int64(len(chunks[i])), bytes.NewReader(chunks[i]))
		return err
	}
	if _, _, err := relays[0].Begin(ctx, "anna", 0, begin); err != nil {
		t.Fatal(err)
	}
	for i := range 4 {
		if err := put(relays[i%2], i); err != nil {
			t.Fatal(err)
		}
	}
	server.Stop()
	if err := put(relays[0], 4); !errors.Is(err, drops.ErrUnavailable) {
		t.Errorf("without a server: %v", err)
	}
	server.Start()
	missing, err := relays[1].Missing(ctx, begin.ID, secret, digests)
	if err != nil || len(missing) != 4 {
		t.Fatalf("%d are missing: %v", len(missing), err)
	}
	flipped := bytes.Clone(chunks[4])
	flipped[len(flipped)-1] ^= 1
	if _, err := relays[1].PutChunk(ctx, begin.ID, secret, digests[4], int64(len(flipped)), bytes.NewReader(flipped)); !errors.Is(err, drops.ErrMismatch) {
		t.Errorf("a bit is wrong: %v", err)
	}
	for i := 4; i < 8; i++ {
		if err := put(relays[1], i); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := relays[1].Commit(ctx, begin.ID, secret, 1, digests); err != nil {
		t.Fatal(err)
	}
	if mine, err := relays[0].Of(ctx, "anna"); err != nil || len(mine) != 1 || !mine[0].Complete {
		t.Errorf("at the other relay: %+v %v", mine, err)
	}

	var wg sync.WaitGroup
	var taken atomic.Int32
	for i := range 8 {
		wg.Go(func() {
			claim := drops.Claim{byte(i + 1)}
			switch _, err := relays[i%2].Take(ctx, begin.ID, claim); {
			case err == nil:
				taken.Add(1)
				if err := fetch(t, relays[(i+1)%2], begin.ID, claim, digests, chunks); err != nil {
					t.Error(err)
				}
			case !errors.Is(err, drops.ErrGone):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if taken.Load() != 3 {
		t.Errorf("taken %d times, may be 3 times", taken.Load())
	}
	if err := relays[1].Remove(ctx, begin.ID, secret); err != nil {
		t.Fatal(err)
	}
	b := open()
	for o, err := range b.List(ctx, "d") {
		t.Errorf("left: %+v %v", o, err)
	}
	if _, err := openDrops(t, b).Info(ctx, begin.ID); !errors.Is(err, drops.ErrGone) {
		t.Errorf("at a relay that starts: %v", err)
	}
}

func openDrops(t *testing.T, b bucket.Bucket) *drops.Store {
	t.Helper()
	s, err := drops.Open(t.Context(), drops.Config{Bucket: b})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func fetch(t *testing.T, s *drops.Store, id drops.ID, claim drops.Claim, digests []drops.Digest, chunks [][]byte) error {
	for i, digest := range digests {
		r, _, err := s.Chunk(t.Context(), id, digest, claim)
		if err != nil {
			return err
		}
		got, err := io.ReadAll(r)
		r.Close()
		if err != nil || !bytes.Equal(got, chunks[i]) {
			return fmt.Errorf("chunk %d is another one: %w", i, err)
		}
	}
	return nil
}
