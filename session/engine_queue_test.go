package session

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bargee/bargee/transport"
)

// deafReach links to peers that take a transfer and then say nothing: what runs
// goes on running.
type deafReach struct{}

func (deafReach) Dial(ctx context.Context, target, secret string) (transport.Link, error) {
	near, _ := transport.Pipe()
	return near, nil
}
func (deafReach) Known() []KnownPeer                       { return nil }
func (deafReach) Pin(transport.Link, string, string) error { return nil }

// still is an engine whose transfers run and get nowhere.
func still(t *testing.T, concurrency int) (*Engine, func(priority int, name string) TransferID) {
	t.Helper()
	e := NewEngine(EngineConfig{Reach: deafReach{}, Concurrency: concurrency})
	t.Cleanup(func() { e.Close() })
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

// states describes a page as "name:state", in order.
func states(p Page) (out []string) {
	for _, r := range p.Rows {
		out = append(out, fmt.Sprintf("%s:%v", r.Job.Sources[0].Base(), r.State))
	}
	return out
}

func wantPage(t *testing.T, p Page, want ...string) {
	t.Helper()
	if got := states(p); !slices.Equal(got, want) {
		t.Errorf("%v\nwant %v", got, want)
	}
}

// What has the higher priority has its turn first, and within one priority the
// order is a person's.
func TestPriorityAndOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, submit := still(t, 1)
		a, b, c, d := submit(5, "a"), submit(5, "b"), submit(5, "c"), submit(7, "d")
		active := func() Page { return e.Page(TabActive, 0, 100) }
		wantPage(t, active(), "d:waiting", "a:running", "b:waiting", "c:waiting")
		must(t, e.Reorder(c, -1))
		must(t, e.SetPriority(b, 9))
		wantPage(t, active(), "b:waiting", "d:waiting", "a:running", "c:waiting")
		must(t, e.Pause(b))
		must(t, e.Cancel(a, false))
		synctest.Wait()
		wantPage(t, active(), "b:paused", "d:running", "c:waiting")
		must(t, e.SetConcurrency(2))
		wantPage(t, active(), "b:paused", "d:running", "c:running")
		must(t, e.Resume(b))
		wantPage(t, active(), "b:waiting", "d:running", "c:running")
		must(t, e.SetConcurrency(1))
		wantPage(t, active(), "b:waiting", "d:running", "c:running")
		must(t, e.Reorder(d, math.MinInt))
		if p := active(); p.Rows[0].Job.Priority != 9 || p.Rows[1].ID != d {
			t.Errorf("%v", states(p))
		}
		for _, err := range []error{e.SetPriority(b, 11), e.SetPriority(b, -1), e.SetConcurrency(0), e.SetConcurrency(MaxConcurrency + 1), e.Reorder(a, 1)} {
			wantKind(t, err, Invalid)
		}
		wantKind(t, e.Reorder(99, 1), NotFound)
		if e.Concurrency() != 1 {
			t.Errorf("%d at a time", e.Concurrency())
		}
	})
}

// A job that somebody waits for runs beside the others.
func TestForeground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, submit := still(t, 1)
		submit(5, "a")
		submit(5, "b")
		id := submit(0, "c")
		must(t, e.Pause(id))
		e.mu.Lock()
		j := e.transfers[id].job
		e.mu.Unlock()
		j.Foreground = true
		_, err := e.Submit(j)
		must(t, err)
		wantPage(t, e.Page(TabActive, 0, 100), "a:running", "b:waiting", "c:paused", "c:running")
	})
}

func TestAllAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, submit := still(t, 2)
		for _, n := range []string{"a", "b", "c"} {
			submit(5, n)
		}
		if n := e.PauseAll(); n != 3 {
			t.Errorf("%d paused", n)
		}
		wantPage(t, e.Page(TabActive, 0, 100), "a:paused", "b:paused", "c:paused")
		synctest.Wait()
		if n := e.ResumeAll(); n != 3 {
			t.Errorf("%d resumed", n)
		}
		wantPage(t, e.Page(TabActive, 0, 100), "a:running", "b:running", "c:waiting")
	})
}

