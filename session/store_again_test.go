package session

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
)

// keptBed is an engine with a store, and a directory of this machine.
type keptBed struct {
	*testing.T
	dir    string
	store  *memoryStore
	engine *Engine
}

func newKeptBed(t *testing.T) *keptBed {
	b := &keptBed{T: t, dir: t.TempDir(), store: newMemoryStore()}
	b.again()
	t.Cleanup(func() { b.engine.Close() }) // once more, if all goes well
	return b
}

// again ends the engine and begins another one with its store.
func (b *keptBed) again() {
	b.Helper()
	if b.engine != nil {
		must(b.T, b.engine.Close())
	}
	b.engine = NewEngine(EngineConfig{Store: b.store})
}

func (b *keptBed) path(name string) Path {
	p, err := b.engine.host.PathOf(filepath.Join(b.dir, name))
	must(b.T, err)
	return p
}

func (b *keptBed) look(id TransferID) Transfer {
	b.Helper()
	tr, err := b.engine.Transfer(id)
	must(b.T, err)
	return tr
}

// What got another name is not given one more by the next engine, and what was
// answered is not asked again.
func TestAnswersOutlastTheEngine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newKeptBed(t)
		for _, n := range []string{"a", "b", "c"} {
			put(t, filepath.Join(b.dir, "from/tree", n), "new "+n, newer)
			put(t, filepath.Join(b.dir, "to/tree", n), "old", older)
		}
		id, err := b.engine.Submit(Job{Sources: []Path{b.path("from/tree")}, Destination: b.path("to"), Options: DefaultOptions()})
		must(t, err)
		synctest.Wait()
		for _, q := range b.look(id).Conflicts {
			switch q.Path.Base() {
			case "a":
				must(t, b.engine.Answer(id, q.ID, Rename, false))
			case "b":
				must(t, b.engine.Answer(id, q.ID, Skip, false))
			}
		}
		synctest.Wait()
		b.again()
		synctest.Wait()
		tr := b.look(id)
		if tr.Asking != 1 || tr.Conflicts[0].Path.Base() != "c" || tr.Skipped != 1 {
			t.Errorf("%+v", tr)
		}
		must(t, b.engine.AnswerAll(id, Rule{Then: Overwrite}))
		if tr, err = b.engine.Wait(t.Context(), id); err != nil || tr.State != StateDone || tr.Failures != 0 {
			t.Errorf("%+v, %v", tr, err)
		}
		if got := names(t, filepath.Join(b.dir, "to/tree")); !slices.Equal(got, []string{"a", "a (1)", "b", "c"}) {
			t.Errorf("%q", got)
		}
		holds(t, filepath.Join(b.dir, "to/tree/b"), "old")
		holds(t, filepath.Join(b.dir, "to/tree/c"), "new c")
		must(t, b.engine.Close())
	})
}

// An engine that ended while it removed what it had moved is gone on from: what
// is gone at the source is at the destination.
func TestMoveIsGoneOnWith(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newKeptBed(t)
		put(t, filepath.Join(b.dir, "a"), "a", newer)
		put(t, filepath.Join(b.dir, "b"), "b", newer)
		must(t, os.Mkdir(filepath.Join(b.dir, "to"), 0o700))
		id, err := b.engine.Submit(Job{Sources: []Path{b.path("a"), b.path("b")}, Destination: b.path("to"), Move: true, Options: DefaultOptions()})
		must(t, err)
		if tr, err := b.engine.Wait(t.Context(), id); err != nil || tr.State != StateDone {
			t.Fatalf("%+v, %v", tr, err)
		}
		if q, _ := b.engine.take(id); !q.removing {
			t.Error("nothing was written before it was removed")
		}
		r := b.store.rows[id] // as it was when only a was gone
		r.State, r.Tab, r.Ended = StateRunning, TabActive, 0
		b.store.rows[id] = r
		must(t, os.Rename(filepath.Join(b.dir, "to/b"), filepath.Join(b.dir, "b")))
		b.again()
		tr, err := b.engine.Wait(t.Context(), id)
		if err != nil || tr.State != StateDone || tr.Failures != 0 {
			t.Errorf("%v: %v, %+v, %v", tr.State, tr.Err, tr.Failed, err)
		}
		holds(t, filepath.Join(b.dir, "to/a"), "a")
		holds(t, filepath.Join(b.dir, "to/b"), "b")
		if _, err := os.Lstat(filepath.Join(b.dir, "b")); err == nil {
			t.Error("b is still at its source")
		}
		must(t, b.engine.Close())
	})
}

// A directory that was begun under an exact name goes on there with the next
// engine, and not in a directory within.
func TestExactNameOutlastsTheEngine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newKeptBed(t)
		put(t, filepath.Join(b.dir, "from/f"), "content", newer)
		must(t, os.Mkdir(filepath.Join(b.dir, "to"), 0o700))
		id, err := b.engine.Submit(Job{Sources: []Path{b.path("from")}, Destination: b.path("to"), Exact: true, Options: DefaultOptions()})
		must(t, err)
		if tr, err := b.engine.Wait(t.Context(), id); err != nil || tr.State != StateDone {
			t.Fatalf("%v: %v, %v", tr.State, tr.Err, err)
		}
		r := b.store.rows[id] // as it was while it ran
		r.State, r.Tab, r.Ended = StateRunning, TabActive, 0
		b.store.rows[id] = r
		b.again()
		if tr, err := b.engine.Wait(t.Context(), id); err != nil || tr.State != StateDone || !tr.Job.Exact {
			t.Errorf("%v: %v, exact %v, %v", tr.State, tr.Err, tr.Job.Exact, err)
		}
		if got := names(t, filepath.Join(b.dir, "to")); !slices.Equal(got, []string{"f"}) {
			t.Errorf("%q", got)
		}
		must(t, b.engine.Close())
	})
}
