package session

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"time"
)

// What a Store keeps for the engine: JSON whose names stay what they are, since
// a queue outlives the version that wrote it. What is added to it is absent in
// older records, and has to make sense as zero.

// MarshalText writes a path as "/" and what Raw returns; one that is not UTF-8
// as "=" and that in base64.
func (p Path) MarshalText() ([]byte, error) {
	if strings.ToValidUTF8(p.raw, "") == p.raw {
		return []byte("/" + p.raw), nil
	}
	return []byte("=" + base64.StdEncoding.EncodeToString([]byte(p.raw))), nil
}

// UnmarshalText reads what MarshalText wrote, and refuses what is no path.
func (p *Path) UnmarshalText(b []byte) (err error) {
	raw, plain := strings.CutPrefix(string(b), "/")
	if !plain {
		text, ok := strings.CutPrefix(raw, "=")
		decoded, err := base64.StdEncoding.DecodeString(text)
		if !ok || err != nil {
			return newError(BadName, Path{}, "not a path: %w", errors.Join(ErrPath, err))
		}
		raw = string(decoded)
	}
	*p, err = parseClean(raw)
	return err
}

type storedJob struct {
	Sources     []Path  `json:"sources"`
	Destination Path    `json:"destination"`
	Into        bool    `json:"into,omitempty"`
	Exact       bool    `json:"exact,omitempty"`
	Move        bool    `json:"move,omitempty"`
	Sync        bool    `json:"sync,omitempty"`
	Only        []Path  `json:"only,omitempty"`
	Options     Options `json:"options"`
}

type storedError struct {
	Kind  Kind   `json:"kind"`
	Side  Side   `json:"side,omitempty"`
	Path  Path   `json:"path"`
	Words string `json:"words"`
}

type storedItem struct {
	Path   Path         `json:"path"`
	Name   Path         `json:"name"`
	Kind   EntryKind    `json:"kind,omitempty"`
	Size   int64        `json:"size,omitempty"`
	Result Result       `json:"result"`
	Err    *storedError `json:"error,omitempty"`
}

// storedLife is what changes while a transfer is in the queue.
type storedLife struct {
	Err      *storedError `json:"error,omitempty"`
	Attempt  int          `json:"attempt,omitempty"`
	Queued   int64        `json:"queued,omitempty"` // nanoseconds since 1970
	Started  int64        `json:"started,omitempty"`
	Finished int64        `json:"finished,omitempty"`
	Limit    int64        `json:"limit,omitempty"`
	Rule     *Rule        `json:"rule,omitempty"`
	Removing bool         `json:"removing,omitempty"` // of a move: see queued
	Counts   storedCounts `json:"counts,omitzero"`
	Failed   []storedItem `json:"failed,omitempty"`

	Types map[string]typeCount `json:"types,omitempty"`
}

type storedCounts struct {
	Files     int64 `json:"files,omitempty"`
	Dirs      int64 `json:"dirs,omitempty"`
	Bytes     int64 `json:"bytes,omitempty"`
	Counted   bool  `json:"counted,omitempty"`
	FilesDone int64 `json:"done,omitempty"`
	Verified  int64 `json:"verified,omitempty"`
	Sent      int64 `json:"sent,omitempty"`
	Wire      int64 `json:"wire,omitempty"`
	Reused    int64 `json:"reused,omitempty"`
	Skipped   int64 `json:"skipped,omitempty"`
	Failures  int64 `json:"failures,omitempty"`
}

func storeError(err error) *storedError {
	if err == nil {
		return nil
	}
	e := about(Path{}, err)
	return &storedError{e.Kind, e.Side, e.Path, e.Err.Error()}
}

func (s *storedError) restore() error {
	if s == nil {
		return nil
	}
	return &Error{Kind: s.Kind, Side: s.Side, Path: s.Path, Err: errors.New(s.Words)}
}

func storeTime(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func restoreTime(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n)
}

func storeJob(j *Job) ([]byte, error) {
	s := storedJob{j.Sources, j.Destination, j.Into, j.Exact, j.Move, j.Sync, j.only, j.Options}
	if j.Sync {
		s.Only = nil // it may be long, and nobody goes on with it
	}
	return json.Marshal(s)
}

// restoreJob reads what storeJob wrote; the places are the caller's.
func restoreJob(b []byte) (Job, error) {
	var s storedJob
	if err := json.Unmarshal(b, &s); err != nil {
		return Job{}, err
	}
	if len(s.Sources) == 0 {
		return Job{}, errors.New("a job without sources")
	}
	return Job{Sources: s.Sources, Destination: s.Destination, Into: s.Into, Exact: s.Exact, Move: s.Move, Sync: s.Sync, only: s.Only, Options: s.Options}, nil
}

// storeLife describes a transfer; t is its snapshot.
func storeLife(t *Transfer, removing bool) ([]byte, error) {
	l := storedLife{
		Err: storeError(t.Err), Attempt: t.Attempt, Queued: storeTime(t.Queued), Started: storeTime(t.Started), Finished: storeTime(t.Finished),
		Limit: t.Job.Options.Limit, Rule: t.Rule, Removing: removing,
		Counts: storedCounts{t.Files, t.Dirs, t.Bytes, t.Counted, t.FilesDone, t.Verified, t.Sent, t.Wire, t.Reused, t.Skipped, t.Failures},
	}
	l.Types = typesToStore(t.Types)
	for _, it := range t.Failed {
		l.Failed = append(l.Failed, storedItem{it.Path, it.Name, it.Kind, it.Size, it.Result, storeError(it.Err)})
	}
	return json.Marshal(l)
}

// restore gives q what was stored of its life.
func (l *storedLife) restore(q *queued) {
	q.err, q.attempt, q.removing = l.Err.restore(), l.Attempt, l.Removing
	q.queued, q.started, q.finished = restoreTime(l.Queued), restoreTime(l.Started), restoreTime(l.Finished)
	q.limit.set(l.Limit)
	q.asking.rule = l.Rule
	c, t := &l.Counts, &q.ledger.t
	q.ledger.restored = true
	t.Files, t.Dirs, t.Bytes, t.Counted, t.FilesDone = c.Files, c.Dirs, c.Bytes, c.Counted, c.FilesDone
	q.ledger.types = l.Types
	t.Verified, t.Sent, t.Wire, t.Reused, t.Skipped, t.Failures = c.Verified, c.Sent, c.Wire, c.Reused, c.Skipped, c.Failures
	for _, it := range l.Failed {
		t.Failed = append(t.Failed, Item{Path: it.Path, Name: it.Name, Kind: it.Kind, Size: it.Size, Result: it.Result, Err: it.Err.restore()})
	}
}
