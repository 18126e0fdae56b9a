package tui

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
)

func init() {
	addEffects(map[string]func(*testing.T, *driver, []string){
		"panes e": func(t *testing.T, d *driver, key []string) {
			desk := editingWith(d, func(string) (string, error) { return "x", nil })
			d.engine.trees[0].fill("home/Films/README.md", "# Films\n")
			d.press("'")
			d.write("README")
			d.press("enter")
			d.press(key...)
			if len(desk.opened) != 1 || desk.opened[0] != "/home/Films/README.md" {
				t.Errorf("the editor got %q", desk.opened)
			}
		},
	})
	scenes = append(scenes, scene{name: "edit-conflict", play: func(d *driver) {
		editFar(d, "one\n", func(string) (string, error) {
			d.engine.trees[1].fill("pool/films/aaa.txt", "theirs, and longer\n")
			return "mine\n", nil
		})
	}})
}

// fakeDesk keeps what is edited in the tree of this machine. Its editor makes of
// a content another one.
type fakeDesk struct {
	d      *driver
	edit   func(string) (string, error)
	none   error // there is no editor
	full   error // nor room
	opened []string
}

func editingWith(d *driver, edit func(string) (string, error)) *fakeDesk {
	desk := &fakeDesk{d: d, edit: edit}
	d.app.opts.Desk = desk
	d.app.exec = func(p Program, then func(error) tea.Msg) tea.Cmd {
		return func() tea.Msg { return then(p.Run()) }
	}
	return desk
}

func (k *fakeDesk) Make(name string, _ fs.FileMode) (io.WriteCloser, session.Path, error) {
	return &fakeDraft{k: k, name: "tmp/" + name}, path(k.d.t, "tmp/"+name), k.full
}

type fakeDraft struct {
	bytes.Buffer
	k    *fakeDesk
	name string
}

func (f *fakeDraft) Close() error {
	f.k.d.engine.trees[0].fill(f.name, f.String())
	return nil
}

func (k *fakeDesk) Editor(p session.Path) (Program, error) {
	return fakeProgram{k, p}, k.none
}

type fakeProgram struct {
	k *fakeDesk
	p session.Path
}

func (f fakeProgram) Run() error {
	f.k.opened = append(f.k.opened, f.p.String())
	tree := f.k.d.engine.trees[0]
	c := tree.files[f.p.Raw()]
	was, _ := io.ReadAll(io.NewSectionReader(c, 0, c.size))
	is, err := f.k.edit(string(was))
	if is != string(was) {
		tree.fill(f.p.Raw(), is)
	}
	return err
}

// editFar edits a file of the peer.
func editFar(d *driver, content string, edit func(string) (string, error)) *fakeDesk {
	d.engine.trees[1].fill("pool/films/aaa.txt", content)
	desk := editingWith(d, edit)
	d.press("2", "ctrl+r", "home", "down", "down", "e")
	return desk
}

func TestEditGoesBack(t *testing.T) {
	d := newDriver(t, 80, 24)
	var got string
	editFar(d, "one\n", func(s string) (string, error) { got = s; return s + "two\n", nil })
	if got != "one\n" {
		t.Errorf("the editor got %q", got)
	}
	d.wantCalls("copy /tmp/aaa.txt to 1:/pool/films/aaa.txt")
	j := d.engine.transfers[0].Job
	if j.Into || !j.Foreground || j.Options.OnConflict != session.Overwrite {
		t.Errorf("the job is %+v", j)
	}
	d.wantShown("saving aaa.txt")
	d.tick(1 << 20)
	d.wantShown("aaa.txt is saved, verified")
	if calls := d.engine.trees[0].calls; !strings.Contains(strings.Join(calls, "\n"), "remove /tmp recursive=true") {
		t.Errorf("the copy stays: %q", calls)
	}
}

func TestEditWithoutAChange(t *testing.T) {
	d := newDriver(t, 80, 24)
	editFar(d, "one\n", func(s string) (string, error) { return s, nil })
	d.wantShown("aaa.txt was not changed")
	d.wantCalls()
}

