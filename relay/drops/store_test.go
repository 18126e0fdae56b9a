package drops

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bargee/bargee/relay/bucket"
)

func TestStoreAndFetch(t *testing.T) {
	ctx, b, c := t.Context(), openBucket(t), newClock()
	s := openStore(t, b, c, Limits{})
	p := newParcel(1, 9)
	p.begin.Mailbox, p.begin.Envelope = ID{7}, []byte("sealed")

	info, created, err := s.Begin(ctx, "anna", 0, p.begin)
	if err != nil || !created || !info.Expires.Equal(c.Now().Add(7*day)) || info.Complete {
		t.Fatalf("%+v %t %v", info, created, err)
	}
	if _, created, err = s.Begin(ctx, "anna", 0, p.begin); err != nil || created {
		t.Errorf("begun once more: %t %v", created, err)
	}
	other := p.begin
	other.Owner = Digest{3}
	if _, _, err := s.Begin(ctx, "anna", 0, other); !errors.Is(err, ErrExists) {
		t.Errorf("begun by another one: %v", err)
	}
	if _, err := s.Info(ctx, p.begin.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("seen before it is complete: %v", err)
	}
	if created, err := p.put(ctx, s, 3); err != nil || !created {
		t.Errorf("%t %v", created, err)
	}
	if created, err := p.put(ctx, s, 3); err != nil || created {
		t.Errorf("put again: %t %v", created, err)
	}
	var missing *MissingError
	if _, err := s.Commit(ctx, p.begin.ID, p.secret, 1, p.digests()); !errors.As(err, &missing) || missing.Count != 8 || !errors.Is(err, ErrMissing) {
		t.Errorf("committed before all is there: %v", err)
	}
	want := slices.Delete(p.digests(), 3, 4)
	if got, err := s.Missing(ctx, p.begin.ID, p.secret, p.digests()); err != nil || !slices.Equal(got, want) {
		t.Errorf("missing: %v %v", got, err)
	}
	if boxed, err := s.Mailbox(ctx, ID{7}); err != nil || len(boxed) != 0 {
		t.Errorf("%+v %v", boxed, err)
	}
	p.mustStore(t, s, "anna")
	p.mustStore(t, s, "anna") // an answer that was lost

	for range 2 {
		info, err = s.Info(ctx, p.begin.ID)
		if err != nil || !info.Complete || info.Manifest != 1 || info.Chunks != 9 || info.Bytes != p.begin.Bytes || string(info.Envelope) != "sealed" {
			t.Errorf("%+v %v", info, err)
		}
		if err := p.fetch(ctx, s, Claim{}); err != nil {
			t.Error(err)
		}
		if boxed, err := s.Mailbox(ctx, ID{7}); err != nil || len(boxed) != 1 || boxed[0].ID != p.begin.ID {
			t.Errorf("%+v %v", boxed, err)
		}
		if mine, err := s.Of(ctx, "anna"); err != nil || len(mine) != 1 {
			t.Errorf("%+v %v", mine, err)
		}
		if own, all := s.Quota().Used("anna"); own != p.begin.Bytes || all != own {
			t.Errorf("%d of %d bytes are used, want %d", own, all, p.begin.Bytes)
		}
		s = openStore(t, b, c, Limits{}) // and once more after a restart
	}

	if err := s.Remove(ctx, p.begin.ID, p.secret); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := s.Info(ctx, p.begin.ID); !errors.Is(err, ErrGone) || !strings.Contains(err.Error(), "was removed") {
			t.Errorf("removed: %v", err)
		}
		if _, _, err := s.Begin(ctx, "anna", 0, p.begin); !errors.Is(err, ErrGone) {
			t.Errorf("begun after it was removed: %v", err)
		}
		if _, all := s.Quota().Used("anna"); all != 0 {
			t.Errorf("%d bytes are used of nothing", all)
		}
		s = openStore(t, b, c, Limits{})
	}
}

// Without the owner's secret nothing of a drop changes (and none is told apart).
func TestOnlyTheOwnerChangesADrop(t *testing.T) {
	ctx := t.Context()
	s := openStore(t, openBucket(t), newClock(), Limits{})
	p := newParcel(1, 2)
	p.mustStore(t, s, "anna")
	wrong := Secret{9}
	_, err := s.Missing(ctx, p.begin.ID, wrong, nil)
	if !errors.Is(err, ErrOwner) {
		t.Error(err)
	}
	if _, err = s.PutChunk(ctx, p.begin.ID, wrong, Digest{}, 1, strings.NewReader("x")); !errors.Is(err, ErrOwner) {
		t.Error(err)
	}
	if _, err = s.Commit(ctx, p.begin.ID, wrong, 1, p.digests()); !errors.Is(err, ErrOwner) {
		t.Error(err)
	}
	if err = s.Remove(ctx, p.begin.ID, wrong); !errors.Is(err, ErrOwner) {
		t.Error(err)
	}
	if _, err = s.Missing(ctx, ID{0xff}, p.secret, nil); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
}

