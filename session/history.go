package session

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/bmatcuk/doublestar/v4"
)

// A HistoryQuery says which finished transfers are wanted; its zero value means
// all of them.
type HistoryQuery struct {
	From, To time.Time // they ended at From or later, and before To; zero: at any time
	Peer     string    // what one of their places is called: Place.Target, or what that means in other processes
	Status   Status
	Glob     string // on the name of a source or the destination, or with a slash on its whole path
	Limit    int    // at most that many; 0: maxPage
	Offset   int    // without so many, the latest
}

// A Status is a way to be over.
type Status uint8

// The ways.
const (
	StatusAny       Status = iota
	StatusDone             // without a failure
	StatusFailed           // it, or an item of it
	StatusCancelled        // by a person
)

func (s Status) matches(t *Transfer) bool {
	switch s {
	case StatusDone:
		return t.State == StateDone && t.Failures == 0
	case StatusFailed:
		return tabOf(t.State, t.Failures) == TabFailed
	case StatusCancelled:
		return t.State == StateCancelled
	}
	return true
}

// Valid says what makes no sense in a query.
func (q HistoryQuery) Valid() error { return q.check() }

// check completes a query, and refuses one that makes no sense.
func (q *HistoryQuery) check() error {
	if q.Status > StatusCancelled || q.Limit < 0 || q.Offset < 0 {
		return newError(Invalid, Path{}, "no such history: status %d, limit %d, offset %d", q.Status, q.Limit, q.Offset)
	}
	if q.Glob != "" && !doublestar.ValidatePattern(q.Glob) {
		return newError(Invalid, Path{}, "%s is no glob", Display(q.Glob))
	}
	if q.Limit == 0 || q.Limit > maxPage {
		q.Limit = maxPage
	}
	return nil
}

// Match tells whether the glob matches one of Record.Names; a Store asks it,
// since its own globs are others.
func (q *HistoryQuery) Match(names []byte) bool {
	if q.Glob == "" {
		return true
	}
	whole := strings.Contains(q.Glob, "/")
	for raw := range strings.SplitSeq(string(names), "\x00") {
		name := Path{raw}.Base()
		if whole {
			name = "/" + raw
		}
		if ok, err := doublestar.Match(q.Glob, name); ok && err == nil {
			return true
		}
	}
	return false
}

// namesOf is Record.Names of a job.
func namesOf(j *Job) []byte {
	names := []byte(j.Destination.raw)
	for _, p := range j.Sources {
		names = append(append(names, 0), p.raw...)
	}
	return names
}

// History returns finished transfers, what ended last first. It may read the
// disk.
func (e *Engine) History(ctx context.Context, q HistoryQuery) ([]Transfer, error) {
	if err := q.check(); err != nil {
		return nil, err
	}
	e.await()
	if err := ctx.Err(); err != nil {
		return nil, about(Path{}, err)
	}
	e.mu.Lock()
	k := e.keeper
	e.mu.Unlock()
	recent := e.recent(k, q)
	if k == nil {
		return window(recent, q), nil
	}
	// What is not in the store yet comes from memory, what is there from it.
	q.Peer = e.lastingTarget(q.Peer)
	from := q
	from.Offset, from.Limit = 0, q.Offset+q.Limit
	if len(recent) == 0 {
		from = q
	}
	records, err := k.store.History(from)
	if err != nil {
		return nil, about(Path{}, err)
	}
	records = slices.DeleteFunc(records, func(r Record) bool {
		return slices.ContainsFunc(recent, func(t Transfer) bool { return t.ID == r.ID })
	})
	e.mu.Lock()
	defer e.mu.Unlock()
	old := e.describe(e.reviveLocked(records), time.Now())
	if len(recent) == 0 {
		return old, nil
	}
	return window(append(recent, old...), q), nil
}

func window(ts []Transfer, q HistoryQuery) []Transfer {
	ts = ts[min(q.Offset, len(ts)):]
	return ts[:min(q.Limit, len(ts))]
}

// recent returns what a query asks for and only the memory has, the latest
// first.
func (e *Engine) recent(k *keeper, q HistoryQuery) (out []Transfer) {
	var unsaved map[TransferID]bool
	if k != nil {
		k.await()
		unsaved = k.unsaved()
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	all := slices.Concat(e.past.ended[TabFailed], e.past.ended[TabDone])
	slices.SortFunc(all, func(a, b *queued) int { return cmp.Compare(b.ended, a.ended) })
	for _, t := range e.describe(all, time.Now()) {
		if (k == nil || unsaved[t.ID] || t.ID < 0) && e.matches(&q, &t) {
			out = append(out, t)
		}
	}
	return out
}

func (e *Engine) matches(q *HistoryQuery, t *Transfer) bool {
	return (q.From.IsZero() || !t.Finished.Before(q.From)) && (q.To.IsZero() || t.Finished.Before(q.To)) &&
		q.Status.matches(t) && q.Match(namesOf(&t.Job)) &&
		(q.Peer == "" || e.isCalled(t.Job.From, q.Peer) || e.isCalled(t.Job.To, q.Peer))
}
