package session

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A source that lies within the destination by way of a peer would be removed by its
// own sync, and one around it would grow with each: both are refused, and nothing is
// changed.
func TestSyncCycle(t *testing.T) {
	for name, c := range map[string]struct {
		serve, peer, near string // what the peer serves, and the directories there and here
		up                bool
		want              string
	}{
		"the source within":               {"", "dst/a/src", "dst", false, "the source lies within the destination, as"},
		"what is served within":           {"dst/a/src", "", "dst", false, "the source lies within the destination, as"},
		"the destination within":          {"", "dst/a/src", "dst", true, "the destination lies within the source, as"},
		"the destination around a source": {"", "dst", "dst/a/src", true, "the source lies within the destination, as"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			put(t, filepath.Join(dir, "dst/a/src/file"), "the only copy", older)
			put(t, filepath.Join(dir, "dst/a/other"), "x", older)
			peer, _ := served(t, ServerConfig{Tree: openDir(t, filepath.Join(dir, c.serve))})
			there, here := At(peer, Path{c.peer}), At(openDir(t, dir), Path{c.near})
			from, to := there, here
			if c.up {
				from, to = here, there
			}
			times := func() (all []time.Time) {
				for _, name := range []string{"dst", "dst/a", "dst/a/src"} {
					fi, err := os.Stat(filepath.Join(dir, name))
					must(t, err)
					all = append(all, fi.ModTime())
				}
				return all
			}
			before := times()
			_, err := Sync(t.Context(), from, to, SyncOptions{Delete: true})
			if KindOf(err) != Invalid || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v", err)
			}
			holds(t, filepath.Join(dir, "dst/a/src/file"), "the only copy")
			holds(t, filepath.Join(dir, "dst/a/other"), "x")
			for i, at := range times() {
				if !at.Equal(before[i]) {
					t.Errorf("the time of directory %d was %v and is %v", i, before[i], at)
				}
			}
		})
	}
}

// A copy of the source within the destination, with its time, is none.
func TestSyncNoCycle(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "src/file"), "x", older)
	put(t, filepath.Join(dir, "dst/a/src/file"), "x", older)
	d := openDir(t, dir)
	for _, name := range []string{"src", "dst/a/src"} {
		must(t, d.Touch(t.Context(), Path{name}, older, false))
	}
	peer, _ := served(t, ServerConfig{Tree: openDir(t, dir)})
	if _, err := Sync(t.Context(), At(peer, Path{"src"}), At(d, Path{"dst"}), SyncOptions{}); err != nil {
		t.Error(err)
	}
	if fi, err := os.Stat(filepath.Join(dir, "dst/a/src")); err != nil || !fi.ModTime().Equal(older) {
		t.Errorf("%v: its time is another one", err)
	}
}
