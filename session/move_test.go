package session

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// gone expects that nothing has the name.
func gone(t *testing.T, name string) {
	t.Helper()
	if _, err := os.Lstat(name); err == nil {
		t.Errorf("%s is still there", name)
	}
}

// A move removes what has arrived, and leaves what has not.
func TestMove(t *testing.T) {
	for way, job := range jobs {
		t.Run(way, func(t *testing.T) {
			b := newBed(t, ServerConfig{})
			j, from, to := job(b, "tree")
			put(t, filepath.Join(from, "a"), "new", newer)
			put(t, filepath.Join(from, "b/c"), "below", newer)
			put(t, filepath.Join(from, "same"), "same", newer)
			put(t, filepath.Join(from, "looks-the-same"), "these", newer)
			put(t, filepath.Join(from, "stays"), "new", newer)
			put(t, filepath.Join(to, "same"), "same", newer)
			put(t, filepath.Join(to, "looks-the-same"), "those", newer)
			put(t, filepath.Join(to, "stays"), "old", older)
			j.Move, j.Options.OnConflict = true, Skip
			tr := b.run(j)
			if tr.State != StateDone {
				t.Errorf("%v: %v", tr.State, tr.Err)
			}
			for _, name := range []string{"a", "b", "same"} {
				gone(t, filepath.Join(from, name))
			}
			holds(t, filepath.Join(to, "b/c"), "below")
			holds(t, filepath.Join(from, "stays"), "new")
			holds(t, filepath.Join(from, "looks-the-same"), "these")
		})
	}
}

// A file that is changed after it was copied is not lost.
func TestMoveOfAFileThatChanges(t *testing.T) {
	for way, job := range jobs {
		t.Run(way, func(t *testing.T) {
			b := newBed(t, ServerConfig{})
			j, from, to := job(b, "file")
			put(t, from, "first", older)
			j.Move = true
			j.Observe = func(it Item) { put(t, from, "later", newer) }
			tr := b.run(j)
			if tr.State != StateFailed || KindOf(tr.Err) != Changed {
				t.Errorf("%v: %v", tr.State, tr.Err)
			}
			holds(t, from, "later")
			holds(t, to, "first")
		})
	}
}

// A move onto itself is none, by whatever name.
func TestMoveOntoItself(t *testing.T) {
	b := newBed(t, ServerConfig{})
	file := filepath.Join(b.here, "dir/file")
	put(t, file, "the only copy", older)
	must(t, os.Symlink("dir", filepath.Join(b.here, "link")))
	for _, dest := range []string{"dir", "link"} {
		for _, rule := range []Conflict{Overwrite, Skip} {
			j := Job{Sources: []Path{b.path("dir/file")}, Destination: b.path(dest), Into: true, Move: true, Options: DefaultOptions()}
			j.Options.OnConflict = rule
			b.run(j)
			holds(t, file, "the only copy")
		}
	}
}

// Within this machine what can be renamed is; a conflict is decided as in any
// other transfer, for each source.
func TestMoveHere(t *testing.T) {
	b := newBed(t, ServerConfig{})
	put(t, filepath.Join(b.here, "from/a"), "a", newer)
	put(t, filepath.Join(b.here, "from/b"), "b", newer)
	put(t, filepath.Join(b.here, "from/c"), "cc", newer)
	put(t, filepath.Join(b.here, "to/b"), "old", older)
	j := Job{Sources: []Path{b.path("from/a"), b.path("from/b"), b.path("from/c")}, Destination: b.path("to"), Move: true, Options: DefaultOptions()}
	j.Options.OnConflict = Overwrite
	tr := b.run(j)
	if tr.State != StateDone || tr.Failures > 0 || tr.FilesDone != 3 || tr.Files != 3 {
		t.Errorf("%v: %v %v, %d of %d", tr.State, tr.Err, tr.Failed, tr.FilesDone, tr.Files)
	}
	for name, content := range map[string]string{"a": "a", "b": "b", "c": "cc"} {
		holds(t, filepath.Join(b.here, "to", name), content)
		gone(t, filepath.Join(b.here, "from", name))
	}
}

// Two sources of one name would become one file, and with a move one of them
// would be lost.
func TestSourcesOfOneName(t *testing.T) {
	b := newBed(t, ServerConfig{})
	for _, from := range []PlaceID{Here, b.peer} {
		_, err := b.engine.Submit(Job{From: from, To: b.peer, Sources: []Path{{"a/x"}, {"b/x"}}, Options: DefaultOptions()})
		wantKind(t, err, Invalid)
	}
	_, err := b.engine.Submit(Job{From: b.peer, Sources: []Path{{"a/x"}, {"b/x"}}, Options: DefaultOptions()})
	wantKind(t, err, Invalid)
	_, err = b.engine.Submit(Job{From: b.peer, Sources: []Path{{}, {"b/x"}}, Options: DefaultOptions()})
	wantKind(t, err, Invalid)
}

