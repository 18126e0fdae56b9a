package drops

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/bargee/bargee/relay/bucket"
)

// sweepEvery is how often Keep looks for what is over.
const sweepEvery = time.Minute

// Keep removes what is over, until ctx ends. It runs in its caller's goroutine.
func (s *Store) Keep(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		if err := s.Sweep(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("drops that are over could not be removed", "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// Sweep removes drops that are expired, that were never completed or that were taken
// by all who may, and what is left of those that were removed before. While the clock
// cannot be believed nothing is removed because of it: it is not given out any more,
// that is all.
func (s *Store) Sweep(ctx context.Context) error {
	s.sweeping.Lock()
	defer s.sweeping.Unlock()
	trusted := s.clock.look(s.now(), s.up())
	if err := s.refresh(ctx); err != nil {
		return err
	}
	if !trusted {
		return nil
	}
	var errs []error
	for _, d := range s.drops() {
		s.mu.Lock()
		why := d.over(s.now(), s.limits)
		s.mu.Unlock()
		switch {
		case why != "":
			errs = append(errs, s.remove(ctx, d.id, why))
		case d.downloads > 0 && s.mayBeTaken(d):
			errs = append(errs, s.removeIfTaken(ctx, d))
		}
	}
	return errors.Join(append(errs, s.sweepGone(ctx))...)
}

// drops returns what is known.
func (s *Store) drops() []*drop {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*drop, 0, len(s.known))
	for _, d := range s.known {
		all = append(all, d)
	}
	return all
}

// mayBeTaken tells whether it is worth a look who has taken a drop.
func (s *Store) mayBeTaken(d *drop) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return d.complete && (s.bucket.Shared() || d.lookedAt == 0 || len(d.slots) == d.downloads)
}

// sweepGone forgets what was removed long ago, once nothing is left of it.
func (s *Store) sweepGone(ctx context.Context) error {
	s.mu.Lock()
	var old []ID
	for id, at := range s.gone {
		if s.now().Sub(at) >= goneFor {
			old = append(old, id)
		}
	}
	s.mu.Unlock()
	for _, id := range old {
		if err := s.bucket.DeleteAll(ctx, dirOf(id)); err != nil {
			return s.broken(err)
		}
		if err := s.bucket.Delete(ctx, goneKey(id)); err != nil {
			return s.broken(err)
		}
		s.mu.Lock()
		delete(s.gone, id)
		s.mu.Unlock()
	}
	return nil
}

// Remove takes a drop away, for its owner; nobody gets anything of it any more.
func (s *Store) Remove(ctx context.Context, id ID, owner Secret) error {
	if _, err := s.owned(ctx, id, owner); err != nil {
		return err
	}
	return s.remove(ctx, id, whyRemoved)
}

// remove writes a tombstone, then takes away the record, without which nothing else
// counts, then the rest. Who is interrupted goes on at the next refresh.
func (s *Store) remove(ctx context.Context, id ID, why string) error {
	now := s.now().UTC()
	content := encode(tombstone{Why: why, At: now})
	_, err := s.bucket.Put(ctx, goneKey(id), int64(len(content)), bytes.NewReader(content), bucket.Condition{IfAbsent: true})
	if err != nil && !errors.Is(err, bucket.ErrExists) {
		return s.broken(err)
	}
	s.mu.Lock()
	if _, ok := s.gone[id]; !ok {
		s.gone[id] = now
	}
	s.mu.Unlock()
	return s.purge(ctx, id)
}

// purge takes away what a tombstone stands for.
func (s *Store) purge(ctx context.Context, id ID) error {
	s.forget(id)
	if s.bucket.Shared() { // others look at the record
		if err := s.bucket.Delete(ctx, recordKey(id)); err != nil {
			return s.broken(err)
		}
	}
	if err := s.bucket.DeleteAll(ctx, dirOf(id)); err != nil {
		return s.broken(err)
	}
	return nil
}

// refresh reads which drops there are: at the start, and whenever others may have
// changed something.
func (s *Store) refresh(ctx context.Context) error {
	began := s.up()
	gone, err := s.tombstones(ctx)
	if err != nil {
		return err
	}
	var unknown, remains []ID
	there := map[ID]bool{}
	for name, err := range s.bucket.Names(ctx, dropsDir) {
		if err != nil {
			return s.broken(err)
		}
		id, err := ParseID(name)
		if err != nil {
			continue // nobody of ours wrote it
		}
		there[id] = true
		s.mu.Lock()
		if _, ok := gone[id]; ok {
			remains = append(remains, id)
		} else if d := s.known[id]; d == nil || !d.complete && s.bucket.Shared() && d.hasEntered() {
			unknown = append(unknown, id) // or it may be complete by now
		}
		s.mu.Unlock()
	}
	s.mu.Lock()
	for id, at := range gone {
		s.gone[id] = at
	}
	for id, d := range s.known { // removed by others
		if _, ok := gone[id]; ok || !there[id] && d.seen < began && d.hasEntered() {
			s.forgetLocked(d)
		}
	}
	s.mu.Unlock()
	for _, id := range remains {
		if err := s.purge(ctx, id); err != nil {
			return err
		}
	}
	return s.loadAll(ctx, unknown)
}

// hasEntered tells whether a drop's record is written, if it ever is.
func (d *drop) hasEntered() bool {
	if d.entered == nil {
		return true
	}
	select {
	case <-d.entered:
		return true
	default:
		return false
	}
}

// tombstones returns those that are there, and since when.
func (s *Store) tombstones(ctx context.Context) (map[ID]time.Time, error) {
	gone := map[ID]time.Time{}
	for o, err := range s.bucket.List(ctx, goneDir) {
		if err != nil {
			return nil, s.broken(err)
		}
		if id, err := ParseID(strings.TrimPrefix(o.Key, path.Clean(goneDir)+"/")); err == nil {
			gone[id] = o.Modified
		}
	}
	return gone, nil
}

// loadAll reads drops, several at a time. One that cannot be read is left alone, and
// told of: it may be a newer version's. What has no record is what came too late for a
// removal.
func (s *Store) loadAll(ctx context.Context, ids []ID) error {
	var wg sync.WaitGroup
	var mu sync.Mutex
	var failed error
	tokens := make(chan struct{}, 16)
	for _, id := range ids {
		tokens <- struct{}{}
		wg.Go(func() {
			defer func() { <-tokens }()
			_, err := s.load(ctx, id)
			switch {
			case err == nil:
			case errors.Is(err, ErrNotFound):
				err = s.removeRemains(ctx, id)
			case errors.Is(err, ErrGone), errors.Is(err, fs.ErrNotExist): // a moment ago
				err = nil
			case errors.Is(err, ErrVersion), errors.Is(err, ErrDamaged):
				s.log.Warn("a drop is left alone", "error", err)
				err = nil
			}
			if err != nil {
				mu.Lock()
				failed = err
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if failed != nil {
		return fmt.Errorf("read drops: %w", failed)
	}
	return nil
}

// removeRemains removes what has no record, unless it is being begun just now.
func (s *Store) removeRemains(ctx context.Context, id ID) error {
	s.mu.Lock()
	known := s.known[id] != nil
	s.mu.Unlock()
	if known {
		return nil
	}
	for _, err := range s.bucket.List(ctx, dirOf(id)) {
		if err != nil {
			return s.broken(err)
		}
		return s.remove(ctx, id, whyRemains)
	}
	return nil // a directory that was made for a record, and no more: Begin may come again
}
