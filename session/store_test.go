package session

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// memoryStore is a Store that outlasts the engine, not the test.
type memoryStore struct {
	mu       sync.Mutex
	rows     map[TransferID]Record
	settings Settings
	writes   int
	fail     error // of Write
	lastID   TransferID
	closed   bool
}

func newMemoryStore() *memoryStore { return &memoryStore{rows: map[TransferID]Record{}} }

func (s *memoryStore) Write(changes []Record, set *Settings) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes++
	if s.fail != nil {
		return s.fail
	}
	for _, c := range changes {
		old := s.rows[c.ID]
		old.merge(&c)
		s.rows[c.ID] = old
		s.lastID = max(s.lastID, c.ID)
		if c.Forget {
			delete(s.rows, c.ID)
		}
	}
	if set != nil {
		s.settings = *set
	}
	return nil
}

func (s *memoryStore) sorted(keep func(*Record) bool, order func(a, b Record) int) (out []Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for r := range maps.Values(s.rows) {
		if keep(&r) {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, order)
	return out
}

func byTurn(a, b Record) int {
	return cmp.Or(cmp.Compare(b.Priority, a.Priority), cmp.Compare(a.Place, b.Place), cmp.Compare(a.ID, b.ID))
}

func byEnd(a, b Record) int { return cmp.Compare(b.Ended, a.Ended) }

func (s *memoryStore) Restore() (*Restored, error) {
	r := &Restored{Settings: s.settings, LastID: s.lastID, Notices: []string{"hello"}}
	for _, rec := range s.sorted(func(*Record) bool { return true }, byTurn) {
		r.Counts[rec.Tab]++
		r.LastEnded = max(r.LastEnded, rec.Ended)
		if rec.Tab == TabActive {
			r.Active = append(r.Active, rec.Row)
		}
	}
	return r, nil
}

func (s *memoryStore) Load(ids []TransferID) ([]Record, error) {
	return s.sorted(func(r *Record) bool { return slices.Contains(ids, r.ID) }, byTurn), nil
}

func (s *memoryStore) Rows(tab Tab) (out []Row, err error) {
	for _, r := range s.sorted(func(r *Record) bool { return r.Tab == tab }, byTurn) {
		out = append(out, r.Row)
	}
	return out, nil
}

func (s *memoryStore) Past(tab Tab, below int64, offset, limit int) ([]Record, error) {
	all := s.sorted(func(r *Record) bool { return r.Tab == tab && r.Ended < below }, byEnd)
	all = all[min(offset, len(all)):]
	return all[:min(limit, len(all))], nil
}

func (s *memoryStore) History(q HistoryQuery) ([]Record, error) {
	all := s.sorted(func(r *Record) bool { return r.Tab != TabActive && q.Match(r.Names) }, byEnd)
	all = all[min(q.Offset, len(all)):]
	return all[:min(q.Limit, len(all))], nil
}

func (s *memoryStore) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return nil
}

func (s *memoryStore) failing(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = err
}

// stored is still with a store, which may have rows already.
func stored(t *testing.T, s Store, concurrency int) (*Engine, func(priority int, name string) TransferID) {
	t.Helper()
	e := NewEngine(EngineConfig{Reach: deafReach{}, Concurrency: concurrency, Store: s})
	t.Cleanup(func() { e.Close() }) // once more, if all goes well
	peer, err := e.Connect(t.Context(), "peer", "")
	must(t, err)
	dir, err := e.host.PathOf(t.TempDir())
	must(t, err)
	return e, func(priority int, name string) TransferID {
		p, err := dir.Join(name)
		must(t, err)
		write(t, hostName(p), name)
		id, err := e.Submit(Job{From: Here, To: peer, Sources: []Path{p}, Priority: priority, Options: Options{}})
		must(t, err)
		return id
	}
}

// A queue goes on where it was left: what ran runs, what was paused is paused.
func TestQueueIsRestored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemoryStore()
		e, submit := stored(t, s, 1)
		a, b, c, d, f := submit(5, "a"), submit(5, "b"), submit(5, "c"), submit(5, "d"), submit(5, "f")
		must(t, e.SetPriority(b, 9))
		must(t, e.Reorder(d, -1))
		must(t, e.Pause(c))
		must(t, e.AnswerAll(c, Rule{SourceNewer, Overwrite, Skip}))
		must(t, e.SetTransferLimit(d, 1<<20))
		must(t, e.Cancel(f, false))
		must(t, e.SetLimits(1<<20, 1<<21))
		must(t, e.SetConcurrency(1))
		wantPage(t, e.Page(TabActive, 0, 9), "b:waiting", "a:running", "d:waiting", "c:paused")
		must(t, e.Close())
		if !s.closed {
			t.Error("the store is open")
		}

		e, submit = stored(t, s, 0)
		defer e.Close()
		synctest.Wait()
		p := e.Page(TabActive, 0, 9)
		wantPage(t, p, "b:waiting", "a:running", "d:waiting", "c:paused")
		for i, id := range []TransferID{b, a, d, c} {
			if p.Rows[i].ID != id {
				t.Errorf("%v is %d, want %d", p.Rows[i].Job.Sources, p.Rows[i].ID, id)
			}
		}
		if p.Counts != [3]int{4, 0, 1} || p.Rows[0].Job.Priority != 9 || p.Rows[2].Job.Options.Limit != 1<<20 || p.Rows[3].Rule == nil || *p.Rows[3].Rule != (Rule{SourceNewer, Overwrite, Skip}) {
			t.Errorf("%+v", p)
		}
		wantPage(t, e.Page(TabDone, 0, 9), "f:cancelled")
		if send, receive := e.Limits(); send != 1<<20 || receive != 1<<21 || e.Concurrency() != 1 {
			t.Errorf("%d %d, %d", send, receive, e.Concurrency())
		}
		if n := e.Notices(); len(n) != 1 || n[0].Text != "hello" {
			t.Errorf("%v", n)
		}
		if id := submit(5, "g"); id != f+1 {
			t.Errorf("a new one is %d", id)
		}
		must(t, e.Retry(f)) // only the store has it
		wantPage(t, e.Page(TabActive, 0, 9), "b:waiting", "a:running", "d:waiting", "c:paused", "g:waiting", "f:waiting")
		if p := e.Page(TabDone, 0, 9); p.Counts != [3]int{6, 0, 0} || len(p.Rows) != 0 {
			t.Errorf("%+v", p)
		}
	})
}

