package tui

import (
	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
)

// The least that a stream needs, without the name of its file and with it.
const (
	streamWidth      = 32
	namedStreamWidth = 37
)

// shownFailures is how many failed items are listed below a transfer; Enter has
// all of them.
const shownFailures = 3

// A lineKind is what a line below a transfer holds.
type lineKind uint8

const (
	lineTransfer lineKind = iota
	lineQuestion
	lineStreams
	lineFailure
	lineMore
)

// A queueLine is a line of a transfer: itself, or what stands below it.
type queueLine struct {
	kind lineKind
	item int // first stream, or failed item
}

// lines lists what is shown of a transfer in w columns.
func (q *queue) lines(t *session.Transfer, w int) []queueLine {
	out := []queueLine{{}}
	if len(t.Conflicts) > 0 && !t.State.Over() {
		out = append(out, queueLine{kind: lineQuestion})
	}
	if !q.detailed(t) {
		return out
	}
	if !t.State.Over() {
		streams := q.figuresOf(t).streams
		for s := 0; s < len(streams); s += streamsIn(w, t, streams) {
			out = append(out, queueLine{lineStreams, s})
		}
	}
	for f := range min(len(t.Failed), shownFailures) {
		out = append(out, queueLine{lineFailure, f})
	}
	if t.Failures > shownFailures {
		out = append(out, queueLine{kind: lineMore})
	}
	return out
}

// tallness returns how many lines a row takes in w columns.
func (q *queue) tallness(w int) func(row int) int {
	rows := q.window()
	return func(row int) int {
		if t := rows.at(row); t != nil && q.tab != logTab {
			return len(q.lines(t, w))
		}
		return 1
	}
}

// streamsIn is how many streams of a transfer stand beside each other in w
// columns: as many as there is room for, and in each line about the same.
func streamsIn(w int, t *session.Transfer, streams []streamFigure) int {
	width := streamWidth
	if named(t, streams) {
		width = namedStreamWidth
	}
	most := max(1, (w-4)/width)
	lines := max(1, (len(streams)+most-1)/most)
	return max(1, (len(streams)+lines-1)/lines)
}

// named tells whether the streams of a transfer need the names of their files.
func named(t *session.Transfer, streams []streamFigure) bool {
	var file session.Path
	for _, s := range streams {
		if !s.file.IsRoot() && !file.IsRoot() && s.file != file {
			return true
		}
		if !s.file.IsRoot() {
			file = s.file
		}
	}
	return t.Files > 1
}

// enough is as many lines as any screen will give the queue.
const enough = 200

// wants is how many lines the queue should have. It grows while transfers come
// and go, and shrinks only when nothing is under way, so that the panes stand
// still.
func (q *queue) wants(w int) int {
	height, n := q.tallness(w), 0
	for row := q.spot().top; row < q.total() && n < enough; row++ {
		n += height(row)
	}
	n += q.spot().top // what is above had its lines as well
	if q.counts[activeTab] == 0 && q.tab == activeTab {
		q.tall = 0
		return n
	}
	if q.tab == logTab || q.tab == doneTab {
		n = min(n, max(q.tall, 7)) // to look something up is no reason to push the panes away
	}
	q.tall = max(q.tall, min(n, enough))
	return q.tall
}

// draw writes the title and the lines into r.
func (q *queue) draw(c canvas, r cells.Rect, focused bool) {
	body := cells.Rect{X: r.X, Y: r.Y + 1, W: r.W, H: r.H - 1}
	q.height = body.H
	c.queueZone(r)
	q.drawTitle(c, r.Line(0), focused)
	s := q.spot()
	s.scroll(body.H, q.total(), q.tallness(r.W))
	if q.total() == 0 {
		c.Put(body.Line(0).Inset(1), c.dim, q.nothing(c))
		return
	}
	if q.tab == logTab {
		q.drawLog(c, body, focused)
		return
	}
	rows := q.window()
	for row, y := s.top, 0; row < rows.total && y < body.H; row++ {
		t := rows.at(row)
		if t == nil { // on its way from the engine
			c.Put(body.Line(y).Inset(1), c.dim, c.signs.more)
			y++
			continue
		}
		for _, l := range q.lines(t, r.W) {
			c.transferZone(body.Line(y), row)
			q.drawLine(c, body.Line(y), t, l, row, focused)
			y++
		}
	}
}

