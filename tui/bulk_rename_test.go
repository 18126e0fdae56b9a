package tui

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/renaming"
)

func init() {
	scenes = append(scenes,
		scene{name: "rename-many", play: func(d *driver) {
			renameAs(d, strings.NewReplacer("Solaris", "東京", "Stalker.1979", strings.Repeat("long ", 20)+"name"))
		}},
		scene{name: "rename-failed", play: func(d *driver) {
			renameAs(d, strings.NewReplacer("So", "so"))
			d.engine.trees[0].Touch(d.t.Context(), path(d.t, "home/Films/solaris.1972.mkv"), testNow, true)
			d.press("y")
		}},
	)
}

// renameAs tags what begins with S and edits the names.
func renameAs(d *driver, r interface{ Replace(string) string }) *fakeDesk {
	desk := editingWith(d, func(s string) (string, error) { return r.Replace(s), nil })
	d.press("+", "ctrl+u")
	d.write("S*.*")
	d.press("enter", "R")
	return desk
}

type replaceBy func(string) string

func (f replaceBy) Replace(s string) string { return f(s) }

func filmNames(d *driver) []string { return d.engine.trees[0].names("home/Films") }

func TestRenameMany(t *testing.T) {
	d := newDriver(t, 80, 24)
	var list string
	renameAs(d, replaceBy(func(s string) string {
		list = s
		return "Stalker.1979.mkv\nSolaris.1972.mkv\nsubs.zip\n" // the first two change places
	}))
	if list != "Solaris.1972.mkv\nStalker.1979.mkv\nsubtitles.zip\n" {
		t.Fatalf("the list is %q", list)
	}
	d.wantShown("Rename 3 items?", "subtitles.zip", "subs.zip", "y rename")
	if names := filmNames(d); !slices.Contains(names, "subtitles.zip") {
		t.Error("it renames before anybody said so")
	}
	d.press("y")
	d.due()
	d.wantShown("3 items renamed", "subs.zip")
	calls := strings.Join(d.engine.trees[0].calls, "\n")
	if strings.Count(calls, "rename ") != 4 || !strings.Contains(calls, ".bargee-rename-") {
		t.Errorf("the steps are %s", calls)
	}
	for _, n := range filmNames(d) {
		if strings.HasPrefix(n, ".bargee") {
			t.Errorf("%s stays", n)
		}
	}
	if !strings.Contains(calls, "remove /tmp recursive=true") {
		t.Error("the list stays")
	}
}

func TestRenamesThatAreRefused(t *testing.T) {
	for edited, want := range map[string]string{
		"one\n":                        "Nothing was renamed: the list has 1 line, it had 3 lines",
		"a\nb\na\n":                    "lines 1 and 3: both are a",
		"a\nb/c\nc\n":                  "line 2: b/c: a name has no slash",
		"a\nREADME.md\nb\n":            "README.md is there already",
		"Solaris.1972.mkv\n\nb\n":      "line 2: there is no name",
		"a\nb\nArrival.2016.2160p.mkv": "Arrival.2016.2160p.mkv is there already",
	} {
		d := newDriver(t, 120, 24)
		before := filmNames(d)
		desk := renameAs(d, replaceBy(func(string) string { return edited }))
		d.wantShown(want, "e edit again")
		d.press("e")
		if len(desk.opened) != 2 {
			t.Error("it is not edited again")
		}
		d.press("esc", "y")
		if !slices.Equal(filmNames(d), before) {
			t.Errorf("%q: %q is there now", edited, filmNames(d))
		}
	}
	d := newDriver(t, 120, 24)
	renameAs(d, strings.NewReplacer())
	d.wantShown("no name was changed")
	renameAs(d, strings.NewReplacer("Solaris", "x"))
	d.press("n")
	if !slices.Contains(filmNames(d), "Solaris.1972.mkv") || len(d.app.overlays) > 0 {
		t.Error("n renames")
	}
}

// ringTree is a directory that refuses some steps.
type ringTree struct {
	*fakeTree
	mu     sync.Mutex
	names  map[string]string // what lies under a name
	refuse func(from, to string) error
}

func (t *ringTree) Rename(_ context.Context, from, to session.Path) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.refuse != nil {
		if err := t.refuse(from.Base(), to.Base()); err != nil {
			return err
		}
	}
	file, there := t.names[from.Base()]
	if _, taken := t.names[to.Base()]; taken || !there {
		return &session.Error{Kind: session.Exists, Err: fs.ErrExist}
	}
	delete(t.names, from.Base())
	t.names[to.Base()] = file
	return nil
}

// Wherever a renaming fails, no file is lost, and what is said is so.
func TestRenamesThatFailHalfway(t *testing.T) {
	pairs := []renaming.Pair{{Old: "a", New: "b"}, {Old: "b", New: "c"}, {Old: "c", New: "a"}, {Old: "x", New: "y"}, {Old: "y", New: "z"}}
	for fail := range 7 {
		tree := &ringTree{names: map[string]string{}}
		for _, n := range []string{"a", "b", "c", "x", "y"} {
			tree.names[n] = "file " + n
		}
		steps := 0
		tree.refuse = func(from, to string) error {
			if steps++; steps == fail {
				return session.Permission
			}
			return nil
		}
		run := &renamingRun{total: len(pairs)}
		var failed []failedName
		var left []renaming.Pair
		for _, g := range renaming.Plan(pairs, spareName) {
			f, l := run.group(t.Context(), tree, g)
			failed, left = append(failed, f...), append(left, l...)
		}
		if want := min(fail, 1); fail <= 6 && len(failed) != want || run.done.Load()+int64(len(failed)+len(left)) != 5 {
			t.Errorf("step %d: %d done, %d failed, %d left", fail, run.done.Load(), len(failed), len(left))
		}
		not := map[string]bool{}
		for _, f := range failed {
			not[f.Old] = true
		}
		for _, p := range left {
			not[p.Old] = true
		}
		for _, p := range pairs {
			at := p.New
			if not[p.Old] {
				at = p.Old
			}
			if tree.names[at] != "file "+p.Old {
				t.Errorf("step %d: under %s is %q, want what was %s: %v", fail, at, tree.names[at], p.Old, tree.names)
			}
		}
	}
}

func TestRenameTenThousand(t *testing.T) {
	tree := &ringTree{names: map[string]string{}}
	var pairs []renaming.Pair
	for i := range 10_000 {
		name := fmt.Sprint("n", i)
		tree.names[name] = name
		pairs = append(pairs, renaming.Pair{Old: name, New: fmt.Sprint("n", i+1)}) // one long row
	}
	run := &renamingRun{total: len(pairs)}
	e := newFakeEngine()
	m := run.do(t.Context(), renameEngine{e, tree}, pairs)
	if run.done.Load() != 10_000 || len(m.failed)+len(m.left) > 0 || tree.names["n10000"] != "n9999" {
		t.Errorf("%d done, %v, %d left", run.done.Load(), m.failed, len(m.left))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if m := run.do(ctx, renameEngine{e, tree}, []renaming.Pair{{Old: "n1", New: "n0"}}); len(m.left) != 1 {
		t.Error("it goes on after it was stopped")
	}
}

type renameEngine struct {
	*fakeEngine
	tree session.Tree
}

func (e renameEngine) Tree(session.PlaceID) (session.Tree, error) { return e.tree, nil }
