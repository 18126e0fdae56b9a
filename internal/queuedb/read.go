package queuedb

import (
	"context"
	"database/sql"
	"math"
	"strings"
	"time"

	"github.com/bargee/bargee/session"
)

const columns = "id, tab, state, foreground, priority, place, ended, finished, from_target, to_target, names, job, life"

// scan reads a record; cursor is at a row of columns.
func scan(cursor *sql.Rows) (r session.Record, err error) {
	var finished int64
	err = cursor.Scan(&r.ID, &r.Tab, &r.State, &r.Foreground, &r.Priority, &r.Place, &r.Ended, &finished, &r.From, &r.To, &r.Names, &r.Job, &r.Life)
	if finished != 0 {
		r.Finished = time.Unix(0, finished)
	}
	return r, err
}

// records reads those of a query that keep takes; what keep says last is
// whether there is enough.
func (s *Store) records(ctx context.Context, keep func(*session.Record) (take, enough bool), query string, args ...any) (out []session.Record, err error) {
	cursor, err := s.conn.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer cursor.Close()
	for cursor.Next() {
		r, err := scan(cursor)
		if err != nil {
			return nil, err
		}
		take, enough := keep(&r)
		if take {
			out = append(out, r)
		}
		if enough {
			return out, nil
		}
	}
	return out, cursor.Err()
}

func all(*session.Record) (take, enough bool) { return true, false }

// Load implements session.Store.
func (s *Store) Load(ids []session.TransferID) (out []session.Record, err error) {
	ctx := context.Background()
	s.mu.Lock()
	defer s.mu.Unlock()
	const most = 500 // parameters of a statement
	for len(ids) > 0 {
		n := min(len(ids), most)
		args := make([]any, n)
		for i, id := range ids[:n] {
			args[i] = int64(id)
		}
		in := " IN (?" + strings.Repeat(", ?", n-1) + ")"
		some, err := s.records(ctx, all, "SELECT "+columns+" FROM transfers WHERE id"+in, args...)
		if err != nil {
			return nil, err
		}
		if err := s.answers(ctx, some, "SELECT transfer, key, decision FROM answers WHERE transfer"+in, args...); err != nil {
			return nil, err
		}
		out, ids = append(out, some...), ids[n:]
	}
	return out, nil
}

// answers gives records the answers that a query finds.
func (s *Store) answers(ctx context.Context, records []session.Record, query string, args ...any) error {
	byID := make(map[session.TransferID]*session.Record, len(records))
	for i := range records {
		byID[records[i].ID] = &records[i]
	}
	cursor, err := s.conn.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer cursor.Close()
	for cursor.Next() {
		var id session.TransferID
		var key []byte
		var a session.Answer
		if err := cursor.Scan(&id, &key, &a.Decision); err != nil {
			return err
		}
		if r := byID[id]; r != nil && copy(a.Key[:], key) == len(a.Key) {
			r.Answers = append(r.Answers, a)
		}
	}
	return cursor.Err()
}

// Past implements session.Store.
func (s *Store) Past(tab session.Tab, below int64, offset, limit int) ([]session.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.records(context.Background(), all,
		"SELECT "+columns+" FROM transfers WHERE tab > 0 AND tab = ? AND ended < ? ORDER BY ended DESC LIMIT ? OFFSET ?", int64(tab), below, limit, offset)
}

// A pageEnd is where a page of the history ended: the next one begins there, and need
// not count what is before it.
type pageEnd struct {
	query  session.HistoryQuery // without Offset and Limit
	offset int                  // of the next page
	ended  int64                // of the last row
}

// History implements session.Store.
func (s *Store) History(q session.HistoryQuery) ([]session.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	end := pageEnd{q, q.Offset, math.MaxInt64}
	end.query.Offset, end.query.Limit = 0, 0
	skip, n := q.Offset, 0
	if s.page.query == end.query && s.page.offset == q.Offset && q.Offset > 0 {
		end.ended, skip = s.page.ended, 0
	}
	where, args := conditions(&q)
	query := "SELECT " + columns + " FROM transfers WHERE tab > 0" + where + " AND ended < ? ORDER BY ended DESC"
	args = append(args, end.ended)
	if q.Glob == "" {
		query += " LIMIT ? OFFSET ?"
		args = append(args, q.Limit, skip)
	}
	keep := func(r *session.Record) (take, enough bool) {
		if q.Glob == "" {
			return true, false
		}
		if !q.Match(r.Names) {
			return false, false
		}
		if skip > 0 {
			skip--
			return false, false
		}
		n++
		return true, n == q.Limit
	}
	out, err := s.records(context.Background(), keep, query, args...)
	if len(out) > 0 {
		end.offset, end.ended = q.Offset+len(out), out[len(out)-1].Ended
		s.page = end
	}
	return out, err
}

// conditions are those of a query that the database can hold rows against.
func conditions(q *session.HistoryQuery) (where string, args []any) {
	if !q.From.IsZero() || !q.To.IsZero() {
		from, to := int64(math.MinInt64), int64(math.MaxInt64)
		if !q.From.IsZero() {
			from = q.From.UnixNano()
		}
		if !q.To.IsZero() {
			to = q.To.UnixNano()
		}
		where += " AND finished >= ? AND finished < ?"
		args = append(args, from, to)
	}
	if q.Peer != "" {
		where += " AND (from_target = ? OR to_target = ?)"
		args = append(args, q.Peer, q.Peer)
	}
	switch q.Status {
	case session.StatusDone:
		where += " AND tab = ? AND state = ?"
		args = append(args, int64(session.TabDone), int64(session.StateDone))
	case session.StatusFailed:
		where += " AND tab = ?"
		args = append(args, int64(session.TabFailed))
	case session.StatusCancelled:
		where += " AND state = ?"
		args = append(args, int64(session.StateCancelled))
	}
	return where, args
}
