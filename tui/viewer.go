package tui

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
	"github.com/bargee/bargee/tui/preview"
)

// A viewer shows a file over the whole screen, as text or as hex. Of a file of
// any size it reads what is shown and a little around it: at a peer, that is all
// that crosses the link. One page is read at a time; keys pressed meanwhile are
// put together to one move.
type viewer struct {
	src   *source
	name  string
	entry session.Entry
	win   *preview.Window // nil until the file is open
	code  preview.Code

	hex, wrap, numbers, follow bool

	left      int // columns scrolled out at the left
	match     preview.Range
	page      preview.Page
	shown     bool // there is a page
	laidOut   size // for which it is
	number    int  // of the load; what an older one brings is dropped
	busy      bool // a load is under way
	slow      bool // for long enough to say so
	next      *viewMove
	err       error // why there is nothing to be seen
	changed   bool  // the file is another one by now
	ask       *ask  // the line at the bottom
	said      cells.Text
	hunt      *hunt
	pattern   string // searched for last
	following int    // number of the chain of looks at a file that grows
}

type size struct{ w, h int }

// contentKeys are about what is in files.
func contentKeys() []binding {
	return []binding{
		{name: "view", Binding: bind("view the file", "v", "f3"), scope: inPanes, group: "Contents", hint: "view", label: "View", cannot: needsEntry, run: (*App).view},
		{name: "quick-view", Binding: bind("preview in the other pane", "V"), scope: inPanes, run: (*App).toggleQuick},
		{name: "edit", Binding: bind("edit the file", "e", "f4"), scope: inPanes, label: "Edit", cannot: needsEntry, run: (*App).edit},
	}
}

// slowAfter is how long a load takes before it is said: those of this machine
// are over by then.
const slowAfter = 150 * time.Millisecond

// view opens the file under the cursor.
func (a *App) view() tea.Cmd {
	p := a.pane()
	e, ok := p.current()
	if !ok {
		return nil
	}
	switch e.Kind {
	case session.Directory:
		a.note = note{text: cells.Say("a directory: Enter opens it"), tone: toneHint}
		return nil
	case session.Other:
		a.note = note{text: cells.Say("neither a file nor a directory: there is nothing to view"), tone: toneHint}
		return nil
	}
	src, err := newSource(a.ctx, a.engine, p.location(), e.Name)
	if err != nil {
		a.fail(err)
		return nil
	}
	v := &viewer{src: src, name: e.Name, entry: e, wrap: true}
	a.push(v)
	return v.load(a, viewMove{to: atOffset})
}

// A viewMove is where the next page lies.
type viewMove struct {
	to     target
	rows   int   // of byRows
	offset int64 // of atOffset, atLine
	above  int   // rows that stay above it
	line   int64 // number of the line at offset; 0: not known
	reveal bool  // scroll sideways to the match
}

type target uint8

const (
	byRows target = iota
	atOffset
	atLine
	atEnd
)

// then puts a further move behind m.
func (m viewMove) then(n viewMove) viewMove {
	if n.to == byRows && m.to == byRows {
		n.rows += m.rows
	} else if n.to == byRows && n.rows == 0 {
		return m
	}
	return n
}

// page lays out the page.
func (m viewMove) page(p *preview.Pager, now preview.Page) (preview.Page, error) {
	if m.reveal {
		if err := p.Reveal(); err != nil {
			return now, err
		}
	}
	switch m.to {
	case atEnd:
		return p.End()
	case atOffset:
		return p.At(m.offset, m.above)
	case atLine:
		return p.Move(m.offset, m.line, -m.above)
	}
	return p.Move(now.Top, now.Number, m.rows)
}

// area is where the contents stand: all but a line at the top and the bottom.
func (v *viewer) area(w, h int) cells.Rect { return cells.Rect{X: 0, Y: 1, W: w, H: max(h-2, 1)} }

// pager returns how pages are laid out now.
func (v *viewer) pager(a *App) *preview.Pager {
	r := v.area(a.width, a.height)
	return &preview.Pager{
		Src: v.win, Rows: r.H, Hex: v.hex, Numbers: v.numbers, Match: v.match,
		Layout: preview.Layout{Width: max(r.W, 1), Wrap: v.wrap, Left: v.left, Method: a.method, Code: v.code},
	}
}

// load brings a page, or puts the move to the one under way.
func (v *viewer) load(a *App, m viewMove) tea.Cmd {
	if v.busy {
		if v.next != nil {
			m = v.next.then(m)
		}
		v.next = &m
		return nil
	}
	v.number++
	v.busy, v.next, v.slow = true, nil, false
	msg := pagedMsg{v: v, number: v.number, laidOut: size{a.width, a.height}}
	src, pager, now := v.src, v.pager(a), v.page
	number := v.number
	return tea.Batch(
		func() tea.Msg { return msg.read(src, pager, now, m) },
		a.later(slowAfter, func(time.Time) tea.Msg { return slowMsg{v, number} }),
	)
}