// Tabs, counts, pages, history and log of transfers that ended in each way.
func TestTabsAndHistory(t *testing.T) {
	b := newBed(t, ServerConfig{})
	for i := range 5 {
		fill(t, filepath.Join(b.here, fmt.Sprintf("f%d", i)), 1000*(i+1), byte(i))
		b.up(fmt.Sprintf("f%d", i))
	}
	broken := b.up("missing")
	fill(t, filepath.Join(b.here, "f0"), 3, 9) // another one: it is in its own way
	j := Job{From: Here, To: b.peer, Sources: []Path{b.path("f0")}, Into: false, Options: DefaultOptions()}
	j.Options.OnConflict = Fail
	b.run(j)
	e := b.engine
	if p := e.Page(TabDone, 1, 2); p.Total != 5 || p.Counts != [3]int{0, 2, 5} || p.Offset != 1 {
		t.Errorf("%+v", p)
	} else {
		wantPage(t, p, "f3:done", "f2:done")
	}
	wantPage(t, e.Page(TabDone, 99, 2), "f1:done", "f0:done")
	wantPage(t, e.Page(TabFailed, 0, 9), "f0:done", "missing:failed")
	for name, c := range map[string]struct {
		q    HistoryQuery
		want int
	}{
		"all": {HistoryQuery{}, 7}, "limit": {HistoryQuery{Limit: 2}, 2}, "offset": {HistoryQuery{Offset: 5}, 2},
		"failed": {HistoryQuery{Status: StatusFailed}, 2}, "done": {HistoryQuery{Status: StatusDone}, 5}, "cancelled": {HistoryQuery{Status: StatusCancelled}, 0},
		"glob": {HistoryQuery{Glob: "f[0-2]"}, 4}, "path": {HistoryQuery{Glob: "/**/f4"}, 1}, "peer": {HistoryQuery{Peer: "peer"}, 7},
		"nobody": {HistoryQuery{Peer: "nobody"}, 0}, "from": {HistoryQuery{From: broken.Finished}, 2}, "to": {HistoryQuery{To: broken.Finished}, 5},
	} {
		got, err := e.History(t.Context(), c.q)
		if err != nil || len(got) != c.want {
			t.Errorf("%s: %d, %v; want %d", name, len(got), err, c.want)
		}
	}
	for _, q := range []HistoryQuery{{Glob: "["}, {Limit: -1}, {Offset: -1}, {Status: 9}} {
		_, err := e.History(t.Context(), q)
		wantKind(t, err, Invalid)
	}
	if l := e.Log(0); len(l) != 21 || l[0].State != StateWaiting || l[2].State != StateDone || l[2].Job != "f0" || len(e.Log(20)) != 1 {
		t.Errorf("%d lines: %+v", len(l), l)
	}
	fill(t, filepath.Join(b.here, "missing"), 10, 1)
	if n := e.RetryFailed(); n != 2 {
		t.Errorf("%d again", n)
	}
	if tr, err := e.Wait(t.Context(), broken.ID); err != nil || tr.State != StateDone {
		t.Errorf("%v %v", tr.State, tr.Err)
	}
}

// The whole is what waits, runs and was done since the queue was empty.
func TestTotal(t *testing.T) {
	now := time.Now()
	tot := total{live: map[*queued]bool{}}
	row := func(state TransferState, bytes, verified int64, counted bool) *queued {
		q := newQueued(1, Job{Sources: []Path{{"x"}}}, now)
		q.state = state
		q.ledger.t.Bytes, q.ledger.t.Verified, q.ledger.t.Counted = bytes, verified, counted
		tot.account(q)
		return q
	}
	become := func(q *queued, s TransferState) { q.state = s; tot.account(q) }
	want := func(what string, running, waiting int, bytes, verified int64, counted bool, eta time.Duration) {
		t.Helper()
		s := tot.summary(now)
		if s.Running != running || s.Waiting != waiting || s.Bytes != bytes || s.Verified != verified || s.Counted != counted || s.ETA != eta {
			t.Errorf("%s: %+v", what, s)
		}
	}
	want("empty", 0, 0, 0, 0, true, 0)
	a, b := row(StateRunning, 100, 30, true), row(StateWaiting, 0, 0, false)
	row(StatePaused, 1000, 500, true)
	want("one runs", 1, 1, 100, 30, false, -1)
	a.ledger.t.Verified = 100
	become(a, StateDone)
	want("the first is done", 0, 1, 100, 100, false, -1)
	become(b, StateRunning)
	b.ledger.t.Bytes, b.ledger.t.Counted = 50, true
	want("the second runs", 1, 0, 150, 100, true, -1) // no rate yet
	become(b, StateRetrying)
	want("it tries again", 1, 0, 150, 100, true, -1)
	become(b, StateFailed)
	want("all is over", 0, 0, 0, 0, true, 0)
	become(b, StateWaiting)
	want("retried", 0, 1, 50, 0, true, -1)
	become(b, StateCancelled)
	want("cancelled", 0, 0, 0, 0, true, 0)
}

func TestLimitsOfBothDirections(t *testing.T) {
	e := NewEngine(EngineConfig{})
	defer e.Close()
	must(t, e.SetLimits(1<<20, 0))
	if s, r := e.Limits(); s != 1<<20 || r != 0 || e.Limit() != 1<<20 {
		t.Errorf("%d, %d", s, r)
	}
	wantKind(t, e.SetLimits(0, 1), Invalid)
}
