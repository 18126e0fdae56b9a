package tui

import (
	"log/slog"

	tea "charm.land/bubbletea/v2"
)

// Memory is what the screen keeps from one time to the next: nothing that
// anybody would miss.
type Memory struct {
	Split  int  `json:"split,omitempty"`  // of the panes, in thousandths of the width; 0: half
	Tall   int  `json:"tall,omitempty"`   // lines of the queue more than by itself
	Guided bool `json:"guided,omitempty"` // the guide for newcomers was followed or dismissed
}

type memory struct {
	shape  shape
	guided bool
}

// remember keeps what is known now.
func (a *App) remember() tea.Cmd {
	if a.opts.Remember == nil {
		return nil
	}
	keep := Memory{a.memory.shape.Split, a.memory.shape.Tall, a.memory.guided}
	return func() tea.Msg {
		if err := a.opts.Remember(keep); err != nil {
			slog.Warn("what the screen looked like is not kept", "error", err)
		}
		return nil
	}
}
