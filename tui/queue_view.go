package tui

import (
	"time"

	"charm.land/bubbles/v2/key"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
)

// A queueLine is a line of the queue: a transfer, or something of it.
type queueLine struct {
	transfer int
	kind     lineKind
	item     int // first stream, or failed item
}

type lineKind uint8

const (
	lineTransfer lineKind = iota
	lineStreams
	lineQuestion
	lineFailure
)

// shownFailures is how many failed items are listed under a transfer.
const shownFailures = 5

// The least that a stream needs, without the name of its file and with it.
const (
	streamWidth      = 32
	namedStreamWidth = 37
)

// lines lists what the queue would show in w columns.
func (q *queue) lines(w int) []queueLine {
	var out []queueLine
	for i := range q.transfers {
		t := &q.transfers[i]
		out = append(out, queueLine{transfer: i})
		if len(t.Conflicts) > 0 && !t.State.Over() {
			out = append(out, queueLine{i, lineQuestion, 0})
		}
		if !q.detailed(t) {
			continue
		}
		if !t.State.Over() {
			for s := 0; s < len(t.Streams); s += streamsIn(w, t) {
				out = append(out, queueLine{i, lineStreams, s})
			}
		}
		for f := range min(len(t.Failed), shownFailures) {
			out = append(out, queueLine{i, lineFailure, f})
		}
	}
	return out
}

// streamsIn is how many streams of a transfer stand beside each other in w
// columns: as many as there is room for, and in each line about the same.
func streamsIn(w int, t *session.Transfer) int {
	width := streamWidth
	if named(t) {
		width = namedStreamWidth
	}
	most := max(1, (w-4)/width)
	lines := max(1, (len(t.Streams)+most-1)/most)
	return max(1, (len(t.Streams)+lines-1)/lines)
}

// named tells whether the streams of a transfer need the names of their files.
func named(t *session.Transfer) bool {
	var file session.Path
	for _, s := range t.Streams {
		if !s.File.IsRoot() && !file.IsRoot() && s.File != file {
			return true
		}
		if !s.File.IsRoot() {
			file = s.File
		}
	}
	return t.Files > 1
}

// wants is how many lines the queue should have. It grows while transfers come
// and go, and shrinks only when all is over, so that the panes stand still.
func (q *queue) wants(w int) int {
	n := len(q.lines(w))
	over := true
	for i := range q.transfers {
		over = over && q.transfers[i].State.Over()
	}
	if over {
		q.tall = 0
		return n
	}
	q.tall = max(q.tall, n)
	return q.tall
}

// draw writes the title and the lines into r.
func (q *queue) draw(c canvas, r cells.Rect, focused bool) {
	q.drawTitle(c, r.Line(0), focused)
	body := cells.Rect{X: r.X, Y: r.Y + 1, W: r.W, H: r.H - 1}
	q.height = body.H
	lines := q.lines(r.W)
	for y, l := range visible(lines, q.cursor, body.H) {
		at := body.Line(y)
		t := &q.transfers[l.transfer]
		current := l.transfer == q.cursor
		switch l.kind {
		case lineTransfer:
			q.drawTransfer(c, at, t)
			if current && focused {
				c.Restyle(at, c.plain.On())
			}
		case lineStreams:
			q.drawStreams(c, at, t, l.item)
		case lineQuestion:
			q.drawQuestion(c, at, t, focused && current)
		case lineFailure:
			drawFailure(c, at, t.Failed[l.item])
		}
	}
}

// visible cuts out of the lines those to show in h rows: from the transfer under
// the cursor on, with what comes before it if there is room.
func visible(lines []queueLine, cursor, h int) []queueLine {
	from := 0
	for from < len(lines) && lines[from].transfer < cursor {
		from++
	}
	from = max(0, min(from, len(lines)-h))
	return lines[from:min(len(lines), from+h)]
}

