package session

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/bargee/bargee/internal/drop"
)

// A dropStream reads the data of a drop: one stream of bytes, in sealed chunks at a
// depot. It fetches a few chunks ahead of those who read, opens them where they are,
// and keeps the last ones, since small files share chunks.
//
// It owns its chunks' memory, and a goroutine for each chunk that is on its way;
// close ends them.
type dropStream struct {
	fetch  func(ctx context.Context, i int, buf []byte) ([]byte, error) // a sealed chunk
	keys   *drop.Keys
	layout drop.Layout
	ahead  int
	most   int // chunks that are kept

	ctx     context.Context
	stop    context.CancelFunc
	slots   chan struct{} // of fetches at a time
	running sync.WaitGroup

	mu   sync.Mutex
	near bool // a fetch took no longer than dropNear
	idle int  // slots that nobody needs
	held map[int]*dropChunk
	tick int64
	free [][]byte
}

// A dropChunk is a chunk that is there, or on its way.
type dropChunk struct {
	done  chan struct{} // closed when plain or err is set
	buf   []byte        // all of its memory
	plain []byte
	err   error
	users int   // that read it; of the stream's lock
	used  int64 // when it was last asked for
}

// dropMemory is how many bytes of chunks a dropStream keeps, those on their way
// included, and dropFetches how many are fetched at a time. From near by
// dropFetchesNear bring as much, in larger pieces: what comes for many at a time wakes
// each of them for a packet or two.
const (
	dropMemory      = 16 << 20
	dropFetches     = 8
	dropFetchesNear = 3
	dropNear        = 10 * time.Millisecond
)

func newDropStream(k *drop.Keys, l drop.Layout, fetch func(context.Context, int, []byte) ([]byte, error)) *dropStream {
	most := max(dropMemory/l.Chunk, 4)
	s := &dropStream{fetch: fetch, keys: k, layout: l, ahead: most / 2, most: most,
		slots: make(chan struct{}, min(dropFetches, most)), held: map[int]*dropChunk{}}
	s.ctx, s.stop = context.WithCancel(context.Background())
	return s
}

// close ends what is under way.
func (s *dropStream) close() {
	s.stop()
	s.running.Wait()
}

// readAt fills p with what the stream has at off. It ends with ctx.
func (s *dropStream) readAt(ctx context.Context, p []byte, off int64) error {
	for len(p) > 0 {
		i := int(off / int64(s.layout.Chunk))
		c := s.take(i)
		select {
		case <-c.done:
		case <-ctx.Done():
			s.release(i, c)
			return &Error{Kind: Interrupted, Err: context.Cause(ctx)}
		}
		if c.err != nil {
			s.release(i, c)
			return c.err
		}
		n := copy(p, c.plain[off-int64(i)*int64(s.layout.Chunk):])
		s.release(i, c)
		p, off = p[n:], off+int64(n)
	}
	return nil
}

// take returns chunk i, for whoever releases it, and sets out for those behind it.
func (s *dropStream) take(i int) *dropChunk {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, before := s.held[i-1]
	_, earlier := s.held[i-2]
	c := s.want(i)
	c.users++
	if !before && !earlier { // one here and there, as where the rest is on the disk already
		return c
	}
	for j := i + 1; j <= i+s.ahead && j < s.layout.Chunks(); j++ {
		if s.held[j] == nil && !s.evict() {
			break
		}
		s.want(j)
	}
	return c
}

// want returns chunk i, and sets out for it if it is not there; s.mu is held.
func (s *dropStream) want(i int) *dropChunk {
	c := s.held[i]
	s.tick++
	if c == nil {
		s.evict()
		c = &dropChunk{done: make(chan struct{})}
		if n := len(s.free); n > 0 {
			c.buf, s.free = s.free[n-1], s.free[:n-1]
		} else {
			c.buf = make([]byte, s.layout.Chunk+drop.Overhead)
		}
		s.held[i] = c
		s.running.Go(func() { s.bring(i, c) })
	}
	c.used = s.tick
	return c
}

// evict makes room for a chunk, by giving up the one that was not asked for the
// longest, and reports whether there is room; s.mu is held.
func (s *dropStream) evict() bool {
	for len(s.held) >= s.most {
		oldest := -1
		for i, c := range s.held {
			select {
			case <-c.done:
			default:
				continue
			}
			if c.users == 0 && (oldest < 0 || c.used < s.held[oldest].used) {
				oldest = i
			}
		}
		if oldest < 0 {
			return false
		}
		s.forget(oldest)
	}
	return true
}

// forget gives up chunk i, which nobody reads; s.mu is held.
func (s *dropStream) forget(i int) {
	s.free = append(s.free, s.held[i].buf)
	delete(s.held, i)
}

func (s *dropStream) release(i int, c *dropChunk) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.users--
	if c.users > 0 || s.held[i] != c {
		return
	}
	select {
	case <-c.done:
		if c.err != nil { // who asks again has it tried again
			s.forget(i)
		} else {
			s.evict()
		}
	default:
	}
}

// bring fetches chunk i and opens it.
func (s *dropStream) bring(i int, c *dropChunk) {
	defer close(c.done)
	select {
	case s.slots <- struct{}{}:
		defer s.leave(time.Now())
	case <-s.ctx.Done():
		c.err = &Error{Kind: Interrupted, Err: errors.New("the drop was closed")}
		return
	}
	sealed, err := s.fetch(s.ctx, i, c.buf)
	if err != nil {
		c.err = err
		return
	}
	_, n, final := s.layout.Span(i)
	if c.plain, err = s.keys.Open(sealed[drop.NonceSize:drop.NonceSize], drop.Data, uint64(i), final, sealed); err == nil && len(c.plain) != n {
		err = fmt.Errorf("chunk %d has %d bytes in place of %d: %w", i, len(c.plain), n, drop.ErrDamaged)
	}
	c.err = dropError(err)
}

// leave gives back the slot of a fetch, unless there are enough without it.
func (s *dropStream) leave(began time.Time) {
	took := time.Since(began)
	s.mu.Lock()
	s.near = s.near || took <= dropNear
	idle := s.near && cap(s.slots)-s.idle > dropFetchesNear
	if idle {
		s.idle++
	}
	s.mu.Unlock()
	if !idle {
		<-s.slots
	}
}

// maxFetches is how often a chunk is fetched that is not what its digest says, before
// it is given up: the depot's memory or disk may be bad.
const maxFetches = 2

// fetchChunk fetches a chunk of a depot that has the digest d.
func fetchChunk(ctx context.Context, depot Depot, id DropID, claim DropClaim, giveUp time.Duration, d DropDigest, buf []byte) (sealed []byte, err error) {
	for range maxFetches {
		err = persist(ctx, giveUp, func() (err error) {
			sealed, err = depot.Get(ctx, id, claim, d, buf)
			return err
		})
		if err != nil {
			return nil, err
		}
		if len(sealed) >= drop.Overhead && drop.DigestOf(sealed) == d {
			return sealed, nil
		}
	}
	return nil, &Error{Kind: Integrity, Side: Relay, Err: errors.New("a stored chunk is not what its digest says: the relay's disk may be bad, or somebody changed it")}
}
