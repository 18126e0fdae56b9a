package tui

import (
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
)

// A place that does not answer is waited for, as long as it has not been given
// up: by its link, or by a person.

// waitedFrom is when it is said that an answer takes long.
const waitedFrom = 2 * time.Second

// isWaiting tells whether a pane has waited for long for an answer, and there is
// nothing of it yet.
func (p *pane) isWaiting(now time.Time) bool {
	return p.load.running && !p.load.answered && now.Sub(p.load.asked) >= waitedFrom
}

// waitText says for how long. While a directory is read again, its names may be
// coming in, and are not shown before all are there.
func (p *pane) waitText(c canvas) cells.Text {
	long := int(c.now.Sub(p.load.asked) / time.Second)
	if p.load.reload {
		return cells.Sayf("reading again for %d s", long).Plus(c.signs.more)
	}
	return cells.Sayf("no answer for %d s", long).Plus(c.signs.more)
}

// waitOn reads a directory again that was not answered for in time.
func (a *App) waitOn(p *pane, err error) tea.Cmd {
	if err == nil || p.load.answered || session.KindOf(err) != session.Timeout {
		return nil
	}
	asked := p.load.asked
	cmd := a.startLoad(p)
	p.load.asked = asked
	return cmd
}

// stopWaiting gives up what a pane waits for. What it showed before stays, with
// what changed meanwhile, and more can be asked about it.
func (a *App) stopWaiting(p *pane) tea.Cmd {
	if p.load.reload {
		late := p.load.late
		p.load.begin(a.ctx)
		p.load.running, p.load.reload = false, false
		a.note = note{text: cells.Sayf("not read again; %s tries once more", a.keyFor("refresh")), tone: toneHint}
		return a.changed(p, late)
	}
	p.load.stop()
	p.load.gen++
	p.load.running = false
	p.err = errGivenUp
	return nil
}

var errGivenUp = &session.Error{Kind: session.Timeout, Err: session.Timeout}
