package tui

import (
	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
)

// View draws the whole screen anew; Bubble Tea sends what differs.
func (a *App) View() tea.View {
	a.draw()
	return tea.View{
		Content:     a.grid.Render(),
		AltScreen:   true,
		WindowTitle: a.title(),
		MouseMode:   a.mouseMode(),
		ReportFocus: true,
		ProgressBar: a.taskbar(),
	}
}

func (a *App) title() string {
	c := a.canvas()
	left := a.panes[0].title(c, a.place(a.panes[0].place), a.opts.Home)
	right := a.panes[1].title(c, a.place(a.panes[1].place), a.opts.Home)
	return cells.Sayf("bargee: %s - %s", left, right).String()
}

// draw fills the grid.
func (a *App) draw() {
	a.grid.Reset(a.width, a.height, a.method)
	a.grid.ASCII = a.opts.ASCII
	a.zones = a.zones[:0]
	c := a.canvas()
	p := a.planWith(a.memory.shape)
	if p.tiny {
		c.Put(cells.Rect{X: 0, Y: 0, W: a.width, H: 1}, c.plain, cells.Say("bargee needs 30x8"))
		return
	}
	a.drawHeader(c, p.header)
	a.drawFrame(c, p)
	a.splitZones(c, p)
	for i := range a.panes {
		a.drawPane(c, p, i)
	}
	if p.full || p.queue.H > 0 {
		a.queue.draw(c, p.queue, a.focus == onQueue)
	}
	if !p.side.Empty() {
		a.drawSide(c, p.side, a.farPlace())
	}
	if !p.queueLine.Empty() {
		a.queue.one(c, p.queueLine)
	}
	a.drawGuide(c, p.guide)
	if a.ask != nil {
		a.zones = a.zones[:0] // it has the mouse, too
	}
	a.drawHint(c, p.hint)
	a.drawFunctions(c, p.functions)
	screen := cells.Rect{W: a.width, H: a.height}
	for i := range a.panes {
		if p := &a.panes[i]; p.chooser == nil {
			c.titles[i] = p.title(c, a.place(p.place), a.opts.Home)
		}
	}
	for _, o := range a.overlays {
		a.zones = a.zones[:0]
		o.draw(c, screen)
	}
}

// planWith lays the screen out in a shape.
func (a *App) planWith(s shape) plan {
	lines := 0
	if a.width >= twoPanesFrom {
		lines = a.queue.wants(queueWidth(a.width))
	}
	s.guide = a.guide.on
	return planFor(a.width, a.height, lines, a.focus, s)
}

func (a *App) drawPane(c canvas, p plan, i int) {
	r := p.panes[i]
	if r.Empty() {
		return
	}
	if a.covers(i) {
		a.drawQuick(c, r)
		return
	}
	if p.onePane {
		var quick cells.Rect
		if r, quick = a.quickRoom(r); !quick.Empty() {
			c.Put(quick.Line(0), c.dim, cells.Shown(c.signs.border.Top).Times(quick.W))
			c.Put(quick.Line(0).Inset(2), c.dim, cells.Sayf(" %s ", a.quickSummary(c).Fit(c.Method, quick.W-6)))
			quick.Y, quick.H = quick.Y+1, quick.H-1
			a.drawQuick(c, quick)
		}
	}
	rows := r.H
	if hasColumns(r) {
		rows--
	}
	a.panes[i].resize(rows)
	a.paneZones(c, cells.Rect{X: r.X, Y: r.Y + r.H - rows, W: r.W, H: rows}, i)
	a.panes[i].draw(c, r, a.focus == focus(i), a.place(a.panes[i].place))
}

// farPlace is the peer that the figures of the link are about.
func (a *App) farPlace() session.Place {
	for _, p := range []*pane{&a.panes[1], &a.panes[0]} {
		if p.chooser == nil && p.place != session.Here {
			return a.place(p.place)
		}
	}
	return session.Place{}
}

// drawHeader writes who is joined with whom, how, and how fast bytes go.
func (a *App) drawHeader(c canvas, r cells.Rect) {
	if r.Empty() {
		return
	}
	r = cells.Rect{X: r.X + 1, Y: r.Y, W: r.W - 2, H: 1}
	right := cells.Sayf("%s %s  %s %s", c.signs.up, rateText(a.link.up), c.signs.downward, rateText(a.link.down))
	if r.W >= twoPanesFrom-2 {
		rest := c.PutRight(r, c.plain, right)
		r = cells.Rect{X: r.X, Y: r.Y, W: rest.W - 2, H: 1}
	}
	names := placeName(a.place(a.panes[0].place))
	if a.panes[1].chooser == nil {
		names = names.Plus(cells.Say(" "), c.signs.both, cells.Say(" "), placeName(a.place(a.panes[1].place)))
	}
	if a.opts.Demo {
		names = names.Plus(cells.Say(" (demo)"))
	}
	need := names.Width(c.Method)
	room := max(r.W-need-2, r.W/3)
	state, look := a.link.state(c, a.farPlace(), room)
	if a.panes[1].chooser == nil && a.farPlace().ID == session.Here {
		state = cells.Say("on this machine")
	}
	if rest := c.PutRight(r, look, state.Fit(c.Method, room)); rest.W > 2 {
		r.W = rest.W - 2
	}
	if brand := cells.Say("bargee  "); brand.Width(c.Method)+need <= r.W {
		r = c.Put(r, c.strong, brand)
	}
	c.Put(r, c.plain, names.Fit(c.Method, r.W))
}

