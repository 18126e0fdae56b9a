package session

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/transport"
)

// oldPeer serves dir as a version does that knows no request from names on. It
// returns how many it was asked.
func oldPeer(t *testing.T, dir string) (*Remote, *atomic.Int32) {
	t.Helper()
	near, far := transport.Pipe()
	v := &visit{s: NewServer(ServerConfig{Tree: openDir(t, dir)}), link: far}
	unknown, over := new(atomic.Int32), make(chan struct{})
	go func() {
		defer close(over)
		for {
			st, err := far.AcceptStream(context.Background())
			if err != nil {
				return
			}
			req := new(wire.Request)
			wire.Read(bufio.NewReader(st), req)
			switch req.Ask.(type) {
			case *wire.Request_Names, *wire.Request_StatAll, *wire.Request_Watch, *wire.Request_Measure, *wire.Request_Find, *wire.Request_Glob,
				*wire.Request_Chmod, *wire.Request_Symlink, *wire.Request_Offer, *wire.Request_Take, *wire.Request_Introduce, *wire.Request_Draft:
				unknown.Add(1)
				req.Ask = nil
			}
			e := &exchange{v: v, s: v.s, st: st}
			if err := v.s.allows(req); err != nil {
				e.refuseAs(req, err)
			} else {
				e.answer(context.Background(), req)
			}
			st.Abort(0)
		}
	}()
	t.Cleanup(func() { near.Close("the test is over"); <-over })
	return NewRemote(near), unknown
}

// A peer of an older version is asked by what it knows, and once only by what it
// does not.
func TestOldPeer(t *testing.T) {
	dir := t.TempDir()
	bush(t, dir)
	r, unknown := oldPeer(t, dir)
	for range 2 {
		got := map[string]Entry{}
		for e, err := range r.Names(t.Context(), Path{"a"}) {
			must(t, err)
			got[e.Name] = e
		}
		if len(got) != 3 || got["Two.txt"].Size != 2 || got["up"].Target != ".." {
			t.Errorf("names: %v", got)
		}
		all, err := r.StatAll(t.Context(), Path{"a"}, []string{"Two.txt", "none", "b"})
		must(t, err)
		if len(all) != 3 || all[0].Size != 2 || all[1].Kind != Gone || all[2].Kind != Directory {
			t.Errorf("described: %v", all)
		}
		var last Measured
		for m, err := range r.Measure(t.Context(), Path{"a"}) {
			must(t, err)
			last = m
		}
		if want := (Measured{Files: 5, Dirs: 2, Bytes: 13, Done: true}); last != want {
			t.Errorf("measured %+v, want %+v", last, want)
		}
		var hits []string
		for f, err := range r.Find(t.Context(), Path{"a"}, Query{Pattern: "txt"}) {
			must(t, err)
			if !f.Path.IsRoot() {
				hits = append(hits, f.Path.Raw())
			}
		}
		if fmt.Sprint(hits) != "[a/Two.txt a/b/three.TXT]" {
			t.Errorf("found %q", hits)
		}
		if got := globbed(t, r, Path{"a"}, "**/*.[tT]*"); got != "a/Two.txt a/b/three.TXT" {
			t.Errorf("stands for %q", got)
		}
	}
	if n := unknown.Load(); n != 5 {
		t.Errorf("asked for what it does not know %d times", n)
	}
	for what, err := range map[string]error{
		"sets no permissions": r.Chmod(t.Context(), Path{"one"}, 0o600),
		"makes no links":      r.Symlink(t.Context(), "x", Path{"new"}),
	} {
		wantKind(t, err, Refused)
		if !strings.Contains(err.Error(), what) || !strings.Contains(err.Error(), "bargee") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := r.Create(t.Context(), Path{"new"}, CreateOptions{}); KindOf(err) != Refused || !strings.Contains(err.Error(), "updated") {
		t.Errorf("Create: %v", err)
	}
}

// Its directories are looked at, every 2 s.
func TestOldPeerIsPolled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		r, _ := oldPeer(t, dir)
		begun := time.Now()
		changes := 0
		for c, err := range r.Watch(t.Context(), Path{}) {
			if errors.Is(err, NotFound) {
				break
			}
			must(t, err)
			switch changes++; changes {
			case 1:
				write(t, filepath.Join(dir, "new"), "")
			case 2:
				if !c.Again || time.Since(begun) != pollEvery {
					t.Errorf("%+v after %v", c, time.Since(begun))
				}
				must(t, os.RemoveAll(dir))
			default:
				t.Fatalf("%+v after %v", c, time.Since(begun))
			}
		}
		if changes != 2 {
			t.Errorf("%d changes", changes)
		}
	})
}

// A walk from here ends where it would take too long.
func TestOldPeerOfManyDirectories(t *testing.T) {
	dir := t.TempDir()
	for i := range 2 * maxListings {
		must(t, os.MkdirAll(filepath.Join(dir, fmt.Sprint(i%10), fmt.Sprint(i)), 0o755))
	}
	r, _ := oldPeer(t, dir)
	var sum Measured
	var err error
	for sum, err = range r.Measure(t.Context(), Path{}) {
	}
	wantKind(t, err, Limit)
	if sum.Done || sum.Dirs < maxListings/2 {
		t.Errorf("measured %+v", sum)
	}
	for _, err = range r.Find(t.Context(), Path{}, Query{Pattern: "nothing"}) {
	}
	wantKind(t, err, Limit)
}
