package queuedb

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"time"

	"github.com/bargee/bargee/internal/journal"
	"github.com/bargee/bargee/session"
)

// A note is a transfer that is over, of a process that did not have the queue.
type note struct {
	Key      int64                 `json:"key"` // by chance, so that it is taken over once
	State    session.TransferState `json:"state"`
	Failed   bool                  `json:"failed,omitempty"` // it belongs to session.TabFailed
	Priority int                   `json:"priority"`
	Finished time.Time             `json:"finished"`
	From     string                `json:"from,omitempty"`
	To       string                `json:"to,omitempty"`
	Names    []byte                `json:"names"`
	Job      json.RawMessage       `json:"job"`
	Life     json.RawMessage       `json:"life"`
}

// maxNotes is how many bytes of them a file has; there are two.
const maxNotes = 16 << 20

func notesIn(dir string) *journal.File {
	return &journal.File{Path: filepath.Join(dir, "queue.past"), Most: maxNotes}
}

// Note keeps a transfer for the history of the queue in a directory (see
// session.EngineConfig.Past), and opens no database for that: whoever opens it next
// takes it over.
func Note(dir string, r *session.Record) error {
	line, err := json.Marshal(note{
		1 + rand.Int64N(1<<62), r.State, r.Tab == session.TabFailed, r.Priority, r.Finished.UTC(), r.From, r.To, r.Names, r.Job, r.Life,
	})
	if err != nil {
		return err
	}
	return notesIn(dir).Append(line)
}

// takeNotes takes over what was noted. What cannot be stays where it is; s.mu is held.
func (s *Store) takeNotes(ctx context.Context) {
	err := notesIn(filepath.Dir(s.path)).Drain(func(lines [][]byte) error { return s.addNotes(ctx, readNotes(lines)) })
	if err != nil {
		slog.Warn("what commands copied is not in the history yet", "error", err)
	}
}

// readNotes leaves out lines that were cut, or make no sense.
func readNotes(lines [][]byte) (notes []note) {
	for _, line := range lines {
		var n note
		if json.Unmarshal(line, &n) == nil && n.State.Over() && n.Priority >= 0 && n.Priority <= session.MaxPriority && !n.Finished.IsZero() {
			notes = append(notes, n)
		}
	}
	return notes
}

// addNotes adds those that are new behind all that ended before, all or none.
func (s *Store) addNotes(ctx context.Context, notes []note) error {
	var taken, id, ended int64
	for query, into := range map[string]*int64{
		"SELECT coalesce(sum(value), 0) FROM settings WHERE name='noted'": &taken,
		"SELECT coalesce(max(seq), 0) FROM sqlite_sequence":               &id,
		"SELECT coalesce(max(ended), 0) FROM transfers WHERE tab > 0":     &ended,
	} {
		if err := s.conn.QueryRowContext(ctx, query).Scan(into); err != nil {
			return err
		}
	}
	if i := slices.IndexFunc(notes, func(n note) bool { return n.Key == taken }); i >= 0 {
		notes = notes[i+1:] // who took them ended before they were removed
	}
	if len(notes) == 0 {
		return nil
	}
	return s.inOne(ctx, func() error {
		for i := range notes {
			id, ended = id+1, ended+1
			if err := s.write(ctx, notes[i].record(session.TransferID(id), ended)); err != nil {
				return fmt.Errorf("note %d: %w", i, err)
			}
		}
		return s.set(ctx, "noted", notes[len(notes)-1].Key)
	})
}

func (n *note) record(id session.TransferID, ended int64) *session.Record {
	r := &session.Record{
		Row:  session.Row{ID: id, State: n.State, Tab: session.TabDone, Priority: n.Priority, Ended: ended},
		From: n.From, To: n.To, Names: n.Names, Job: n.Job, Life: n.Life, Finished: n.Finished,
	}
	if n.Failed {
		r.Tab = session.TabFailed
	}
	return r
}
