package drops

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"github.com/bargee/bargee/relay/bucket"
)

// A Store keeps drops in a bucket.
type Store struct {
	bucket bucket.Bucket
	now    func() time.Time
	up     func() time.Duration
	log    *slog.Logger
	quota  *Quota

	sweeping sync.Mutex // one Sweep at a time
	clock    steady     // of Sweep

	mu     sync.Mutex
	limits Limits
	known  map[ID]*drop
	gone   map[ID]time.Time // tombstones, since when
}

// A drop is what a Store knows of one. What can change is held by the Store's mu.
type drop struct {
	id        ID
	account   string
	owner     Digest
	bytes     int64 // as announced; once complete, of the chunks of its list
	chunks    int
	manifest  int
	created   time.Time
	expires   time.Time
	downloads int
	mailbox   ID
	envelope  []byte
	complete  bool
	reserved  int64         // what the quota counts
	received  int64         // of chunks while it is not complete, also those that are being put; or unmeasured
	seen      time.Duration // when it was last known to be so, by Store.up
	entered   chan struct{} // closed once the record is written, or not to be; nil: it was read
	slots     []claimed     // of who took it, as far as is known
	lookedAt  time.Duration // when its claims were last read, by Store.up; 0: never
}

const unmeasured = -1

// freshFor is how long a drop in a shared bucket is taken to be there without a look.
const freshFor = 2 * time.Second

// A Config says what a Store needs. Only the Bucket has no default.
type Config struct {
	Bucket bucket.Bucket
	Limits Limits
	Now    func() time.Time     // default time.Now
	Up     func() time.Duration // a clock that nobody sets; default: since Open
	Log    *slog.Logger         // default: nothing
}

// Open returns the store of a bucket, and what is in it is known. Nothing runs by
// itself: Keep removes what is over.
func Open(ctx context.Context, c Config) (*Store, error) {
	s := &Store{bucket: c.Bucket, now: c.Now, up: c.Up, log: c.Log, limits: c.Limits, quota: NewQuota(c.Limits),
		known: map[ID]*drop{}, gone: map[ID]time.Time{}}
	if s.now == nil {
		s.now = time.Now
	}
	if s.up == nil {
		began := time.Now()
		s.up = func() time.Duration { return time.Since(began) }
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if err := s.refresh(ctx); err != nil {
		return nil, fmt.Errorf("read what is stored: %w", err)
	}
	s.clock.look(s.now(), s.up())
	return s, nil
}

// Quota counts what accounts hold here; who stores something else in the same bucket
// counts it there, too.
func (s *Store) Quota() *Quota { return s.quota }

// SetLimits puts other limits in force, for what is asked from now on.
func (s *Store) SetLimits(l Limits) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limits = l
	s.quota.setLimits(l)
}

func (s *Store) limitsNow() Limits {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.limits
}

