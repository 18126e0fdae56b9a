package drops

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"

	"github.com/bargee/bargee/relay/bucket"
)

// Begin makes a place for a drop, with room for all of it, or finds the one that the
// same owner has begun. What does not fit is refused here, before the first byte. own
// is what the account may hold, 0: as all.
//
// Errors: ErrInvalid, ErrLimit, ErrNoSpace, ErrExists, ErrGone, ErrUnavailable.
func (s *Store) Begin(ctx context.Context, account string, own int64, b Begin) (Info, bool, error) {
	limits := s.limitsNow()
	ttl, err := limits.judge(b)
	if err != nil {
		return Info{}, false, err
	}
	if s.bucket.Shared() { // what other relays have taken in
		if err := s.refresh(ctx); err != nil {
			return Info{}, false, err
		}
	}
	r := recordOf(account, b, s.now(), ttl)
	for {
		d, err := s.find(ctx, b.ID)
		if err == nil {
			return s.resume(d, b)
		}
		if !errors.Is(err, ErrNotFound) {
			return Info{}, false, err
		}
		d, err = s.admit(ctx, own, r)
		if errors.Is(err, errBegun) { // just now, by another request
			continue
		}
		if err == nil {
			err = s.enter(ctx, d, r)
		}
		if errors.Is(err, bucket.ErrExists) { // by another relay
			continue
		}
		if err != nil {
			return Info{}, false, s.broken(err)
		}
		return s.describe(d), true, nil
	}
}

// errBegun: look again.
var errBegun = errors.New("it is begun already")

// resume is Begin of what was begun.
func (s *Store) resume(d *drop, b Begin) (Info, bool, error) {
	if !equal(b.Owner, d.owner) || b.Mailbox != d.mailbox || b.Downloads != d.downloads {
		return Info{}, false, ErrExists
	}
	return s.describe(d), false, nil
}

