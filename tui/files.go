package tui

import (
	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
)

// The keys that change files where they are. What they do runs in commands; the
// panes that show the directory read it again afterwards.

func (a *App) askMkdir() tea.Cmd {
	p := a.pane()
	if p.chooser != nil {
		return nil
	}
	at := p.location()
	a.ask = &ask{
		label: cells.Say("New directory"),
		input: newInput(""),
		enter: func(s string) action { return mkdir{at, session.Undisplay(s)} },
	}
	return nil
}

type mkdir struct {
	at   Location
	name string
}

func (m mkdir) do(a *App) tea.Cmd {
	if m.name == "" {
		return nil
	}
	return a.inTree(m.at, m.name, func(t session.Tree) error {
		p, err := m.at.Dir.Join(m.name)
		if err != nil {
			return err
		}
		return t.Mkdir(a.ctx, p, false)
	})
}

func (a *App) askRename() tea.Cmd {
	p := a.pane()
	if p.chooser == nil && p.tags.Len() > 0 {
		return a.renameMany()
	}
	e, ok := p.current()
	if !ok {
		return nil
	}
	at := p.location()
	a.ask = &ask{
		label: cells.Say("Rename to"),
		input: newInput(session.Display(e.Name)),
		enter: func(s string) action { return rename{at, e.Name, session.Undisplay(s)} },
	}
	return nil
}

type rename struct {
	at       Location
	old, new string
}

func (r rename) do(a *App) tea.Cmd {
	if r.new == "" || r.new == r.old {
		return nil
	}
	return a.inTree(r.at, r.new, func(t session.Tree) error {
		from, err := r.at.Dir.Join(r.old)
		if err != nil {
			return err
		}
		to, err := r.at.Dir.Join(r.new)
		if err != nil {
			return err
		}
		return t.Rename(a.ctx, from, to)
	})
}

// askDelete names what would go and counts it. Only y means yes.
func (a *App) askDelete() tea.Cmd {
	p := a.pane()
	chosen := p.chosen()
	if len(chosen) == 0 {
		return nil
	}
	a.ask = &ask{
		label:   cells.Sayf("Delete %s on %s?", naming(chosen), placeName(a.place(p.place))),
		warn:    true,
		answers: []answer{{bind("delete", "y"), remove{p.location(), chosen}}},
	}
	return nil
}

// naming says which entries: the first by name, all by number, and that
// directories go with all that is in them.
func naming(entries []session.Entry) cells.Text {
	dirs := int64(0)
	for _, e := range entries {
		if e.Kind == session.Directory {
			dirs++
		}
	}
	t := cells.Name(entries[0].Name)
	if n := int64(len(entries)); n > 1 {
		t = t.Plus(cells.Sayf(" and %s more", groupText(n-1)))
	}
	switch {
	case dirs == 1 && len(entries) == 1:
		t = t.Plus(cells.Say(" and all in it"))
	case dirs == 1:
		t = t.Plus(cells.Say(" (1 directory and all in it)"))
	case dirs > 1:
		t = t.Plus(cells.Sayf(" (%s directories and all in them)", groupText(dirs)))
	}
	return t
}

type remove struct {
	at      Location
	entries []session.Entry
}

func (r remove) do(a *App) tea.Cmd {
	a.note = note{text: cells.Sayf("deleting %s", naming(r.entries)).Plus(a.styles.signs.more)}
	n := int64(len(r.entries))
	return a.call(func() doneMsg {
		m := doneMsg{touched: []Location{r.at}, note: countText(n, cells.Say("item")).Plus(cells.Say(" deleted"))}
		tree, err := a.engine.Tree(r.at.Place)
		if err != nil {
			return doneMsg{err: err}
		}
		for _, e := range r.entries {
			p, err := r.at.Dir.Join(e.Name)
			if err == nil {
				err = tree.Remove(a.ctx, p, e.Kind == session.Directory)
			}
			if err != nil {
				m.err = err
				return m
			}
		}
		return m
	})
}

// awaitPlace says that what was asked for waits, if its place is lost.
func (a *App) awaitPlace(id session.PlaceID) {
	if place := a.place(id); place.State == session.PlaceReconnecting {
		a.note = note{text: cells.Sayf("waiting for %s to come back", placeName(place)), tone: toneAsk}
	}
}

// inTree changes something in a directory and puts the cursor on a name in it.
func (a *App) inTree(at Location, name string, f func(session.Tree) error) tea.Cmd {
	a.awaitPlace(at.Place)
	return a.call(func() doneMsg {
		tree, err := a.engine.Tree(at.Place)
		if err == nil {
			err = f(tree)
		}
		if err != nil {
			return doneMsg{err: err}
		}
		return doneMsg{touched: []Location{at}, cursorOn: name}
	})
}
