package tui

import (
	"slices"
	"sync"

	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
)

// A Bookmark is a directory that somebody wants to find again.
type Bookmark struct {
	Name  string // as it was typed
	Place string // what Engine.Connect takes to get to the peer; empty: this machine
	Dir   session.Path
}

// Bookmarks keeps the bookmarks. The screen calls it from commands, several of
// which may run at once.
type Bookmarks interface {
	// List returns them in their order.
	List() ([]Bookmark, error)

	// Change replaces them by what change makes of those that are there now,
	// which another program may have changed, and returns that.
	Change(change func([]Bookmark) []Bookmark) ([]Bookmark, error)
}

// MaxBookmarks is how many there may be.
const MaxBookmarks = 1000

// passing keeps bookmarks as long as the screen is open.
type passing struct {
	mu   sync.Mutex
	list []Bookmark
}

func (m *passing) List() ([]Bookmark, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.list), nil
}

func (m *passing) Change(change func([]Bookmark) []Bookmark) ([]Bookmark, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.list = change(slices.Clone(m.list))
	return slices.Clone(m.list), nil
}

// bookmarkKeys lead to them.
func bookmarkKeys() []binding {
	return []binding{
		{name: "bookmarks", Binding: bind("bookmarks", `\`), scope: inPanes, run: (*App).openBookmarks},
		{name: "add-bookmark", Binding: bind("bookmark this directory", "b"), scope: inPanes, cannot: needsDirectory, run: (*App).askBookmark},
	}
}

// askBookmark asks what to call the directory of the pane.
func (a *App) askBookmark() tea.Cmd {
	p := a.pane()
	if p.chooser != nil {
		return nil
	}
	b := Bookmark{Dir: p.dir}
	name := session.Display(p.dir.Base())
	if p.place != session.Here {
		place := a.place(p.place)
		if b.Place = place.Target; place.Pinned {
			b.Place = place.Name
		}
		if name == "" {
			name = placeName(place).String()
		}
	}
	if name == "" {
		name = "/"
	}
	a.ask = &ask{
		label: cells.Say("Bookmark as"),
		input: newInput(name),
		enter: func(s string) action {
			b.Name = s
			return changeBookmarks{change: addBookmark(b), note: cells.Sayf("bookmarked as %s; %s lists them", s, a.keyFor("bookmarks"))}
		},
	}
	return nil
}

// addBookmark puts one at the end, or the new name on the directory that is
// there already.
func addBookmark(b Bookmark) func([]Bookmark) []Bookmark {
	return func(list []Bookmark) []Bookmark {
		for i, x := range list {
			if x.Place == b.Place && x.Dir == b.Dir {
				list[i].Name = b.Name
				return list
			}
		}
		return append(list, b)
	}
}

// changeBookmarks changes them; the list, if it is open, shows what came of it.
type changeBookmarks struct {
	list   *bookmarkList
	change func([]Bookmark) []Bookmark
	note   cells.Text
}

func (x changeBookmarks) do(a *App) tea.Cmd {
	store := a.opts.Bookmarks
	return func() tea.Msg {
		if x.change == nil {
			list, err := store.List()
			return bookmarksMsg{x, list, err}
		}
		list, err := store.Change(func(list []Bookmark) []Bookmark {
			list = x.change(list)
			return list[:min(len(list), MaxBookmarks)]
		})
		return bookmarksMsg{x, list, err}
	}
}

// bookmarksMsg brings the bookmarks as they are now.
type bookmarksMsg struct {
	of   changeBookmarks
	list []Bookmark
	err  error
}

func (m bookmarksMsg) apply(a *App) tea.Cmd {
	if l := m.of.list; l != nil {
		if l.read = true; m.err == nil {
			l.items = m.list
		}
		l.err = m.err
		return nil
	}
	switch {
	case m.err != nil:
		a.fail(m.err)
	case len(m.list) == MaxBookmarks:
		a.note = note{text: cells.Sayf("there are %d bookmarks: no more fit", MaxBookmarks), tone: toneAsk}
	default:
		a.note = note{text: m.of.note, tone: toneDone}
	}
	return nil
}
