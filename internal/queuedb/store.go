package queuedb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/bargee/bargee/session"
)

// A Store is a queue in a file. It owns a goroutine, which makes backups; Close
// ends it.
type Store struct {
	path    string
	now     func() time.Time
	notices []string
	most    int // finished transfers that are kept

	stop    chan struct{}
	stopped chan struct{}

	mu        sync.Mutex // of all that follows, and of the connection
	unchecked bool       // the file was too large to be checked at the start
	damaged   error      // what the check found: nothing is written any more
	db        *sql.DB
	conn      *sql.Conn
	page      pageEnd // of the last look at the history
	insert    *sql.Stmt
	row       *sql.Stmt
	life      *sql.Stmt
	changes   bool // something was written that no backup has
}

var _ session.Store = (*Store)(nil)

// mostPast is how many finished transfers are kept.
const mostPast = 100_000

// The statements of Write.
const (
	insertTransfer = `INSERT OR REPLACE INTO transfers
		(id, tab, state, foreground, priority, place, ended, from_target, to_target, names, job, life, finished)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	updateRow  = `UPDATE transfers SET tab=?2, state=?3, foreground=?4, priority=?5, place=?6, ended=?7 WHERE id=?1`
	updateLife = `UPDATE transfers SET tab=?2, state=?3, foreground=?4, priority=?5, place=?6, ended=?7, life=?8, finished=?9 WHERE id=?1`
)

// prepare prepares the statements that are used most.
func (s *Store) prepare(ctx context.Context) (err error) {
	for text, into := range map[string]**sql.Stmt{insertTransfer: &s.insert, updateRow: &s.row, updateLife: &s.life} {
		if *into, err = s.conn.PrepareContext(ctx, text); err != nil {
			return err
		}
	}
	return nil
}

// Write implements session.Store.
func (s *Store) Write(changes []session.Record, set *session.Settings) error {
	ctx := context.Background()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.damaged != nil {
		return s.damaged
	}
	return s.inOne(ctx, func() error {
		for i := range changes {
			if err := s.write(ctx, &changes[i]); err != nil {
				return fmt.Errorf("transfer %d: %w", changes[i].ID, err)
			}
		}
		if set == nil {
			return nil
		}
		for name, value := range map[string]int64{"concurrency": int64(set.Concurrency), "send": set.Send, "receive": set.Receive} {
			if err := s.set(ctx, name, value); err != nil {
				return err
			}
		}
		return nil
	})
}

// inOne makes all changes of do, or none; s.mu is held.
func (s *Store) inOne(ctx context.Context, do func() error) error {
	if _, err := s.conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	s.changes = true
	err := do()
	if err == nil {
		_, err = s.conn.ExecContext(ctx, "COMMIT")
	}
	if err != nil {
		_, _ = s.conn.ExecContext(ctx, "ROLLBACK")
	}
	return err
}

func (s *Store) set(ctx context.Context, name string, value int64) error {
	_, err := s.conn.ExecContext(ctx, "INSERT OR REPLACE INTO settings VALUES (?, ?)", name, value)
	return err
}

func (s *Store) write(ctx context.Context, r *session.Record) (err error) {
	if r.Forget {
		_, err = s.conn.ExecContext(ctx, "DELETE FROM transfers WHERE id=?; DELETE FROM answers WHERE transfer=?", r.ID, r.ID)
		return err
	}
	row := []any{int64(r.ID), int64(r.Tab), int64(r.State), r.Foreground, int64(r.Priority), r.Place, r.Ended}
	switch {
	case r.Job != nil:
		_, err = s.insert.ExecContext(ctx, append(row, r.From, r.To, some(r.Names), r.Job, some(r.Life), stamp(r.Finished))...)
	case r.Life != nil:
		_, err = s.life.ExecContext(ctx, append(row, r.Life, stamp(r.Finished))...)
	default:
		_, err = s.row.ExecContext(ctx, row...)
	}
	if err == nil && r.Tab == session.TabDone {
		_, err = s.conn.ExecContext(ctx, "DELETE FROM answers WHERE transfer=?", r.ID)
	}
	for _, a := range r.Answers {
		if err == nil {
			_, err = s.conn.ExecContext(ctx, "INSERT OR REPLACE INTO answers VALUES (?, ?, ?)", r.ID, a.Key[:], int64(a.Decision))
		}
	}
	return err
}

// some makes an empty value of none: the column takes no NULL.
func some(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

func stamp(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

// Restore implements session.Store.
func (s *Store) Restore() (*session.Restored, error) {
	ctx := context.Background()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.takeNotes(ctx)
	if err := s.trim(ctx); err != nil {
		return nil, err
	}
	r := &session.Restored{Notices: s.notices}
	active, err := s.rows(ctx, "SELECT id, state, foreground, priority, place, 0 FROM transfers INDEXED BY turns WHERE tab = 0 ORDER BY priority DESC, place, id", session.TabActive)
	if err != nil {
		return nil, err
	}
	r.Active = active
	r.Counts[session.TabActive] = len(active)
	for _, tab := range []session.Tab{session.TabFailed, session.TabDone} {
		if err := s.conn.QueryRowContext(ctx, "SELECT count(*) FROM transfers WHERE tab > 0 AND tab = ?", int64(tab)).Scan(&r.Counts[tab]); err != nil {
			return nil, err
		}
	}
	for query, into := range map[string]*int64{
		"SELECT coalesce(max(seq), 0) FROM sqlite_sequence":                 (*int64)(&r.LastID),
		"SELECT coalesce(max(ended), 0) FROM transfers WHERE tab > 0":       &r.LastEnded,
		"SELECT coalesce(sum(value), 0) FROM settings WHERE name='send'":    &r.Settings.Send,
		"SELECT coalesce(sum(value), 0) FROM settings WHERE name='receive'": &r.Settings.Receive,
	} {
		if err := s.conn.QueryRowContext(ctx, query).Scan(into); err != nil {
			return nil, err
		}
	}
	err = s.conn.QueryRowContext(ctx, "SELECT coalesce(sum(value), 0) FROM settings WHERE name='concurrency'").Scan(&r.Settings.Concurrency)
	return r, err
}

// trim forgets the oldest of what is finished.
func (s *Store) trim(ctx context.Context) error {
	var bound int64
	err := s.conn.QueryRowContext(ctx, "SELECT ended FROM transfers WHERE tab > 0 ORDER BY ended DESC LIMIT 1 OFFSET ?", s.most).Scan(&bound)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err == nil {
		_, err = s.conn.ExecContext(ctx, `BEGIN IMMEDIATE;
			DELETE FROM answers WHERE transfer IN (SELECT id FROM transfers WHERE tab > 0 AND ended <= ?1);
			DELETE FROM transfers WHERE tab > 0 AND ended <= ?1;
			COMMIT`, bound)
	}
	return err
}

// Rows implements session.Store.
func (s *Store) Rows(tab session.Tab) ([]session.Row, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rows(context.Background(), "SELECT id, state, foreground, priority, place, ended FROM transfers WHERE tab = ?", tab, int64(tab))
}

// rows reads rows past database/sql, which takes twice the time for the many
// small ones of a long queue.
func (s *Store) rows(ctx context.Context, query string, tab session.Tab, args ...int64) (out []session.Row, err error) {
	values := make([]driver.NamedValue, len(args))
	for i, a := range args {
		values[i] = driver.NamedValue{Ordinal: i + 1, Value: a}
	}
	err = s.conn.Raw(func(c any) error {
		q, ok := c.(driver.QueryerContext)
		if !ok {
			return errors.ErrUnsupported
		}
		rows, err := q.QueryContext(ctx, query, values)
		if err != nil {
			return err
		}
		defer rows.Close()
		for v := make([]driver.Value, 6); ; {
			if err := rows.Next(v); err == io.EOF {
				return nil
			} else if err != nil {
				return err
			}
			var n [6]int64
			for i := range v {
				if n[i], ok = v[i].(int64); !ok {
					return fmt.Errorf("column %d is no number: %w", i, errForeign)
				}
			}
			out = append(out, session.Row{
				ID: session.TransferID(n[0]), State: session.TransferState(n[1]), Tab: tab, Foreground: n[2] != 0,
				Priority: int(n[3]), Place: n[4], Ended: n[5],
			})
		}
	})
	return out, err
}
