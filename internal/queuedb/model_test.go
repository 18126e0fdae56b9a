package queuedb

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

var (
	seeds = flag.Int("seeds", 60, "random schedules of a queue that crashes")
	first = flag.Uint64("seed", 1, "the first of them")
)

// A model is what the queue must be: independent of the engine, by its words.
type model struct {
	rows        []modelRow           // not over, in the order of their turns
	cancelled   []session.TransferID // what ended last is first
	last        session.TransferID
	concurrency int
	send        int64
}

type modelRow struct {
	id       session.TransferID
	priority int
	paused   bool
	limit    int64
	rule     session.Conflict // Ask: none
}

func (m *model) clone() *model {
	c := *m
	c.rows, c.cancelled = slices.Clone(m.rows), slices.Clone(m.cancelled)
	return &c
}

func (m *model) String() string { return fmt.Sprintf("%+v", *m) }

// insert puts a row behind all of its priority.
func (m *model) insert(r modelRow) {
	i := slices.IndexFunc(m.rows, func(o modelRow) bool { return o.priority < r.priority })
	if i < 0 {
		i = len(m.rows)
	}
	m.rows = slices.Insert(m.rows, i, r)
}

// A world is an engine, its model, and what a crash would leave of the file.
type world struct {
	t      *testing.T
	random *rand.Rand
	engine *session.Engine
	store  *mortal
	model  *model
	path   session.Path
}

// op does something to both, if it makes sense, and reports whether it did.
func (w *world) op() bool {
	m, e := w.model.clone(), w.engine
	pick := func() *modelRow {
		if len(m.rows) == 0 {
			return nil
		}
		return &m.rows[w.random.IntN(len(m.rows))]
	}
	r := pick()
	what := w.random.IntN(14)
	if r == nil && what > 2 {
		return false
	}
	var do func() error
	switch what {
	case 0, 1, 2:
		priority := 3 + w.random.IntN(3)
		m.last++
		m.insert(modelRow{id: m.last, priority: priority, rule: session.Ask})
		do = func() error {
			_, err := e.Submit(session.Job{From: session.Here, To: 1, Sources: []session.Path{w.path}, Destination: w.path, Priority: priority})
			return err
		}
	case 3:
		if r.paused {
			return false
		}
		id := r.id
		r.paused = true
		do = func() error { return e.Pause(id) }
	case 4:
		if !r.paused {
			return false
		}
		id := r.id
		r.paused = false
		do = func() error { return e.Resume(id) }
	case 5:
		id := r.id
		m.rows = slices.DeleteFunc(m.rows, func(o modelRow) bool { return o.id == id })
		m.cancelled = slices.Insert(m.cancelled, 0, id)
		do = func() error { return e.Cancel(id, w.random.IntN(2) == 0) }
	case 6, 7:
		do = w.reorder(m, *r)
	case 8:
		moved := *r
		id, n := r.id, w.random.IntN(11)
		if n == moved.priority {
			return false
		}
		do = func() error { return e.SetPriority(id, n) }
		m = nil // where it comes to lie depends on places that the model has not: see settle
	case 9:
		id, n := r.id, int64(1+w.random.IntN(9))<<20
		r.limit = n
		do = func() error { return e.SetTransferLimit(id, n) }
	case 10:
		id, d := r.id, []session.Conflict{session.Skip, session.Overwrite, session.Rename}[w.random.IntN(3)]
		r.rule = d
		do = func() error { return e.AnswerAll(id, session.Rule{Then: d}) }
	case 11:
		n := 1 + w.random.IntN(4)
		m.concurrency = n
		do = func() error { return e.SetConcurrency(n) }
	case 12:
		do = w.bulk(m)
	case 13:
		do = w.past(m)
	}
	if do == nil {
		return false
	}
	w.carryOut(m, do)
	return true
}

// reorder moves a row among those of its priority.
func (w *world) reorder(m *model, r modelRow) func() error {
	by := w.random.IntN(9) - 4
	first := slices.IndexFunc(m.rows, func(o modelRow) bool { return o.priority == r.priority })
	last := first
	for last+1 < len(m.rows) && m.rows[last+1].priority == r.priority {
		last++
	}
	at := slices.IndexFunc(m.rows, func(o modelRow) bool { return o.id == r.id })
	m.rows = slices.Insert(slices.Delete(m.rows, at, at+1), max(first, min(at+by, last)), r)
	return func() error { return w.engine.Reorder(r.id, by) }
}

// bulk does something to all rows.
func (w *world) bulk(m *model) func() error {
	paused := w.random.IntN(2) == 0
	for i := range m.rows {
		m.rows[i].paused = paused
	}
	if paused {
		return func() error { w.engine.PauseAll(); return nil }
	}
	return func() error { w.engine.ResumeAll(); return nil }
}

// past retries or forgets what was cancelled.
func (w *world) past(m *model) func() error {
	if len(m.cancelled) == 0 {
		return nil
	}
	i := w.random.IntN(len(m.cancelled))
	id := m.cancelled[i]
	m.cancelled = slices.Delete(m.cancelled, i, i+1)
	if w.random.IntN(2) == 0 {
		return func() error { return w.engine.Forget(id) }
	}
	before, err := w.engine.Transfer(id)
	must(w.t, err)
	r := modelRow{id: id, priority: before.Job.Priority, limit: before.Job.Options.Limit, rule: session.Ask}
	if before.Rule != nil {
		r.rule = before.Rule.Then
	}
	m.insert(r)
	return func() error { return w.engine.Retry(id) }
}

