package blobs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"
)

// A part is an upload in pieces that is not complete: a file in the scratch whose name
// says what it is to become.
type part struct {
	digest  Digest
	total   int64
	account string
	busy    bool
}

// partAge is how long an upload may be left alone before it is given up.
const partAge = 24 * time.Hour

// partName tells who uploads what by digest, size and account, so that nobody goes on
// with another one's bytes. The account is in it as it is counted.
func partName(who Who, d Digest, total int64) string {
	return fmt.Sprintf("part-%s-%d-%x", d, total, who.Account)
}

func parsePart(name string) (*part, bool) {
	words := strings.Split(name, "-")
	if len(words) != 4 || words[0] != "part" {
		return nil, false
	}
	p := new(part)
	var account []byte
	total, err := strconv.ParseInt(words[2], 10, 64)
	if err != nil || total < 0 || p.digest.UnmarshalText([]byte(words[1])) != nil {
		return nil, false
	}
	if n, err := fmt.Sscanf(words[3], "%x", &account); words[3] != "" && (err != nil || n != 1) {
		return nil, false
	}
	p.total, p.account = total, string(account)
	return p, true
}

// findParts finds the uploads that an earlier run began. Bodies that were spooled are
// nobody's any more.
func (s *Store) findParts() error {
	dir, err := s.scratch.Open(".")
	if err != nil {
		return err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return err
	}
	for _, name := range names {
		if strings.HasPrefix(name, "body-") {
			err = errors.Join(err, s.scratch.Remove(name))
		} else if p, ok := parsePart(name); ok {
			s.parts[name] = p
			s.quota.Count(p.account, p.total)
		}
	}
	return err
}

// Piece stores the bytes from first to last (exclusive) of a blob of total bytes, which
// follow what is there, and returns how many are there now. With the last of them the
// blob is stored, and done is true. What came of a piece that broke off counts.
func (s *Store) Piece(ctx context.Context, who Who, d Digest, first, last, total int64, r io.Reader, a Attributes) (received int64, i Info, done bool, err error) {
	if i, err := s.Info(ctx, d); !errors.Is(err, ErrNotFound) {
		return i.Size, i, err == nil, err
	}
	name := partName(who, d, total)
	p, err := s.hold(ctx, who, name, &part{digest: d, total: total, account: who.Account, busy: true})
	if err != nil {
		return 0, i, false, err
	}
	defer s.let(p)
	f, err := s.scratch.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return 0, i, false, err
	}
	defer f.Close()
	received, err = f.Seek(0, io.SeekEnd)
	if err != nil || received != first {
		return received, i, false, errors.Join(err, ErrOffset)
	}
	n, err := io.Copy(f, io.LimitReader(r, last-first))
	received += n
	if kept := f.Sync(); err == nil {
		err = kept
	}
	if err == nil && received != last {
		err = fmt.Errorf("%w: the piece is shorter than it says", ErrInvalid)
	}
	if err != nil || received < total {
		return received, i, false, err
	}
	i, err = s.assemble(ctx, who, name, p, f, a)
	return received, i, err == nil, err
}

// assemble makes a blob of an upload that is complete. One that is not what it should
// be is thrown away: nobody knows which of its pieces is wrong.
func (s *Store) assemble(ctx context.Context, who Who, name string, p *part, f *os.File, a Attributes) (Info, error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return Info{}, err
	}
	s.drop(name, p) // what it has reserved is for the blob now
	i, _, err := s.Put(ctx, who, p.digest, p.total, f, a)
	if err == nil || errors.Is(err, ErrMismatch) {
		if gone := s.scratch.Remove(name); err == nil && !errors.Is(gone, fs.ErrNotExist) {
			err = gone
		}
		return i, err
	}
	s.mu.Lock() // it may be tried again
	s.parts[name] = p
	s.quota.Count(p.account, p.total)
	s.mu.Unlock()
	return i, err
}

// Received tells how much there is of an upload in pieces; all of it if the blob is
// there.
func (s *Store) Received(ctx context.Context, who Who, d Digest, total int64) (int64, bool, error) {
	if i, err := s.Info(ctx, d); !errors.Is(err, ErrNotFound) {
		return i.Size, err == nil, err
	}
	fi, err := s.scratch.Stat(partName(who, d, total))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	return fi.Size(), false, nil
}

// hold has an upload for one request alone, until let. A new one reserves all of its
// bytes.
func (s *Store) hold(ctx context.Context, who Who, name string, fresh *part) (*part, error) {
	s.mu.Lock()
	if p := s.parts[name]; p != nil {
		defer s.mu.Unlock()
		if p.busy {
			return nil, ErrBusy
		}
		p.busy = true
		return p, nil
	}
	s.mu.Unlock()
	if err := s.reserve(ctx, who, fresh.total); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.parts[name] != nil { // somebody was faster
		s.quota.Count(who.Account, -fresh.total)
		return nil, ErrBusy
	}
	s.parts[name] = fresh
	return fresh, nil
}

func (s *Store) let(p *part) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.busy = false
}

// drop has an upload no more.
func (s *Store) drop(name string, p *part) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.parts[name] == p {
		delete(s.parts, name)
		s.quota.Count(p.account, -p.total)
	}
}

// sweepParts gives up what was left alone.
func (s *Store) sweepParts(now time.Time) (err error) {
	s.mu.Lock()
	var idle []string
	for name, p := range s.parts {
		if !p.busy {
			idle = append(idle, name)
		}
	}
	s.mu.Unlock()
	for _, name := range idle {
		fi, wrong := s.scratch.Stat(name)
		if wrong == nil && now.Sub(fi.ModTime()) < partAge {
			continue
		}
		s.mu.Lock()
		p := s.parts[name]
		mine := p != nil && !p.busy
		if mine {
			delete(s.parts, name)
			s.quota.Count(p.account, -p.total)
		}
		s.mu.Unlock()
		if mine {
			err = errors.Join(err, s.scratch.Remove(name))
		}
	}
	return err
}
