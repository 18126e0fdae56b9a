package cli

import (
	"context"
	"errors"
	"io/fs"
	"sync"
	"time"

	"github.com/bargee/bargee/relay/bucket"
)

// How a bucket that is somewhere else is looked after.
const (
	awayFirst = 10 * time.Second // for it, when the relay starts: then it starts without
	awayTry   = 3 * time.Second  // between two tries, while it is away
	awayLook  = 5 * time.Second  // while it is there
)

// openFirst opens what is kept. A bucket somewhere else that cannot be reached now, of
// a machine that boots later or a network that is not up, is no reason not to start:
// the relay forwards without it, and tend opens it when it is there. What a person has
// to mend, a name or a key that is wrong, is an error.
func (s *relayStore) openFirst(ctx context.Context, elsewhere bool) error {
	if !elsewhere {
		return s.open(ctx)
	}
	short, cancel := context.WithTimeout(ctx, awayFirst)
	defer cancel()
	err := s.open(short)
	if err == nil || errors.Is(err, bucket.ErrRefused) || !errors.Is(err, bucket.ErrUnavailable) && short.Err() == nil {
		return err
	}
	s.absence.noted(err)
	return nil
}

// tend opens what was away at the start, does what is to be done with it, and looks
// from time to time whether it is there.
func (s *relayStore) tend(ctx context.Context) {
	for s.bucket == nil {
		if !wait(ctx, awayTry) {
			return
		}
		if err := s.open(ctx); ctx.Err() == nil {
			s.absence.noted(err)
		}
	}
	s.wait.Go(func() { s.drops.Keep(ctx) })
	s.wait.Go(func() { _, _ = s.blobs.Recover(ctx) }) // what it does not reach now is for the next start
	if !s.bucket.Shared() {
		return
	}
	for wait(ctx, s.absence.pause()) {
		_, err := s.bucket.Stat(ctx, "probe")
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		if ctx.Err() == nil {
			s.absence.noted(err)
		}
	}
}

// wait tells whether ctx has not ended meanwhile.
func wait(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// health is an error while what the relay keeps is away. Everybody may see it: the log
// says more.
func (s *relayStore) health() error {
	if s == nil || s.absence.pause() == awayLook {
		return nil
	}
	return errAway
}

var errAway = errors.New("what the relay keeps is away: it forwards, and stores nothing")

type awayState int

const (
	there awayState = iota
	unreached
	refused
)

// An absence is whether a bucket is away, and tells of it when that changes.
type absence struct {
	log  *roleLog
	note func(error) // may be nil

	mu    sync.Mutex
	state awayState
	since time.Time
	last  error
}

// noted takes what a try to reach the bucket came to.
func (a *absence) noted(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	was := a.state
	switch {
	case err == nil:
		a.state = there
	case errors.Is(err, bucket.ErrRefused):
		a.state = refused
	default:
		a.state = unreached
	}
	switch {
	case a.state == was:
	case a.state == there:
		a.log.Info("what the relay keeps can be reached again", "away_s", int(time.Since(a.since).Seconds()))
	default:
		if was == there {
			a.since = time.Now()
		}
		a.log.Error("what the relay keeps cannot be reached: it forwards, and stores nothing until that is back", "reason", oneLine(err.Error()))
		if a.last = err; a.note != nil {
			a.note(err)
		}
	}
}

// noteTo has note hear what was noted, and is to be.
func (a *absence) noteTo(note func(error)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.note = note; a.last != nil {
		note(a.last)
	}
}

// pause is how long to wait before the next look.
func (a *absence) pause() time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.state != there {
		return awayTry
	}
	return awayLook
}
