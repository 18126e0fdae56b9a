package tui

import (
	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/tui/cells"
)

// suspend hands the terminal back to the shell. A suspended process does
// nothing, so what is under way is handed over first, if there is a way to.
func (a *App) suspend() tea.Cmd {
	n := a.queue.sum.Running + a.queue.sum.Waiting
	switch {
	case n == 0:
		return tea.Suspend
	case a.opts.Background != nil:
		a.note = note{text: cells.Say("handing the transfers over").Plus(a.styles.signs.more), tone: toneHint}
		return func() tea.Msg { return handedOverMsg{a.opts.Background(a.ctx)} }
	}
	a.ask = &ask{
		label:   cells.Sayf("%s would stand still until fg. Suspend?", countText(int64(n), cells.Say("transfer"))),
		warn:    true,
		answers: []answer{{bind("suspend", "y"), doing(func(*App) tea.Cmd { return tea.Suspend })}},
	}
	return nil
}

// handedOverMsg says whether the transfers go on without this process.
type handedOverMsg struct{ err error }

func (m handedOverMsg) apply(a *App) tea.Cmd {
	if m.err != nil {
		a.fail(m.err)
		return nil
	}
	return tea.Suspend
}
