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
