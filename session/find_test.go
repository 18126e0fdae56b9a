package session

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bargee/bargee/internal/wire"
)

// A search through many entries ends as soon as its context does, and after
// 10,000 hits.
func TestFindInMuch(t *testing.T) {
	if raceEnabled && testing.Short() {
		t.Skip("15,000 files take the race detector long; smaller trees are searched beside it")
	}
	dir := t.TempDir()
	for i := range 100 {
		must(t, os.Mkdir(filepath.Join(dir, fmt.Sprint(i)), 0o755))
		manyNames(t, filepath.Join(dir, fmt.Sprint(i)), 150)
	}
	d := openDir(t, dir)
	remote, _ := served(t, ServerConfig{Tree: d})
	for name, tree := range map[string]Tree{"dir": d, "remote": remote} {
		ctx, stop := context.WithCancel(t.Context())
		var stopped time.Time
		var err error
		for _, err = range tree.Find(ctx, Path{}, Query{Pattern: "0"}) {
			if err == nil && stopped.IsZero() {
				stop()
				stopped = time.Now()
			}
		}
		stop()
		if took := time.Since(stopped); !errors.Is(err, Cancelled) || took > 20*time.Second {
			t.Errorf("%s: %v, %v after its context", name, err, took)
		}
		hits := 0
		for f, e := range tree.Find(t.Context(), Path{}, Query{Pattern: "file"}) {
			if err = e; !f.Path.IsRoot() {
				hits++
			}
		}
		if !errors.Is(err, Limit) || hits != MaxFound {
			t.Errorf("%s: %d hits, %v", name, hits, err)
		}
		for m, err := range tree.Measure(t.Context(), Path{}) {
			must(t, err)
			if m.Done && m != (Measured{Files: 15_000, Dirs: 100, Done: true}) {
				t.Errorf("%s: %+v", name, m)
			}
		}
	}
}

// A directory that cannot be read is counted, and the rest is seen.
func TestWalksOfWhatCannotBeRead(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root can read everything")
	}
	dir := t.TempDir()
	bush(t, dir)
	must(t, os.Chmod(filepath.Join(dir, "a/b"), 0))
	t.Cleanup(func() { os.Chmod(filepath.Join(dir, "a/b"), 0o755) })
	for m, err := range openDir(t, dir).Measure(t.Context(), Path{}) {
		must(t, err)
		if m != (Measured{Files: 3, Dirs: 2, Bytes: 3, Failed: 1, Done: true}) {
			t.Errorf("%+v", m)
		}
	}
}

// Only so many trees are walked for one peer at a time.
func TestServeWalks(t *testing.T) {
	v := &visit{s: NewServer(ServerConfig{Tree: openDir(t, t.TempDir())}), walks: make(chan struct{}, 1)}
	take(v.walks)
	e := &exchange{v: v, s: v.s, st: &recording{}}
	wantKind(t, e.find(t.Context(), requests["find"].GetFind()), Busy)
	wantKind(t, e.measure(t.Context(), requests["measure"].GetMeasure()), Busy)
}

// Filters that stand for very many patterns are refused, by whoever has the files.
func TestFiltersAreBounded(t *testing.T) {
	bomb := strings.Repeat("{a,b}", 13)
	b := newBed(t, ServerConfig{})
	put(t, filepath.Join(b.there, "file"), "content", older)
	o := DefaultOptions()
	o.Exclude = []string{bomb}
	if _, err := b.engine.Submit(Job{From: b.peer, To: Here, Sources: []Path{mustPath(t, "file")}, Destination: b.path(""), Options: o}); KindOf(err) != Limit {
		t.Errorf("here: %v", err)
	}
	var wanted wire.Fetch
	wanted.Options = optionsToWire(o)
	if _, err := NewServer(ServerConfig{}).senderFor(&wanted); KindOf(err) != Limit {
		t.Errorf("at the peer: %v", err)
	}
}
