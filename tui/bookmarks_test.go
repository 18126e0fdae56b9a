package tui

import (
	"errors"
	"strings"
	"testing"

	"github.com/bargee/bargee/session"
)

func init() {
	addEffects(map[string]func(*testing.T, *driver, []string){
		"panes b": func(t *testing.T, d *driver, key []string) {
			d.press(key...)
			d.wantShown("Bookmark as Films")
			d.press("enter")
			d.wantShown(`bookmarked as Films; \ lists them`)
		},
		`panes \`: func(t *testing.T, d *driver, key []string) {
			withMarks(d)
			d.press(key...)
			d.wantShown("Bookmarks", "1 Films", "~/Films", "2 there", "nas-attic:/pool/films")
			d.press("2")
			if wantDir(t, d, 0, "pool/films"); d.app.panes[0].place != 1 {
				t.Error("the pane did not go to the peer")
			}
		},
	})
	scenes = append(scenes,
		scene{name: "bookmarks", play: func(d *driver) { withMarks(d); d.press(`\`, "down", "down") }},
		scene{name: "bookmarks-none", play: func(d *driver) { d.press(`\`) }},
	)
}

// withMarks bookmarks both panes' directories, and one of a peer that is not
// connected.
func withMarks(d *driver) {
	_, err := d.app.opts.Bookmarks.Change(func([]Bookmark) []Bookmark {
		return []Bookmark{
			{Name: "Films", Dir: path(d.t, "home/Films")},
			{Name: "there", Place: "nas-attic", Dir: path(d.t, "pool/films")},
			{Name: "a very long name, longer than there is room for", Place: "office", Dir: path(d.t, "srv/東京")},
		}
	})
	if err != nil {
		d.t.Fatal(err)
	}
}

func TestBookmarkOfAPeerThatIsNotConnected(t *testing.T) {
	d := newDriver(t, 80, 24)
	withMarks(d)
	d.press(`\`)
	d.wantShown("office:/srv/東京  (not connected)")
	d.press("3")
	d.wantCalls("connect office ")
	wantDir(t, d, 0, "srv/東京")
	if p := &d.app.panes[0]; p.place != 2 {
		t.Errorf("the pane shows place %d", p.place)
	}
	d.press("1", "b", "enter", `\`) // once more: it is there already
	if list, _ := d.app.opts.Bookmarks.List(); len(list) != 3 || list[2].Name != "東京" {
		t.Errorf("there are %+v", list)
	}
}

func TestBookmarksAreEdited(t *testing.T) {
	d := newDriver(t, 80, 24)
	withMarks(d)
	d.press(`\`, "down", "r", "ctrl+u")
	d.write("attic1")
	d.press("enter", "J", "home", "d")
	list, _ := d.app.opts.Bookmarks.List()
	if len(list) != 2 || !strings.HasPrefix(list[0].Name, "a very") || list[1].Name != "attic1" {
		t.Errorf("there are %+v", list)
	}
	d.press("r")
	d.write("2")
	d.press("esc")
	if _, open := topmost[*bookmarkList](d.app); !open {
		t.Error("Esc in a name closed the list, or a digit went somewhere")
	}
	if d.press("esc"); d.app.over() != nil {
		t.Error("Esc does not close the list")
	}
}

// brokenMarks cannot be read.
type brokenMarks struct{}

func (brokenMarks) List() ([]Bookmark, error) { return nil, errors.New("bookmarks.json:1: no\x1b[2J") }
func (brokenMarks) Change(func([]Bookmark) []Bookmark) ([]Bookmark, error) {
	return nil, session.Permission
}

func TestBookmarksThatCannotBeKept(t *testing.T) {
	d := newDriver(t, 80, 24, func(_ *fakeEngine, o *Options) { o.Bookmarks = brokenMarks{} })
	d.press("b", "enter")
	d.wantShown("permission denied")
	d.press(`\`)
	d.wantShown(`bookmarks.json:1: no\x1b[2J`)
}