// drawTitle says how many transfers are in which state, and how far all of them are.
func (q *queue) drawTitle(c canvas, r cells.Rect, focused bool) {
	r = cells.Rect{X: r.X + 1, Y: r.Y, W: r.W - 2, H: 1}
	look := c.strong
	if focused {
		look = c.active
	}
	rest := r
	if r.W >= twoPanesFrom-4 {
		rest = c.PutRight(r, c.plain, q.totals())
	}
	rest = c.Put(rest, look, cells.Say("Queue  "))
	if len(q.transfers) == 0 {
		c.Put(rest, c.dim, cells.Say("empty: c copies what is tagged to the other pane"))
		return
	}
	c.Put(rest, c.plain, q.counts(c.signs.dot))
}

// counts is how many transfers are in which state.
func (q *queue) counts(dot cells.Text) cells.Text {
	var n [session.StateCancelled + 1]int
	asking := 0
	for i := range q.transfers {
		n[min(q.transfers[i].State, session.StateCancelled)]++
		asking += q.transfers[i].Asking
	}
	var t cells.Text
	say := func(n int, word cells.Text) {
		if n == 0 {
			return
		}
		if !t.Empty() {
			t = t.Plus(dot)
		}
		t = t.Plus(cells.Sayf("%d %s", n, word))
	}
	say(asking, cells.Say("asking"))
	for _, s := range []session.TransferState{
		session.StateRunning, session.StateRetrying, session.StateWaiting, session.StatePaused,
		session.StateFailed, session.StateCancelled, session.StateDone,
	} {
		say(n[s], cells.Shown(s.String()))
	}
	return t
}

// totals is how far everything that is not over is.
func (q *queue) totals() cells.Text {
	var done, bytes int64
	streams, running := 0, 0
	eta := time.Duration(-1)
	for i := range q.transfers {
		t := &q.transfers[i]
		if t.State.Over() {
			continue
		}
		running++
		done += t.Verified
		bytes += t.Bytes
		eta = max(eta, t.ETA)
		if t.State == session.StateRunning {
			streams += len(t.Streams)
		}
	}
	if running == 0 {
		return cells.Text{}
	}
	t := cells.Text{}
	if done > 0 || streams > 0 {
		t = cells.Sayf("%3d%%", percent(done, bytes))
	}
	if streams > 0 {
		t = t.Plus(cells.Sayf("  %s", countText(int64(streams), cells.Say("stream"))))
	}
	return t.Plus(cells.Sayf("  ETA %s", etaText(eta)))
}

// one is the queue in a single line, for small screens.
func (q *queue) one(c canvas, r cells.Rect, focused bool) {
	r = cells.Rect{X: r.X + 1, Y: r.Y, W: r.W - 2, H: 1}
	if len(q.transfers) == 0 {
		c.Put(r, c.dim, cells.Say("queue empty"))
		return
	}
	open := q.firstOpen()
	t := &q.transfers[open]
	if t.State.Over() {
		what, look := outcome(c, t)
		rest := c.Put(r, look, stateSign(c, t).Plus(cells.Say(" ")))
		c.Put(rest, c.plain, jobName(t.Job).Squeeze(c.Method, rest.W/3).Plus(cells.Say(" "), what).Fit(c.Method, rest.W))
		return
	}
	rest := c.PutRight(r, c.plain, cells.Sayf(" %3d%% %s", percent(t.Verified, t.Bytes), etaText(t.ETA)))
	rest = c.Put(rest, stateLook(c, t), stateSign(c, t).Plus(cells.Say(" ")))
	rest = c.Put(rest, c.plain, q.counts(c.signs.dot).Fit(c.Method, rest.W*2/3).Plus(cells.Say(" ")))
	if rest.W > 4 {
		c.bar(rest, ratio(t.Verified, t.Bytes))
	}
}

// padLeft puts blanks before t, so that what changes under it stays in its column.
func padLeft(c canvas, t cells.Text, w int) cells.Text {
	return cells.Say(" ").Times(w - t.Width(c.Method)).Plus(t)
}

func ratio(done, total int64) float64 {
	if total <= 0 {
		return 0
	}
	return min(float64(done)/float64(total), 1)
}

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
	choice := conflictKeys
	if !keys {
		choice = []key.Binding{bind("answer", "3")}
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