// carryOut does it, with the store knowing what must be found before, and what
// may be while it is done. A nil model is taken from the engine afterwards, and
// no crash may come meanwhile.
func (w *world) carryOut(m *model, do func() error) {
	w.t.Helper()
	w.store.expect(w.model, m)
	if err := do(); err != nil {
		w.t.Fatalf("%v of %v: %v", m, w.model, err)
	}
	if m == nil {
		m = observe(w.t, w.engine)
		m.last = w.model.last
	}
	w.model = m
	w.store.expect(m, m)
	got := observe(w.t, w.engine)
	got.last = m.last // of what was forgotten nothing is left to see
	if got.String() != m.String() {
		w.t.Fatalf("the engine has  %v\nthe model wants %v", got, m)
	}
}

// observe makes a model of what an engine tells.
func observe(t *testing.T, e *session.Engine) *model {
	m := &model{concurrency: e.Concurrency()}
	m.send, _ = e.Limits()
	for _, r := range e.Page(session.TabActive, 0, 1000).Rows {
		row := modelRow{id: r.ID, priority: r.Job.Priority, paused: r.State == session.StatePaused, limit: r.Job.Options.Limit, rule: session.Ask}
		if r.Rule != nil {
			row.rule = r.Rule.Then
		}
		m.rows = append(m.rows, row)
		m.last = max(m.last, r.ID)
	}
	for _, r := range e.Page(session.TabDone, 0, 1000).Rows {
		m.cancelled = append(m.cancelled, r.ID)
		m.last = max(m.last, r.ID)
	}
	if p := e.Page(session.TabFailed, 0, 10); p.Total > 0 {
		t.Errorf("failed: %+v", p.Rows)
	}
	return m
}

// A mortal store copies its file at one of its writes, as a crash would leave
// it: before it, after it, or with a part of it in the log.
type mortal struct {
	*Store
	dir    string // for the copy
	dieAt  int
	random *rand.Rand

	mu     sync.Mutex
	now    *model // what is there for certain
	next   *model // what may be; nil: the crash has to wait
	died   bool
	way    string // how it died
	former *model // now and next of the crash
	latter *model
}

func (s *mortal) expect(now, next *model) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now, s.next = now, next
}

func (s *mortal) Write(changes []session.Record, set *session.Settings) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dieAt--
	if s.died || s.dieAt > 0 || s.next == nil {
		return s.Store.Write(changes, set)
	}
	s.died, s.former, s.latter = true, s.now, s.next
	way := s.random.IntN(3)
	if way == 0 {
		s.way = "before"
		s.copy(-1)
		return s.Store.Write(changes, set)
	}
	log := s.path + "-wal"
	before := size(log)
	err := s.Store.Write(changes, set)
	if after := size(log); way == 1 && after > before {
		s.way = "within"
		s.copy(before + s.random.Int64N(after-before))
	} else {
		s.way = "after"
		s.copy(-1)
	}
	return err
}

func size(name string) int64 {
	fi, err := os.Stat(name)
	if err != nil {
		return 0
	}
	return fi.Size()
}

// copy copies the file, and so much of its log; all of it if negative.
func (s *mortal) copy(log int64) {
	for _, suffix := range []string{"", "-wal"} {
		b, err := os.ReadFile(s.path + suffix)
		if err != nil {
			continue
		}
		if suffix != "" && log >= 0 {
			b = b[:log]
		}
		if err := os.WriteFile(filepath.Join(s.dir, name)+suffix, b, 0o600); err != nil {
			panic(err)
		}
	}
}

// silent links to peers that never say a word: what runs goes on running.
type silent struct{}

func (silent) Dial(context.Context, string, string) (transport.Link, error) {
	near, _ := transport.Pipe()
	return near, nil
}
func (silent) Known() []session.KnownPeer               { return nil }
func (silent) Pin(transport.Link, string, string) error { return nil }

// Random schedules, each of which a seed stands for: what was done before the
// crash is there, what was being done is there or not, and nothing else.
func TestModel(t *testing.T) {
	n := *seeds
	if testing.Short() {
		n = 10
	}
	ways := map[string]int{}
	for seed := *first; seed < *first+uint64(n) && !t.Failed(); seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { ways[crash(t, seed)]++ })
	}
	t.Logf("crashes of %d schedules: %v", n, ways)
	if n >= 50 && (ways["before"] == 0 || ways["after"] == 0 || ways["within"] == 0) {
		t.Error("not all ways to crash came")
	}
}

// crash runs one schedule and returns how it crashed.
func crash(t *testing.T, seed uint64) string {
	random := rand.New(rand.NewPCG(seed, 1))
	s, err := Open(t.TempDir())
	must(t, err)
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, nil, 0o600))
	p, err := session.NewHost().PathOf(file)
	must(t, err)
	store := &mortal{Store: s, dir: t.TempDir(), dieAt: 1 + random.IntN(60), random: rand.New(rand.NewPCG(seed, 2))}
	w := &world{t: t, random: random, store: store, path: p, model: &model{concurrency: 2}}
	w.engine = session.NewEngine(session.EngineConfig{Reach: silent{}, Store: store})
	_, err = w.engine.Connect(t.Context(), "peer", "")
	must(t, err)
	for range 40 {
		w.op()
	}
	must(t, w.engine.Close())
	check := func(dir, what string, allowed ...*model) {
		t.Helper()
		s, err := Open(dir)
		must(t, err)
		e := session.NewEngine(session.EngineConfig{Reach: silent{}, Store: s})
		defer e.Close()
		got := observe(t, e)
		for _, m := range allowed {
			got.last = m.last
			if got.String() == m.String() {
				return
			}
		}
		t.Errorf("%s there is %v\nallowed: %v", what, got, allowed)
		if n := e.Notices(); len(n) > 0 {
			t.Errorf("%v", n)
		}
	}
	check(filepath.Dir(s.path), "after the end", w.model)
	if store.died {
		check(store.dir, "after the crash", store.former, store.latter)
	}
	return store.way
}
