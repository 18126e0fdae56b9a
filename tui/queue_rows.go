package tui

import (
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
)

// destinationFrom is the width of the queue from which on its rows say where to.
const destinationFrom = 95

// drawTransfer writes the line of a transfer.
func (q *queue) drawTransfer(c canvas, r cells.Rect, t *session.Transfer, row int) {
	r = r.Inset(1)
	c.Put(r, stateLook(c, t), stateSign(c, t))
	name := cells.Rect{X: r.X + 2, Y: r.Y, W: max(10, r.W*3/10), H: 1}
	if r.W >= destinationFrom {
		name.W = r.W * 27 / 100
	}
	c.Put(name, c.plain, titleOf(c, t, name.W))
	rest := cells.Rect{X: name.X + name.W + 1, Y: r.Y, W: r.W - name.W - 3, H: 1}
	if r.W >= destinationFrom {
		to := cells.Rect{X: rest.X, Y: rest.Y, W: 22, H: 1}
		at := c.Put(to, c.dim, c.signs.arrow.Plus(cells.Say(" ")))
		c.Put(at, c.dim, q.whereTo(t).Squeeze(c.Method, at.W))
		rest.X, rest.W = rest.X+to.W+1, rest.W-to.W-1
	}
	if t.State == session.StateRunning || q.flash[t.ID] {
		q.drawProgress(c, rest, t)
		return
	}
	what, look := outcome(c, t)
	switch {
	case canRetry(t):
		rest = c.PutRight(rest, c.dim, cells.Sayf("  %s retry", c.keyFor("retry")))
	case t.State == session.StatePaused:
		rest = c.PutRight(rest, c.dim, cells.Sayf("  %s resume", c.keyFor("pause")))
	case t.State == session.StateWaiting && t.Err == nil:
		rest = c.PutRight(rest, c.dim, cells.Sayf("  #%s", groupText(int64(row+1))))
		if t.Bytes > 0 {
			rest = c.PutRight(rest, c.plain, sizeText(t.Bytes))
		}
	}
	if p := t.Job.Priority; p != session.DefaultPriority && !t.State.Over() {
		what = what.Plus(c.signs.dot, cells.Sayf("priority %d", p))
	}
	if n := t.Job.Options.Limit; n > 0 && !t.State.Over() {
		what = what.Plus(c.signs.dot, cells.Sayf("at most %s", rateText(float64(n))))
	}
	c.Put(rest, look, what.Fit(c.Method, rest.W))
}

// whereTo is the directory that a transfer changes, in short.
func (q *queue) whereTo(t *session.Transfer) cells.Text {
	dir := landsIn(t.Job)
	name := cells.Name(dir.Base())
	if dir.IsRoot() {
		name = cells.Say("/")
	}
	for _, p := range q.places {
		if p.ID == t.Job.To && p.ID != session.Here {
			return placeName(p).Plus(cells.Say(":"), name)
		}
	}
	return name
}

// titleOf is what a transfer is called in w columns, with how many files it has
// if they are many and there is room.
func titleOf(c canvas, t *session.Transfer, w int) cells.Text {
	name := jobName(t.Job)
	if t.Files <= int64(len(t.Job.Sources)) {
		return name.Squeeze(c.Method, w)
	}
	for _, n := range []cells.Text{cells.Sayf(" (%s files)", groupText(t.Files)), cells.Sayf(" (%s)", groupText(t.Files))} {
		if room := w - n.Width(c.Method); room >= min(name.Width(c.Method), 14) {
			return name.Squeeze(c.Method, room).Plus(n)
		}
	}
	return name.Squeeze(c.Method, w)
}

// drawProgress writes bar, percent, speed and time left; on wide screens bytes
// too. While it is not known how much there is, no share of it is told.
func (q *queue) drawProgress(c canvas, r cells.Rect, t *session.Transfer) {
	f := q.figuresOf(t)
	r = c.PutRight(r, c.plain, padLeft(c, etaText(shownETA(f.eta)), 8))
	if r.W >= 26 {
		rate, look := rateText(f.rate), c.plain
		switch {
		case t.Asking > 0 && len(t.Active) == 0:
			rate, look = cells.Say("asking"), c.ask
		case q.stalled(t, c.now):
			rate, look = cells.Say("stalled"), c.ask
		}
		r = c.PutRight(r, look, padLeft(c, rate, 10))
	}
	if !t.Counted {
		so := cells.Sayf("%s of %s so far", sizeText(t.Verified), sizeText(t.Bytes))
		if more := cells.Sayf("counting%s %s", c.signs.more, so); more.Width(c.Method) <= r.W {
			so = more
		}
		c.Put(r, c.dim, so.Fit(c.Method, r.W))
		return
	}
	if r.W >= 40 {
		r = c.PutRight(r, c.dim, padLeft(c, cells.Sayf("%s/%s", sizeText(t.Verified), sizeText(t.Bytes)), 13))
	}
	r = c.PutRight(r, c.strong, cells.Sayf(" %3d%%", percent(t.Verified, t.Bytes)))
	c.bar(r, ratio(t.Verified, t.Bytes))
}

