package blobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/bargee/bargee/relay/bucket"
	"github.com/bargee/bargee/relay/drops"
)

// Who stores a blob: whom it counts for, and how much he may have in all; with a
// Quota of 0 what the store's limits say.
type Who struct {
	Account string
	Quota   int64
}

// Unknown is the size of a body that does not say how long it is.
const Unknown = -1

// Put stores the bytes of r as the blob d, if they are that, and tells whether it was
// not there before. What is said of a blob that was there stays as it was, and r is read
// and judged all the same. Limits are checked before r is read, and while it is where its
// size is Unknown.
func (s *Store) Put(ctx context.Context, who Who, d Digest, size int64, r io.Reader, a Attributes) (i Info, created bool, err error) {
	now := s.cfg.Now()
	i = Info{Digest: d, Size: size, Created: now.UTC().Truncate(time.Second), Account: who.Account, Attributes: a}
	s.bound(&i.Attributes, now)
	if err := i.check(now); err != nil {
		return i, false, err
	}
	if err := s.begin(d); err != nil {
		return i, false, err
	}
	defer s.end(d)
	if old, err := s.Info(ctx, d); !errors.Is(err, ErrNotFound) {
		if err == nil {
			err = s.Verify(d, r)
		}
		return old, false, err
	}
	if size == Unknown {
		return s.spool(ctx, who, i, r)
	}
	if err := s.reserve(ctx, who, size); err != nil {
		return i, false, err
	}
	defer s.release(who, size)
	return s.store(ctx, i, r)
}

// bound has a blob expire no later than the limits say.
func (s *Store) bound(a *Attributes, from time.Time) {
	if most := s.cfg.Limits.MaxTTL; most > 0 {
		if last := from.Add(most).UTC().Truncate(time.Second); a.Expires.IsZero() || a.Expires.After(last) {
			a.Expires = last
		}
	}
}

// store puts the bytes and what is said of them; who calls it has begun, and has the
// room.
func (s *Store) store(ctx context.Context, i Info, r io.Reader) (Info, bool, error) {
	var body io.Reader = &checked{r: r, hash: s.newHash(), want: i.Digest}
	if i.Size >= longBody {
		a := newAhead(body)
		defer a.stop()
		body = a
	}
	_, err := s.cfg.Bucket.Put(ctx, s.dataKey(i.Digest), i.Size, body, bucket.Condition{IfAbsent: true})
	if errors.Is(err, bucket.ErrExists) {
		_, err = io.Copy(io.Discard, body) // the rest of it
	}
	if err != nil {
		return i, false, err
	}
	s.mu.Lock() // another request may have been faster
	old, there := s.index[i.Digest]
	s.mu.Unlock()
	if there && !old.expired(s.cfg.Now()) {
		return old, false, nil
	}
	if err := s.writeInfo(ctx, i, bucket.Condition{}); err != nil {
		return i, false, err
	}
	s.add(i)
	return i, true, nil
}

func (s *Store) writeInfo(ctx context.Context, i Info, c bucket.Condition) error {
	b, err := json.Marshal(i)
	if err != nil {
		return err
	}
	_, err = s.cfg.Bucket.Put(ctx, s.infoKey(i.Digest), int64(len(b)), strings.NewReader(string(b)), c)
	return err
}

// begin keeps a blob from being removed, until end.
func (s *Store) begin(d Digest) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.removing[d] {
		return ErrBusy
	}
	s.puts[d]++
	return nil
}

func (s *Store) end(d Digest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.puts[d]--; s.puts[d] == 0 {
		delete(s.puts, d)
	}
}

// reserve counts size bytes for somebody, until release, if there is room for them.
func (s *Store) reserve(ctx context.Context, who Who, size int64) error {
	l := s.cfg.Limits
	if l.Object > 0 && size > l.Object {
		return fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, size, l.Object)
	}
	if l.MinFree > 0 {
		if free, known := s.cfg.Bucket.Free(ctx); known && free-size < l.MinFree {
			return fmt.Errorf("%w: the disk is to keep %d bytes free", drops.ErrNoSpace, l.MinFree)
		}
	}
	return s.quota.Reserve(who.Account, size, who.Quota)
}

func (s *Store) release(who Who, size int64) { s.quota.Count(who.Account, -size) }

// spoolPiece is how much of a body without a length is taken before the limits are looked
// at again.
const spoolPiece = 1 << 20

// spool takes a body of unknown length to the scratch first: a bucket wants to know
// how long an object is.
func (s *Store) spool(ctx context.Context, who Who, i Info, r io.Reader) (Info, bool, error) {
	s.mu.Lock()
	s.spooled++
	name := "body-" + strconv.FormatUint(s.spooled, 10)
	s.mu.Unlock()
	f, err := s.scratch.Create(name)
	if err != nil {
		return i, false, err
	}
	defer s.scratch.Remove(name)
	defer f.Close()
	i.Size = 0
	defer func() { s.release(who, i.Size) }()
	body := &checked{r: r, hash: s.newHash(), want: i.Digest}
	for whole := false; !whole; {
		n, err := io.CopyN(f, body, spoolPiece)
		if l := s.cfg.Limits.Object; l > 0 && n > l-i.Size {
			return i, false, fmt.Errorf("%w: at most %d bytes", ErrTooLarge, l)
		}
		if whole = errors.Is(err, io.EOF); err != nil && !whole {
			return i, false, err
		}
		if err := s.reserve(ctx, who, n); err != nil {
			return i, false, err
		}
		i.Size += n
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return i, false, err
	}
	return s.store(ctx, i, f)
}
