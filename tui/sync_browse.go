package tui

import (
	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
)

// syncBrowse is browsing both panes together: the directories in which it began
// correspond, and below them what has the same path. Where one pane goes, the
// other follows; where it cannot, it stays, and they are together again as soon
// as there is something to follow to.
type syncBrowse struct {
	on     bool
	paused bool
	base   [2]Location
	number int // of the last look whether a directory is there
}

func (s *syncBrowse) swap() { s.base[0], s.base[1] = s.base[1], s.base[0] }

// word is what the frame says about it.
func (s *syncBrowse) word() cells.Text {
	switch {
	case s.on && s.paused:
		return cells.Say("sync paused")
	case s.on:
		return cells.Say("sync")
	}
	return cells.Text{}
}

// toggleSync begins and ends browsing both panes together.
func (a *App) toggleSync() tea.Cmd {
	l, r := &a.panes[0], &a.panes[1]
	switch {
	case a.sync.on:
		a.sync.on = false
		a.note = note{text: cells.Say("each pane is browsed by itself again")}
	case l.chooser != nil || r.chooser != nil:
		a.note = note{text: cells.Say("choose a place for both panes first"), tone: toneAsk}
	case l.location() == r.location():
		a.note = note{text: cells.Say("both panes show the same directory"), tone: toneAsk}
	default:
		a.sync = syncBrowse{on: true, base: [2]Location{l.location(), r.location()}, number: a.sync.number}
		a.note = note{text: cells.Say("both panes are browsed together; Y ends it")}
	}
	return nil
}

// counterpart is the directory of the other pane that corresponds to what a pane
// shows. Above where they began, that is as far above in both.
func (s *syncBrowse) counterpart(p *pane) (Location, bool) {
	mine, other := s.base[p.side], s.base[1-p.side]
	if p.place != mine.Place {
		return Location{}, false
	}
	for !p.dir.Within(mine.Dir) {
		if other.Dir.IsRoot() {
			return Location{}, false
		}
		mine.Dir, other.Dir = mine.Dir.Parent(), other.Dir.Parent()
	}
	below, err := session.ParsePath(p.dir.Raw()[len(mine.Dir.Raw()):])
	if err != nil {
		return Location{}, false
	}
	return Location{other.Place, other.Dir.Append(below)}, true
}

// followed has the other pane go where p went, if they are browsed together.
func (a *App) followed(p *pane) tea.Cmd {
	other := &a.panes[1-p.side]
	if !a.sync.on || other.chooser != nil {
		return nil
	}
	a.sync.number++
	to, ok := a.sync.counterpart(p)
	switch {
	case !ok:
		a.pauseSync(cells.Say("this lies outside of what is browsed together: the other pane stays"))
		return nil
	case other.shows(to):
		a.sync.paused = false
		return nil
	}
	ctx, e, number := a.ctx, a.engine, a.sync.number
	return func() tea.Msg {
		tree, err := e.Tree(to.Place)
		if err == nil && !to.Dir.IsRoot() {
			var there session.Entry
			if there, err = tree.Stat(ctx, to.Dir); err == nil && there.Kind != session.Directory && there.Kind != session.Link {
				err = session.NotADirectory
			}
		}
		return followMsg{number, 1 - p.side, to, err}
	}
}

// followMsg says whether the other pane can follow.
type followMsg struct {
	number, side int
	to           Location
	err          error
}

func (m followMsg) apply(a *App) tea.Cmd {
	p := &a.panes[m.side]
	if m.number != a.sync.number || !a.sync.on || p.chooser != nil {
		return nil
	}
	place := placeName(a.place(m.to.Place))
	switch {
	case isGone(m.err):
		a.pauseSync(cells.Sayf("%s has no %s: the other pane stays", place, cells.Name(m.to.Dir.Base())))
		return nil
	case m.err != nil:
		a.pauseSync(cells.Sayf("the other pane stays: %s", explain(m.err).what))
		return nil
	}
	a.sync.paused = false
	cursor := ""
	if p.dir.Within(m.to.Dir) && p.place == m.to.Place && p.dir.Parent() == m.to.Dir {
		cursor = p.dir.Base()
	}
	if v, ok := p.seen(); ok {
		p.trail.back = push(p.trail.back, v)
		p.trail.ahead = nil
	}
	return a.open(p, m.to, cursor)
}

func (a *App) pauseSync(why cells.Text) {
	a.sync.paused = true
	a.note = note{text: why, tone: toneAsk}
}
