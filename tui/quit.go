package tui

import (
	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/tui/cells"
)

// leave ends the program.
type leave struct{}

func (leave) do(*App) tea.Cmd { return tea.Quit }

// leaveBehind ends the program once the transfers go on without it.
type leaveBehind struct{}

func (leaveBehind) do(a *App) tea.Cmd {
	a.note = note{text: cells.Say("handing the transfers over").Plus(a.canvas().signs.more), tone: toneHint}
	return func() tea.Msg { return leftMsg{a.opts.Background(a.ctx)} }
}

// leftMsg says whether the transfers go on without the screen.
type leftMsg struct{ err error }

func (m leftMsg) apply(a *App) tea.Cmd {
	if m.err != nil {
		a.fail(m.err)
		return nil
	}
	return tea.Quit
}

// quit ends the program; while transfers run or wait it asks what becomes of
// them.
func (a *App) quit() tea.Cmd {
	n := a.queue.sum.Running + a.queue.sum.Waiting
	if n == 0 {
		return tea.Quit
	}
	what := countText(int64(n), cells.Say("transfer")).Plus(cells.Say(" under way."))
	a.ask = &ask{
		label: what.Plus(cells.Say(" Quit?")),
		warn:  true,
		answers: []answer{
			{bind("interrupt, to be resumed", "y"), leave{}},
			{bind("stay", "n"), nil},
		},
	}
	if a.opts.Background != nil {
		a.ask.answers = append([]answer{{bind("keep running in background", "b"), leaveBehind{}}}, a.ask.answers...)
	}
	return nil
}