// Both sides changed: somebody decides, and nothing is lost without that.
func TestEditOfWhatChangedThereToo(t *testing.T) {
	for key, want := range map[string][]string{
		"o":   {"copy /tmp/aaa.txt to 1:/pool/films/aaa.txt"},
		"k":   {"copy /tmp/aaa.txt to 1:/pool/films/aaa.txt.local"},
		"esc": nil,
	} {
		d := newDriver(t, 80, 24)
		editFar(d, "one\n", func(string) (string, error) {
			d.engine.trees[1].fill("pool/films/aaa.txt", "theirs, and longer\n")
			return "mine\n", nil
		})
		d.wantShown("changed there too", "there now", "19B", "yours")
		d.press("x", key)
		d.wantCalls(want...)
		if key == "esc" {
			d.wantShown("your copy is")
		}
	}
	d := newDriver(t, 80, 24)
	editFar(d, "one\n", func(string) (string, error) {
		d.engine.trees[1].Remove(t.Context(), path(t, "pool/films/aaa.txt"), false)
		return "mine\n", nil
	})
	d.wantShown("there now: gone")
}

func TestEditsThatFail(t *testing.T) {
	same := func(s string) (string, error) { return s, nil }
	for name, c := range map[string]struct {
		edit func(string) (string, error)
		desk func(*fakeDesk)
		want []string
	}{
		"exit 1, nothing changed": {func(s string) (string, error) { return s, errors.New("exit status 1") }, nil,
			[]string{"the editor failed: exit status 1"}},
		"killed after a change": {func(s string) (string, error) { return s + "more", errors.New("signal: killed") }, nil,
			[]string{"aaa.txt was not saved: the editor failed: signal: killed", "your copy is /tmp/aaa.txt"}},
		"no editor": {same, func(k *fakeDesk) { k.none = errors.New("no editor was found: set EDITOR to one") },
			[]string{"no editor was found: set EDITOR to one"}},
		"no room": {same, func(k *fakeDesk) { k.full = session.NoSpace }, []string{"the disk is full"}},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDriver(t, 120, 24)
			d.engine.trees[1].fill("pool/films/aaa.txt", "one")
			desk := editingWith(d, c.edit)
			if c.desk != nil {
				c.desk(desk)
			}
			d.press("2", "ctrl+r", "home", "down", "down", "e")
			d.wantShown(c.want...)
			d.wantCalls()
		})
	}
	t.Run("the copy vanishes", func(t *testing.T) {
		d := newDriver(t, 120, 24)
		editFar(d, "one", func(s string) (string, error) {
			d.engine.trees[0].Remove(t.Context(), path(t, "tmp/aaa.txt"), false)
			return s, nil
		})
		d.wantShown("the edited copy of aaa.txt is gone: nothing was saved")
	})
	t.Run("the way back fails", func(t *testing.T) {
		d := newDriver(t, 120, 24)
		editFar(d, "one", func(s string) (string, error) { return s + "!", nil })
		tr := &d.engine.transfers[0]
		tr.State = session.StateRunning
		d.look()
		tr.State, tr.Err = session.StateFailed, session.Permission
		d.look()
		d.wantShown("aaa.txt was not saved: permission denied", "your copy is /tmp/aaa.txt")
	})
}

// A peer that does not answer: Esc gives up, and the editor does not open later.
func TestEditOfASlowPeer(t *testing.T) {
	d := newDriver(t, 80, 24)
	desk := editingWith(d, func(s string) (string, error) { return s, nil })
	c := d.engine.trees[1].fill("pool/films/aaa.txt", "one")
	d.press("2", "ctrl+r", "home", "down", "down")
	c.hold = make(chan struct{})
	loading := d.start("e")
	<-c.asks
	d.wantShown("bringing aaa.txt here… 0%", "Esc gives up")
	d.press("x", "esc")
	d.wantShown("given up")
	d.send(<-loading)
	if len(desk.opened) > 0 {
		t.Error("the editor opened all the same")
	}
}

// A copy that cannot be read after the editor is kept, and said where.
func TestEditOfACopyThatCannotBeRead(t *testing.T) {
	d := newDriver(t, 120, 24)
	here := d.engine.trees[0]
	editFar(d, "one\n", func(string) (string, error) {
		here.unreadable = true
		return "mine\n", nil
	})
	d.wantShown("was not saved")
	d.wantShown("your copy is /tmp/aaa.txt")
	if calls := strings.Join(here.calls, "\n"); strings.Contains(calls, "remove") {
		t.Errorf("the copy is gone: %s", calls)
	}
}