// pagedMsg brings a page.
type pagedMsg struct {
	v       *viewer
	number  int
	laidOut size
	page    preview.Page
	left    int
	changed bool
	err     error

	// Of the load that opened the file.
	win   *preview.Window
	entry session.Entry
	code  preview.Code
}

// read opens the file if it is not open yet, and lays out the page.
func (m pagedMsg) read(src *source, p *preview.Pager, now preview.Page, move viewMove) tea.Msg {
	if p.Src == nil {
		if m.entry, m.err = src.open(); m.err != nil {
			return m
		}
		m.win = preview.NewWindow(src, m.entry.Size)
		head := make([]byte, 8<<10)
		n, err := m.win.ReadAt(head, 0)
		if n == 0 && m.entry.Size > 0 {
			m.err = err
			return m
		}
		m.code = preview.CodeOf(head[:n])
		p.Src, p.Code, p.Hex = m.win, m.code, p.Hex || m.code == preview.Binary
	}
	m.page, m.err = move.page(p, now)
	m.left = p.Left
	m.changed = src.changed()
	return m
}

func (m pagedMsg) apply(a *App) tea.Cmd {
	v := m.v
	if m.number != v.number || !a.lies(v) {
		return nil
	}
	v.busy, v.slow = false, false
	if session.KindOf(m.err) == session.Changed && m.err != nil {
		v.changed = true
		if !v.shown {
			return v.reload(a)
		}
		return nil
	}
	if v.err = m.err; v.err != nil {
		v.next = nil
		return nil
	}
	if m.win != nil {
		v.win, v.entry, v.code = m.win, m.entry, m.code
		v.hex = v.hex || v.code == preview.Binary
	}
	v.page, v.left, v.laidOut, v.shown, v.changed = m.page, m.left, m.laidOut, true, m.changed
	if v.next != nil {
		return v.load(a, *v.next)
	}
	if v.laidOut != (size{a.width, a.height}) {
		return v.resized(a)
	}
	return tea.Batch(v.ahead(), v.countTo(a))
}

// ahead reads the block behind the page, so that the next page is there already.
func (v *viewer) ahead() tea.Cmd {
	win, at := v.win, v.page.Next
	if v.page.Top == 0 || at >= win.Size() { // one who has only opened it may not want more
		return nil
	}
	return func() tea.Msg {
		win.ReadAt(make([]byte, 1), min(at+4<<10, win.Size()-1)) // an error comes again when it is shown
		return nil
	}
}

// slowMsg says that a load takes long.
type slowMsg struct {
	v      *viewer
	number int
}

func (m slowMsg) apply(*App) tea.Cmd {
	if m.number == m.v.number && m.v.busy {
		m.v.slow = true
	}
	return nil
}

// resized lays the page out again.
func (v *viewer) resized(a *App) tea.Cmd {
	if !v.shown {
		return nil
	}
	return v.again(a)
}

// again shows the same place in another way.
func (v *viewer) again(a *App) tea.Cmd {
	if v.page.Number > 0 && !v.hex {
		return v.load(a, viewMove{to: atLine, offset: v.page.Top, line: v.page.Number})
	}
	return v.load(a, viewMove{to: atOffset, offset: v.page.Top})
}

// reload takes the file as it is now.
func (v *viewer) reload(a *App) tea.Cmd {
	v.stopHunt()
	v.src.anew()
	v.number++
	v.win, v.busy, v.changed, v.match, v.err = nil, false, false, preview.Range{}, nil
	at := viewMove{to: atOffset, offset: v.page.Top}
	if v.follow {
		at = viewMove{to: atEnd}
	}
	return v.load(a, at)
}

// grewMsg is a look at whether the file grew.
type grewMsg struct {
	v     *viewer
	chain int
	entry session.Entry
	err   error
	look  bool // it is time to
}

// followEvery is how often a file is looked at that is followed.
const followEvery = time.Second

func (v *viewer) toggleFollow(a *App) tea.Cmd {
	v.follow = !v.follow
	v.following++
	if !v.follow {
		return nil
	}
	return tea.Batch(v.load(a, viewMove{to: atEnd}), v.lookLater(a))
}

func (v *viewer) lookLater(a *App) tea.Cmd {
	m := grewMsg{v: v, chain: v.following, look: true}
	return a.later(followEvery, func(time.Time) tea.Msg { return m })
}

func (m grewMsg) apply(a *App) tea.Cmd {
	v := m.v
	switch {
	case m.chain != v.following || !a.lies(v):
		return nil
	case m.look:
		m.look = false
		ctx, src := a.ctx, v.src
		return func() tea.Msg {
			m.entry, m.err = stat(ctx, src)
			return m
		}
	case m.err == nil && !sameState(m.entry, v.entry) && !v.busy:
		return tea.Batch(v.reload(a), v.lookLater(a))
	}
	return v.lookLater(a)
}

func stat(ctx context.Context, s *source) (session.Entry, error) {
	tree, err := s.engine.Tree(s.place)
	if err != nil {
		return session.Entry{}, err
	}
	return tree.Stat(ctx, s.path)
}

// close lets go of the file.
func (v *viewer) close() {
	v.stopHunt()
	v.follow = false
	v.following++
	v.src.close()
}
