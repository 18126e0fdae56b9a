package tui

import (
	"errors"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
	"github.com/charmbracelet/x/ansi"
)

// Drop boxes: how one comes to them, what receives a drop, and how it is taken back.

func boxKeys() []binding {
	return []binding{
		{name: "drop-box", Binding: bind("open the drop box of a relay", "B"), scope: inPanes, run: (*App).openBox},
		{name: "drop-ticket", Binding: bind("ticket and link of a drop", "W"), scope: inPanes, cannot: needsBox, run: (*App).showTicket},
		{name: "drop-revoke", Binding: bind("revoke a drop: nobody can take it then", "U"), scope: inPanes, cannot: needsDrop, run: (*App).askRevoke},
	}
}

// boxesMsg brings the known peers, with the drop boxes among them.
type boxesMsg struct {
	side  int
	known []session.KnownPeer
}

// openBox shows a drop box in the pane that has the keys.
func (a *App) openBox() tea.Cmd {
	side, e := a.pane().side, a.engine
	return func() tea.Msg { return boxesMsg{side, e.Known()} }
}

func (m boxesMsg) apply(a *App) tea.Cmd {
	p := &a.panes[m.side]
	var boxes []session.KnownPeer
	for _, k := range m.known {
		if k.Box {
			boxes = append(boxes, k)
		}
	}
	var open []session.Place
	for _, x := range a.shot.places {
		if x.Box && x.State == session.PlaceConnected {
			open = append(open, x)
		}
	}
	switch {
	case len(open) == 1 && (len(boxes) == 0 || len(boxes) == 1 && boxes[0].Name == open[0].Name):
		return a.visit(p, Location{Place: open[0].ID}, "")
	case len(open)+len(boxes) == 0:
		a.note = note{text: cells.Say("no relay was added here: bargee relay add takes its bgrelay_ word"), tone: toneAsk}
		return nil
	case len(boxes) == 1 && len(open) == 0:
		d := newConnectDialog(m.side, m.known)
		a.push(d)
		return a.carryOut(d.dial(boxes[0].Name))
	}
	if p.chooser == nil {
		back := p.location()
		p.chooser = a.newChooser()
		p.chooser.back = &back
	}
	p.chooser.known = m.known
	for i, x := range p.chooser.choices(a.canvas()) {
		if x.place != nil && x.place.Box || x.peer != nil && x.peer.Box {
			p.chooser.cursor = i
			break
		}
	}
	return nil
}

// drop is what the actions for drops are about: in a pane that shows a drop box what the
// cursor is on, or what it is in; if only the other pane shows one, what was stored last.
func (a *App) dropAt() (at Location, ok bool) {
	if p := a.pane(); a.showsBox(p) {
		at := p.location()
		if r, ok := p.at(p.cursor); ok && !r.parent && p.dir.IsRoot() {
			if path, err := p.dir.Join(r.entry.Name); err == nil {
				at.Dir = path
			}
		}
		return at, true
	}
	p := a.other()
	return Location{Place: p.place}, a.showsBox(p)
}

func (a *App) showsBox(p *pane) bool { return p.chooser == nil && a.place(p.place).Box }

func needsBox(a *App) cells.Text {
	if _, ok := a.dropAt(); !ok {
		return cells.Sayf("no pane shows a drop box: %s opens one", a.keyFor("drop-box"))
	}
	return cells.Text{}
}

func needsDrop(a *App) cells.Text {
	if why := needsBox(a); !why.Empty() {
		return why
	}
	if at, _ := a.dropAt(); at.Dir.IsRoot() {
		return cells.Say("the cursor is on no drop")
	}
	return cells.Text{}
}

// dropMsg brings what is known of a drop.
type dropMsg struct {
	at   Location
	drop session.BoxedDrop
	err  error
	then func(*App, dropMsg) tea.Cmd
}

func (m dropMsg) apply(a *App) tea.Cmd {
	if m.err != nil {
		a.fail(m.err)
		return nil
	}
	return m.then(a, m)
}

// aboutDrop asks what is known of the drop, for then.
func (a *App) aboutDrop(needs func(*App) cells.Text, then func(*App, dropMsg) tea.Cmd) tea.Cmd {
	if why := needs(a); !why.Empty() {
		a.note = note{text: why, tone: toneHint}
		return nil
	}
	at, _ := a.dropAt()
	ctx, e := a.ctx, a.engine
	return func() tea.Msg {
		m := dropMsg{at: at, then: then}
		tree, err := e.Tree(at.Place)
		box, ok := tree.(session.Box)
		if m.err = err; err == nil && !ok {
			m.err = errors.New("it is no drop box")
		}
		if m.err == nil {
			m.drop, m.err = box.Drop(ctx, at.Dir)
		}
		return m
	}
}

