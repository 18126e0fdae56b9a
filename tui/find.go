package tui

import (
	"context"
	"errors"
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
)

// finder looks for names below a directory, where the directory is, and lists
// what it finds as that comes in.
type finder struct {
	side   int
	at     Location
	place  func() session.Place
	input  *input
	typing bool // the text has the keys, else the list has them

	pattern  string // what the hits fit
	hits     []session.Found
	tagged   map[int]bool
	list     scroll
	searched int64
	started  time.Time
	running  bool
	limited  bool // there are more than are listed
	err      error
	number   int // of the search; what an older one brings is dropped
	cancel   context.CancelFunc
}

// findKeys leads to the finder.
func findKeys() []binding {
	return []binding{
		{name: "find", Binding: bind("find below this directory", "f"), scope: inPanes, cannot: needsDirectory, run: (*App).openFind},
	}
}

// openFind asks for a pattern; what was found in the directory last is still
// there.
func (a *App) openFind() tea.Cmd {
	p := a.pane()
	if p.chooser != nil {
		return nil
	}
	f := a.finder
	if f == nil || f.at != p.location() {
		if f != nil {
			f.stop()
		}
		f = &finder{at: p.location(), input: newInput("")}
		f.input.Placeholder = "part of a name, or *.mkv, or **/2026/*"
		a.finder = f
	}
	f.side, f.typing = p.side, true
	f.place = func() session.Place { return a.place(f.at.Place) }
	f.input.CursorEnd()
	a.push(f)
	return nil
}

func (f *finder) stop() {
	if f.cancel != nil {
		f.cancel()
		f.cancel = nil
	}
	f.running = false
	f.number++
}

// search begins to look for a pattern.
type search struct {
	f       *finder
	pattern string
}

func (s search) do(a *App) tea.Cmd {
	f := s.f
	f.stop()
	f.pattern, f.hits, f.tagged, f.list = s.pattern, nil, nil, scroll{}
	f.searched, f.limited, f.err = 0, false, nil
	if s.pattern == "" {
		return nil
	}
	f.typing, f.running, f.started = false, true, a.now()
	ctx, cancel := context.WithCancel(a.ctx)
	f.cancel = cancel
	q := session.Query{Pattern: session.Undisplay(s.pattern), Glob: strings.ContainsAny(s.pattern, "*?[{")}
	e, number := a.engine, f.number
	return func() tea.Msg {
		tree, err := e.Tree(f.at.Place)
		if err != nil {
			return foundMsg{f: f, number: number, err: err}
		}
		news := make(chan foundMsg)
		first := foundMsg{f: f, number: number, ctx: ctx, rest: news}
		go findBelow(tree, f.at.Dir, q, first, news)
		return nextFound(first)
	}
}

// foundMsg brings hits, and how far the search is.
type foundMsg struct {
	f        *finder
	number   int
	hits     []session.Found
	searched int64
	err      error
	ctx      context.Context
	rest     <-chan foundMsg // nil after the last
}

func nextFound(m foundMsg) tea.Msg {
	select {
	case m := <-m.rest:
		return m
	case <-m.ctx.Done():
		return nil
	}
}

// findPause is the least time between two messages of a search that finds much.
const findPause = 50 * time.Millisecond

// findBelow hands over what is found, when the screen is ready to take more. Nothing
// is kept for longer than findPause and one hit.
func findBelow(tree session.Tree, dir session.Path, q session.Query, m foundMsg, news chan<- foundMsg) {
	last := time.Time{}
	for hit, err := range tree.Find(m.ctx, dir, q) {
		if err != nil {
			m.err = err
			break
		}
		m.searched = max(m.searched, hit.Searched)
		if !hit.Path.IsRoot() {
			m.hits = append(m.hits, hit)
		}
		if time.Since(last) < findPause {
			continue
		}
		select {
		case news <- m:
			m.hits, last = nil, time.Now()
		case <-m.ctx.Done():
			return
		default:
		}
	}
	m.rest = nil
	select {
	case news <- m:
	case <-m.ctx.Done():
	}
}

