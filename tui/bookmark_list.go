package tui

import (
	"slices"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
)

// bookmarkList lists the bookmarks for a pane.
type bookmarkList struct {
	side   int
	places []session.Place
	home   session.Path
	items  []Bookmark
	read   bool
	err    error
	list   scroll
	rename *input // a new name for the one under the cursor
}

func (a *App) openBookmarks() tea.Cmd {
	l := &bookmarkList{side: a.pane().side, places: a.shot.places, home: a.opts.Home}
	a.push(l)
	return changeBookmarks{list: l}.do(a)
}

var (
	markDelete = bind("delete", "d", "x", "delete")
	markRename = bind("rename", "r", "R", "f2")
	markUp     = bind("up", "K")
	markDown   = bind("down", "J")
	markKeys   = []key.Binding{bind("go", "enter"), bind("go", "1-9"), markRename, markDelete, bind("order", "J/K"), bind("close", "esc")}
	nameKeys   = []key.Binding{bind("rename", "enter"), bind("leave it", "esc")}
)

func (l *bookmarkList) handleKey(k tea.KeyPressMsg) (do action, over bool) {
	if l.rename != nil {
		return l.renaming(k), false
	}
	name := k.String()
	at := l.list.cursor
	switch {
	case key.Matches(k, giveUp):
		return nil, true
	case len(name) == 1 && name[0] >= '1' && name[0] <= '9':
		at = int(name[0] - '1')
		fallthrough
	case name == "enter":
		if at < len(l.items) {
			return toBookmark{l.side, l.items[at]}, true
		}
	case at >= len(l.items):
	case key.Matches(k, markDelete):
		b := l.items[at]
		return changeBookmarks{list: l, change: func(list []Bookmark) []Bookmark {
			return slices.DeleteFunc(list, func(x Bookmark) bool { return x == b })
		}}, false
	case key.Matches(k, markRename):
		l.rename = newInput(l.items[at].Name)
	case key.Matches(k, markUp):
		return l.exchange(at, at-1), false
	case key.Matches(k, markDown):
		return l.exchange(at, at+1), false
	default:
		l.list.handle(name, len(l.items), true)
	}
	return nil, false
}

// exchange moves a bookmark by one, and the cursor with it.
func (l *bookmarkList) exchange(from, to int) action {
	if to < 0 || to >= len(l.items) {
		return nil
	}
	l.list.cursor = to
	x, y := l.items[from], l.items[to]
	return changeBookmarks{list: l, change: func(list []Bookmark) []Bookmark {
		if i, j := slices.Index(list, x), slices.Index(list, y); i >= 0 && j >= 0 {
			list[i], list[j] = list[j], list[i]
		}
		return list
	}}
}

func (l *bookmarkList) renaming(k tea.KeyPressMsg) action {
	switch {
	case key.Matches(k, giveUp):
		l.rename = nil
	case k.String() == "enter":
		b, name := l.items[l.list.cursor], l.rename.Value()
		l.rename = nil
		if name == "" || name == b.Name {
			return nil
		}
		return changeBookmarks{list: l, change: func(list []Bookmark) []Bookmark {
			if i := slices.Index(list, b); i >= 0 {
				list[i].Name = name
			}
			return list
		}}
	default:
		l.rename.edit(k)
	}
	return nil
}

func (l *bookmarkList) edit(m tea.PasteMsg) action {
	if l.rename != nil {
		l.rename.edit(m)
	}
	return nil
}

// toBookmark shows a bookmark in a pane; a peer that is not connected is dialled.
type toBookmark struct {
	side int
	mark Bookmark
}

func (t toBookmark) do(a *App) tea.Cmd {
	p := &a.panes[t.side]
	if t.mark.Place == "" {
		return a.visit(p, Location{session.Here, t.mark.Dir}, "")
	}
	if id, ok := t.mark.connected(a.shot.places); ok {
		return a.visit(p, Location{id, t.mark.Dir}, "")
	}
	d := newConnectDialog(t.side, nil)
	d.dir = &t.mark.Dir
	a.push(d)
	return a.carryOut(d.dial(t.mark.Place))
}

// connected finds the place of a bookmark among those that are there.
func (b Bookmark) connected(places []session.Place) (session.PlaceID, bool) {
	for _, p := range places {
		if p.ID != session.Here && p.State != session.PlaceClosed && (p.Name == b.Place || p.Target == b.Place) {
			return p.ID, true
		}
	}
	return 0, false
}

func (l *bookmarkList) draw(c canvas, screen cells.Rect) {
	keys := markKeys
	if l.rename != nil {
		keys = nameKeys
	}
	r := c.window(screen, 76, min(18, max(len(l.items), 4)+3), cells.Say("Bookmarks"), keys)
	switch {
	case l.err != nil:
		c.Put(r.Line(0), c.fail, sentenceOf(l.err).Fit(c.Method, r.W))
		r.Y, r.H = r.Y+1, r.H-1
	case !l.read:
		c.Put(r.Line(0), c.dim, cells.Say("reading").Plus(c.signs.more))
		return
	case len(l.items) == 0:
		c.Put(r.Line(0), c.dim, cells.Sayf("none yet: %s in a pane adds its directory", c.keyFor("add-bookmark")).Fit(c.Method, r.W))
		return
	}
	l.list.draw(c, r, len(l.items), func(i int, line cells.Rect) { l.drawMark(c, i, line) })
}

func (l *bookmarkList) drawMark(c canvas, i int, line cells.Rect) {
	b := l.items[i]
	if i < 9 {
		c.Put(line, c.accent, cells.Sayf("%d", i+1))
	}
	line.X, line.W = line.X+2, line.W-2
	name := line
	name.W = min(line.W*2/5, 24)
	if l.rename != nil && i == l.list.cursor {
		c.Compose(lipgloss.NewLayer(l.rename.view(c, name.W)).X(name.X).Y(name.Y))
	} else {
		c.Put(name, c.plain, cells.Shown(b.Name).Squeeze(c.Method, name.W-1))
	}
	rest := cells.Rect{X: name.X + name.W, Y: line.Y, W: line.W - name.W, H: 1}
	c.Put(rest, c.folder, l.pathOf(c, b).Squeeze(c.Method, rest.W))
}

// pathOf is where a bookmark leads.
func (l *bookmarkList) pathOf(c canvas, b Bookmark) cells.Text {
	switch {
	case b.Place == "" && !l.home.IsRoot() && b.Dir.Within(l.home):
		return cells.Say("~").Plus(cells.Name(b.Dir.Raw()[len(l.home.Raw()):]))
	case b.Place == "":
		return cells.Shown(b.Dir.String())
	}
	t := cells.Shown(b.Place).Plus(cells.Say(":"), cells.Shown(b.Dir.String()))
	if _, ok := b.connected(l.places); !ok {
		t = t.Plus(cells.Say("  (not connected)"))
	}
	return t
}