func TestChunksThatAreRefused(t *testing.T) {
	ctx, b := t.Context(), openBucket(t)
	s := openStore(t, b, newClock(), Limits{})
	p := newParcel(1, 2)
	if _, _, err := s.Begin(ctx, "anna", 0, p.begin); err != nil {
		t.Fatal(err)
	}
	chunk, digest := p.chunks[0], p.digests()[0]
	flipped := bytes.Clone(chunk)
	flipped[len(flipped)-1] ^= 1
	size := int64(len(chunk))
	for name, c := range map[string]struct {
		size int64
		body []byte
		want error
	}{
		"a bit":       {size, flipped, ErrMismatch},
		"shorter":     {size, chunk[:size-1], ErrInvalid},
		"longer":      {size, append(bytes.Clone(chunk), 'x'), ErrInvalid},
		"cut":         {size - 1, chunk[:size-1], ErrMismatch},
		"nothing":     {0, nil, ErrInvalid},
		"negative":    {-1, nil, ErrInvalid},
		"overlong":    {LargestChunk + 1, nil, ErrLimit},
		"far too big": {1 << 62, nil, ErrLimit},
	} {
		if created, err := s.PutChunk(ctx, p.begin.ID, p.secret, digest, c.size, bytes.NewReader(c.body)); !errors.Is(err, c.want) || created {
			t.Errorf("%s: %t %v, want %v", name, created, err, c.want)
		}
	}
	for o, err := range b.List(ctx, chunksDir(p.begin.ID)) {
		t.Errorf("kept: %+v %v", o, err)
	}
	p.mustStore(t, s, "anna")
	if _, err := s.PutChunk(ctx, p.begin.ID, p.secret, Digest{1}, 1, strings.NewReader("x")); !errors.Is(err, ErrExists) {
		t.Errorf("into a complete drop: %v", err)
	}
	if _, err := s.Commit(ctx, p.begin.ID, p.secret, 2, p.digests()); !errors.Is(err, ErrExists) {
		t.Errorf("completed otherwise: %v", err)
	}
}

