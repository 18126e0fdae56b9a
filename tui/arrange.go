package tui

import (
	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/listing"
)

// arrangeHere is how many entries may be sorted within a key press; more are
// sorted by a command, while the keys go on.
const arrangeHere = 4000

// arrangedMsg brings the order of a large directory.
type arrangedMsg struct {
	side, stamp int
	entries     []session.Entry
	rows        []int32
}

// arrange decides again what a pane shows, and in which order: after entries
// came in, or its view changed.
func (a *App) arrange(p *pane) tea.Cmd {
	entries := p.entries
	if p.load.complete {
		entries = p.load.incoming
	}
	if len(entries) <= arrangeHere {
		p.load.stamp++ // an older order that is still being made is of no use
		p.load.sorting = false
		p.show(entries, listing.Arrange(entries, p.view))
		return nil
	}
	if p.load.sorting {
		p.load.again = true
		return nil
	}
	p.load.stamp++
	p.load.sorting, p.load.again = true, false
	side, stamp, view := p.side, p.load.stamp, p.view
	return func() tea.Msg {
		return arrangedMsg{side, stamp, entries, listing.Arrange(entries, view)}
	}
}

// apply takes in the order of a large directory.
func (m arrangedMsg) apply(a *App) tea.Cmd {
	p := &a.panes[m.side]
	if m.stamp != p.load.stamp {
		return nil
	}
	p.load.sorting = false
	if p.load.again {
		if !p.load.complete {
			p.show(m.entries, m.rows)
		}
		return a.arrange(p)
	}
	p.show(m.entries, m.rows)
	return nil
}

// show replaces the rows. The cursor stays on its name, or else about where it
// was; in a directory that was just opened it goes to the first entry.
func (p *pane) show(entries []session.Entry, rows []int32) {
	name := p.load.cursorOn
	if e, ok := p.current(); ok && name == "" && !p.load.fresh {
		name = e.Name
	}
	if p.load.complete {
		p.entries, p.load.incoming, p.load.complete = entries, nil, false
		p.keepTags()
	}
	p.ghosts = p.expected()
	p.rows = p.withGhosts(rows)
	p.countTags()
	switch {
	case name != "" && p.moveToName(name):
		if !p.load.fresh { // else it moves on with its row, until all are there
			p.load.cursorOn = ""
		}
		p.restoreLine()
	case p.load.fresh && p.hasParent():
		p.moveTo(1)
	default:
		p.moveTo(p.cursor)
	}
	if !p.load.running {
		p.load.fresh, p.load.cursorOn = false, ""
	}
}

// keepTags drops the tags of names that are gone.
func (p *pane) keepTags() {
	if len(p.tags) == 0 {
		return
	}
	there := make(map[string]bool, len(p.tags))
	for i := range p.entries {
		if name := p.entries[i].Name; p.tags[name] {
			there[name] = true
		}
	}
	p.tags = there
}
