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
	if a.opts.Background != nil && a.opts.LeaveRunning {
		return leaveBehind{}.do(a)
	}
	c := &decision{
		title: cells.Say("quit?"),
		says:  countText(int64(n), cells.Say("transfer")).Plus(cells.Say(" under way")),
		items: []decisionItem{
			{"n", cells.Say("stay"), nil},
			{"y", cells.Say("interrupt; it goes on the next time"), leave{}},
		},
	}
	if a.opts.Background != nil {
		c.items = append(c.items, decisionItem{"b", cells.Say("keep running in background"), leaveBehind{}})
	}
	a.push(c)
	return nil
}
