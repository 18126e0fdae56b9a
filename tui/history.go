package tui

import (
	"slices"

	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/tui/cells"
)

// A visit is a directory as a pane showed it.
type visit struct {
	at     Location
	cursor string // the name under the cursor
	line   int    // of the window that the cursor stood on
}

// trail are the directories that a pane showed before, and those that it came
// back from; the newest last.
type trail struct{ back, ahead []visit }

// maxTrail is how many directories a pane remembers.
const maxTrail = 100

// push puts v on a way, and forgets the oldest where that grows too long.
func push(way []visit, v visit) []visit {
	way = append(slices.Clip(way), v)
	return way[max(0, len(way)-maxTrail):]
}

// seen is what a pane shows now; ok is false if that is nothing to come back to.
func (p *pane) seen() (v visit, ok bool) {
	if p.chooser != nil && p.chooser.back == nil || p.err != nil {
		return visit{}, false
	}
	v = visit{at: p.location(), line: p.cursor - p.top}
	if r, ok := p.at(p.cursor); ok && !r.parent && !r.ghost {
		v.cursor = r.entry.Name
	}
	return v, true
}

// visit shows another directory in a pane because a person wants it: it can be
// gone back from, and the other pane follows if the two are browsed together.
func (a *App) visit(p *pane, t Location, cursorOn string) tea.Cmd {
	if p.shows(t) && p.err == nil {
		if cursorOn == "" || p.moveToName(cursorOn) {
			return nil
		}
		p.load.cursorOn = cursorOn
		return a.reload(p)
	}
	if v, ok := p.seen(); ok {
		p.trail.back = push(p.trail.back, v)
	}
	p.trail.ahead = nil
	return tea.Batch(a.open(p, t, cursorOn), a.followed(p))
}

func (a *App) goBack() tea.Cmd {
	p := a.pane()
	return a.travel(p, &p.trail.back, &p.trail.ahead, cells.Say("nothing to go back to"))
}

func (a *App) goAhead() tea.Cmd {
	p := a.pane()
	return a.travel(p, &p.trail.ahead, &p.trail.back, cells.Say("nothing to go forward to"))
}

// travel shows the newest of one way as it was, and remembers what is left on
// the other.
func (a *App) travel(p *pane, from, to *[]visit, none cells.Text) tea.Cmd {
	if p.chooser != nil && p.chooser.back != nil {
		return a.closeChooser(p)
	}
	n := len(*from) - 1
	if n < 0 {
		a.note = note{text: none, tone: toneHint}
		return nil
	}
	v := (*from)[n]
	*from = (*from)[:n]
	if now, ok := p.seen(); ok {
		*to = push(*to, now)
	}
	cmd := a.open(p, v.at, v.cursor)
	p.load.line = v.line + 1
	return tea.Batch(cmd, a.followed(p))
}

// restoreLine puts the cursor on the line of the window where it stood when the
// directory was left, as long as no key was pressed in it.
func (p *pane) restoreLine() {
	if p.load.line > 0 && p.load.fresh {
		p.top = max(0, min(p.cursor-p.load.line+1, p.len()-max(p.height, 1)))
		p.moveTo(p.cursor)
	}
}

// swapPanes exchanges what the two panes show; the keys stay with the directory
// that had them.
func (a *App) swapPanes() tea.Cmd {
	l, r := &a.panes[0], &a.panes[1]
	*l, *r = *r, *l
	gen, stamp := max(l.load.gen, r.load.gen), max(l.sort.stamp, r.sort.stamp)
	a.sync.swap()
	a.cmp.of, a.cmp.known = [2]shownSide{}, nil
	l.compared, r.compared = nil, nil
	if a.focus != onQueue {
		a.focus = 1 - a.focus
	}
	a.lastPane = 1 - a.lastPane
	var cmds []tea.Cmd
	for i := range a.panes {
		p := &a.panes[i]
		p.side = i
		p.sort.stop()
		p.load.gen, p.sort.stamp = gen, stamp+1 // what is under way names the other side
		if p.chooser != nil {                   // it is read again when that is closed
			p.load.stop()
			p.load.running, p.stale = false, true
		}
		cmds = append(cmds, a.reload(p))
	}
	return tea.Batch(cmds...)
}

// goingKeys lead a pane elsewhere.
func goingKeys() []binding {
	return []binding{
		{name: "back", Binding: bind("back to where it was", "["), scope: inPanes, group: "Going places", run: (*App).goBack},
		{name: "forward", Binding: bind("forward again", "]"), scope: inPanes, run: (*App).goAhead},
		{name: "go-to", Binding: bind("go to a path", "p"), scope: inPanes, run: (*App).openGoto},
		{name: "jump", Binding: bind("jump to a name", "'"), scope: inPanes, cannot: needsDirectory, run: (*App).askJump},
		{name: "sync-browse", Binding: bind("both panes together", "Y"), scope: inPanes, run: (*App).toggleSync},
		{name: "swap-panes", Binding: bind("swap the panes", "w"), scope: inPanes, run: (*App).swapPanes},
	}
}