// drawFrame draws the lines around panes and queue, with titles on them.
func (a *App) drawFrame(c canvas, p plan) {
	s, f := c.signs.border, p.frame
	put := func(x, y int, sign string) {
		c.Put(cells.Rect{X: x, Y: y, W: 1, H: 1}, c.frame, cells.Shown(sign))
	}
	across := func(y int, left, mid, right string) {
		c.Put(f.Line(y-f.Y), c.frame, cells.Shown(left).Plus(cells.Shown(s.Top).Times(f.W-2), cells.Shown(right)))
		if p.middle > 0 && mid != "" {
			put(p.middle, y, mid)
		}
	}
	bottom := f.Y + f.H - 1
	for y := f.Y + 1; y < bottom; y++ {
		put(f.X, y, s.Left)
		put(f.X+f.W-1, y, s.Right)
		if p.middle > 0 && (p.divider == 0 || y < p.divider) {
			put(p.middle, y, s.Left)
		}
		if !p.side.Empty() && y > p.divider {
			put(p.side.X-1, y, s.Left)
		}
	}
	if p.divider > 0 {
		across(bottom, s.BottomLeft, "", s.BottomRight)
		across(p.divider, s.MiddleLeft, s.MiddleBottom, s.MiddleRight)
		if !p.side.Empty() {
			put(p.side.X-1, p.divider, s.MiddleTop)
			put(p.side.X-1, bottom, s.MiddleBottom)
		}
	} else {
		across(bottom, s.BottomLeft, s.MiddleBottom, s.BottomRight)
	}
	across(f.Y, s.TopLeft, s.MiddleTop, s.TopRight)
	edge := bottom
	if p.divider > 0 {
		edge = p.divider
	}
	for i := range a.panes {
		a.drawTitles(c, p, i, edge)
	}
	if p.full {
		c.Put(cells.Rect{X: f.X + 2, Y: f.Y, W: f.W - 4, H: 1}, c.active, cells.Say(" queue "))
	}
}

// drawTitles writes path and summary of a pane on its frame.
func (a *App) drawTitles(c canvas, p plan, i, edge int) {
	r := p.panes[i]
	if r.Empty() {
		return
	}
	pn, place := &a.panes[i], a.place(a.panes[i].place)
	look := c.dim
	if a.focus == focus(i) {
		look = c.active
		for _, y := range []int{p.frame.Y, edge} {
			c.Put(cells.Rect{X: r.X, Y: y, W: r.W, H: 1}, look, cells.Shown(c.signs.border.Top).Times(r.W))
		}
	}
	top := cells.Rect{X: r.X + 1, Y: p.frame.Y, W: r.W - 2, H: 1}
	if a.covers(i) {
		c.Put(top, look, cells.Sayf(" %s ", a.quickTitle().Squeeze(c.Method, top.W-2)))
		if s := a.quickSummary(c); !s.Empty() {
			c.Put(cells.Rect{X: top.X, Y: edge, W: top.W, H: 1}, look, cells.Sayf(" %s ", s.Fit(c.Method, top.W-2)))
		}
		return
	}
	if t := pn.trouble(c, place); !t.Empty() {
		top = c.PutRight(top, c.ask, cells.Sayf(" %s ", t.Fit(c.Method, top.W*2/3)))
		top.W--
	}
	title := pn.title(c, place, a.opts.Home)
	c.Put(top, look, cells.Sayf(" %s ", title.Squeeze(c.Method, top.W-2)))
	low := cells.Rect{X: r.X + 1, Y: edge, W: r.W - 2, H: 1}
	if word := a.cmp.word(c.signs.more, pn); !word.Empty() {
		low = c.PutRight(low, c.ask, cells.Sayf(" %s ", word.Fit(c.Method, low.W/2)))
		low.W--
	}
	if word := a.sync.word(); !word.Empty() && (p.onePane || r.W >= dateTimeFrom || a.focus != focus(i)) {
		low = c.PutRight(low, c.ask, cells.Sayf(" %s ", word))
		low.W--
	}
	if s := pn.summary(c); !s.Empty() {
		c.Put(low, look, cells.Sayf(" %s ", s.Fit(c.Method, low.W-2)))
	}
}

// queueWidth is how wide the queue is on a screen of w columns.
func queueWidth(w int) int {
	if w >= sideFrom {
		return w - 3 - w/3
	}
	return w - 2
}
