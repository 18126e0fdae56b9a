package tui

import (
	"charm.land/bubbles/v2/key"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
)

// drawTransfer writes the line of a transfer.
func (q *queue) drawTransfer(c canvas, r cells.Rect, t *session.Transfer) {
	r = cells.Rect{X: r.X + 1, Y: r.Y, W: r.W - 2, H: 1}
	c.Put(r, stateLook(c, t), stateSign(c, t))
	name := cells.Rect{X: r.X + 2, Y: r.Y, W: max(10, r.W*3/10), H: 1}
	c.Put(name, c.plain, jobName(t.Job).Squeeze(c.Method, name.W))
	rest := cells.Rect{X: name.X + name.W + 1, Y: r.Y, W: r.W - name.W - 3, H: 1}
	if t.State == session.StateRunning || q.flash[t.ID] {
		q.drawProgress(c, rest, t)
		return
	}
	what, look := outcome(c, t)
	if canRetry(t) {
		rest = c.PutRight(rest, c.dim, cells.Say("  r retry"))
	}
	if t.State == session.StatePaused {
		rest = c.PutRight(rest, c.dim, cells.Say("  p resume"))
	}
	if t.State == session.StateWaiting && t.Bytes > 0 {
		rest = c.PutRight(rest, c.plain, sizeText(t.Bytes))
	}
	c.Put(rest, look, what.Fit(c.Method, rest.W))
}

// drawProgress writes bar, percent, speed and time left; on wide screens bytes too.
func (q *queue) drawProgress(c canvas, r cells.Rect, t *session.Transfer) {
	r = c.PutRight(r, c.plain, padLeft(c, etaText(t.ETA), 8))
	if r.W >= 26 {
		rate, look := rateText(t.Rate), c.plain
		if q.stalled(t, c.now) {
			rate, look = cells.Say("stalled"), c.ask
		}
		r = c.PutRight(r, look, padLeft(c, rate, 10))
	}
	if r.W >= 40 {
		r = c.PutRight(r, c.dim, padLeft(c, cells.Sayf("%s/%s", sizeText(t.Verified), sizeText(t.Bytes)), 13))
	}
	pct := cells.Sayf(" %3d%%", percent(t.Verified, t.Bytes))
	if !t.Counted {
		pct = cells.Sayf(" %3d%s", percent(t.Verified, t.Bytes), c.signs.more.Fit(c.Method, 1))
	}
	r = c.PutRight(r, c.strong, pct)
	c.bar(r, ratio(t.Verified, t.Bytes))
}

// drawStreams writes the streams from the i-th on, as many as stand in a line.
func (q *queue) drawStreams(c canvas, r cells.Rect, t *session.Transfer, i int) {
	n, named := streamsIn(r.W, t), named(t)
	r = cells.Rect{X: r.X + 3, Y: r.Y, W: r.W - 4, H: 1}
	w := r.W / n
	for k := 0; k < n && i+k < len(t.Streams); k++ {
		s := t.Streams[i+k]
		at := cells.Rect{X: r.X + k*w, Y: r.Y, W: w - 1, H: 1}
		at = c.Put(at, c.dim, cells.Sayf("%2d ", s.ID))
		if s.File.IsRoot() {
			c.Put(at, c.dim, cells.Say("idle"))
			continue
		}
		at = c.PutRight(at, c.dim, padLeft(c, shortRate(s.Rate), 6))
		x := share(t, s)
		at = c.PutRight(at, c.plain, cells.Sayf("%4d%%", int(x*100+1e-9)))
		if named {
			name := cells.Rect{X: at.X, Y: at.Y, W: max(at.W/2, 6), H: 1}
			c.Put(name, c.plain, cells.Name(s.File.Base()).Squeeze(c.Method, name.W))
			at.X, at.W = at.X+name.W+1, at.W-name.W-1
		}
		c.bar(at, x)
	}
}

// drawQuestion asks what to do about a name that is taken.
func (q *queue) drawQuestion(c canvas, r cells.Rect, t *session.Transfer, keys bool) {
	r = cells.Rect{X: r.X + 3, Y: r.Y, W: r.W - 4, H: 1}
	x := t.Conflicts[0]
	r = c.Put(r, c.ask, c.signs.asking.Plus(cells.Say(" ")))
	what := cells.Say("other file here")
	switch d := x.Source.Modified.Compare(x.Existing.Modified); {
	case x.Existing.Kind != x.Source.Kind:
		what = cells.Sayf("a %s here", x.Existing.Kind.String())
	case d < 0:
		what = cells.Say("newer here")
	case d > 0:
		what = cells.Say("older here")
	}
	name := cells.Name(x.Name.Base())
	if r.W >= 95 {
		what = what.Plus(cells.Sayf(" (%s, the new one %s)", sizeColumn(x.Existing), sizeColumn(x.Source)))
	}
	if t.Asking > 1 {
		what = what.Plus(cells.Sayf(", %d more", t.Asking-1))
	}
	choice := conflictKeys(c.table)
	if !keys {
		choice = []key.Binding{actionNamed(c.table, "queue").worded("answer")}
	}
	_, need := fitting(choice, r.W)
	if need+12+what.Width(c.Method) > r.W {
		choice, need = nil, 0 // the line of hints has them as well
		if keys && q.all {
			what = what.Plus(cells.Say(" (answer for all)"))
		}
	}
	name = name.Squeeze(c.Method, max(r.W-need-what.Width(c.Method)-3, 8))
	r = c.Put(r, c.ask, cells.Sayf("%s %s", name, what).Fit(c.Method, r.W))
	if choice != nil {
		r = c.Put(r, c.ask, cells.Say(": "))
	}
	r = c.keys(r, c.plain, choice)
	if _, w := fitting(choice[max(len(choice)-1, 0):], need); choice != nil && keys && q.all {
		c.Restyle(cells.Rect{X: r.X - w, Y: r.Y, W: w, H: 1}, c.plain.On()) // "for all" is the last
	}
}

// drawFailure says why an item failed.
func drawFailure(c canvas, r cells.Rect, item session.Item) {
	r = cells.Rect{X: r.X + 3, Y: r.Y, W: r.W - 4, H: 1}
	r = c.Put(r, c.fail, c.signs.fail.Plus(cells.Say(" ")))
	why := sentenceOf(item.Err)
	name := cells.Shown(item.Path.String()).Squeeze(c.Method, max(r.W-why.Width(c.Method)-2, r.W/3))
	r = c.Put(r, c.plain, name.Plus(cells.Say("  ")))
	c.Put(r, c.fail, why.Fit(c.Method, r.W))
}
