package tui

import (
	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
)

// createKeys make what is neither copied nor a directory.
func createKeys() []binding {
	return []binding{
		{name: "new-file", Binding: bind("make an empty file", "N"), scope: inPanes, cannot: needsDirectory, run: (*App).askFile},
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
