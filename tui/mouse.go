package tui

import (
	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/tui/cells"
	"github.com/bargee/bargee/tui/listing"
)

// What the mouse does on panes, queue and the lines between them. It is never
// the only way: each of these has a key.

// toggleMouse gives the mouse to the terminal, to select text, or takes it back.
func (a *App) toggleMouse() tea.Cmd {
	a.pointer = pointer{off: !a.pointer.off}
	a.note = note{text: cells.Say("mouse on: click, wheel, drag the lines")}
	if a.pointer.off {
		a.note.text = cells.Sayf("mouse off: the terminal selects text; %s takes it back", a.keyFor("mouse"))
	}
	return nil
}

func (a *App) mouseMode() tea.MouseMode {
	if a.pointer.off {
		return tea.MouseModeNone
	}
	return tea.MouseModeCellMotion
}

// paneZones are the rows of a pane in r, which begin at its first visible one.
func (a *App) paneZones(c canvas, r cells.Rect, side int) {
	onRow := func(f func(p *pane, row int) tea.Cmd) func(x, y int) action {
		return func(_, y int) action {
			return doing(func(a *App) tea.Cmd {
				a.focus, a.lastPane = focus(side), focus(side)
				return f(&a.panes[side], y)
			})
		}
	}
	c.zone(zone{
		at:     r,
		click:  onRow((*pane).clickRow),
		double: onRow(func(p *pane, y int) tea.Cmd { p.clickRow(y); return a.enter() }),
		right:  onRow((*pane).tagRow),
		wheel: func(lines int) action {
			return doing(func(a *App) tea.Cmd { a.panes[side].scroll(lines); return nil })
		},
	})
}

// clickRow puts the cursor on the y-th visible row.
func (p *pane) clickRow(y int) tea.Cmd {
	switch {
	case p.chooser != nil:
		p.chooser.cursor = 0
		p.chooser.move(p.chooser.top + y)
	case p.top+y < p.len():
		p.load.fresh = false
		p.moveTo(p.top + y)
	}
	return nil
}

// tagRow tags or untags the y-th visible row, and leaves the cursor there.
func (p *pane) tagRow(y int) tea.Cmd {
	if p.chooser != nil || p.top+y >= p.len() {
		return nil
	}
	p.clickRow(y)
	p.toggleTag()
	p.clickRow(y)
	return nil
}

// scroll moves the window over the rows; the cursor stays in it.
func (p *pane) scroll(lines int) {
	if p.chooser != nil {
		p.chooser.move(lines / wheelLines)
		return
	}
	p.load.fresh = false
	p.top = max(0, min(p.top+lines, p.len()-p.height))
	p.cursor = max(p.top, min(p.cursor, p.top+p.height-1, p.len()-1))
}

// sortByHead orders the pane by a column; the one that it is ordered by already
// turns round.
func sortByHead(side int, o listing.Order) action {
	return doing(func(a *App) tea.Cmd {
		p := &a.panes[side]
		if p.view.Order == o {
			p.view.Reverse = !p.view.Reverse
		} else {
			p.view.Order, p.view.Reverse = o, false
		}
		return a.arrange(p)
	})
}

// splitZones are the lines between panes and queue: they can be drawn elsewhere.
func (a *App) splitZones(c canvas, p plan) {
	if p.middle > 0 {
		height := p.frame.H
		if p.divider > 0 {
			height = p.divider - p.frame.Y
		}
		c.zone(zone{
			at:     cells.Rect{X: p.middle, Y: p.frame.Y, W: 1, H: height},
			double: func(int, int) action { return kept(func(s *shape) { s.Split = 0 }) },
			drag: func(x, _ int) action {
				return reshape(func(s *shape) { s.Split = max(1, x*1000/max(p.frame.W, 1)) })
			},
		})
	}
	if p.divider > 0 {
		c.zone(zone{
			at:     cells.Rect{X: p.frame.X, Y: p.divider, W: p.frame.W, H: 1},
			double: func(int, int) action { return kept(func(s *shape) { s.Tall = 0 }) },
			drag: func(_, y int) action {
				return reshape(func(s *shape) { s.Tall += p.divider - y })
			},
		})
	}
}

// queueZone gives the queue the focus where nothing else is.
func (c canvas) queueZone(r cells.Rect) {
	c.zone(zone{
		at:    r,
		click: func(int, int) action { return doing(focusOn(onQueue)) },
		wheel: wheelQueue,
	})
}

func wheelQueue(lines int) action {
	return doing(func(a *App) tea.Cmd { return a.moveInQueue(lines / wheelLines) })
}

// transferZone is a line of the n-th transfer in the queue.
func (c canvas) transferZone(at cells.Rect, n int) {
	there := func(a *App) tea.Cmd {
		return tea.Batch(focusOn(onQueue)(a), a.moveInQueue(n-a.queue.spot().cursor))
	}
	c.zone(zone{
		at:    at,
		click: func(int, int) action { return doing(there) },
		double: func(int, int) action {
			return doing(func(a *App) tea.Cmd { return tea.Batch(there(a), a.openDetails()) })
		},
		wheel: wheelQueue,
	})
}