func (a *App) showTicket() tea.Cmd {
	return a.aboutDrop(needsBox, func(a *App, m dropMsg) tea.Cmd {
		a.push(newDropSheet(m.drop))
		return nil
	})
}

func (a *App) askRevoke() tea.Cmd {
	return a.aboutDrop(needsDrop, func(a *App, m dropMsg) tea.Cmd {
		if !m.drop.Ours {
			a.note = note{text: cells.Say("it was stored by somebody else, who can revoke it"), tone: toneAsk}
			return nil
		}
		a.ask = &ask{
			label:   cells.Sayf("Revoke %s? Nobody can take it any more.", cells.Name(m.drop.Name)),
			warn:    true,
			answers: []answer{{bind("revoke", "y"), doing(func(a *App) tea.Cmd { return a.revoke(m) })}},
		}
		return nil
	})
}

// revoke removes a drop. A pane that is in it finds its way up by itself.
func (a *App) revoke(m dropMsg) tea.Cmd {
	dir := session.Entry{Name: m.drop.Name, Kind: session.Directory}
	return remove{Location{Place: m.at.Place}, []session.Entry{dir}}.do(a)
}

// newDropSheet shows what a drop is received by.
func newDropSheet(d session.BoxedDrop) *sheet {
	done := cells.Text{}
	s := &sheet{title: cells.Name(d.Name), keys: []key.Binding{bind("close", "esc")}}
	s.rows = func(c canvas, w int) []textRow { return dropRows(c, w, d, done) }
	if d.Ticket == "" {
		return s
	}
	copies := map[string]string{"y": d.Ticket}
	s.keys = append([]key.Binding{bind("copy the ticket", "y")}, s.keys...)
	if d.Link != "" {
		copies["u"] = d.Link
		s.keys = append(s.keys[:1:1], append([]key.Binding{bind("copy the link", "u")}, s.keys[1:]...)...)
	}
	s.more = func(k tea.KeyPressMsg) (action, bool) {
		text := copies[k.String()]
		if text == "" {
			return nil, false
		}
		done = cells.Say("the ticket was sent to the terminal's clipboard")
		if text == d.Link {
			done = cells.Say("the link was sent to the terminal's clipboard")
		}
		return doing(func(a *App) tea.Cmd { return a.toClipboard(text) }), false
	}
	return s
}

// toClipboard gives text to the clipboard of the terminal (OSC 52). Whether it took it
// nobody knows.
func (a *App) toClipboard(text string) tea.Cmd {
	return tea.Raw(a.opts.through(ansi.SetClipboard('c', text)))
}

// dropRows says what is known of a drop.
func dropRows(c canvas, w int, d session.BoxedDrop, done cells.Text) []textRow {
	f := &factSheet{c: c, w: w}
	switch {
	case !d.Ours && d.From != "":
		f.add(cells.Say("from"), c.plain, cells.Sayf("%s, whose key is known, for this machine", cells.Shown(d.From)))
	case !d.Ours:
		f.add(cells.Say("from"), c.ask, cells.Say("somebody whose key is not known here, for this machine"))
	case d.To != "":
		f.add(cells.Say("for"), c.plain, cells.Sayf("%s, and nobody else can read it", cells.Shown(d.To)))
	default:
		f.add(cells.Say("for"), c.plain, cells.Say("anybody who has the ticket"))
	}
	f.add(cells.Say("stored"), c.plain, clockText(d.Stored, c.now))
	if !d.Expires.IsZero() {
		f.add(cells.Say("kept until"), c.plain, clockText(d.Expires, c.now))
	}
	left := cells.Say("any number")
	if d.Downloads >= 0 {
		left = cells.Sayf("%s more may take it", groupText(int64(d.Downloads)))
	}
	f.add(cells.Say("downloads"), c.plain, left)
	var tags []cells.Text
	for _, tag := range d.Tags {
		tags = append(tags, cells.Shown(tag))
	}
	f.add(cells.Say("tags"), c.plain, tags...)
	f.word(cells.Say("ticket"), d.Ticket)
	f.word(cells.Say("link"), d.Link)
	if d.Ticket != "" {
		f.rows = append(f.rows, textRow{})
		f.add(cells.Text{}, c.dim, cells.Say("bargee receive asks for it at the other side"))
	}
	if !done.Empty() {
		f.add(cells.Text{}, c.done, done)
	}
	return f.rows
}

// word adds a long word in as many lines as it takes.
func (f *factSheet) word(name cells.Text, word string) {
	for room := max(f.w-factName, 8); word != ""; name = (cells.Text{}) {
		n := min(room, len(word))
		f.add(name, f.c.plain, cells.Shown(word[:n]))
		word = word[n:]
	}
}
