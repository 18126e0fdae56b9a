package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/tui/cells"
)

// An Action is a row of the key table for those who write about it: the
// configuration, its check, and the documentation.
type Action struct {
	Name  string // for configuration and palette
	Does  string // in a few words
	Where string // "panes", "queue" or "everywhere"
	Group string // heading in the help
	Keys  []string
}

// Actions returns all actions with their keys as they are without configuration.
func Actions() []Action {
	var out []Action
	group := ""
	for _, b := range keyTable() {
		if b.group != "" {
			group = b.group
		}
		out = append(out, Action{b.name, b.Help().Desc, b.scope.String(), group, b.Keys()})
	}
	return out
}

func (s scope) String() string {
	switch s {
	case inPanes:
		return "panes"
	case inQueue:
		return "queue"
	}
	return "everywhere"
}

// Overlap tells whether keys of two actions can be pressed in one place.
func (a Action) Overlap(b Action) bool {
	return a.Where == b.Where || a.Where == everywhere.String() || b.Where == everywhere.String()
}

// tableWith returns the key table with other keys for some actions. It takes
// them as they are: who reads them from somewhere has checked them.
func tableWith(keys map[string][]string) []binding {
	table := keyTable()
	for i := range table {
		if own, ok := keys[table[i].name]; ok {
			table[i].Binding = bind(table[i].Help().Desc, own...)
		}
	}
	return table
}

// actionNamed returns the row of a table with a name.
func actionNamed(table []binding, name string) *binding {
	for i := range table {
		if table[i].name == name {
			return &table[i]
		}
	}
	return nil
}

// keyFor is how the first key of an action is written. One that has none is
// found in the palette by its name.
func keyFor(table []binding, name string) cells.Text {
	if b := actionNamed(table, name); b != nil && len(b.Keys()) > 0 {
		return cells.Shown(keyName(b.Keys()[0]))
	}
	return cells.Shown(name)
}

func (a *App) keyFor(name string) cells.Text   { return keyFor(a.table, name) }
func (c canvas) keyFor(name string) cells.Text { return keyFor(c.table, name) }

// The reasons why an action cannot be done now, for the palette. An action
// without one can always be done, or says itself what is missing.

func needsDirectory(a *App) cells.Text {
	if a.pane().chooser != nil {
		return cells.Say("the pane shows no directory yet")
	}
	return cells.Text{}
}

func needsEntry(a *App) cells.Text {
	switch {
	case a.pane().chooser != nil:
		return needsDirectory(a)
	case len(a.pane().chosen()) == 0:
		return cells.Say("the cursor is on no file, and none is tagged")
	}
	return cells.Text{}
}

func needsOther(a *App) cells.Text {
	switch why := needsEntry(a); {
	case !why.Empty():
		return why
	case a.other().chooser != nil:
		return cells.Say("the other pane shows no directory yet")
	case a.pane().location() == a.other().location():
		return cells.Say("both panes show the same directory")
	}
	return cells.Text{}
}

// needsRow is needsTransfer for what works on offers, too.
func needsRow(a *App) cells.Text {
	if a.queue.offer() != nil {
		return cells.Text{}
	}
	return needsTransfer(a)
}

func needsTransfer(a *App) cells.Text {
	if a.queue.current() == nil {
		return cells.Say("the queue is empty")
	}
	return cells.Text{}
}

func needsQuestion(a *App) cells.Text {
	if t := a.queue.current(); t == nil || t.Asking == 0 {
		return cells.Say("the transfer under the cursor asks nothing")
	}
	return cells.Text{}
}

// invoke carries out an action from wherever it was chosen: where its keys work
// elsewhere, the focus goes there first.
func (a *App) invoke(b *binding) tea.Cmd {
	switch {
	case b.scope&a.scope() != 0:
	case b.scope == inQueue:
		a.focus = onQueue
	default:
		a.focus = a.lastPane
	}
	a.note.fade()
	return b.run(a)
}

// words are what the palette looks for an action in.
func (b *binding) words() string { return strings.ReplaceAll(b.name, "-", " ") + " " + b.Help().Desc }

func (a *App) action(name string) *binding { return actionNamed(a.table, name) }
