package session

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// Sync needs no engine: any two trees, here or at peers, are made alike, with what is
// moved and what is removed, and a second one has nothing to do.
func TestSyncTrees(t *testing.T) {
	eachCrossing(t, func(t *testing.T, c crossing) {
		data := fill(t, filepath.Join(c.from, "src/dir/large"), largeFile, 1)
		put(t, filepath.Join(c.from, "src/changed"), "new one", newer)
		put(t, filepath.Join(c.from, "src/renamed"), "has another name", older)
		put(t, filepath.Join(c.from, "src/left-out.tmp"), "x", older)
		must(t, os.Symlink("changed", filepath.Join(c.from, "src/link")))
		put(t, filepath.Join(c.to, "dst/changed"), "old", older)
		put(t, filepath.Join(c.to, "dst/name"), "has another name", older)
		put(t, filepath.Join(c.to, "dst/extra/file"), "x", older)
		put(t, filepath.Join(c.to, "dst/stays.tmp"), "x", older)
		var signs []string
		var planned SyncPlanned
		o := SyncOptions{Delete: true, Exclude: []string{"*.tmp"},
			OnItem: func(it SyncItem) { signs = append(signs, string(rune(it.Change))+it.Path.Raw()) },
			OnPlan: func(p SyncPlanned) { planned = p },
		}
		run := func() SyncResult {
			t.Helper()
			signs = nil
			res, err := Sync(t.Context(), At(c.src, Path{"src"}), At(c.dst, Path{"dst"}), o)
			must(t, err)
			return res
		}
		res := run()
		slices.Sort(signs)
		want := []string{"+dir", "+dir/large", "+link", "+renamed", "-extra", "-extra/file", "-name", "~changed"}
		if !slices.Equal(signs, want) || res.Moved != 1 || res.Failed > 0 || planned.Copy != 3 {
			t.Errorf("%q, %+v, planned %+v", signs, res, planned)
		}
		sameFile(t, filepath.Join(c.to, "dst/dir/large"), data)
		holds(t, filepath.Join(c.to, "dst/changed"), "new one")
		holds(t, filepath.Join(c.to, "dst/renamed"), "has another name")
		holds(t, filepath.Join(c.to, "dst/stays.tmp"), "x")
		gone(t, filepath.Join(c.to, "dst/left-out.tmp"))
		if res = run(); len(signs) > 0 {
			t.Errorf("again: %q, %+v", signs, res)
		}
	})
}

func TestSyncTreesRefusals(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "dir/file"), "x", older)
	d := openDir(t, dir)
	bad := DefaultOptions()
	bad.ChunkSize = 3
	for what, k := range map[string]struct {
		from, to Location
		o        SyncOptions
		want     Kind
	}{
		"no tree":           {At(d, Path{"dir"}), Location{}, SyncOptions{}, Invalid},
		"itself":            {At(d, Path{"dir"}), At(d, Path{"dir"}), SyncOptions{}, Invalid},
		"into itself":       {At(d, Path{"dir"}), At(d, Path{"dir/to"}), SyncOptions{}, Invalid},
		"what it is in":     {At(d, Path{"dir"}), At(d, Path{}), SyncOptions{}, Invalid},
		"no source":         {At(d, Path{"none"}), At(d, Path{"to"}), SyncOptions{}, NotFound},
		"a file":            {At(d, Path{"dir/file"}), At(d, Path{"to"}), SyncOptions{}, NotADirectory},
		"odd removals":      {At(d, Path{"dir"}), At(d, Path{"to"}), SyncOptions{MaxDelete: -1}, Invalid},
		"an odd chunk size": {At(d, Path{"dir"}), At(d, Path{"to"}), SyncOptions{Options: &bad}, ChunkSize},
	} {
		if _, err := Sync(t.Context(), k.from, k.to, k.o); KindOf(err) != k.want {
			t.Errorf("%s: %v, want %s", what, err, k.want)
		}
	}
}

// A directory that is left out does not make way for a file of its name: nothing is
// said of what is in it, so nothing of it is removed.
func TestSyncLeftOutInTheWay(t *testing.T) {
	eachCrossing(t, func(t *testing.T, c crossing) {
		put(t, filepath.Join(c.from, "src/d"), "a file", newer)
		put(t, filepath.Join(c.from, "src/more"), "x", newer)
		put(t, filepath.Join(c.to, "dst/d/file"), "left out", older)
		put(t, filepath.Join(c.to, "dst/extra"), "x", older)
		var failed []SyncItem
		res, err := Sync(t.Context(), At(c.src, Path{"src"}), At(c.dst, Path{"dst"}), SyncOptions{
			Delete: true, Exclude: []string{"d/"},
			OnItem: func(it SyncItem) {
				if it.Err != nil {
					failed = append(failed, it)
				}
			},
		})
		must(t, err)
		if len(failed) != 1 || failed[0].Path != (Path{"d"}) || KindOf(failed[0].Err) != Exists || res.Kept != 1 {
			t.Errorf("%+v, %+v", failed, res)
		}
		holds(t, filepath.Join(c.to, "dst/d/file"), "left out")
		holds(t, filepath.Join(c.to, "dst/extra"), "x")
		holds(t, filepath.Join(c.to, "dst/more"), "x")
	})
}
