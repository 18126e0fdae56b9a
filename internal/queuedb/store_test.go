package queuedb

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bargee/bargee/session"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// opened opens the queue in dir, and closes it with the test. Backups are made when
// the test says so, and not a while after.
func opened(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := open(dir, time.Now)
	must(t, err)
	go func() {
		<-s.stop
		close(s.stopped)
	}()
	t.Cleanup(func() {
		if s.db != nil {
			_ = s.Close()
		}
	})
	return s
}

// shut closes s, once.
func shut(t testing.TB, s *Store) {
	t.Helper()
	must(t, s.Close())
	s.db = nil
}

var day = time.Date(2026, 11, 21, 17, 0, 0, 0, time.UTC)

// job returns a new transfer.
func job(id int) session.Record {
	return session.Record{
		Row: session.Row{ID: session.TransferID(id), Priority: 5, Place: int64(id) << 20},
		To:  "nas:6768", Names: []byte(fmt.Sprintf("films\x00home/f%d.mkv", id)), Job: []byte(`{"job":1}`), Life: []byte(`{}`),
	}
}

// over returns a transfer that ended.
func over(id, ended int, tab session.Tab, state session.TransferState) session.Record {
	r := job(id)
	r.Tab, r.State, r.Ended, r.Finished = tab, state, int64(ended), day.Add(time.Duration(ended)*time.Minute)
	return r
}

func ids(rs []session.Record) (out []int) {
	for _, r := range rs {
		out = append(out, int(r.ID))
	}
	return out
}

func TestWriteAndRestore(t *testing.T) {
	dir := t.TempDir()
	s := opened(t, dir)
	a, b, c, d := job(1), job(2), job(3), over(4, 1, session.TabFailed, session.StateFailed)
	b.Priority, b.Foreground, c.State = 9, true, session.StatePaused
	a.Answers = []session.Answer{{Key: [16]byte{1}, Decision: session.Skip}}
	must(t, s.Write([]session.Record{a, b, c, d}, &session.Settings{Concurrency: 3, Send: 1 << 20}))
	must(t, s.Write([]session.Record{
		{Row: session.Row{ID: 1, State: session.StateRunning, Priority: 5, Place: 9 << 20}},
		{Row: a.Row, Answers: []session.Answer{{Key: [16]byte{1}, Decision: session.Rename}, {Key: [16]byte{2}, Decision: session.Newer}}},
		{Row: session.Row{ID: 3, State: session.StatePaused, Priority: 5, Place: 3 << 20}, Life: []byte(`{"attempt":2}`)},
		{Row: session.Row{ID: 77}, Forget: true},
	}, nil))
	shut(t, s)

	s = opened(t, dir)
	r, err := s.Restore()
	must(t, err)
	want := &session.Restored{
		Active: []session.Row{{ID: 2, Foreground: true, Priority: 9, Place: 2 << 20}, {ID: 1, Priority: 5, Place: 1 << 20}, {ID: 3, State: session.StatePaused, Priority: 5, Place: 3 << 20}},
		Counts: [3]int{3, 1, 0}, LastID: 4, LastEnded: 1, Settings: session.Settings{Concurrency: 3, Send: 1 << 20},
	}
	if !reflect.DeepEqual(r, want) {
		t.Errorf("%+v\nwant %+v", r, want)
	}
	got, err := s.Load([]session.TransferID{1, 3, 4, 99})
	must(t, err)
	if len(got) != 3 || string(got[1].Life) != `{"attempt":2}` || string(got[1].Job) != `{"job":1}` || got[0].To != "nas:6768" || !got[2].Finished.Equal(d.Finished) {
		t.Errorf("%+v", got)
	}
	if want := []session.Answer{{Key: [16]byte{1}, Decision: session.Rename}, {Key: [16]byte{2}, Decision: session.Newer}}; !reflect.DeepEqual(got[0].Answers, want) {
		t.Errorf("%v", got[0].Answers)
	}
	done := session.Record{Row: session.Row{ID: 1, Tab: session.TabDone, State: session.StateDone, Ended: 2}}
	must(t, s.Write([]session.Record{done, {Row: d.Row, Forget: true}}, nil))
	got, err = s.Load([]session.TransferID{1, 4})
	if err != nil || len(got) != 1 || got[0].Answers != nil {
		t.Errorf("%+v %v", got, err)
	}
	r, err = s.Restore()
	if err != nil || r.LastID != 4 || r.LastEnded != 2 || r.Counts != [3]int{2, 0, 1} {
		t.Errorf("an id would be given twice: %+v, %v", r, err)
	}
	rows, err := s.Rows(session.TabDone)
	if err != nil || len(rows) != 1 || rows[0].ID != 1 || rows[0].Ended != 2 {
		t.Errorf("%+v, %v", rows, err)
	}
}

