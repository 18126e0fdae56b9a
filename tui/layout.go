package tui

import "github.com/bargee/bargee/tui/cells"

// The sizes at which the screen changes its plan.
const (
	twoPanesFrom   = 60  // columns; below, Tab flips between the panes
	sideFrom       = 120 // columns; from there the queue has the link's figures beside it
	queueBoxFrom   = 14  // rows; below, the queue is one line
	functionsFrom  = 20  // rows; from there the function keys have their row
	headerFrom     = 10  // rows
	smallestWidth  = 30
	smallestHeight = 8
)

// A plan says where everything stands. It is a pure function of the size of the
// terminal, how long the queue is, and what has the keys.
type plan struct {
	tiny    bool // below the smallest size: nothing but a word fits
	onePane bool // one pane at a time
	full    bool // the queue stands where the panes would

	header    cells.Rect
	frame     cells.Rect // the box around panes and queue
	panes     [2]cells.Rect
	middle    int // column of the line between the panes; 0 if there is none
	divider   int // row of the line between panes and queue; 0 if there is none
	queue     cells.Rect
	side      cells.Rect // the figures of the link, beside the queue
	queueLine cells.Rect // instead of queue, on a small screen
	guide     cells.Rect // for those who are new
	hint      cells.Rect
	functions cells.Rect
}

// planFor lays out a screen of w by h. lines is how many lines the queue would
// like to have, besides its title; wanted is what somebody made of it.
func planFor(w, h, lines int, focus focus, wanted shape) plan {
	if w < smallestWidth || h < smallestHeight {
		return plan{tiny: true}
	}
	p := plan{onePane: w < twoPanesFrom}
	top, bottom := 0, h
	take := func(y int) cells.Rect { return cells.Rect{X: 0, Y: y, W: w, H: 1} }
	if h >= headerFrom {
		p.header = take(0)
		top++
	}
	if h >= functionsFrom {
		bottom--
		p.functions = take(bottom)
	}
	bottom--
	p.hint = take(bottom)
	if wanted.guide && h >= guideFrom {
		bottom--
		p.guide = take(bottom)
	}
	small := p.onePane || h < queueBoxFrom
	if small {
		bottom--
		p.queueLine = take(bottom)
	}
	p.frame = cells.Rect{X: 0, Y: top, W: w, H: bottom - top}
	inner := cells.Rect{X: 1, Y: top + 1, W: w - 2, H: p.frame.H - 2}
	if small {
		if focus == onQueue {
			p.full, p.queue = true, inner
			return p
		}
		p.placePanes(inner, focus, wanted)
		return p
	}
	body := inner.H - 1 // less the divider
	if w >= sideFrom && lines > 0 {
		lines = max(lines, 5) // the figures beside the queue take as much
	}
	queue := wanted.queueHeight(min(1+lines, max(3, body*9/20)), body)
	list := inner
	list.H = body - queue
	p.divider = list.Y + list.H
	p.queue = cells.Rect{X: 1, Y: p.divider + 1, W: w - 2, H: queue}
	if w >= sideFrom && queue > 4 {
		p.side = p.queue
		p.side.W = w / 3
		p.queue.W -= p.side.W + 1
		p.side.X = p.queue.X + p.queue.W + 1
	}
	p.placePanes(list, focus, wanted)
	return p
}

// placePanes divides the area inside of the frame between the panes.
func (p *plan) placePanes(area cells.Rect, focus focus, wanted shape) {
	if p.onePane {
		side := 0
		if focus == onRight {
			side = 1
		}
		p.panes[side] = area
		return
	}
	left := area
	left.W = wanted.leftWidth(area.W)
	right := area
	right.X = left.X + left.W + 1
	right.W = area.W - left.W - 1
	p.panes = [2]cells.Rect{left, right}
	p.middle = left.X + left.W
}