// TestCommitsThatAreRefused holds M104.
func TestCommitsThatAreRefused(t *testing.T) {
	ctx := t.Context()
	s := openStore(t, openBucket(t), newClock(), Limits{})
	p := newParcel(1, 3)
	p.begin.Chunks, p.begin.Bytes = 2, int64(len(p.chunks[0])+len(p.chunks[1]))
	if _, _, err := s.Begin(ctx, "anna", 0, p.begin); err != nil {
		t.Fatal(err)
	}
	for i := range p.chunks { // there may be more than are in the list
		if _, err := p.put(ctx, s, i); err != nil {
			t.Fatal(err)
		}
	}
	all := p.digests()
	for name, c := range map[string]struct {
		manifest int
		digests  []Digest
		want     error
	}{
		"nothing":             {0, nil, ErrInvalid},
		"no manifest":         {0, all[:2], ErrInvalid},
		"more than all of it": {3, all[:2], ErrInvalid},
		"twice":               {1, []Digest{all[0], all[0]}, ErrInvalid},
		"more than announced": {1, all, ErrLimit},
		"one that is not":     {1, []Digest{all[0], {1}}, ErrMissing},
	} {
		if _, err := s.Commit(ctx, p.begin.ID, p.secret, c.manifest, c.digests); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if _, err := s.Commit(ctx, p.begin.ID, p.secret, 1, all[:2]); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Chunk(ctx, p.begin.ID, all[2], Claim{}); !errors.Is(err, ErrNotFound) {
		t.Errorf("a chunk of no list: %v", err)
	}
	if own, _ := s.Quota().Used("anna"); own != p.begin.Bytes {
		t.Errorf("%d bytes count, want %d", own, p.begin.Bytes)
	}
}

// One digest that comes twice at once is stored once and right for both.
func TestTwoPutsOfOneChunk(t *testing.T) {
	ctx := t.Context()
	s := openStore(t, openBucket(t), newClock(), Limits{})
	p := newParcel(1, 2)
	if _, _, err := s.Begin(ctx, "anna", 0, p.begin); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	var created atomic.Int32
	for range 8 {
		wg.Go(func() {
			switch did, err := p.put(ctx, s, 0); {
			case err != nil:
				t.Error(err)
			case did:
				created.Add(1)
			}
		})
	}
	wg.Wait()
	p.mustStore(t, s, "anna")
	if err := p.fetch(ctx, s, Claim{}); err != nil || created.Load() != 1 {
		t.Errorf("stored %d times: %v", created.Load(), err)
	}
}

// A chunk that comes while its drop is removed is not kept.
func TestPutWhileTheDropIsRemoved(t *testing.T) {
	ctx, b := t.Context(), openBucket(t)
	s := openStore(t, b, newClock(), Limits{})
	p := newParcel(1, 2)
	if _, _, err := s.Begin(ctx, "anna", 0, p.begin); err != nil {
		t.Fatal(err)
	}
	r, w := io.Pipe()
	done := make(chan error, 1)
	go func() {
		_, err := s.PutChunk(ctx, p.begin.ID, p.secret, p.digests()[0], int64(len(p.chunks[0])), r)
		done <- err
	}()
	w.Write(p.chunks[0][:10]) // it has begun
	if err := s.Remove(ctx, p.begin.ID, p.secret); err != nil {
		t.Fatal(err)
	}
	w.Write(p.chunks[0][10:])
	w.Close()
	if err := <-done; !errors.Is(err, ErrNotFound) {
		t.Errorf("%v", err)
	}
	for o, err := range b.List(ctx, dropsDir) {
		t.Errorf("kept: %+v %v", o, err)
	}
}

// R14, M105 in part: who has the disk has no secret of it: neither that of an owner
// nor a claim.
func TestNoSecretAtRest(t *testing.T) {
	ctx, b := t.Context(), openBucket(t)
	s := openStore(t, b, newClock(), Limits{})
	p := newParcel(1, 2)
	p.begin.Downloads = 2
	p.mustStore(t, s, "anna")
	claim := Claim{1, 2, 3, 4, 5, 6, 7, 8}
	if _, err := s.Take(ctx, p.begin.ID, claim); err != nil {
		t.Fatal(err)
	}
	if err := s.Taken(ctx, p.begin.ID, claim); err != nil {
		t.Fatal(err)
	}
	objects := 0
	for o, err := range b.List(ctx, "") {
		if err != nil {
			t.Fatal(err)
		}
		content, _, err := bucket.ReadAll(ctx, b, o.Key, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range [][]byte{p.secret[:], claim[:]} {
			text := fmt.Sprintf("%x", secret)
			if bytes.Contains(content, secret) || bytes.Contains(content, []byte(text)) || strings.Contains(o.Key, text) {
				t.Errorf("%s holds a secret", o.Key)
			}
		}
		objects++
	}
	if objects < 6 {
		t.Errorf("%d objects were looked at", objects)
	}
}

// A drop of a newer version, and one whose record lost a bit, are left alone.
func TestRecordsThatCannotBeRead(t *testing.T) {
	ctx, b, c := t.Context(), openBucket(t), newClock()
	s := openStore(t, b, c, Limits{})
	newer, damaged, fine := newParcel(1, 2), newParcel(2, 2), newParcel(3, 2)
	for _, p := range []*parcel{newer, damaged, fine} {
		p.mustStore(t, s, "anna")
	}
	change := func(p *parcel, f func([]byte) []byte) {
		content, _, err := bucket.ReadAll(ctx, b, recordKey(p.begin.ID), 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		content = f(content)
		if _, err := b.Put(ctx, recordKey(p.begin.ID), int64(len(content)), bytes.NewReader(content), bucket.Condition{}); err != nil {
			t.Fatal(err)
		}
	}
	change(newer, func([]byte) []byte {
		r := recordOf("anna", newer.begin, c.Now(), day)
		r.Version = 2
		return encode(r)
	})
	change(damaged, func(content []byte) []byte { content[len(content)/2] ^= 4; return content })
	for _, shared := range []bool{false, true} {
		if shared {
			b = sharedBucket{b}
		}
		s = openStore(t, b, c, Limits{})
		for p, want := range map[*parcel]error{newer: ErrVersion, damaged: ErrDamaged, fine: nil} {
			if _, err := s.Info(ctx, p.begin.ID); shared && !errors.Is(err, want) || !shared && (err == nil) != (want == nil) {
				t.Errorf("shared %t: %v, want %v", shared, err, want)
			}
		}
	}
	c.pass(8 * day)
	for range 2 { // the second one has seen that the clock goes on
		c.pass(time.Hour)
		if err := s.Sweep(ctx); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range []*parcel{newer, damaged} {
		if _, err := b.Stat(ctx, recordKey(p.begin.ID)); err != nil {
			t.Errorf("it was not left alone: %v", err)
		}
	}
}