// A peer may serve the very directory that a move goes to or comes from: then
// there is only one copy, and it stays.
func TestMoveOntoItselfByWayOfAPeer(t *testing.T) {
	for way := range jobs {
		t.Run(way, func(t *testing.T) {
			dir := t.TempDir()
			b := &bed{tb: t, here: dir, there: dir}
			b.engine = NewEngine(EngineConfig{Reach: &pipeReach{t, NewServer(ServerConfig{Tree: openDir(t, dir)})}})
			t.Cleanup(func() { b.engine.Close() })
			var err error
			b.peer, err = b.engine.Connect(t.Context(), "peer", "")
			must(t, err)
			put(t, filepath.Join(dir, "tree/file"), "the only copy", older)
			must(t, os.Mkdir(filepath.Join(dir, "tree/empty"), 0o755))
			must(t, os.Symlink("file", filepath.Join(dir, "tree/link")))
			j, _, _ := jobs[way](b, "tree")
			j.Move = true
			tr := b.run(j)
			if tr.State != StateFailed || !errors.Is(tr.Err, errItself) || KindOf(tr.Err) != Invalid {
				t.Errorf("%v: %v", tr.State, tr.Err)
			}
			holds(t, filepath.Join(dir, "tree/file"), "the only copy")
			if fi, err := os.Stat(filepath.Join(dir, "tree/file")); err != nil || !fi.ModTime().Equal(older) {
				t.Errorf("%v: its time is %v", err, fi.ModTime())
			}
			for _, name := range []string{"tree/empty", "tree/link"} {
				if _, err := os.Lstat(filepath.Join(dir, name)); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// From one peer to another a move is a copy, and what has arrived is removed.
func TestMoveBetweenPeers(t *testing.T) {
	b := newBetween(t, ServerConfig{}, ServerConfig{})
	for name, content := range map[string]string{"a": "new", "b/c": "below", "same": "same", "looks-the-same": "these", "stays": "new"} {
		put(t, filepath.Join(b.fromD, "tree", name), content, newer)
	}
	put(t, filepath.Join(b.toD, "tree/same"), "same", newer)
	put(t, filepath.Join(b.toD, "tree/looks-the-same"), "those", newer)
	put(t, filepath.Join(b.toD, "tree/stays"), "old", older)
	j := b.job(DefaultOptions(), "tree")
	j.Move, j.Options.OnConflict = true, Skip
	if tr := b.run(j); tr.State != StateDone {
		t.Errorf("%v: %v", tr.State, tr.Err)
	}
	for _, name := range []string{"a", "b", "same"} {
		gone(t, filepath.Join(b.fromD, "tree", name))
	}
	holds(t, filepath.Join(b.toD, "tree/b/c"), "below")
	holds(t, filepath.Join(b.fromD, "tree/stays"), "new")
	holds(t, filepath.Join(b.fromD, "tree/looks-the-same"), "these")
	if fi, err := os.Stat(filepath.Join(b.toD, "tree/same")); err != nil || !fi.ModTime().Equal(newer) {
		t.Errorf("%v: its time is another one", err)
	}
}

// Two peers may serve one directory: then there is only one copy, and it stays.
func TestMoveBetweenPeersOntoItself(t *testing.T) {
	dir := t.TempDir()
	one := openDir(t, dir)
	b := newBetween(t, ServerConfig{Tree: one}, ServerConfig{Tree: one})
	put(t, filepath.Join(dir, "tree/file"), "the only copy", older)
	must(t, os.Mkdir(filepath.Join(dir, "tree/empty"), 0o755))
	must(t, os.Symlink("file", filepath.Join(dir, "tree/link")))
	j := b.job(DefaultOptions(), "tree")
	j.Move = true
	tr := b.run(j)
	if tr.State != StateFailed || !errors.Is(tr.Err, errItself) || KindOf(tr.Err) != Invalid {
		t.Errorf("%v: %v", tr.State, tr.Err)
	}
	holds(t, filepath.Join(dir, "tree/file"), "the only copy")
	if fi, err := os.Stat(filepath.Join(dir, "tree/file")); err != nil || !fi.ModTime().Equal(older) {
		t.Errorf("%v: its time is another one", err)
	}
	for _, name := range []string{"tree/empty", "tree/link"} {
		if _, err := os.Lstat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
}
