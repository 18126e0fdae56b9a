package tui

import (
	"testing"

	"github.com/bargee/bargee/tui/cells"
)

func TestPlan(t *testing.T) {
	for _, c := range []struct {
		name        string
		w, h, lines int
		focus       focus
		left, right cells.Rect
		queue, line cells.Rect
	}{
		{"smallest", 30, 8, 9, onLeft, cells.Rect{X: 1, Y: 1, W: 28, H: 4}, cells.Rect{}, cells.Rect{}, cells.Rect{X: 0, Y: 6, W: 30, H: 1}},
		{"one pane", 40, 12, 9, onLeft, cells.Rect{X: 1, Y: 2, W: 38, H: 7}, cells.Rect{}, cells.Rect{}, cells.Rect{X: 0, Y: 10, W: 40, H: 1}},
		{"the other one", 40, 12, 9, onRight, cells.Rect{}, cells.Rect{X: 1, Y: 2, W: 38, H: 7}, cells.Rect{}, cells.Rect{X: 0, Y: 10, W: 40, H: 1}},
		{"the queue instead", 40, 12, 9, onQueue, cells.Rect{}, cells.Rect{}, cells.Rect{X: 1, Y: 2, W: 38, H: 7}, cells.Rect{X: 0, Y: 10, W: 40, H: 1}},
		{"low", 80, 12, 9, onLeft, cells.Rect{X: 1, Y: 2, W: 39, H: 7}, cells.Rect{X: 41, Y: 2, W: 38, H: 7}, cells.Rect{}, cells.Rect{X: 0, Y: 10, W: 80, H: 1}},
		{"small", 60, 16, 9, onLeft, cells.Rect{X: 1, Y: 2, W: 29, H: 7}, cells.Rect{X: 31, Y: 2, W: 28, H: 7}, cells.Rect{X: 1, Y: 10, W: 58, H: 4}, cells.Rect{}},
		{"empty queue", 80, 24, 0, onLeft, cells.Rect{X: 1, Y: 2, W: 39, H: 17}, cells.Rect{X: 41, Y: 2, W: 38, H: 17}, cells.Rect{X: 1, Y: 20, W: 78, H: 1}, cells.Rect{}},
		{"usual", 80, 24, 9, onLeft, cells.Rect{X: 1, Y: 2, W: 39, H: 10}, cells.Rect{X: 41, Y: 2, W: 38, H: 10}, cells.Rect{X: 1, Y: 13, W: 78, H: 8}, cells.Rect{}},
		{"large", 160, 48, 9, onLeft, cells.Rect{X: 1, Y: 2, W: 79, H: 32}, cells.Rect{X: 81, Y: 2, W: 78, H: 32}, cells.Rect{X: 1, Y: 35, W: 104, H: 10}, cells.Rect{}},
		{"largest", 200, 60, 99, onLeft, cells.Rect{X: 1, Y: 2, W: 99, H: 30}, cells.Rect{X: 101, Y: 2, W: 98, H: 30}, cells.Rect{X: 1, Y: 33, W: 131, H: 24}, cells.Rect{}},
	} {
		p := planFor(c.w, c.h, c.lines, c.focus, shape{})
		if p.panes != [2]cells.Rect{c.left, c.right} || p.queue != c.queue || p.queueLine != c.line {
			t.Errorf("%s, %dx%d: panes %+v, queue %+v, line %+v", c.name, c.w, c.h, p.panes, p.queue, p.queueLine)
		}
		if p.queue.W > 0 && !p.full && p.queue.W != queueWidth(c.w) {
			t.Errorf("%s: the queue is %d wide, its lines are counted for %d", c.name, p.queue.W, queueWidth(c.w))
		}
	}
}

// No plan, of whatever size, puts two things into one cell or leaves the screen.
func TestPlansDoNotOverlap(t *testing.T) {
	if testing.Short() {
		t.Skip("pure, and long under the race detector")
	}
	for w := smallestWidth; w < 210; w++ {
		for h := smallestHeight; h < 64; h++ {
			for _, f := range []focus{onLeft, onRight, onQueue} {
				checkPlan(t, planFor(w, h, h/2, f, shape{}), w, h)
			}
			for _, s := range []shape{{Split: 1, Tall: -500}, {Split: 999, Tall: 500}, {Split: 300, Tall: 3, guide: true}} {
				checkPlan(t, planFor(w, h, h/2, onLeft, s), w, h)
			}
		}
	}
}

func checkPlan(t *testing.T, p plan, w, h int) {
	t.Helper()
	seen := make([]bool, w*h)
	for _, r := range []cells.Rect{p.header, p.panes[0], p.panes[1], p.queue, p.side, p.queueLine, p.guide, p.hint, p.functions} {
		for y := r.Y; y < r.Y+r.H; y++ {
			for x := r.X; x < r.X+r.W; x++ {
				if x < 0 || y < 0 || x >= w || y >= h || seen[y*w+x] {
					t.Fatalf("%dx%d: %+v leaves the screen or lies over something else: %+v", w, h, r, p)
				}
				seen[y*w+x] = true
			}
		}
	}
	if p.panes[0].H+p.panes[1].H == 0 && !p.full {
		t.Fatalf("%dx%d shows no pane", w, h)
	}
}