// drawStreams writes the streams from the i-th on, as many as stand in a line.
func (q *queue) drawStreams(c canvas, r cells.Rect, t *session.Transfer, i int) {
	streams := q.figuresOf(t).streams
	n, named := streamsIn(r.W, t, streams), named(t, streams)
	r = cells.Rect{X: r.X + 3, Y: r.Y, W: r.W - 4, H: 1}
	w := r.W / n
	for k := 0; k < n && i+k < len(streams); k++ {
		s := streams[i+k]
		at := cells.Rect{X: r.X + k*w, Y: r.Y, W: w - 1, H: 1}
		at = c.Put(at, c.dim, cells.Sayf("%2d ", s.id))
		if s.file.IsRoot() {
			c.Put(at, c.dim, cells.Say("idle"))
			continue
		}
		at = c.PutRight(at, c.dim, padLeft(c, shortRate(s.rate), 7))
		at = c.PutRight(at, c.plain, cells.Sayf("%4d%%", int(s.share*100+1e-9)))
		if named {
			name := cells.Rect{X: at.X, Y: at.Y, W: max(at.W/2, 6), H: 1}
			c.Put(name, c.plain, cells.Name(s.file.Base()).Squeeze(c.Method, name.W))
			at.X, at.W = at.X+name.W+1, at.W-name.W-1
		}
		c.bar(at, s.share)
	}
}

// drawQuestion asks what to do about a name that is taken: first what is known of
// both sides, and if there is room the keys, which the line of hints has as well.
func (q *queue) drawQuestion(c canvas, r cells.Rect, t *session.Transfer, keys bool) {
	r = cells.Rect{X: r.X + 3, Y: r.Y, W: r.W - 4, H: 1}
	r = c.Put(r, c.ask, c.signs.asking.Plus(cells.Say(" ")))
	x := &t.Conflicts[0]
	name := cells.Name(x.Name.Base())
	room := r.W - min(name.Width(c.Method), 14) - 1
	what, tail := ageOf(x), cells.Text{}
	if t.Asking > 1 {
		tail = cells.Sayf(", %s more", groupText(int64(t.Asking-1)))
	}
	if keys && q.all {
		tail = tail.Plus(cells.Say(" (answer for all)"))
	}
	age, sides, verdict := what, sidesOf(c, x), verdictOf(c, x)
	for _, longer := range []cells.Text{
		cells.Sayf("%s (%s, %s)", age, sides, verdict), cells.Sayf("%s, %s", sides, verdict), cells.Sayf("%s (%s)", age, sides), cells.Sayf("%s, %s", age, verdict),
	} {
		if longer.Plus(tail).Width(c.Method) <= room {
			what = longer
			break
		}
	}
	what = what.Plus(tail)
	choice := keysOf(c.table, [][2]string{{"queue", "answer"}})
	if keys {
		choice = conflictKeys(c.table)
	}
	_, need := fitting(choice, room)
	if fit, _ := fitting(choice, room); len(fit) < len(choice) || what.Width(c.Method)+need+2 > room {
		choice, need = nil, 0
	}
	name = name.Squeeze(c.Method, max(r.W-need-what.Width(c.Method)-3, 8))
	r = c.Put(r, c.ask, cells.Sayf("%s %s", name, what).Fit(c.Method, r.W))
	if choice != nil {
		r = c.Put(r, c.ask, cells.Say(": "))
		c.keys(r, c.plain, choice)
	}
}

// drawFailure says why an item failed, and what helps.
func drawFailure(c canvas, r cells.Rect, item session.Item) {
	r = cells.Rect{X: r.X + 3, Y: r.Y, W: r.W - 4, H: 1}
	r = c.Put(r, c.fail, c.signs.fail.Plus(cells.Say(" ")))
	why := sentenceOf(item.Err)
	if hint := explain(item.Err).hint; !hint.Empty() && r.W >= 90 {
		why = why.Plus(c.signs.dot, hint)
	}
	name := cells.Shown(item.Path.String()).Squeeze(c.Method, max(r.W-why.Width(c.Method)-2, r.W/3))
	r = c.Put(r, c.plain, name.Plus(cells.Say("  ")))
	c.Put(r, c.fail, why.Fit(c.Method, r.W))
}