// admit reserves room. The drop is known then, and others wait for its entered.
func (s *Store) admit(ctx context.Context, own int64, r record) (*drop, error) {
	id, err := ParseID(r.ID)
	if err != nil {
		return nil, err
	}
	d, err := r.drop(id)
	if err != nil {
		return nil, err
	}
	d.received, d.entered = 0, make(chan struct{})
	free, known := s.bucket.Free(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known[id] != nil {
		return nil, errBegun
	}
	held := 0
	for _, other := range s.known {
		if other.account == d.account {
			held++
		}
	}
	if held >= s.limits.drops() {
		return nil, fmt.Errorf("%w: you have %d drops here, the most there may be", ErrNoSpace, held)
	}
	if known {
		if err := s.fitsLocked(free, d.bytes); err != nil {
			return nil, err
		}
	}
	if err := s.quota.Reserve(d.account, d.bytes, own); err != nil {
		return nil, err
	}
	d.seen = s.up()
	s.known[id] = d
	return d, nil
}

// enter writes the record of a drop that was admitted, or forgets it. A tombstone that
// came meanwhile counts: what is below the id is being removed.
func (s *Store) enter(ctx context.Context, d *drop, r record) (err error) {
	defer func() {
		if err != nil {
			s.forgetThis(d)
		}
		close(d.entered)
	}()
	content := encode(r)
	_, err = s.bucket.Put(ctx, recordKey(d.id), int64(len(content)), bytes.NewReader(content), bucket.Condition{IfAbsent: true})
	if err != nil {
		return err
	}
	if err := s.farewell(ctx, d.id); !errors.Is(err, ErrNotFound) {
		return errors.Join(err, s.bucket.Delete(ctx, recordKey(d.id)))
	}
	return nil
}

// Missing returns those of the digests, in their order, that are not stored.
func (s *Store) Missing(ctx context.Context, id ID, owner Secret, digests []Digest) ([]Digest, error) {
	if len(digests) > MostAsked {
		return nil, fmt.Errorf("%w: %d digests, at most %d at a time", ErrLimit, len(digests), MostAsked)
	}
	if _, err := s.owned(ctx, id, owner); err != nil {
		return nil, err
	}
	stored := make(map[Digest]bool, len(digests))
	for _, d := range digests {
		stored[d] = false
	}
	for name, err := range s.bucket.Names(ctx, chunksDir(id)) {
		if err != nil {
			return nil, s.broken(err)
		}
		if d, err := ParseDigest(name); err == nil {
			if _, asked := stored[d]; asked {
				stored[d] = true
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(digests), func(d Digest) bool { return stored[d] }), nil
}

// PutChunk stores a sealed chunk of size bytes, or finds that it is there. It is on
// disk when PutChunk returns; one that is not what its digest says is not kept.
//
// Errors: ErrMismatch, ErrInvalid (of another length), ErrLimit, ErrNoSpace, ErrOwner,
// ErrNotFound, ErrGone, ErrExists (the drop is complete), ErrUnavailable; of r.
func (s *Store) PutChunk(ctx context.Context, id ID, owner Secret, digest Digest, size int64, r io.Reader) (created bool, err error) {
	d, err := s.owned(ctx, id, owner)
	if err != nil {
		return false, err
	}
	if size < 1 {
		return false, fmt.Errorf("%w: a chunk of %d bytes", ErrInvalid, size)
	}
	if size > LargestChunk {
		return false, fmt.Errorf("%w: a chunk of %d bytes, at most %d", ErrLimit, size, LargestChunk)
	}
	if err := s.expect(ctx, d, size); err != nil {
		return false, err
	}
	key := chunkKey(id, digest)
	body := &verified{r: r, left: size, sum: sha256.New(), want: digest}
	_, err = s.bucket.Put(ctx, key, size, body, bucket.Condition{IfAbsent: true})
	if err != nil {
		s.unexpect(d, size)
		if errors.Is(err, bucket.ErrExists) {
			err = nil
		}
		return false, s.broken(err)
	}
	if !s.stays(d) { // it was removed meanwhile: whatever came too late for that goes, too
		return false, errors.Join(ErrNotFound, s.bucket.Delete(ctx, key))
	}
	return true, nil
}

// expect counts a chunk that is to come, with room for it where it is more than was
// announced.
func (s *Store) expect(ctx context.Context, d *drop, size int64) error {
	s.mu.Lock()
	measured := d.received != unmeasured
	s.mu.Unlock()
	if !measured {
		if err := s.measure(ctx, d); err != nil {
			return err
		}
	}
	free, known := s.bucket.Free(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if d.complete {
		return fmt.Errorf("%w: it is complete", ErrExists)
	}
	if d.received+size > mostOf(d.bytes) {
		return fmt.Errorf("%w: more than the %d bytes that were announced", ErrLimit, d.bytes)
	}
	if more := d.received + size - d.reserved; more > 0 {
		if known {
			if err := s.fitsLocked(free, more); err != nil {
				return err
			}
		}
		if err := s.quota.Reserve(d.account, more, 0); err != nil {
			return err
		}
		d.reserved += more
	}
	d.received += size
	return nil
}

func (s *Store) unexpect(d *drop, size int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d.received -= size
}

func (s *Store) stays(d *drop) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.known[d.id] == d
}

// A verified reads size bytes and withholds the last ones until the digest of all is
// right: who stops at an error has not got the whole.
type verified struct {
	r    io.Reader
	left int64
	sum  hash.Hash
	want Digest
}

func (v *verified) Read(p []byte) (int, error) {
	n, err := v.r.Read(p)
	v.sum.Write(p[:n])
	if v.left -= int64(n); v.left == 0 && n > 0 && Digest(v.sum.Sum(nil)) != v.want {
		return 0, ErrMismatch
	}
	return n, err
}

// Commit completes a drop: from now on others see it. The digests are the chunks in
// their order, the manifest's first; all have to be there. It can be said again, the
// same way. What was stored and is not in the list is removed.
//
// Errors: ErrInvalid, *MissingError, ErrLimit, ErrExists (it was completed otherwise),
// ErrOwner, ErrNotFound, ErrGone, ErrUnavailable.
func (s *Store) Commit(ctx context.Context, id ID, owner Secret, manifest int, digests []Digest) (Info, error) {
	d, err := s.owned(ctx, id, owner)
	if err != nil {
		return Info{}, err
	}
	if manifest < 1 || manifest > len(digests) || len(digests) > MostChunks {
		return Info{}, fmt.Errorf("%w: %d chunks, %d of them the manifest's", ErrInvalid, len(digests), manifest)
	}
	if s.isComplete(d) {
		return s.recommit(ctx, d, manifest, digests)
	}
	stray, total, err := s.weigh(ctx, d, digests)
	if err != nil {
		return Info{}, err
	}
	content := encodeList(total, manifest, digests)
	_, err = s.bucket.Put(ctx, listKey(id), int64(len(content)), bytes.NewReader(content), bucket.Condition{IfAbsent: true})
	if errors.Is(err, bucket.ErrExists) {
		return s.recommit(ctx, d, manifest, digests)
	}
	if err != nil {
		return Info{}, s.broken(err)
	}
	if !s.stays(d) {
		return Info{}, errors.Join(ErrNotFound, s.bucket.Delete(ctx, listKey(id)))
	}
	s.mu.Lock()
	s.settleLocked(d, listHead{bytes: total, chunks: len(digests), manifest: manifest})
	s.mu.Unlock()
	for _, digest := range stray { // what stays goes with the drop
		if err := s.bucket.Delete(ctx, chunkKey(id, digest)); err != nil {
			s.log.Warn("a chunk of no list could not be removed", "error", err)
		}
	}
	return s.describe(d), nil
}

// weigh finds the chunks of a list in the bucket, and those that are in none.
func (s *Store) weigh(ctx context.Context, d *drop, digests []Digest) (stray []Digest, total int64, err error) {
	wanted := make(map[Digest]bool, len(digests))
	for _, digest := range digests {
		if wanted[digest] {
			return nil, 0, fmt.Errorf("%w: %s is there twice", ErrInvalid, digest)
		}
		wanted[digest] = true
	}
	found := 0
	for o, err := range s.bucket.List(ctx, chunksDir(d.id)) {
		if err != nil {
			return nil, 0, s.broken(err)
		}
		digest, err := ParseDigest(o.Key[len(chunksDir(d.id))+1:])
		switch {
		case err != nil:
		case wanted[digest]:
			found++
			total += o.Size
		default:
			stray = append(stray, digest)
		}
	}
	if found < len(digests) {
		return nil, 0, &MissingError{Count: len(digests) - found}
	}
	if total > d.bytes || len(digests) > d.chunks {
		return nil, 0, fmt.Errorf("%w: %d bytes in %d chunks, %d in %d were announced", ErrLimit, total, len(digests), d.bytes, d.chunks)
	}
	return stray, total, nil
}

// recommit is Commit of what is complete.
func (s *Store) recommit(ctx context.Context, d *drop, manifest int, digests []Digest) (Info, error) {
	r, o, err := s.bucket.Open(ctx, listKey(d.id))
	if err != nil {
		return Info{}, s.broken(err)
	}
	defer r.Close()
	h, err := readListHead(r, o.Size)
	if err != nil {
		return Info{}, err
	}
	rest := make([]byte, h.chunks*digestSize)
	if _, err := io.ReadFull(r, rest); err != nil {
		return Info{}, err
	}
	if h.manifest != manifest || !bytes.Equal(encodeList(h.bytes, manifest, digests)[headSize+countSize:], rest) {
		return Info{}, fmt.Errorf("%w: it is complete, with other chunks", ErrExists)
	}
	s.mu.Lock()
	if !d.complete {
		s.settleLocked(d, h)
	}
	s.mu.Unlock()
	return s.describe(d), nil
}

// describe says what is known of a drop.
func (s *Store) describe(d *drop) Info {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Info{ID: d.id, Account: d.account, Bytes: d.bytes, Chunks: d.chunks, Manifest: d.manifest, Complete: d.complete,
		Created: d.created, Expires: d.expires, Downloads: d.downloads, Left: max(d.downloads-len(d.slots), 0),
		Mailbox: d.mailbox, Envelope: d.envelope}
}
