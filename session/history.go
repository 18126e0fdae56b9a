package session

import (
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
	Peer     string    // what one of their places is called (Place.Target)
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

// matchesJob tells whether the glob matches a source or the destination.
func (q *HistoryQuery) matchesJob(j *Job) bool {
	if q.Glob == "" {
		return true
	}
	whole := strings.Contains(q.Glob, "/")
	for _, p := range append([]Path{j.Destination}, j.Sources...) {
		name := p.Base()
		if whole {
			name = "/" + p.raw
		}
		if ok, err := doublestar.Match(q.Glob, name); ok && err == nil {
			return true
		}
	}
	return false
}

// History returns finished transfers, what ended last first. It may read the
// disk.
func (e *Engine) History(ctx context.Context, q HistoryQuery) ([]Transfer, error) {
	if err := q.check(); err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	all := slices.Concat(e.past.failed, e.past.done)
	slices.SortStableFunc(all, func(a, b *queued) int { return b.finished.Compare(a.finished) })
	var out []Transfer
	for _, t := range e.describe(all) {
		if !e.matches(&q, &t) {
			continue
		}
		if q.Offset > 0 {
			q.Offset--
			continue
		}
		if out = append(out, t); len(out) == q.Limit {
			break
		}
	}
	return out, ctx.Err()
}

func (e *Engine) matches(q *HistoryQuery, t *Transfer) bool {
	return (q.From.IsZero() || !t.Finished.Before(q.From)) && (q.To.IsZero() || t.Finished.Before(q.To)) &&
		q.Status.matches(t) && q.matchesJob(&t.Job) &&
		(q.Peer == "" || e.targetOf(t.Job.From) == q.Peer || e.targetOf(t.Job.To) == q.Peer)
}

// targetOf returns what a place was connected as, "" for Here; e.mu is held.
func (e *Engine) targetOf(id PlaceID) string {
	for _, p := range e.places {
		if p.id == id {
			return p.target
		}
	}
	return ""
}
