package blobs

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"path"
	"sort"
	"time"

	"github.com/bargee/bargee/relay/bucket"
)

// look reads the index anew.
func (s *Store) look(ctx context.Context) error {
	index := map[Digest]Info{}
	for o, err := range s.cfg.Bucket.List(ctx, path.Join("about", s.cfg.Hash)) {
		if err != nil {
			return err
		}
		var d Digest
		if d.UnmarshalText([]byte(path.Base(o.Key))) != nil || o.Key != s.infoKey(d) {
			continue // not ours
		}
		i, err := s.readInfo(ctx, o.Key)
		switch {
		case errors.Is(err, fs.ErrNotExist): // removed meanwhile
		case errors.Is(err, bucket.ErrUnavailable), errors.Is(err, bucket.ErrRefused), ctx.Err() != nil:
			return err
		case err != nil || i.Digest != d || i.Size < 0:
			// Damaged: it says nothing about any blob. Who stores it again mends that.
		default:
			index[d] = i
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, old := range s.index {
		s.quota.Count(old.Account, -old.Size)
	}
	for _, i := range index {
		s.quota.Count(i.Account, i.Size)
	}
	s.index = index
	return nil
}

// add has a blob in the index.
func (s *Store) add(i Info) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old, ok := s.index[i.Digest]; ok {
		s.quota.Count(old.Account, -old.Size)
	}
	s.index[i.Digest] = i
	s.quota.Count(i.Account, i.Size)
}

func (s *Store) forget(d Digest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old, ok := s.index[d]; ok {
		s.quota.Count(old.Account, -old.Size)
		delete(s.index, d)
	}
}

// A Filter says which blobs are listed.
type Filter struct {
	Tags    []string // all of them
	Account string   // "" is any
	After   Digest   // those that follow it, in order of digests
	Limit   int      // at most; 0 is all
}

// List lists blobs in the order of their digests; more tells that there are others.
func (s *Store) List(f Filter) (list []Info, more bool) {
	now := s.cfg.Now()
	s.mu.Lock()
	for _, i := range s.index {
		if !i.expired(now) && i.HasTags(f.Tags) && (f.Account == "" || f.Account == i.Account) && bytes.Compare(i.Digest[:], f.After[:]) > 0 {
			list = append(list, i)
		}
	}
	s.mu.Unlock()
	sort.Slice(list, func(i, j int) bool { return bytes.Compare(list[i].Digest[:], list[j].Digest[:]) < 0 })
	if f.Limit > 0 && len(list) > f.Limit {
		return list[:f.Limit], true
	}
	return list, false
}

// Usage is what a Store has.
type Usage struct {
	Blobs    int              `json:"blobs"`
	Bytes    int64            `json:"bytes"`
	Accounts map[string]int64 `json:"accounts,omitempty"` // bytes
}

// Usage counts.
func (s *Store) Usage() Usage {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := Usage{Blobs: len(s.index), Accounts: map[string]int64{}}
	for _, i := range s.index {
		u.Bytes += i.Size
		u.Accounts[i.Account] += i.Size
	}
	return u
}

// orphanAge is how old bytes are that nothing is said about when they are removed:
// older than any upload can be.
const orphanAge = 24 * time.Hour

// Sweep removes what has expired or was left behind, and looks again at what others
// share. It returns how many blobs expired.
func (s *Store) Sweep(ctx context.Context) (expired int, err error) {
	if s.cfg.Bucket.Shared() {
		if err := s.look(ctx); err != nil {
			return 0, err
		}
	}
	now := s.cfg.Now()
	var over []Digest
	s.mu.Lock()
	for d, i := range s.index {
		if i.expired(now) {
			over = append(over, d)
		}
	}
	s.mu.Unlock()
	for _, d := range over {
		if s.take(d) != nil {
			continue // the next time
		}
		err := s.remove(ctx, d)
		s.give(d)
		if err != nil {
			return expired, err
		}
		expired++
	}
	return expired, s.sweepParts(now)
}

// Recover removes bytes that nothing is said about: of an upload or a removal that a
// crash cut short. It is for the start, and for a quiet hour.
func (s *Store) Recover(ctx context.Context) (removed int, err error) {
	now := s.cfg.Now()
	for o, err := range s.cfg.Bucket.List(ctx, path.Join("blobs", s.cfg.Hash)) {
		if err != nil {
			return removed, err
		}
		var d Digest
		if d.UnmarshalText([]byte(path.Base(o.Key))) != nil || now.Sub(o.Modified) < orphanAge && s.cfg.Bucket.Shared() {
			continue
		}
		if _, err := s.Info(ctx, d); !errors.Is(err, ErrNotFound) || s.take(d) != nil {
			continue
		}
		_, err = s.cfg.Bucket.Stat(ctx, s.infoKey(d)) // which may be expired, or damaged
		if errors.Is(err, fs.ErrNotExist) {
			err = s.cfg.Bucket.Delete(ctx, o.Key)
			removed++
		}
		s.give(d)
		if err != nil {
			return removed, err
		}
	}
	return removed, nil
}
