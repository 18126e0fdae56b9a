package tui

import tea "charm.land/bubbletea/v2"

// A shape is how somebody wants the screen divided. The zero one is as the
// program would do it.
type shape struct {
	Split int  // thousandths of the width for the left pane; 0: half
	Tall  int  // lines that the queue has more than by itself, or less
	guide bool // there is a line for the guide
}

// The steps of the keys, and what is left to a pane at the least.
const (
	splitStep    = 50
	narrowest    = 24 // columns
	tallStep     = 2
	fewestPanes  = 4 // rows
	splitHalf    = 500
	maxTallDelta = 500
)

// reshape changes the shape for as long as the program runs.
func reshape(change func(*shape)) doing {
	return func(a *App) tea.Cmd {
		s := a.memory.shape
		change(&s)
		s.Split = max(0, min(s.Split, 1000))
		s.Tall = max(-maxTallDelta, min(s.Tall, maxTallDelta))
		p := a.planWith(s)
		if s.Tall != a.memory.shape.Tall && p == a.planWith(a.memory.shape) {
			return nil // no line more to be had: the key back must work at once
		}
		a.memory.shape = s
		return nil
	}
}

// kept changes the shape and keeps it for the next time.
func kept(change func(*shape)) doing {
	return func(a *App) tea.Cmd { return tea.Batch(reshape(change)(a), a.remember()) }
}

func moveSplit(by int) func(*App) tea.Cmd {
	return kept(func(s *shape) {
		if s.Split == 0 {
			s.Split = splitHalf
		}
		if s.Split += by; s.Split == splitHalf {
			s.Split = 0
		}
	})
}

func growQueue(by int) func(*App) tea.Cmd {
	return kept(func(s *shape) { s.Tall += by })
}

// leftWidth is how many of w columns the left pane has.
func (s shape) leftWidth(w int) int {
	if s.Split == 0 || w < 2*narrowest+1 {
		return w / 2
	}
	return max(narrowest, min(w*s.Split/1000, w-narrowest-1))
}

// queueHeight is how many of body rows the queue has that would take n by itself.
func (s shape) queueHeight(n, body int) int {
	return max(1, min(n+s.Tall, body-fewestPanes))
}

// shapeKeys divide the screen, and say who has the mouse.
func shapeKeys() []binding {
	return []binding{
		{name: "split-left", Binding: bind("the left pane narrower", "<"), scope: everywhere, group: "Shape", run: moveSplit(-splitStep)},
		{name: "split-right", Binding: bind("the left pane wider", ">"), scope: everywhere, run: moveSplit(splitStep)},
		{name: "queue-smaller", Binding: bind("the queue smaller", "{"), scope: everywhere, run: growQueue(-tallStep)},
		{name: "queue-taller", Binding: bind("the queue taller", "}"), scope: everywhere, run: growQueue(tallStep)},
		{name: "mouse", Binding: bind("mouse: ours, or the terminal's", "M"), scope: everywhere, run: (*App).toggleMouse},
	}
}