func (q *queue) drawLine(c canvas, at cells.Rect, t *session.Transfer, l queueLine, row int, focused bool) {
	current := focused && row == q.spot().cursor
	switch l.kind {
	case lineTransfer:
		if o := q.offerOf(t.ID); o != nil {
			q.drawOffer(c, at, o)
		} else {
			q.drawTransfer(c, at, t, row)
		}
		if current {
			c.Restyle(at, c.plain.On())
		}
	case lineQuestion:
		q.drawQuestion(c, at, t, current)
	case lineStreams:
		q.drawStreams(c, at, t, l.item)
	case lineFailure:
		drawFailure(c, at, t.Failed[l.item])
	case lineMore:
		more := countText(t.Failures-shownFailures, cells.Say("failure"))
		c.Put(cells.Rect{X: at.X + 5, Y: at.Y, W: at.W - 6, H: 1}, c.dim, cells.Sayf("and %s more: Enter lists them", more))
	}
}

// nothing is what an empty tab says.
func (q *queue) nothing(c canvas) cells.Text {
	switch {
	case q.tab == failedTab:
		return cells.Say("nothing failed")
	case q.filtered():
		return cells.Sayf("nothing that is over fits: %s changes the search", c.keyFor("filter-history"))
	case q.tab == doneTab:
		return cells.Say("nothing is done yet")
	case q.tab == logTab:
		return cells.Say("nothing happened yet")
	}
	return cells.Sayf("empty: %s copies what is tagged to the other pane", c.keyFor("copy"))
}

// drawTitle writes the tabs with how much is in them, and how far all is.
func (q *queue) drawTitle(c canvas, r cells.Rect, focused bool) {
	r = r.Inset(1)
	if q.counts == [3]int{} && q.tab == activeTab && len(q.ended)+len(q.offers) == 0 && !focused {
		r = c.Put(r, c.strong, cells.Say("Queue  "))
		c.Put(r, c.dim, q.nothing(c).Fit(c.Method, r.W))
		return
	}
	narrow := r.W < twoPanesFrom-4
	names := [tabs]cells.Text{cells.Say("Active"), cells.Say("Failed"), cells.Say("Done"), cells.Say("Log")}
	gap := 2
	if r.W >= 70 {
		r = c.Put(r, c.dim, cells.Say("Queue  "))
	}
	for i, name := range names {
		look := c.dim
		switch {
		case tab(i) == q.tab && focused:
			look = c.active.On()
		case tab(i) == q.tab:
			look = c.strong
		case tab(i) == failedTab && q.counts[i] > 0:
			look = c.fail
		}
		if tab(i) != logTab && (q.counts[i] > 0 || tab(i) == q.tab) {
			name = name.Plus(cells.Say(" "), groupText(int64(q.counts[i])))
		}
		c.onClick(cells.Rect{X: r.X, Y: r.Y, W: min(name.Width(c.Method), r.W), H: 1}, doing(func(a *App) tea.Cmd {
			focusOn(onQueue)(a)
			return turnTo(tab(i))(a)
		}))
		r = c.Put(r, look, name)
		if narrow {
			gap = 1
		}
		r = cells.Rect{X: r.X + gap, Y: r.Y, W: max(r.W-gap, 0), H: 1}
	}
	if q.filtered() {
		r = c.Put(r, c.ask, q.past.says().Fit(c.Method, r.W))
	}
	if q.total() == 0 && q.height <= 0 {
		c.Put(r, c.dim, q.nothing(c).Fit(c.Method, r.W))
		return
	}
	for _, t := range q.totals(c) {
		if t.Width(c.Method) <= r.W {
			c.PutRight(r, c.plain, t)
			return
		}
	}
}

// totals says how far everything is, from what takes most room to what takes
// least.
func (q *queue) totals(c canvas) []cells.Text {
	if q.sum.Running+q.sum.Waiting == 0 {
		return []cells.Text{q.speeds.says(c)}
	}
	if q.sum.Running == 0 {
		return []cells.Text{q.states(c.signs.dot)}
	}
	far, eta := cells.Text{}, etaText(shownETA(q.whole.eta))
	switch {
	case !q.sum.Counted && q.sum.Bytes == 0:
		far = cells.Say("counting").Plus(c.signs.more)
	case q.sum.Counted:
		far = cells.Sayf("%d%% of %s", percent(q.sum.Verified, q.sum.Bytes), sizeText(q.sum.Bytes))
	default:
		far = cells.Sayf("%s of %s so far", sizeText(q.sum.Verified), sizeText(q.sum.Bytes))
	}
	short := cells.Sayf("%s  ETA %s", far, eta)
	rate := padLeft(c, rateText(q.whole.rate), 8)
	middle := cells.Sayf("%s  %s  ETA %s", far, rate, eta)
	all, run := middle, cells.Sayf("%d running", q.sum.Running)
	if q.sum.Asking > 0 {
		short = cells.Sayf("%d asking  %s", q.sum.Asking, short)
		middle = short
		run = cells.Sayf("%d asking%s%s", q.sum.Asking, c.signs.dot, run)
	}
	if s := q.speeds.says(c); !s.Empty() {
		run = run.Plus(c.signs.dot, s)
	}
	return []cells.Text{cells.Sayf("%s   %s", run, all), middle, short, cells.Sayf("%s %s", far, eta), far}
}

