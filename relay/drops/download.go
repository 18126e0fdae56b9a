package drops

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"time"

	"github.com/bargee/bargee/relay/bucket"
)

// Info tells of a drop that is complete.
func (s *Store) Info(ctx context.Context, id ID) (Info, error) {
	d, err := s.complete(ctx, id)
	if err != nil {
		return Info{}, err
	}
	if err := s.lookAtClaims(ctx, d, false); err != nil {
		return Info{}, err
	}
	return s.describe(d), nil
}

// List returns a reader of the list of a drop's chunks, as it travels: four bytes, big
// endian, of how many are the manifest's, then the digests. It has size bytes.
func (s *Store) List(ctx context.Context, id ID) (r io.ReadCloser, size int64, err error) {
	if _, err := s.complete(ctx, id); err != nil {
		return nil, 0, err
	}
	f, o, err := s.bucket.Open(ctx, listKey(id))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, s.farewell(ctx, id)
	}
	if err != nil {
		return nil, 0, s.broken(err)
	}
	var head [headSize]byte
	if _, err := io.ReadFull(f, head[:]); err != nil {
		f.Close()
		return nil, 0, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return f, o.Size - int64(headSize), nil
}

// Chunk returns a reader of a chunk of size bytes. Where downloads are limited claim
// is one that Take has counted, but for the manifest's: to look at what there is is no
// download. Whether the content is what the digest says is for
// who has it: that is checked there anyway.
//
// Errors: ErrNotFound, ErrGone, ErrClaim, ErrUnavailable.
func (s *Store) Chunk(ctx context.Context, id ID, digest Digest, claim Claim) (r io.ReadSeekCloser, size int64, err error) {
	d, err := s.complete(ctx, id)
	if err != nil {
		return nil, 0, err
	}
	if d.downloads > 0 {
		err := s.claimed(ctx, d, claim)
		if errors.Is(err, ErrClaim) && s.isManifest(ctx, d, digest) {
			err = nil
		}
		if err != nil {
			return nil, 0, err
		}
	}
	r, o, err := s.bucket.Open(ctx, chunkKey(id, digest))
	if errors.Is(err, fs.ErrNotExist) {
		if err := s.farewell(ctx, id); !errors.Is(err, ErrNotFound) {
			return nil, 0, err
		}
		return nil, 0, fmt.Errorf("%w, or it has no such chunk", ErrNotFound)
	}
	if err != nil {
		return nil, 0, s.broken(err)
	}
	return r, o.Size, nil
}

// isManifest tells whether a chunk is one of the manifest's; one that cannot be found
// out about is not.
func (s *Store) isManifest(ctx context.Context, d *drop, digest Digest) bool {
	r, _, err := s.List(ctx, d.id)
	if err != nil {
		return false
	}
	defer r.Close()
	b := make([]byte, countSize+d.manifest*digestSize)
	if _, err := io.ReadFull(r, b); err != nil {
		return false
	}
	for given := range slices.Chunk(b[countSize:], digestSize) {
		if Digest(given) == digest {
			return true
		}
	}
	return false
}

// claimed returns nil if a claim is counted.
func (s *Store) claimed(ctx context.Context, d *drop, claim Claim) error {
	if claim == (Claim{}) {
		return ErrClaim
	}
	if _, ok := s.slotOf(d, claim); ok {
		return nil
	}
	if err := s.lookAtClaims(ctx, d, true); err != nil {
		return err
	}
	if _, ok := s.slotOf(d, claim); !ok {
		return ErrClaim
	}
	return nil
}

// slotOf returns the slot that a claim is known to have.
func (s *Store) slotOf(d *drop, claim Claim) (claimed, bool) {
	sum := claim.sum().String()
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(d.slots, func(c claimed) bool { return c.Claim == sum })
	if i < 0 {
		return claimed{}, false
	}
	return d.slots[i], true
}

// lookAtClaims reads who took a drop: once, where nobody else counts claims, else
// whenever it was not read a moment ago, or now.
func (s *Store) lookAtClaims(ctx context.Context, d *drop, now bool) error {
	s.mu.Lock()
	n := len(d.slots)
	fresh := d.downloads == 0 || n == d.downloads ||
		d.lookedAt > 0 && (!s.bucket.Shared() || !now && s.up()-d.lookedAt < freshFor)
	s.mu.Unlock()
	if fresh {
		return nil
	}
	for slot := n; slot < d.downloads; slot++ {
		var c claimed
		err := s.read(ctx, claimKey(d.id, slot), &c)
		if errors.Is(err, fs.ErrNotExist) {
			break
		}
		if err != nil {
			return fmt.Errorf("claim %d of drop %s: %w", slot, d.id, err)
		}
		s.noteClaim(d, slot, c)
	}
	s.mu.Lock()
	d.lookedAt = max(s.up(), 1)
	s.mu.Unlock()
	return nil
}