// Fits returns ErrNoSpace if the disk has not got n bytes besides those that uploads
// were promised and that stay free.
func (s *Store) Fits(ctx context.Context, n int64) error {
	free, known := s.bucket.Free(ctx)
	if !known {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fitsLocked(free, n)
}

// fitsLocked is Fits of a disk with so much free; s.mu is held.
func (s *Store) fitsLocked(free, n int64) error {
	left := free - s.limits.MinFree
	for _, d := range s.known {
		if !d.complete {
			left -= max(d.reserved-max(d.received, 0), 0)
		}
	}
	if n > left {
		return fmt.Errorf("%w: the relay's disk has %d bytes to spare, %d are needed", ErrNoSpace, max(left, 0), n)
	}
	return nil
}

// find returns a drop that is not over, complete or not.
func (s *Store) find(ctx context.Context, id ID) (*drop, error) {
	s.mu.Lock()
	d, fresh := s.known[id], false
	if d != nil {
		fresh = !s.bucket.Shared() || s.up()-d.seen < freshFor
	}
	_, isGone := s.gone[id]
	s.mu.Unlock()
	if isGone {
		return nil, s.farewell(ctx, id)
	}
	if d != nil && d.entered != nil {
		select {
		case <-d.entered:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if !s.stays(d) {
			return nil, ErrNotFound
		}
	}
	if !fresh && (d != nil || s.bucket.Shared()) {
		var err error
		if d, err = s.load(ctx, id); err != nil {
			return nil, err
		}
	}
	if d == nil {
		return nil, ErrNotFound
	}
	s.mu.Lock()
	why := d.over(s.now(), s.limits)
	s.mu.Unlock()
	if why != "" {
		return nil, fmt.Errorf("%w: it %s", ErrGone, why)
	}
	return d, nil
}

// complete returns a drop that others may see.
func (s *Store) complete(ctx context.Context, id ID) (*drop, error) {
	d, err := s.find(ctx, id)
	if err != nil {
		return nil, err
	}
	if !s.isComplete(d) && s.bucket.Shared() { // it may be by now, by another relay
		if d, err = s.load(ctx, id); err != nil {
			return nil, err
		}
	}
	if !s.isComplete(d) {
		return nil, ErrNotFound
	}
	return d, nil
}

func (s *Store) isComplete(d *drop) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return d.complete
}

// owned returns the drop of an owner.
func (s *Store) owned(ctx context.Context, id ID, owner Secret) (*drop, error) {
	d, err := s.find(ctx, id)
	if err != nil {
		return nil, err
	}
	if !equal(owner.Sum(), d.owner) {
		return nil, ErrOwner
	}
	return d, nil
}

// farewell says why a drop is gone.
func (s *Store) farewell(ctx context.Context, id ID) error {
	var t tombstone
	switch err := s.read(ctx, goneKey(id), &t); {
	case errors.Is(err, fs.ErrNotExist):
		return ErrNotFound
	case err != nil:
		return err
	}
	return fmt.Errorf("%w: it %s", ErrGone, t.Why)
}

// load reads a drop from the bucket, and keeps what it finds in mind.
func (s *Store) load(ctx context.Context, id ID) (*drop, error) {
	var r record
	err := s.read(ctx, recordKey(id), &r)
	if errors.Is(err, fs.ErrNotExist) {
		s.forget(id)
		return nil, s.farewell(ctx, id)
	}
	if err != nil {
		return nil, fmt.Errorf("drop %s: %w", id, err)
	}
	d, err := r.drop(id)
	if err != nil {
		return nil, err
	}
	if err := s.loadList(ctx, d); err != nil {
		return nil, err
	}
	if !d.complete && !s.bucket.Shared() {
		if err := s.measure(ctx, d); err != nil {
			return nil, err
		}
	}
	return s.remember(d), nil
}

// loadList finds out whether a drop is complete; nobody else has d yet.
func (s *Store) loadList(ctx context.Context, d *drop) error {
	r, o, err := s.bucket.Open(ctx, listKey(d.id))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return s.broken(err)
	}
	defer r.Close()
	h, err := readListHead(r, o.Size)
	if err != nil {
		return fmt.Errorf("the list of drop %s: %w", d.id, err)
	}
	d.completed(h)
	return nil
}

// completed notes what a drop's list says.
func (d *drop) completed(h listHead) {
	d.complete, d.bytes, d.chunks, d.manifest, d.reserved = true, h.bytes, h.chunks, h.manifest, h.bytes
}

// measure counts what is stored of a drop that is not complete.
func (s *Store) measure(ctx context.Context, d *drop) error {
	total := int64(0)
	for o, err := range s.bucket.List(ctx, chunksDir(d.id)) {
		if err != nil {
			return s.broken(err)
		}
		total += o.Size
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if d.received == unmeasured {
		d.received = total
		if d.reserved < total {
			if s.known[d.id] == d {
				s.quota.Count(d.account, total-d.reserved)
			}
			d.reserved = total
		}
	}
	return nil
}

// remember keeps a drop that was read in mind. What is known of one already stays,
// but for what another relay can have changed.
func (s *Store) remember(d *drop) *drop {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.known[d.id]
	if old == nil {
		d.seen = s.up()
		s.known[d.id] = d
		s.quota.Count(d.account, d.reserved)
		return d
	}
	if old.seen = s.up(); d.complete && !old.complete {
		s.settleLocked(old, listHead{bytes: d.bytes, chunks: d.chunks, manifest: d.manifest})
	}
	return old
}

// settleLocked makes a drop a complete one; s.mu is held.
func (s *Store) settleLocked(d *drop, h listHead) {
	if s.known[d.id] == d {
		s.quota.Count(d.account, h.bytes-d.reserved)
	}
	d.completed(h)
}

// forget takes a drop out of mind.
func (s *Store) forget(id ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forgetLocked(s.known[id])
}

// forgetThis forgets a drop, unless another one has its place by now.
func (s *Store) forgetThis(d *drop) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forgetLocked(d)
}

func (s *Store) forgetLocked(d *drop) {
	if d != nil && s.known[d.id] == d {
		delete(s.known, d.id)
		s.quota.Count(d.account, -d.reserved)
	}
}

// read reads a small object.
func (s *Store) read(ctx context.Context, key string, v any) error {
	b, _, err := bucket.ReadAll(ctx, s.bucket, key, largestRecord)
	if err != nil {
		return s.broken(err)
	}
	return decode(b, v)
}

// broken says in this package's words what is wrong with the bucket.
func (s *Store) broken(err error) error {
	switch {
	case errors.Is(err, bucket.ErrUnavailable), errors.Is(err, bucket.ErrRefused):
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	case errors.Is(err, bucket.ErrNoSpace):
		return fmt.Errorf("%w: %w", ErrNoSpace, err)
	case errors.Is(err, bucket.ErrLength):
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return err
}
