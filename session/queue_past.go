package session

import (
	"errors"
	"time"
)

// What a transfer was that is over, and that no store keeps, is told to
// EngineConfig.Past.

// errSynced is why what a sync copied is not copied by itself: deletions, filters and
// renames are the sync's.
var errSynced = &Error{Kind: Invalid, Err: errors.New("it is of a sync: sync again goes on with it")}

// notePast notes q for that, if it is such a one; e.mu is held.
func (e *Engine) notePast(q *queued) {
	switch {
	case e.cfg.Past == nil || !q.state.Over() || q.detail == nil:
		return
	case e.keeper != nil && q.id > 0: // it is in the store
		return
	case q.leaving || q.job.Options.DryRun:
		return
	}
	r, err := e.newRecord(q)
	if err != nil {
		return
	}
	t := q.snapshot(time.Now())
	if r.Life, err = storeLife(&t, q.removing); err != nil {
		return
	}
	r.ID, r.Ended, r.Place, r.Foreground = 0, 0, 0, false
	r.Finished = q.finished
	e.due = append(e.due, *r)
}

// tellPast tells of what was noted.
func (e *Engine) tellPast() {
	if e.cfg.Past == nil {
		return
	}
	e.telling.Lock()
	defer e.telling.Unlock()
	e.mu.Lock()
	due := e.due
	e.due = nil
	e.mu.Unlock()
	for _, r := range due {
		e.cfg.Past(r)
	}
}