// noteClaim notes who has a slot. They are filled from the first on, without a gap.
func (s *Store) noteClaim(d *drop, slot int, c claimed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if slot == len(d.slots) {
		d.slots = append(d.slots, c)
	}
}

// Take counts a download, once for each claim, and returns until when the drop stays
// for it though nobody else may take it any more. Of a drop that any number may take
// nothing is counted.
//
// A claim is an object that is put where there is none, in the first slot that is
// free: however many relays there are, no more slots are filled than there may be
// downloads, and who finds himself in one has been counted already.
//
// Errors: ErrInvalid, ErrNotFound, ErrGone (there are no more), ErrUnavailable.
func (s *Store) Take(ctx context.Context, id ID, claim Claim) (until time.Time, err error) {
	d, err := s.complete(ctx, id)
	if err != nil {
		return time.Time{}, err
	}
	if claim == (Claim{}) {
		return time.Time{}, fmt.Errorf("%w: no claim", ErrInvalid)
	}
	if d.downloads == 0 {
		return d.expires, nil
	}
	mine := claimed{Claim: claim.sum().String(), At: s.now().UTC()}
	content := encode(mine)
	for {
		if err := s.lookAtClaims(ctx, d, true); err != nil {
			return time.Time{}, err
		}
		if c, ok := s.slotOf(d, claim); ok {
			return earlier(c.At.Add(claimLease), d.expires), nil
		}
		s.mu.Lock()
		slot := len(d.slots)
		s.mu.Unlock()
		if slot >= d.downloads {
			return time.Time{}, fmt.Errorf("%w: it was taken as often as it may be", ErrGone)
		}
		_, err := s.bucket.Put(ctx, claimKey(id, slot), int64(len(content)), bytes.NewReader(content), bucket.Condition{IfAbsent: true})
		switch {
		case err == nil:
			s.noteClaim(d, slot, mine)
		case errors.Is(err, bucket.ErrExists): // whose it is is seen in a moment
			s.mu.Lock()
			d.lookedAt = 0
			s.mu.Unlock()
		default:
			return time.Time{}, s.broken(err)
		}
	}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// Taken tells that a download is finished. The last one takes the drop with it.
func (s *Store) Taken(ctx context.Context, id ID, claim Claim) error {
	d, err := s.complete(ctx, id)
	if err != nil {
		return err
	}
	if d.downloads == 0 {
		return nil
	}
	if err := s.claimed(ctx, d, claim); err != nil {
		return err
	}
	_, err = s.bucket.Put(ctx, finishedKey(id, claim.sum()), 0, bytes.NewReader(nil), bucket.Condition{IfAbsent: true})
	if err != nil && !errors.Is(err, bucket.ErrExists) {
		return s.broken(err)
	}
	return s.removeIfTaken(ctx, d)
}

// removeIfTaken removes a drop that nobody can take and nobody is taking.
func (s *Store) removeIfTaken(ctx context.Context, d *drop) error {
	if err := s.lookAtClaims(ctx, d, true); err != nil {
		return err
	}
	s.mu.Lock()
	slots := slices.Clone(d.slots)
	s.mu.Unlock()
	if len(slots) < d.downloads {
		return nil
	}
	finished := map[string]bool{}
	for name, err := range s.bucket.Names(ctx, finishedDir(d.id)) {
		if err != nil {
			return s.broken(err)
		}
		finished[name] = true
	}
	if !taken(d.downloads, slots, finished, s.now()) {
		return nil
	}
	return s.remove(ctx, d.id, whyTaken)
}

// Mailbox returns the drops for a mailbox that are complete, the newest first, at most
// 1000.
func (s *Store) Mailbox(ctx context.Context, box ID) ([]Info, error) {
	return s.all(ctx, func(d *drop) bool { return d.mailbox == box && d.complete && box != ID{} })
}

// Of returns the drops of an account, also those that are not complete, the newest
// first, at most 1000.
func (s *Store) Of(ctx context.Context, account string) ([]Info, error) {
	return s.all(ctx, func(d *drop) bool { return d.account == account })
}

const mostListed = 1000

// all describes the drops that are wanted; wanted is called with s.mu held.
func (s *Store) all(ctx context.Context, wanted func(*drop) bool) ([]Info, error) {
	if s.bucket.Shared() {
		if err := s.refresh(ctx); err != nil {
			return nil, err
		}
	}
	var found []*drop
	s.mu.Lock()
	for _, d := range s.known {
		if wanted(d) && d.over(s.now(), s.limits) == "" {
			found = append(found, d)
		}
	}
	s.mu.Unlock()
	slices.SortFunc(found, func(a, b *drop) int {
		return cmp.Or(b.created.Compare(a.created), bytes.Compare(a.id[:], b.id[:]))
	})
	infos := make([]Info, 0, min(len(found), mostListed))
	for _, d := range found[:min(len(found), mostListed)] {
		if err := s.lookAtClaims(ctx, d, false); err != nil {
			return nil, err
		}
		infos = append(infos, s.describe(d))
	}
	return infos, nil
}
