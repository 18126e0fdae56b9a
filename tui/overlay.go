package tui

import (
	"slices"

	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/tui/cells"
)

// An overlay lies over the screen, a dialog or all of it, and has the keys while
// it is the topmost. It is a plain struct, as the panes are: what it wants done
// it returns as an action.
type overlay interface {
	// handleKey returns what to do, and whether the overlay is over with it.
	handleKey(k tea.KeyPressMsg) (do action, over bool)

	// edit hands pasted text to it.
	edit(msg tea.PasteMsg) action

	// draw draws it over what is there; it may take less than the screen.
	draw(c canvas, screen cells.Rect)
}

// push lays o over the screen.
func (a *App) push(o overlay) { a.overlays = append(a.overlays, o) }

// drop takes o away, wherever it lies.
func (a *App) drop(o overlay) {
	for i, x := range a.overlays {
		if x == o {
			a.overlays = append(a.overlays[:i:i], a.overlays[i+1:]...)
			return
		}
	}
}

// over returns the overlay that has the keys, nil if there is none.
func (a *App) over() overlay {
	if len(a.overlays) == 0 {
		return nil
	}
	return a.overlays[len(a.overlays)-1]
}

// topmost returns the topmost overlay of a kind.
func topmost[T overlay](a *App) (o T, ok bool) {
	for i := len(a.overlays) - 1; i >= 0; i-- {
		if o, ok = a.overlays[i].(T); ok {
			return o, true
		}
	}
	return o, false
}

// resized tells what lies over the screen that this has another size.
func (a *App) resized() tea.Cmd {
	var cmds []tea.Cmd
	for _, o := range a.overlays {
		if o, ok := o.(interface{ resized(*App) tea.Cmd }); ok {
			cmds = append(cmds, o.resized(a))
		}
	}
	return tea.Batch(cmds...)
}

// A message is what a command brings back: it knows what it is for, so that
// Update need not know all of them. It stands beside the command that sends it.
type message interface{ apply(*App) tea.Cmd }

// lies tells whether o still lies over the screen.
func (a *App) lies(o overlay) bool { return slices.Contains(a.overlays, o) }
