package tui

import (
	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/tui/listing"
)

// arrangeHere is how many entries may be sorted within a key press; more are
// sorted by a command, while the keys go on.
const arrangeHere = 4000

// sorting is the state of arranging a large directory.
type sorting struct {
	stamp int          // of the job under way; what comes in under an older one is dropped
	job   *listing.Job // nil: none
	again bool         // what is to be arranged changed meanwhile
}

// stop ends what is under way.
func (s *sorting) stop() {
	if s.job != nil {
		s.job.Stop()
	}
	*s = sorting{stamp: s.stamp + 1}
}

// arrangedMsg brings the rows of a large directory.
type arrangedMsg struct {
	side, stamp int
	result      *listing.Result
}

// arrange decides again what a pane shows, and in which order: after entries
// came in, or its view changed.
func (a *App) arrange(p *pane) tea.Cmd {
	if p.store == nil {
		return nil
	}
	rows, plain := listing.Plain(&p.store.Snapshot, p.base, p.view)
	switch {
	case plain:
		p.sort.stop()
		p.made = nil
		p.show(rows)
		return nil
	case p.sort.job != nil:
		p.sort.again = true
		if p.sort.job.View != p.view { // else it ends first: entries may come faster than it does
			p.sort.job.Stop()
		}
		return nil
	}
	job := &listing.Job{Of: p.store.Freeze(), Base: p.base, View: p.view, From: p.made}
	if len(p.base) <= arrangeHere {
		p.sort.stop()
		p.made = job.Run()
		p.show(p.made.Rows)
		return a.inform(p)
	}
	p.sort.stamp++
	p.sort.job = job
	side, stamp := p.side, p.sort.stamp
	run := func() tea.Msg { return arrangedMsg{side, stamp, job.Run()} }
	return both(run, a.inform(p))
}

// both is tea.Batch, but returns a command alone as it is.
func both(x, y tea.Cmd) tea.Cmd {
	switch {
	case x == nil:
		return y
	case y == nil:
		return x
	}
	return tea.Batch(x, y)
}

// inform asks for what an order needs to know of all entries.
func (a *App) inform(p *pane) tea.Cmd {
	if !p.view.Order.NeedsDetails() {
		return nil
	}
	return a.gatherDetails(p)
}

// apply takes in the rows of a large directory.
func (m arrangedMsg) apply(a *App) tea.Cmd {
	p := &a.panes[m.side]
	if m.stamp != p.sort.stamp {
		return nil
	}
	p.sort.job = nil
	if !m.result.Stopped {
		p.made = m.result
		if m.result.View == p.view {
			p.show(m.result.Rows)
		}
	}
	if p.sort.again {
		p.sort.again = false
		return a.arrange(p)
	}
	return nil
}

// An anchor is where the cursor stands, to be held while rows come and go.
type anchor struct {
	row   row
	ok    bool
	line  int  // of the window
	start bool // the window showed the beginning of a directory that was read
}

func (p *pane) anchor() anchor {
	r, ok := p.at(p.cursor)
	return anchor{r, ok && !r.parent, p.cursor - p.top, p.top == 0 && !p.load.running}
}

// hold puts the cursor back on what it stood on, in the same line of the window
// if possible; and if that is gone, leaves it about where it was. Who looked at
// the beginning goes on doing so: what came before the first row is not hidden.
func (p *pane) hold(at anchor) {
	i := -1
	switch {
	case !at.ok:
	case at.row.ghost:
		i = p.rowOfGhost(at.row.entry.Name)
	default:
		i = p.rowOfID(at.row.id)
	}
	if i >= 0 {
		p.cursor = i
		p.top = max(0, min(i-at.line, p.len()-max(p.height, 1)))
		if at.start && i < p.height {
			p.top = 0
		}
	}
	p.moveTo(p.cursor)
}

// rowOfGhost returns the row of a ghost, or of the file that it became; -1 if
// there is none.
func (p *pane) rowOfGhost(name string) int {
	for k, g := range p.ghosts {
		if g.Name == name {
			if p.hasParent() {
				return p.ghostAt[k] + 1
			}
			return p.ghostAt[k]
		}
	}
	if i, ok := p.rowOf(name); ok {
		return i
	}
	return -1
}

// show replaces the rows. The cursor stays on its name, or else about where it
// was; in a directory that was just opened it goes to the first entry.
func (p *pane) show(rows listing.Rows) {
	at := p.anchor()
	p.rows = rows
	p.ghosts = p.expected()
	p.placeGhosts()
	p.countTags()
	switch name := p.load.cursorOn; {
	case name != "" && p.moveToName(name):
		if !p.load.fresh { // else it moves on with its row, until all are there
			p.load.cursorOn = ""
		}
		p.restoreLine()
	case p.load.fresh && p.hasParent():
		p.moveTo(1)
	case p.load.fresh:
		p.moveTo(0)
	default:
		p.hold(at)
	}
	if !p.load.running {
		p.load.fresh, p.load.cursorOn = false, ""
	}
}