// A transfer that somebody waited for does not go on by itself.
func TestForegroundIsNotRestored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemoryStore()
		e, submit := stored(t, s, 1)
		id := submit(5, "a")
		must(t, e.Pause(id))
		tr, err := e.take(id)
		must(t, err)
		j := tr.job
		j.Foreground = true
		fore, err := e.Submit(j)
		must(t, err)
		synctest.Wait()
		crashed := newMemoryStore() // what a process that is killed now leaves
		must(t, crashed.Write(s.sorted(func(*Record) bool { return true }, byTurn), nil))
		must(t, e.Close())
		for name, left := range map[string]*memoryStore{"closed": s, "killed": crashed} {
			e, _ := stored(t, left, 1)
			synctest.Wait()
			got, err := e.Wait(t.Context(), fore)
			if err != nil || got.State != StateFailed || KindOf(got.Err) != Interrupted {
				t.Errorf("%s: %v, %v, %v", name, got.State, got.Err, err)
			}
			wantPage(t, e.Page(TabActive, 0, 9), "a:paused")
			must(t, e.Retry(fore))
			synctest.Wait()
			wantPage(t, e.Page(TabActive, 0, 9), "a:paused", "a:running")
			must(t, e.Close())
		}
	})
}

// While the store fails the queue goes on, says so, and catches up.
func TestStoreFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemoryStore()
		e, submit := stored(t, s, 1)
		a := submit(5, "a")
		s.failing(errors.New("disk full"))
		b := submit(5, "b")
		must(t, e.Cancel(a, false))
		synctest.Wait()
		wantPage(t, e.Page(TabActive, 0, 9), "b:running")
		wantPage(t, e.Page(TabDone, 0, 9), "a:cancelled")
		if h, err := e.History(t.Context(), HistoryQuery{}); err != nil || len(h) != 1 || h[0].ID != a {
			t.Errorf("%v, %v", h, err)
		}
		if n := e.Notices(); len(n) != 2 || n[1].Text != "the queue is not being saved, and goes on in memory: disk full" {
			t.Errorf("%v", n)
		}
		if len(s.rows) != 1 {
			t.Errorf("%d rows", len(s.rows))
		}
		s.failing(nil)
		time.Sleep(2 * keepAgain)
		synctest.Wait()
		if n := e.Notices(); len(n) != 3 || s.rows[b].State != StateRunning || s.rows[a].State != StateCancelled || s.rows[b].Job == nil {
			t.Errorf("%v; %+v", n, s.rows)
		}
		must(t, e.Close())
	})
}

// What is over leaves the memory in time, and pages go on in the store.
func TestPagesReachIntoTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemoryStore()
		for i := range 3000 {
			j := Job{Sources: []Path{{"old"}}}
			b, err := storeJob(&j)
			must(t, err)
			s.rows[TransferID(i+1)] = Record{Row: Row{ID: TransferID(i + 1), State: StateFailed, Tab: TabFailed, Ended: int64(i + 1), Priority: 5}, To: "peer", Job: b, Life: []byte("{}")}
			s.lastID = TransferID(i + 1)
		}
		e, submit := stored(t, s, 1)
		defer e.Close()
		must(t, e.Cancel(submit(5, "a"), false))
		if p := e.Page(TabFailed, 10, 3); p.Total != 3000 || p.Rows[0].ID != 2990 || p.Rows[2].ID != 2988 {
			t.Errorf("%+v", p)
		}
		if n := e.RetryFailed(); n != 3000 {
			t.Errorf("%d", n)
		}
		synctest.Wait()
		p := e.Page(TabActive, 0, 2)
		if p.Counts != [3]int{3000, 0, 1} || p.Rows[0].State != StateRunning || p.Waiting != 2999 {
			t.Errorf("%+v", p)
		}
		must(t, e.Pause(p.Rows[0].ID))
		if n := e.PauseAll(); n != 2999 {
			t.Errorf("%d paused", n)
		}
		for _, q := range p.Rows {
			must(t, e.Cancel(q.ID, false))
		}
		for id := range TransferID(3000) {
			_ = e.Cancel(id+1, false)
		}
		p = e.Page(TabDone, 0, 9)
		if p.Counts != [3]int{0, 0, 3001} || len(e.transfers) > maxRemembered+maxRemembered/10 {
			t.Errorf("%v, %d in memory", p.Counts, len(e.transfers))
		}
		seen := map[TransferID]bool{}
		for offset := 0; offset < p.Total; offset += 100 {
			for _, r := range e.Page(TabDone, offset, min(100, p.Total-offset)).Rows {
				if seen[r.ID] {
					t.Fatalf("%d is there twice", r.ID)
				}
				seen[r.ID] = true
			}
		}
		if len(seen) != 3001 {
			t.Errorf("%d of 3001 rows", len(seen))
		}
	})
}
