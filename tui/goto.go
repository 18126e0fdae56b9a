package tui

import (
	"context"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
)

// gotoDialog asks for a path and leads there. What the text may become is listed
// while one types: names of the directory that is typed, and places.
type gotoDialog struct {
	side   int
	base   Location // what a relative path is relative to
	home   session.Path
	places []session.Place
	input  *input

	heard   heard  // names of the directory that is typed
	found   []turn // what the text may become
	common  string // what all of them begin with, of the name
	list    scroll // over found
	number  int    // of what is being waited for; what an older one brings is dropped
	pending *heard // what is being read: of, and begin
	cancel  context.CancelFunc
	going   bool // a path is being looked for
	err     cells.Text
}

func (a *App) openGoto() tea.Cmd {
	p := a.pane()
	at := p.location()
	if p.chooser != nil && p.chooser.back == nil {
		at = Location{Dir: a.opts.Home}
	}
	d := &gotoDialog{side: p.side, base: at, home: a.opts.Home, places: a.shot.places, input: newInput("")}
	d.input.Placeholder = "path, /path, ~/path or place:/path"
	a.push(d)
	return completion{d}.do(a)
}

func (d *gotoDialog) takeApart(text string) (typedPath, error) {
	return takeApart(text, d.base, d.home, d.places)
}

// completion finds out again what the text may become.
type completion struct{ d *gotoDialog }

func (x completion) do(a *App) tea.Cmd {
	d := x.d
	text := d.input.Value()
	t, err := d.takeApart(text)
	d.found, d.common, d.list = nil, "", scroll{cursor: -1}
	if err != nil {
		return nil
	}
	d.namePlaces(text)
	if d.heard.of == t.dir {
		names, common := d.heard.turns(t.lead, t.name)
		if len(d.found) == 0 {
			d.common = common
		}
		d.found = append(d.found, names...)
	}
	if d.heard.answers(t.dir, t.name) && d.number > 0 || d.pending != nil && d.pending.of == t.dir && d.pending.begin == "" {
		return nil
	}
	begin := ""
	if d.heard.of == t.dir && d.number > 0 { // too many to keep all of them
		begin = t.name
	}
	ctx, number := d.begin(a)
	d.pending = &heard{of: t.dir, begin: begin}
	e := a.engine
	return func() tea.Msg { return heardMsg{d, number, hear(ctx, e, t.dir, begin)} }
}

// namePlaces lists the places whose name begins like the text.
func (d *gotoDialog) namePlaces(text string) {
	if text == "" || strings.Contains(text, "/") {
		return
	}
	for _, p := range d.places {
		if n := placeName(p).String(); p.State != session.PlaceClosed && beginsWith(n, text) {
			d.found = append(d.found, turn{text: n + ":/", dir: true})
		}
	}
}

// begin ends what was waited for, and gives what comes now a number.
func (d *gotoDialog) begin(a *App) (context.Context, int) {
	if d.cancel != nil {
		d.cancel()
	}
	ctx, cancel := context.WithCancel(a.ctx)
	d.cancel = cancel
	d.number++
	d.pending, d.going = nil, false
	return ctx, d.number
}

// heardMsg brings the names of a directory.
type heardMsg struct {
	d      *gotoDialog
	number int
	heard  heard
}

func (m heardMsg) apply(a *App) tea.Cmd {
	if m.number != m.d.number || !a.lies(m.d) {
		return nil
	}
	m.d.pending, m.d.heard = nil, m.heard
	return completion{m.d}.do(a)
}

func (d *gotoDialog) handleKey(k tea.KeyPressMsg) (do action, over bool) {
	if key.Matches(k, giveUp) {
		if d.cancel != nil {
			d.cancel()
		}
		return nil, true
	}
	if d.going {
		return nil, false
	}
	switch name := k.String(); name {
	case "enter":
		text := d.input.Value()
		if d.list.cursor >= 0 && d.list.cursor < len(d.found) {
			text = d.found[d.list.cursor].text
		}
		return goTo{d, text}, false
	case "tab":
		return d.complete(), false
	case "home", "end": // of the text
	default:
		if len(d.found) > 0 && d.list.handle(name, len(d.found), false) {
			return nil, false
		}
	}
	return d.typed(k), false
}

// complete makes the text as long as all that it may become, or else goes
// through what that is.
func (d *gotoDialog) complete() action {
	t, err := d.takeApart(d.input.Value())
	switch {
	case err != nil || len(d.found) == 0:
		return nil
	case len(d.found) == 1:
		return d.write(d.found[0].text)
	case len(d.common) > len(t.name):
		return d.write(t.lead + session.Display(d.common))
	}
	d.list.cursor = (d.list.cursor + 1) % len(d.found)
	return nil
}

