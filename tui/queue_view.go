package tui

import (
	"slices"
	"time"

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
	c.queueZone(r)
	for y, l := range visible(lines, q.cursor, body.H) {
		at := body.Line(y)
		t := &q.transfers[l.transfer]
		current := l.transfer == q.cursor
		c.transferZone(at, l.transfer)
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
		c.Put(rest, c.dim, cells.Sayf("empty: %s copies what is tagged to the other pane", c.keyFor("copy")))
		return
	}
	rest = c.Put(rest, c.plain, q.counts(c.signs.dot))
	if lanes := c.signs.dot.Plus(q.lanes); q.running() && lanes.Width(c.Method) <= rest.W {
		c.Put(rest, c.dim, lanes)
	}
}

// running tells whether bytes are under way.
func (q *queue) running() bool {
	return slices.ContainsFunc(q.transfers, func(t session.Transfer) bool { return t.State == session.StateRunning })
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