func (m foundMsg) apply(*App) tea.Cmd {
	f := m.f
	if m.number != f.number {
		return nil
	}
	f.hits = append(f.hits, m.hits...)
	f.searched = max(f.searched, m.searched)
	if m.rest != nil {
		return func() tea.Msg { return nextFound(m) }
	}
	f.running = false
	if f.err = m.err; errors.Is(m.err, session.Limit) {
		f.limited, f.err = true, nil
	}
	return nil
}

var (
	findTag    = bind("tag", "space", "insert")
	findInvert = bind("tag all", "*")
	findCopy   = bind("copy", "c", "f5")
	findAgain  = bind("other words", "/", "f")
	listKeys   = []key.Binding{bind("go there", "enter"), findTag, findCopy, findInvert, findAgain, bind("close", "esc")}
	typingKeys = []key.Binding{bind("search", "enter"), bind("to the list", "down"), bind("close", "esc")}
)

func (f *finder) handleKey(k tea.KeyPressMsg) (do action, over bool) {
	name := k.String()
	switch {
	case key.Matches(k, giveUp) && f.running:
		f.stop()
		return nil, false
	case key.Matches(k, giveUp):
		return nil, true
	case f.typing:
		switch name {
		case "enter":
			return search{f, f.input.Value()}, false
		case "down", "tab":
			f.typing = len(f.hits) == 0
		default:
			f.input.edit(k)
		}
		return nil, false
	case key.Matches(k, findAgain):
		f.typing = true
	case name == "up" && f.list.cursor == 0:
		f.typing = true
	case len(f.hits) == 0:
	case name == "enter":
		return goToHit{f, f.hits[f.list.cursor]}, true
	case key.Matches(k, findTag):
		f.tag(f.list.cursor)
		f.list.move(1, len(f.hits))
	case key.Matches(k, findInvert):
		for i := range f.hits {
			f.tag(i)
		}
	case key.Matches(k, findCopy):
		return copyHits{f}, true
	default:
		f.list.handle(name, len(f.hits), true)
	}
	return nil, false
}

// tag tags or untags a hit.
func (f *finder) tag(i int) {
	if f.tagged == nil {
		f.tagged = make(map[int]bool)
	}
	if f.tagged[i] {
		delete(f.tagged, i)
	} else {
		f.tagged[i] = true
	}
}

// chosen are the tagged hits, or else the one under the cursor.
func (f *finder) chosen() (out []session.Found) {
	for i := range f.hits {
		if f.tagged[i] || len(f.tagged) == 0 && i == f.list.cursor {
			out = append(out, f.hits[i])
		}
	}
	return out
}

func (f *finder) edit(m tea.PasteMsg) action {
	if f.typing {
		f.input.edit(m)
	}
	return nil
}

// goToHit shows the directory of a hit, with the cursor on it.
type goToHit struct {
	f   *finder
	hit session.Found
}

func (g goToHit) do(a *App) tea.Cmd {
	dir, name := g.hit.Path.Split()
	p := &a.panes[g.f.side]
	if strings.HasPrefix(name, ".") && !p.view.Hidden {
		p.view.Hidden = true // else there would be nothing to see
	}
	return a.visit(p, Location{g.f.at.Place, dir}, name)
}

// copyHits asks whether to copy what was found to the other pane.
type copyHits struct{ f *finder }

func (x copyHits) do(a *App) tea.Cmd {
	var entries []session.Entry
	var paths []session.Path
	for _, h := range x.f.chosen() {
		entries, paths = append(entries, h.Entry), append(paths, h.Path)
	}
	return a.askTransferOf(&a.panes[x.f.side], entries, paths, false)
}

// status says how it stands with the search.
func (f *finder) status(c canvas) (cells.Text, cells.Style) {
	n := countText(int64(len(f.hits)), cells.Say("hit"))
	switch {
	case f.err != nil:
		return n.Plus(c.signs.dot, sentenceOf(f.err)), c.fail
	case f.pattern == "":
		return cells.Say("names below the directory, letters in either case"), c.dim
	case f.limited:
		return n.Plus(cells.Say(", and more: look for something rarer")), c.ask
	case f.running && f.place().State == session.PlaceReconnecting:
		return n.Plus(c.signs.dot, cells.Say("waiting for the connection"), c.signs.more), c.ask
	case f.running:
		return n.Plus(cells.Sayf(" among %s names so far", groupText(f.searched)), c.signs.more), c.ask
	}
	return n, c.dim
}