func (d *gotoDialog) write(text string) action {
	d.input.SetValue(text)
	d.input.CursorEnd()
	d.err = cells.Text{}
	return completion{d}
}

func (d *gotoDialog) edit(m tea.PasteMsg) action { return d.typed(m) }

func (d *gotoDialog) typed(msg tea.Msg) action {
	before := d.input.Value()
	d.input.edit(msg)
	if d.going || d.input.Value() == before {
		return nil
	}
	d.err = cells.Text{}
	return completion{d}
}

// goTo looks for a path, and shows it if it is there.
type goTo struct {
	d    *gotoDialog
	text string
}

func (g goTo) do(a *App) tea.Cmd {
	d := g.d
	if g.text == "" {
		return nil
	}
	t, err := d.takeApart(g.text)
	var p session.Path
	if err == nil {
		p, err = t.path()
	}
	if err != nil {
		d.err = cells.Shown(err.Error())
		return nil
	}
	ctx, number := d.begin(a)
	d.going, d.err = true, cells.Text{}
	e, at := a.engine, Location{t.dir.Place, p}
	return func() tea.Msg { return lookFor(ctx, e, d, number, at) }
}

// wentMsg says what lies at a path: the directory to show, and a name in it; or
// what is wrong, and the nearest directory that is there.
type wentMsg struct {
	d      *gotoDialog
	number int
	at     Location
	name   string
	err    error
	near   *Location
}

// lookFor finds out what lies at a path. It runs in a command.
func lookFor(ctx context.Context, e Engine, d *gotoDialog, number int, at Location) wentMsg {
	m := wentMsg{d: d, number: number, at: at}
	tree, err := e.Tree(at.Place)
	if err != nil || at.Dir.IsRoot() {
		m.err = err
		return m
	}
	entry, err := tree.Stat(ctx, at.Dir)
	switch {
	case err == nil && (entry.Kind == session.Directory || entry.Kind == session.Link && canBeRead(ctx, tree, at.Dir) == nil):
	case err == nil:
		m.at.Dir, m.name = at.Dir.Split()
	case isGone(err):
		m.err = err
		for p := at.Dir.Parent(); ; p = p.Parent() {
			if e, err := tree.Stat(ctx, p); p.IsRoot() || err == nil && e.Kind == session.Directory {
				m.near = &Location{at.Place, p}
				break
			}
		}
	default:
		m.err = err
	}
	return m
}

func (m wentMsg) apply(a *App) tea.Cmd {
	d := m.d
	if m.number != d.number || !a.lies(d) {
		return nil
	}
	d.going = false
	if m.err == nil {
		a.drop(d)
		d.cancel()
		return a.visit(&a.panes[d.side], m.at, m.name)
	}
	if m.near == nil {
		d.err = explain(m.err).what
		return nil
	}
	d.err = cells.Sayf("%s is not there; nearest:", m.at.Dir)
	text := m.near.Dir.String()
	if m.near.Place != d.base.Place {
		text = placeName(a.place(m.near.Place)).String() + ":" + text
	}
	d.found, d.list = []turn{{text: text, dir: true}}, scroll{}
	return nil
}

var gotoKeys = []key.Binding{bind("go", "enter"), bind("complete", "tab"), bind("close", "esc")}

func (d *gotoDialog) draw(c canvas, screen cells.Rect) {
	r := c.window(screen, 76, 16, cells.Say("Go to"), gotoKeys)
	c.Compose(lipgloss.NewLayer(d.input.view(c, r.W)).X(r.X).Y(r.Y))
	at := r.Line(1)
	switch {
	case !d.err.Empty():
		c.Put(at, c.fail, d.err.Squeeze(c.Method, r.W))
	case d.going:
		c.Put(at, c.ask, cells.Say("looking").Plus(c.signs.more))
	case d.pending != nil:
		c.Put(at, c.dim, cells.Say("reading").Plus(c.signs.more))
	case d.heard.err != nil && d.heard.of != (Location{}):
		c.Put(at, c.dim, explain(d.heard.err).what.Fit(c.Method, r.W))
	case len(d.found) == 0:
		c.Put(at, c.dim, cells.Say("no name there begins so"))
	default:
		t := countText(int64(len(d.found)), cells.Say("name"))
		if last := d.found[len(d.found)-1]; last.more {
			t = t.Plus(cells.Say(" and more"))
		}
		c.Put(at, c.dim, t)
	}
	rows := cells.Rect{X: r.X, Y: r.Y + 2, W: r.W, H: r.H - 2}
	d.list.draw(c, rows, len(d.found), func(i int, line cells.Rect) {
		look := c.plain
		if d.found[i].dir {
			look = c.folder
		}
		c.Put(line, look, cells.Shown(d.found[i].text).Squeeze(c.Method, line.W))
	})
}
