package tui

import (
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
)

// maxLog is how many lines of the log the screen keeps.
const maxLog = 1000

// drawLog writes the steps in the lives of the transfers, the newest at the end.
func (q *queue) drawLog(c canvas, r cells.Rect, focused bool) {
	s := q.spot()
	for y := 0; y < r.H && s.top+y < len(q.log); y++ {
		at := r.Line(y)
		drawLogLine(c, at.Inset(1), &q.log[s.top+y])
		if focused && s.top+y == s.cursor {
			c.Restyle(at, c.plain.On())
		}
	}
}

func drawLogLine(c canvas, r cells.Rect, l *session.LogLine) {
	r = c.Put(r, c.dim, clockText(l.At, c.now).Plus(cells.Say("  ")))
	if l.Transfer == 0 {
		c.Put(r, c.ask, cells.Shown(l.Text).Fit(c.Method, r.W))
		return
	}
	t := session.Transfer{State: l.State, Job: session.Job{To: 1}}
	look := stateLook(c, &t)
	what := cells.Shown(l.State.String())
	r = c.Put(r, look, stateSign(c, &t).Plus(cells.Say(" "), what, cells.Say(" ").Times(11-what.Width(c.Method))))
	why := cells.Text{}
	switch {
	case l.Err != nil && l.State == session.StateWaiting: // for a person: its own words say what to do
		why = cells.Shown(cause(l.Err))
	case l.Err != nil:
		why = explain(l.Err).line(c)
	}
	name := cells.Name(l.Job)
	if !why.Empty() {
		name = name.Squeeze(c.Method, max(r.W/3, 10))
	}
	r = c.Put(r, c.plain, name.Squeeze(c.Method, r.W).Plus(cells.Say("  ")))
	c.Put(r, look, why.Fit(c.Method, r.W))
}
