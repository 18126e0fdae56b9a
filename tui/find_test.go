package tui

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
)

func init() {
	addEffects(map[string]func(*testing.T, *driver, []string){
		"panes f": func(t *testing.T, d *driver, key []string) {
			d.press("backspace")
			d.press(key...)
			d.wantShown("Find below /home")
			d.write(".mkv")
			d.press("enter")
			d.wantShown("Films/Series/pilot.mkv", "6 hits")
			d.press("enter") // the first one
			wantDir(t, d, 0, "home/Films/Series")
			wantCursor(t, d, "pilot.mkv")
		},
	})
	scenes = append(scenes, scene{name: "find", play: func(d *driver) {
		d.press("f")
		d.write(".mkv")
		d.press("enter", "space", "down")
	}})
}

// What was found is copied as what is tagged is; and it is still there when one
// looks for more.
func TestFoundIsCopied(t *testing.T) {
	d := newDriver(t, 120, 24)
	d.press("f")
	d.write(".mkv")
	d.press("enter", "space", "down", "space", "c")
	d.wantShown("Copy 2 items, 42.1G")
	d.press("enter")
	d.wantCalls("copy /home/Films/Series/pilot.mkv /home/Films/Arrival.2016.2160p.mkv to 1:/pool/films")
	d.press("f")
	d.wantShown(".mkv", "6 hits", "2 tagged")
	d.press("down", "*", "c", "esc")
	d.press("f", "ctrl+u")
	d.write("README")
	d.press("enter")
	d.wantShown("1 hit")
	d.press("esc")
	if d.app.over() != nil {
		t.Error("Esc does not close it")
	}
}

// The cursor is on the first hit, also if the list was seen empty before.
func TestFindBeginsAtTheFirstHit(t *testing.T) {
	d := newDriver(t, 80, 24)
	d.press("f")
	d.write("zip")
	cmd := search{d.app.finder, "zip"}.do(d.app)
	d.wantShown("0 hits")
	d.run(cmd)
	d.press("space")
	d.wantShown("• subtitles.zip")
}

// A manyTree finds as many names as one likes.
type manyTree struct {
	*fakeTree
	n     int
	found int
	end   error
	stop  func()
}

func (t *manyTree) Find(ctx context.Context, dir session.Path, _ session.Query) iter.Seq2[session.Found, error] {
	return func(yield func(session.Found, error) bool) {
		for i := range t.n {
			if t.stop != nil && i == t.n/2 {
				t.stop()
			}
			if ctx.Err() != nil {
				yield(session.Found{}, ctx.Err())
				return
			}
			p, _ := dir.Join(fmt.Sprintf("f\x1b%d", i))
			t.found++
			if !yield(session.Found{Path: p, Entry: session.Entry{Name: p.Base(), Size: 1}, Searched: int64(i)}, nil) {
				return
			}
		}
		if t.end != nil {
			yield(session.Found{}, t.end)
		}
	}
}

func runSearch(t *testing.T, tree *manyTree) *finder {
	t.Helper()
	news := make(chan foundMsg)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	f := &finder{running: true, cancel: cancel}
	tree.stop = func() {
		if tree.end == context.Canceled {
			f.stop()
		}
	}
	m := foundMsg{f: f, ctx: ctx, rest: news}
	go findBelow(tree, path(t, "home"), session.Query{}, m, news)
	for msg := nextFound(m); msg != nil; {
		cmd := msg.(foundMsg).apply(nil)
		if cmd == nil {
			break
		}
		msg = cmd()
	}
	return f
}

func TestFindMany(t *testing.T) {
	f := runSearch(t, &manyTree{n: session.MaxFound, end: session.Limit})
	if len(f.hits) != session.MaxFound || !f.limited || f.err != nil || f.running {
		t.Errorf("%d hits, limited %v, %v", len(f.hits), f.limited, f.err)
	}
	d := newDriver(t, 80, 24)
	f.at, f.input, f.pattern = d.app.panes[0].location(), newInput(""), "f"
	f.place = func() session.Place { return session.Place{} }
	for i := range f.hits {
		f.hits[i].Path = path(t, "home/Films/"+f.hits[i].Entry.Name)
	}
	d.app.push(f)
	d.press("pgdown", "end")
	d.wantShown(`f\x1b9999`, "10,000 hits, and more: look for something rarer")
	d.press("*")
	d.wantShown("10,000 tagged")
}

func TestFindFails(t *testing.T) {
	f := runSearch(t, &manyTree{n: 3, end: session.Permission})
	if len(f.hits) != 3 || !errors.Is(f.err, session.Permission) {
		t.Errorf("%d hits, %v", len(f.hits), f.err)
	}
}

// Esc ends a search and keeps what it found; a second one closes the list.
func TestFindIsCancelled(t *testing.T) {
	d := newDriver(t, 80, 24)
	d.press("f")
	d.write("mkv")
	f := d.app.finder
	cmd := search{f, "mkv"}.do(d.app)
	ctx := cmd().(foundMsg).ctx // the first part is there, and not taken in
	d.press("esc")
	if f.running || ctx.Err() == nil || d.app.over() == nil {
		t.Error("the search goes on, or the list is gone")
	}
	d.send(tea.Msg(foundMsg{f: f, number: f.number - 1, hits: make([]session.Found, 3)}))
	if len(f.hits) != 0 {
		t.Error("what came too late was taken in")
	}
	d.press("esc")
	if d.app.over() != nil {
		t.Error("the list does not close")
	}
}
