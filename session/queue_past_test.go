package session

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// What an engine without a store did is told when it is over, and another one that
// gets a store has it in its history; what a sync copied is not copied by itself.
func TestPast(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a", "b/c"} {
		must(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o777))
		must(t, os.WriteFile(filepath.Join(dir, name), []byte("content "+name), 0o666))
	}
	s := newMemoryStore()
	var told []Record
	e := NewEngine(EngineConfig{KeepLater: true, Past: func(r Record) { told = append(told, r) }})
	defer e.Close()
	host := NewHost()
	at := func(name string) Path {
		p, err := host.PathOf(filepath.Join(dir, name))
		must(t, err)
		return p
	}
	submit := func(o Options, src, dst string) TransferID {
		id, err := e.Submit(Job{Sources: []Path{at(src)}, Destination: at(dst), Priority: 7, Foreground: true, Options: o})
		must(t, err)
		_, err = e.Wait(t.Context(), id)
		must(t, err)
		return id
	}
	options := DefaultOptions()
	options.OnConflict = Fail
	submit(options, "a", "copy")
	if len(told) != 1 {
		t.Fatalf("%d told when the first was over", len(told))
	}
	submit(options, "b/c", "copy")
	tryOut := options
	tryOut.DryRun = true
	submit(tryOut, "a", "not")
	_, err := e.Sync(t.Context(), SyncJob{Source: at("b"), Destination: at("synced"), Options: options})
	must(t, err)
	must(t, e.Close())
	if len(told) != 3 {
		t.Fatalf("%d told", len(told))
	}
	for i := range told {
		if told[i].ID != 0 || told[i].Ended != 0 {
			t.Errorf("%+v has a number", told[i])
		}
		told[i].ID, told[i].Ended = TransferID(i+1), int64(i+1)
	}
	must(t, s.Write(told, nil))

	e = NewEngine(EngineConfig{Store: s})
	defer e.Close()
	h, err := e.History(t.Context(), HistoryQuery{})
	if err != nil || len(h) != 3 || h[2].State != StateDone || h[2].Job.Sources[0] != at("a") || h[2].Verified != 9 || h[2].Job.Priority != 7 || h[2].Finished.IsZero() {
		t.Fatalf("%+v, %v", h, err)
	}
	if h[1].Failures != 1 || KindOf(h[1].Failed[0].Err) != Exists || !h[0].Job.Sync || h[0].Job.only != nil || h[0].Files != 1 {
		t.Errorf("%+v\n%+v", h[1], h[0])
	}
	if err := e.Retry(h[0].ID); !errors.Is(err, Invalid) {
		t.Errorf("retry of a sync: %v", err)
	}
	if _, err := e.Submit(h[0].Job); !errors.Is(err, Invalid) {
		t.Errorf("submit of a sync: %v", err)
	}
	must(t, e.Retry(h[1].ID))
	if tr, err := e.Wait(t.Context(), h[1].ID); err != nil || tr.State != StateDone || tr.Failures != 1 {
		t.Errorf("retry: %+v, %v", tr, err)
	}
}