// says names what holds the transfers back; nothing if nothing does.
func (s speeds) says(c canvas) (t cells.Text) {
	add := func(more cells.Text) {
		if !t.Empty() {
			t = t.Plus(c.signs.dot)
		}
		t = t.Plus(more)
	}
	switch {
	case s.send > 0 && s.send == s.receive:
		add(cells.Sayf("at most %s", rateText(float64(s.send))))
	default:
		if s.send > 0 {
			add(cells.Sayf("%s at most %s", c.signs.up, rateText(float64(s.send))))
		}
		if s.receive > 0 {
			add(cells.Sayf("%s at most %s", c.signs.downward, rateText(float64(s.receive))))
		}
	}
	if s.concurrency > 0 && s.concurrency != usualConcurrency {
		add(cells.Sayf("%d at a time", s.concurrency))
	}
	return t
}

// usualConcurrency is the engine's own choice, and not worth a word.
const usualConcurrency = 2

// one is the queue in a single line, for small screens.
func (q *queue) one(c canvas, r cells.Rect) {
	r = r.Inset(1)
	switch {
	case asksOffers(q.offers) > 0:
		c.Put(r, c.ask, countText(int64(asksOffers(q.offers)), cells.Say("offer")).Plus(cells.Say(" to answer")).Fit(c.Method, r.W))
	case q.counts[activeTab] == 0 && len(q.ended) == 0:
		c.Put(r, c.dim, cells.Say("queue empty"))
	case q.counts[activeTab] == 0:
		t := &q.ended[0]
		what, look := outcome(c, t)
		rest := c.Put(r, look, stateSign(c, t).Plus(cells.Say(" ")))
		c.Put(rest, c.plain, jobName(t.Job).Squeeze(c.Method, rest.W/3).Plus(cells.Say(" "), what).Fit(c.Method, rest.W))
	default:
		rest := c.PutRight(r, c.plain, cells.Sayf(" %3d%% %s", percent(q.sum.Verified, q.sum.Bytes), etaText(shownETA(q.whole.eta))))
		if len(q.live) > 0 {
			t := &q.live[0]
			rest = c.Put(rest, stateLook(c, t), stateSign(c, t).Plus(cells.Say(" ")))
		}
		rest = c.Put(rest, c.plain, q.states(c.signs.dot).Fit(c.Method, rest.W*2/3).Plus(cells.Say(" ")))
		if rest.W > 4 {
			c.bar(rest, ratio(q.sum.Verified, q.sum.Bytes))
		}
	}
}

// states is how many transfers are in which state.
func (q *queue) states(dot cells.Text) (t cells.Text) {
	say := func(n int, word cells.Text) {
		if n == 0 {
			return
		}
		if !t.Empty() {
			t = t.Plus(dot)
		}
		t = t.Plus(groupText(int64(n)), cells.Say(" "), word)
	}
	say(q.sum.Asking, cells.Say("asking"))
	say(q.sum.Running, cells.Say("running"))
	say(q.sum.Waiting, cells.Say("waiting"))
	say(q.sum.Paused, cells.Say("paused"))
	say(q.counts[failedTab], cells.Say("failed"))
	return t
}

// padLeft puts blanks before t, so that what changes under it stays in its column.
func padLeft(c canvas, t cells.Text, w int) cells.Text {
	return cells.Say(" ").Times(w - t.Width(c.Method)).Plus(t)
}

func padRight(c canvas, t cells.Text, w int) cells.Text {
	return t.Plus(cells.Say(" ").Times(w - t.Width(c.Method)))
}

func ratio(done, total int64) float64 {
	if total <= 0 {
		return 0
	}
	return min(float64(done)/float64(total), 1)
}
