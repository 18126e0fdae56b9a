package session

import (
	"context"
	"io/fs"
	"sync"
	"time"
)

// A Quota bounds how many bytes of files come into a tree. A file is held against it
// when it is announced, before its first byte, and refused (Limit) where it does not
// fit; what is promised to files that are under way is not there for others. All
// methods may be called from several goroutines.
type Quota struct {
	measure func(context.Context) (int64, error) // what lies there now; nil: what came is all that counts
	settled func(used int64)                     // hears of what came; may be nil

	mu       sync.Mutex
	most     int64
	used     int64 // as it is known
	promised int64
	measured time.Time
	took     time.Duration // to measure
}

// NewQuota returns one that counts what comes, of which used is there already.
// changed, if not nil, hears the new figure whenever something came; it must not block.
func NewQuota(most, used int64, changed func(used int64)) *Quota {
	return &Quota{most: most, used: max(used, 0), settled: changed}
}

// NewTreeQuota returns one for what the directory p of d may hold together, whoever has
// put it there. It is measured at first use, and again when it seems to be full: what
// was removed meanwhile makes room. Partials count as what they have on the disk.
func NewTreeQuota(most int64, d *Dir, p Path) *Quota {
	return &Quota{most: most, measure: func(ctx context.Context) (int64, error) { return d.weigh(ctx, p) }}
}

// SetMost changes how many bytes it allows; what is promised stays so.
func (q *Quota) SetMost(most int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.most = most
}

// Used returns what counts against it now, as far as it is known.
func (q *Quota) Used() int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.used
}

// How often a tree is measured: a full one again after a pause that makes measuring a
// small part of the time, and any one now and then, since others change it too.
const (
	weighPause = 5 * time.Millisecond
	weighShare = 20
	weighAfter = 5 * time.Minute
)

// book promises n bytes to a file, or says how many are left.
func (q *Quota) book(ctx context.Context, n int64) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.measure != nil && (q.measured.IsZero() || time.Since(q.measured) > weighAfter) {
		if err := q.weigh(ctx); err != nil {
			return err
		}
	}
	if !q.fits(n) && q.measure != nil && time.Since(q.measured) >= max(weighPause, weighShare*q.took) {
		if err := q.weigh(ctx); err != nil {
			return err
		}
	}
	if !q.fits(n) {
		return newError(Limit, Path{}, "%d bytes, and the quota of %d leaves room for %d", n, q.most, max(q.most-q.used-q.promised, 0))
	}
	q.promised += n
	return nil
}

// fits tells whether n more bytes do not exceed it; q.mu is held.
func (q *Quota) fits(n int64) bool { return n <= 0 || n <= q.most-q.used-q.promised }

// weigh measures; q.mu is held, since nobody can be answered before it is known.
func (q *Quota) weigh(ctx context.Context) error {
	start := time.Now()
	used, err := q.measure(ctx)
	if err != nil {
		return err
	}
	q.used, q.measured, q.took = used, time.Now(), time.Since(start)
	return nil
}

// settle ends a promise of n bytes, of which came are there to stay.
func (q *Quota) settle(n, came int64) {
	q.mu.Lock()
	q.promised -= n
	q.used += came
	used, tell := q.used, q.settled != nil && came != 0
	q.mu.Unlock()
	if tell {
		q.settled(used)
	}
}

// weigh adds up the files in p, and the partials, which nobody else gets to see.
func (d *Dir) weigh(ctx context.Context, p Path) (sum int64, err error) {
	all := d.disk
	all.jail = false
	seen := map[fileID]struct{}{}
	w := &walker{d: &all, ctx: ctx, visit: func(at *walkedDir, e fs.DirEntry) bool {
		if !e.Type().IsRegular() {
			return true
		}
		if isPrivate(e.Name()) {
			if fi, err := at.dir.Lstat(e.Name()); err == nil {
				sum += allocated(fi)
			}
			return true
		}
		size, links, id, ok := weightOf(at, e.Name())
		if _, again := seen[id]; !ok || links > 1 && again {
			return true
		}
		if links > 1 && len(seen) < maxSeen {
			seen[id] = struct{}{}
		}
		sum += size
		return true
	}}
	err = w.walkAll(p)
	return sum, err
}

// A booking is what a file that is under way was promised.
type booking struct {
	bytes int64
	there int64 // of its partial, on the disk, at first
}

// book holds f against the quotas.
func (r *receiver) book(f *inFile) error {
	if len(r.policy.quotas) == 0 {
		return nil
	}
	b := &booking{there: r.partialOf(f)}
	b.bytes = max(f.entry.Size-b.there, 0)
	for i, q := range r.policy.quotas {
		if err := q.book(r.ctx, b.bytes); err != nil {
			for _, before := range r.policy.quotas[:i] {
				before.settle(b.bytes, 0)
			}
			return about(f.path, err)
		}
	}
	if old := f.booked.Swap(b); old != nil {
		r.unbook(old, 0)
	}
	return nil
}

// settle ends what f was promised: it is there, or what its partial has got, or nothing.
func (r *receiver) settle(f *inFile, committed bool) {
	b := f.booked.Swap(nil)
	if b == nil {
		return
	}
	came := b.bytes
	if !committed {
		came = min(max(r.partialOf(f)-b.there, 0), b.bytes)
	}
	r.unbook(b, came)
}

func (r *receiver) unbook(b *booking, came int64) {
	for _, q := range r.policy.quotas {
		q.settle(b.bytes, came)
	}
}

// partialOf is what the partial of f has on the disk; a dry run leaves none.
func (r *receiver) partialOf(f *inFile) int64 {
	if r.options.DryRun {
		return 0
	}
	fi, err := f.dir.root.Lstat(partialName(f.name, partialSuffix))
	if err != nil || !fi.Mode().IsRegular() {
		return 0
	}
	return allocated(fi)
}
