package blobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path"
	"sync"
	"time"

	"github.com/bargee/bargee/relay/bucket"
	"github.com/bargee/bargee/relay/drops"
)

// Errors of a Store, by errors.Is; others are drops.ErrNoSpace of the quota, those of
// the bucket, and what the disk said.
var (
	ErrNotFound = errors.New("no such blob")
	ErrMismatch = errors.New("the bytes have another digest")
	ErrInvalid  = errors.New("makes no sense")
	ErrTooLarge = errors.New("larger than the relay takes")        // one blob
	ErrBusy     = errors.New("another request is about this blob") //
	ErrOffset   = errors.New("the piece does not begin at the end of what is there")
)

// Limits are what a Store holds its callers to; 0 is none. How much an account may
// have, and all together, is the business of the Quota.
type Limits struct {
	Object  int64         // bytes of one blob
	MinFree int64         // bytes that stay free in the bucket
	MaxTTL  time.Duration // after which every blob expires
}

// Config says what a Store is made of.
type Config struct {
	Bucket  bucket.Bucket
	Scratch string // a directory of its own, for uploads in pieces
	Hash    string // one of Algorithms; "" is sha256
	Limits  Limits
	Quota   *drops.Quota     // of blobs and drops together; nil: none
	Now     func() time.Time // nil: time.Now
}

// A Store keeps blobs.
type Store struct {
	cfg     Config
	newHash func() hash.Hash
	scratch *os.Root
	quota   *drops.Quota

	mu       sync.Mutex
	index    map[Digest]Info
	puts     map[Digest]int // requests that store a blob
	removing map[Digest]bool
	parts    map[string]*part // by name of the file
	spooled  uint64           // bodies of unknown length that were kept in the scratch
}

// Open reads what a bucket has of blobs.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	if cfg.Hash == "" {
		cfg.Hash = "sha256"
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Quota == nil {
		cfg.Quota = drops.NewQuota(drops.Limits{})
	}
	s := &Store{cfg: cfg, newHash: Algorithms[cfg.Hash], quota: cfg.Quota, puts: map[Digest]int{}, removing: map[Digest]bool{}, parts: map[string]*part{}}
	if s.newHash == nil {
		return nil, fmt.Errorf("%q is none of sha256, blake3: %w", cfg.Hash, ErrInvalid)
	}
	if err := os.MkdirAll(cfg.Scratch, 0o700); err != nil {
		return nil, err
	}
	var err error
	if s.scratch, err = os.OpenRoot(cfg.Scratch); err != nil {
		return nil, err
	}
	if err := errors.Join(s.look(ctx), s.findParts()); err != nil {
		s.scratch.Close()
		return nil, err
	}
	return s, nil
}

// Close ends the Store; its bucket is its caller's.
func (s *Store) Close() error { return s.scratch.Close() }

// Algorithm is the name of the digest.
func (s *Store) Algorithm() string { return s.cfg.Hash }

// Keys of the bucket. What is said of a blob is apart from its bytes, so that all of it
// is listed without them.
func (s *Store) dataKey(d Digest) string {
	h := d.String()
	return path.Join("blobs", s.cfg.Hash, h[:2], h)
}

func (s *Store) infoKey(d Digest) string {
	h := d.String()
	return path.Join("about", s.cfg.Hash, h[:2], h)
}

// maxInfo bounds what is read about a blob.
const maxInfo = 256 << 10

func (s *Store) readInfo(ctx context.Context, key string) (Info, error) {
	var i Info
	b, _, err := bucket.ReadAll(ctx, s.cfg.Bucket, key, maxInfo)
	if err == nil {
		err = json.Unmarshal(b, &i)
	}
	return i, err
}

// Info describes a blob.
func (s *Store) Info(ctx context.Context, d Digest) (Info, error) {
	s.mu.Lock()
	i, ok := s.index[d]
	s.mu.Unlock()
	if !ok && s.cfg.Bucket.Shared() {
		var err error
		i, err = s.readInfo(ctx, s.infoKey(d))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return Info{}, err
		}
		if ok = err == nil && i.Digest == d; ok {
			s.add(i)
		}
	}
	if !ok || i.expired(s.cfg.Now()) {
		return Info{}, ErrNotFound
	}
	return i, nil
}

// Get opens a blob; who gets it closes it.
func (s *Store) Get(ctx context.Context, d Digest) (io.ReadSeekCloser, Info, error) {
	i, err := s.Info(ctx, d)
	if err != nil {
		return nil, i, err
	}
	r, o, err := s.cfg.Bucket.Open(ctx, s.dataKey(d))
	switch {
	case errors.Is(err, fs.ErrNotExist): // another relay removed it
		s.forget(d)
		return nil, i, ErrNotFound
	case err != nil:
		return nil, i, err
	case o.Size != i.Size:
		r.Close()
		return nil, i, fmt.Errorf("the blob %v has %d bytes in the store, not %d", d, o.Size, i.Size)
	}
	return r, i, nil
}

// Change replaces the attributes of a blob by what change makes of them.
func (s *Store) Change(ctx context.Context, d Digest, change func(*Attributes) error) (Info, error) {
	if err := s.take(d); err != nil {
		return Info{}, err
	}
	defer s.give(d)
	i, err := s.Info(ctx, d)
	if err != nil {
		return i, err
	}
	if err := change(&i.Attributes); err != nil {
		return i, err
	}
	now := s.cfg.Now()
	s.bound(&i.Attributes, i.Created)
	if err := i.check(now); err != nil {
		return i, err
	}
	if err := s.writeInfo(ctx, i, bucket.Condition{}); err != nil {
		return i, err
	}
	s.add(i)
	return i, nil
}

// Remove takes a blob away. One that is just being stored is ErrBusy.
func (s *Store) Remove(ctx context.Context, d Digest) error {
	if err := s.take(d); err != nil {
		return err
	}
	defer s.give(d)
	if _, err := s.Info(ctx, d); err != nil {
		return err
	}
	return s.remove(ctx, d)
}

// remove is Remove of what is there, by who has it.
func (s *Store) remove(ctx context.Context, d Digest) error {
	if err := s.cfg.Bucket.Delete(ctx, s.infoKey(d)); err != nil {
		return err
	}
	s.forget(d)
	return s.cfg.Bucket.Delete(ctx, s.dataKey(d))
}

// take has a blob for one request alone, until give.
func (s *Store) take(d Digest) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.puts[d] > 0 || s.removing[d] {
		return ErrBusy
	}
	s.removing[d] = true
	return nil
}

func (s *Store) give(d Digest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.removing, d)
}
