package tui

import (
	"time"

	"github.com/bargee/bargee/tui/cells"
)

// A graph is how fast bytes went in the last minute, one column a second. It
// moves only while bytes do, so that a screen at rest writes nothing.
type graph struct {
	past []float64 // means of a second, the newest last
	sum  float64   // of the second that is not over
	n    int
	at   time.Time // its beginning
	top  float64   // what fills the height
}

const (
	graphStep   = time.Second
	graphPoints = 60
)

// add takes in a rate measured at now.
func (g *graph) add(now time.Time, rate float64) {
	if g.at.IsZero() || now.Sub(g.at) > graphPoints*graphStep {
		g.at, g.sum, g.n = now, 0, 0
	}
	for now.Sub(g.at) >= graphStep {
		mean := rate
		if g.n > 0 {
			mean = g.sum / float64(g.n)
		}
		g.past = append(g.past, mean)
		g.at, g.sum, g.n = g.at.Add(graphStep), 0, 0
	}
	g.past = g.past[max(0, len(g.past)-graphPoints):]
	g.sum, g.n = g.sum+rate, g.n+1
	g.fit()
}

// fit chooses what fills the height. It follows the peak upwards at once, and
// downwards only when half of the height is empty: each change draws all anew.
func (g *graph) fit() {
	if peak := g.peak(); peak > g.top || peak < g.top/2 {
		g.top = peak
	}
}

func (g *graph) peak() (peak float64) {
	for _, x := range g.past {
		peak = max(peak, x)
	}
	return peak
}

// draw draws the newest points over r from its right edge, each in steps of an
// eighth of a line. What is not known yet stays empty; what is zero has a base
// line, so that a stall is seen.
func (g *graph) draw(c canvas, r cells.Rect) {
	if r.Empty() || g.top <= 0 {
		return
	}
	steps := len(c.signs.eighths) - 1
	past := g.past[max(0, len(g.past)-r.W):]
	for i, x := range past {
		high := max(int(x/g.top*float64(steps*r.H)+0.5), 1)
		for y := r.H - 1; y >= 0 && high > 0; y-- {
			at := cells.Rect{X: r.X + r.W - len(past) + i, Y: r.Y + y, W: 1, H: 1}
			c.Put(at, c.filled, c.signs.eighths[min(high, steps)])
			high -= steps
		}
	}
}
