package tui

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"testing"

	"github.com/bargee/bargee/session"
)

func init() {
	addEffects(map[string]func(*testing.T, *driver, []string){
		"panes C": func(t *testing.T, d *driver, key []string) {
			d.press("down")
			d.press(key...)
			d.wantShown("Mode of Arrival.2016.2160p.mkv", "[x]     [x]     [ ]", "644")
			d.press("right", "right", "space", "enter") // execute, for its owner
			wantTreeCalls(t, d, "chmod /home/Films/Arrival.2016.2160p.mkv 744")
			d.wantShown("mode of 1 item changed")
		},
		"panes L": func(t *testing.T, d *driver, key []string) {
			d.press("down")
			d.press(key...)
			d.wantShown("Symbolic link to Arrival.2016.2160p.mkv")
			d.press("enter")
			d.press("ctrl+u")
			d.write("latest")
			d.press("enter")
			wantTreeCalls(t, d, "symlink Arrival.2016.2160p.mkv /home/Films/latest")
			wantCursor(t, d, "latest")
		},
	})
	scenes = append(scenes, scene{name: "chmod", play: func(d *driver) { d.press("space", "space", "C", "right") }})
}

func wantTreeCalls(t *testing.T, d *driver, want ...string) {
	t.Helper()
	tree := d.engine.trees[session.Here]
	tree.mu.Lock()
	defer tree.mu.Unlock()
	calls := slices.DeleteFunc(slices.Clone(tree.calls), func(c string) bool { return len(c) > 4 && c[:4] == "stat" })
	slices.Sort(calls)
	if !slices.Equal(calls, want) {
		t.Errorf("the tree was asked %q, want %q", calls, want)
	}
}

// Bits in which several entries differ stay as each has them, until they are
// said; links are left out.
func TestChmodOfSeveral(t *testing.T) {
	d := newDriver(t, 80, 24)
	d.press("space", "space", "space", "C") // a directory 755, a file 644, a link
	d.wantShown("Mode of 2 items", "[x]     [x]     [-]", "???")
	d.press("right", "right", "down", "space", "space", "enter") // the group's execute: on, off
	wantTreeCalls(t, d, "chmod /home/Films/Arrival.2016.2160p.mkv 644", "chmod /home/Films/Series 745")
}

func TestChmodByDigits(t *testing.T) {
	d := newDriver(t, 80, 24)
	d.press("space", "space", "C")
	d.write("60")
	d.wantShown("60?")
	d.write("0")
	d.wantShown("600", "rw-------")
	d.press("enter")
	wantTreeCalls(t, d, "chmod /home/Films/Arrival.2016.2160p.mkv 600", "chmod /home/Films/Series 600")
}

func TestChmodOfALink(t *testing.T) {
	d := newDriver(t, 80, 24)
	d.press("down", "down", "C")
	d.wantShown("a link has no mode of its own")
	d.press("enter", "esc")
	wantTreeCalls(t, d)
}

func TestChmodSaysWhatFailed(t *testing.T) {
	d := newDriver(t, 100, 24)
	var list []session.Entry
	for _, e := range []string{"README.md", "gone", "subtitles.zip"} {
		list = append(list, session.Entry{Name: e})
	}
	tree := &picky{fakeTree: d.engine.trees[session.Here]}
	failed, err := inParallel(2, list, func(e session.Entry) error {
		return tree.Chmod(context.Background(), path(t, "home/Films/"+e.Name), 0o600)
	})
	if failed != 1 || !errors.Is(err, session.NotFound) {
		t.Errorf("%d failed: %v", failed, err)
	}
}

// picky refuses to change what is not there.
type picky struct{ *fakeTree }

func (t *picky) Chmod(ctx context.Context, p session.Path, mode fs.FileMode) error {
	if _, err := t.Stat(ctx, p); err != nil {
		return err
	}
	return t.fakeTree.Chmod(ctx, p, mode)
}
