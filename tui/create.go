package tui

import (
	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
)

// createKeys make what is neither copied nor a directory, and say who may what.
func createKeys() []binding {
	return []binding{
		{name: "new-file", Binding: bind("make an empty file", "N"), scope: inPanes, cannot: needsDirectory, run: (*App).askFile},
		{name: "symlink", Binding: bind("make a symbolic link", "L"), scope: inPanes, cannot: needsDirectory, run: (*App).askSymlink},
		{name: "chmod", Binding: bind("change the mode", "C"), scope: inPanes, cannot: needsEntry, run: (*App).openChmod},
	}
}

func (a *App) askFile() tea.Cmd {
	p := a.pane()
	if p.chooser != nil {
		return nil
	}
	at := p.location()
	a.ask = &ask{
		label: cells.Say("New empty file"),
		input: newInput(""),
		enter: func(s string) action { return newFile{at, session.Undisplay(s)} },
	}
	return nil
}

// newFile makes an empty file; one that is there stays as it is.
type newFile struct {
	at   Location
	name string
}

func (f newFile) do(a *App) tea.Cmd {
	if f.name == "" {
		return nil
	}
	now := a.now()
	return a.inTree(f.at, f.name, func(t session.Tree) error {
		p, err := f.at.Dir.Join(f.name)
		if err != nil {
			return err
		}
		return t.Touch(a.ctx, p, now, true)
	})
}

// askSymlink asks where a link is to lead, by default to what the cursor is on,
// and then for its name.
func (a *App) askSymlink() tea.Cmd {
	p := a.pane()
	if p.chooser != nil {
		return nil
	}
	at, name := p.location(), ""
	if e, ok := p.current(); ok {
		name = session.Display(e.Name)
	}
	a.ask = &ask{
		label: cells.Say("Symbolic link to"),
		input: newInput(name),
		enter: func(target string) action {
			if target == "" {
				return nil
			}
			return nameLink{at, target, name}
		},
	}
	return nil
}

// nameLink asks for the name of a link.
type nameLink struct {
	at           Location
	target, name string // as they are shown
}

func (n nameLink) do(a *App) tea.Cmd {
	a.ask = &ask{
		label: cells.Sayf("Name of the link to %s", cells.Shown(n.target).Squeeze(a.method, 24)),
		input: newInput(n.name),
		enter: func(name string) action { return newLink{n.at, session.Undisplay(n.target), session.Undisplay(name)} },
	}
	return nil
}

// newLink makes a symbolic link; what has its name already stays.
type newLink struct {
	at           Location
	target, name string
}

func (l newLink) do(a *App) tea.Cmd {
	if l.name == "" {
		return nil
	}
	return a.inTree(l.at, l.name, func(t session.Tree) error {
		p, err := l.at.Dir.Join(l.name)
		if err != nil {
			return err
		}
		return t.Symlink(a.ctx, l.target, p)
	})
}