func TestPastAndHistory(t *testing.T) {
	s := opened(t, t.TempDir())
	changes := []session.Record{job(1)}
	for i := 2; i <= 9; i++ {
		r := over(i, i-1, session.TabDone, session.StateDone)
		switch i {
		case 3:
			r.Tab, r.State = session.TabFailed, session.StateFailed
		case 4:
			r.State = session.StateCancelled
		case 5:
			r.Tab = session.TabFailed // done, with failures
		case 6:
			r.From, r.To = "laptop", ""
		}
		changes = append(changes, r)
	}
	must(t, s.Write(changes, nil))
	for _, c := range []struct {
		tab                  session.Tab
		below, offset, limit int
		want                 []int
	}{
		{session.TabDone, 99, 0, 3, []int{9, 8, 7}}, {session.TabDone, 99, 3, 9, []int{6, 4, 2}}, {session.TabDone, 6, 0, 2, []int{6, 4}},
		{session.TabFailed, 99, 0, 9, []int{5, 3}}, {session.TabFailed, 1, 0, 9, nil},
	} {
		got, err := s.Past(c.tab, int64(c.below), c.offset, c.limit)
		if err != nil || !slices.Equal(ids(got), c.want) {
			t.Errorf("%+v: %v, %v", c, ids(got), err)
		}
	}
	for _, c := range []struct {
		q    session.HistoryQuery
		want []int
	}{
		{session.HistoryQuery{}, []int{9, 8, 7, 6, 5, 4, 3, 2}},
		{session.HistoryQuery{Limit: 2, Offset: 1}, []int{8, 7}},
		{session.HistoryQuery{Status: session.StatusDone}, []int{9, 8, 7, 6, 2}},
		{session.HistoryQuery{Status: session.StatusFailed}, []int{5, 3}},
		{session.HistoryQuery{Status: session.StatusCancelled}, []int{4}},
		{session.HistoryQuery{Peer: "laptop"}, []int{6}},
		{session.HistoryQuery{Peer: "nas:6768", Limit: 1, Offset: 6}, []int{2}},
		{session.HistoryQuery{From: day.Add(3 * time.Minute), To: day.Add(5 * time.Minute)}, []int{5, 4}},
		{session.HistoryQuery{Glob: "f[2-4].mkv"}, []int{4, 3, 2}},
		{session.HistoryQuery{Glob: "f[2-4].mkv", Limit: 1, Offset: 1}, []int{3}},
		{session.HistoryQuery{Glob: "/home/*"}, []int{9, 8, 7, 6, 5, 4, 3, 2}},
		{session.HistoryQuery{Glob: "nothing"}, nil},
	} {
		if c.q.Limit == 0 {
			c.q.Limit = 1000
		}
		got, err := s.History(c.q)
		if err != nil || !slices.Equal(ids(got), c.want) {
			t.Errorf("%+v: %v, %v", c.q, ids(got), err)
		}
	}
}

// History of very many is found by an index, not by reading all.
func TestHistoryUsesIndexes(t *testing.T) {
	s := opened(t, t.TempDir())
	for _, q := range []session.HistoryQuery{
		{}, {Peer: "x"}, {Status: session.StatusFailed}, {From: day, To: day.Add(time.Hour)},
	} {
		where, args := conditions(&q)
		cursor, err := s.conn.QueryContext(t.Context(), "EXPLAIN QUERY PLAN SELECT "+columns+" FROM transfers WHERE tab > 0"+where+" ORDER BY ended DESC LIMIT 10", args...)
		must(t, err)
		var plan []string
		for cursor.Next() {
			var a, b, c int
			var line string
			must(t, cursor.Scan(&a, &b, &c, &line))
			plan = append(plan, line)
		}
		cursor.Close()
		if all := strings.Join(plan, "; "); !strings.Contains(all, "USING INDEX") {
			t.Errorf("%+v: %s", q, all)
		}
	}
}

func TestOneProcess(t *testing.T) {
	dir := t.TempDir()
	s := opened(t, dir)
	if _, err := Open(dir); !errors.Is(err, ErrLocked) {
		t.Errorf("a second one: %v", err)
	}
	must(t, s.Write([]session.Record{job(1)}, nil))
	shut(t, s)
	s = opened(t, dir)
	if r, err := s.Restore(); err != nil || len(r.Active) != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	if fi, err := os.Stat(filepath.Join(dir, name)); err != nil || fi.Mode().Perm()&0o077 != 0 && os.PathSeparator == '/' {
		t.Errorf("%v, %v", fi.Mode(), err)
	}
}

// What is finished is kept up to a bound.
func TestTrim(t *testing.T) {
	s := opened(t, t.TempDir())
	s.most = 100
	var changes []session.Record
	for i := 1; i <= s.most+10; i++ {
		changes = append(changes, over(i, i, session.TabDone, session.StateDone))
	}
	must(t, s.Write(changes, nil))
	r, err := s.Restore()
	must(t, err)
	if r.Counts[session.TabDone] != s.most {
		t.Errorf("%v", r.Counts)
	}
	if got, _ := s.Load([]session.TransferID{10, 11}); len(got) != 1 || got[0].ID != 11 {
		t.Errorf("%v", ids(got))
	}
}

// Directories with any name.
func TestNamesOfDirectories(t *testing.T) {
	for _, name := range []string{"a?b=c", "100%", "a#b", "[x]*", "with space", "ü"} {
		dir := filepath.Join(t.TempDir(), name)
		s, err := Open(dir)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		must(t, s.Write([]session.Record{job(1)}, nil))
		s.mu.Lock()
		s.backup()
		s.mu.Unlock()
		if fi, err := os.Stat(filepath.Join(dir, "queue.db")); err != nil || fi.Size() == 0 || len(backups(s.path)) != 1 {
			t.Errorf("%s: %v, %v", name, err, backups(s.path))
		}
		must(t, s.Close())
	}
}
