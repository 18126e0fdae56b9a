package tui

import (
	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
)

// guide leads somebody who was never here to a first file at the other side: a
// line above the hints, one step at a time, that takes no key from anything. It
// goes for good when the file is there, or when Esc is pressed.
type guide struct {
	on       bool
	verified bool // the first file is there
}

// A step is what the guide says.
type step struct {
	number int // of lastStep
	text   cells.Text
}

const lastStep = 4

// guideFrom is how many rows a screen has that can spare one.
const guideFrom = 16

// step is what is to be done next.
func (a *App) step() step {
	empty := -1
	for i := range a.panes {
		if a.panes[i].chooser != nil {
			empty = i
		}
	}
	switch {
	case a.guide.verified:
		return step{lastStep, cells.Sayf("It arrived as it was sent, verified. %s shows all keys, %s all actions.", a.keyFor("help"), a.keyFor("palette"))}
	case a.queue.sum.Running+a.queue.sum.Waiting > 0:
		return step{lastStep, cells.Say("On its way. Should the line break, it goes on by itself.")}
	case a.copies != nil && a.ask != nil:
		return step{3, cells.Say("This is what would be copied, and where to. Enter does it.")}
	case empty >= 0 && a.focus != focus(empty):
		return step{1, cells.Sayf("Choose the other machine: %s goes to that pane.", a.keyFor([...]string{"left-pane", "right-pane"}[empty]))}
	case empty >= 0:
		return step{1, cells.Say("Choose the other machine, or connect to a new one: arrows and Enter.")}
	case a.focus == onQueue:
		return step{2, cells.Sayf("%s goes back to the panes.", a.keyFor("other-pane"))}
	}
	return step{2, cells.Sayf("Cursor on a file, or tag several with %s: %s copies them across.", a.keyFor("tag"), a.keyFor("copy"))}
}

// watch notes that the first file is there.
func (g *guide) watch(ended []session.Transfer) {
	for i := range ended {
		if t := &ended[i]; g.on && t.State == session.StateDone && t.Failures == 0 && t.Bytes > 0 {
			g.verified = true
		}
	}
}

// endGuide lets the guide go for good.
func (a *App) endGuide() tea.Cmd {
	a.guide, a.memory.guided = guide{}, true
	return a.remember()
}

func (a *App) drawGuide(c canvas, r cells.Rect) {
	if r.Empty() {
		return
	}
	r = r.Inset(1)
	s := a.step()
	look, end := c.active, cells.Say("Esc hides this")
	if a.guide.verified {
		look = c.done
	}
	c.onClick(r, doing((*App).endGuide))
	rest := c.Put(r, look, cells.Sayf("%d of %d  ", s.number, lastStep))
	if need := s.text.Width(c.Method); need+end.Width(c.Method)+2 <= rest.W {
		c.PutRight(rest, c.dim, end)
	}
	c.Put(rest, c.plain, s.text.Fit(c.Method, rest.W))
}
