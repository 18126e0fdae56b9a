package tui

import (
	"strings"
	"time"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
	"github.com/bargee/bargee/tui/listing"
)

// The widths of the columns of a pane, and from which width on it has them.
const (
	sizeWidth     = 5
	dateWidth     = 6
	dateTimeWidth = 12
	modeWidth     = 10
	dateFrom      = 34
	dateTimeFrom  = 56
	modeFrom      = 68
	verdictFrom   = 68 // for the word of a comparison
)

// canvas is what everything that draws itself is given.
type canvas struct {
	*cells.Grid
	*styles
	now   time.Time
	table []binding // for what names a key
	zones *[]zone   // for what can be clicked; nil: not now

	titles [2]cells.Text // of the panes; empty where one shows no directory
}

// draw writes the visible rows of a pane into r.
func (p *pane) draw(c canvas, r cells.Rect, focused bool, e session.Place) {
	if p.chooser != nil {
		p.chooser.draw(c, r, focused)
		return
	}
	if hasColumns(r) {
		p.drawColumns(c, r.Line(0))
		r.Y, r.H = r.Y+1, r.H-1
	}
	for y := range r.H {
		if row, ok := p.at(p.top + y); ok {
			p.drawRow(c, r.Line(y), row, p.top+y == p.cursor, focused)
		}
	}
	p.drawState(c, r, e)
}

// hasColumns tells whether a pane has room for the names of its columns.
func hasColumns(r cells.Rect) bool { return r.H > 6 && r.W-3 >= dateTimeFrom }

// drawState says in the middle of the pane why there is nothing to be seen.
func (p *pane) drawState(c canvas, r cells.Rect, place session.Place) {
	used := p.len() - p.top
	if used >= r.H {
		return
	}
	at := r.Line(min(used+1, r.H-1)).Inset(3)
	switch {
	case p.err != nil:
		// the path stands on the frame
		c.Put(at, c.fail, c.signs.fail.Plus(cells.Say(" "), sentenceOf(p.err)).Fit(c.Method, at.W))
		hint := explain(p.err).hint
		if passes(p.err) {
			hint = cells.Sayf("tried again; %s does it now", c.keyFor("refresh"))
		}
		if hint.Empty() && p.hasParent() {
			hint = cells.Say("Backspace leads to the directory above")
		}
		if at.Y++; at.Y < r.Y+r.H {
			c.Put(at, c.dim, hint.Fit(c.Method, at.W))
		}
	case p.load.running && p.rows.Len() > 0: // the frame says so
	case p.load.running && place.State == session.PlaceReconnecting:
		c.Put(at, c.ask, cells.Say("waiting for the connection").Plus(c.signs.more))
	case p.load.running && p.isWaiting(c.now):
		c.Put(at, c.ask, p.waitText(c).Fit(c.Method, at.W))
		if at.Y++; at.Y < r.Y+r.H {
			c.Put(at, c.dim, cells.Say("Esc gives up").Fit(c.Method, at.W))
		}
	case p.load.running && p.rows.Len() == 0:
		c.Put(at, c.dim, cells.Say("reading").Plus(c.signs.more))
	case p.rows.Len() == 0 && p.view.Filter != "" && p.sort.job == nil:
		c.Put(at, c.dim, cells.Sayf("nothing matches %s", p.view.Filter))
	case p.rows.Len() == 0 && p.sort.job == nil:
		c.Put(at, c.dim, cells.Say("empty"))
	}
}

// drawRow writes one entry: mark, name, and what is known about it, or how far
// it is while it is under way.
func (p *pane) drawRow(c canvas, r cells.Rect, row row, cursor, focused bool) {
	var look cells.Style
	var name, size cells.Text
	var e session.Entry
	switch {
	case row.parent:
		name, size, look = cells.Say(".."), cells.Say("UP"), c.dim
	default:
		e = row.entry
		name, size = cells.Name(e.Name), sizeColumn(e)
		if n, ok := p.sizes[e.Name]; ok && e.Kind == session.Directory {
			size = sizeText(n)
		}
		switch {
		case row.ghost:
			look = c.ghost
		case p.tags.Has(row.id):
			look = c.tagged
		default:
			look = c.ofEntry(e)
		}
		if e.Kind == session.Directory {
			name = name.Plus(cells.Say("/"))
		}
		if e.Kind == session.Link && e.Target != "" {
			name = name.Plus(cells.Sayf(" -> %s", cells.Name(e.Target)))
		}
	}
	if !row.parent && !row.ghost && p.tags.Has(row.id) {
		c.Put(r, c.tagged, c.signs.tag)
	}
	if cursor && !focused {
		c.Put(r, c.active, c.signs.here)
	}
	body := r
	body.X, body.W = r.X+2, r.W-3
	if p.comparing {
		if !row.parent && !row.ghost {
			p.drawVerdict(c, cells.Rect{X: r.X + 1, Y: r.Y, W: 1, H: 1}, row.id)
		}
		body.X, body.W = body.X+1, body.W-1
	}
	if w, busy := p.work[e.Name]; busy && !row.parent {
		p.drawWork(c, body, name, w, look)
	} else {
		if row.ghost {
			size = cells.Say("")
		}
		var word cells.Text
		if !row.parent && !row.ghost {
			word = verdictWords[p.compared.Of(p.side, row.id)]
		}
		detail := c.dim
		if cursor && focused { // one look for all of it: each change costs bytes at every key
			detail = c.plain
		}
		p.drawEntry(c, body, name, size, word, e, look, detail)
	}
	if cursor && focused {
		c.Restyle(r, c.plain.On())
	}
}

// drawEntry writes the columns that fit; detail is the look of times and modes.
func (p *pane) drawEntry(c canvas, r cells.Rect, name, size, word cells.Text, e session.Entry, look, detail cells.Style) {
	var date, mode cells.Text
	switch {
	case r.W >= dateTimeFrom:
		date = dateTimeText(e.Modified, c.now)
	case r.W >= dateFrom:
		date = dateText(e.Modified, c.now)
	}
	if r.W >= modeFrom && e.Name != "" && e.Size >= 0 {
		mode = cells.Sayf("%s", kindLetter(e.Kind).Plus(cells.Shown(e.Mode.Perm().String()[1:])))
	}
	w := columnsWidth(r.W)
	rest := cells.Rect{X: r.X + r.W - w, Y: r.Y, W: w, H: 1}
	if !mode.Empty() {
		date = date.Plus(cells.Say("  "), mode)
	} else if r.W >= modeFrom {
		rest.W -= modeWidth + 2
	}
	if r.W >= dateFrom {
		c.PutRight(rest, detail, date)
	}
	c.PutRight(cells.Rect{X: r.X + r.W - w, Y: r.Y, W: sizeWidth, H: 1}, c.plain, size)
	if p.comparing && r.W >= verdictFrom && !word.Empty() {
		w += verdictWidth + 2
		c.Put(cells.Rect{X: r.X + r.W - w, Y: r.Y, W: verdictWidth, H: 1}, detail, word)
	}
	c.Put(r, look, name.Squeeze(c.Method, r.W-w-1))
}

// columnsWidth is what the columns behind the name take of w cells.
func columnsWidth(w int) int {
	switch {
	case w >= modeFrom:
		return sizeWidth + 2 + dateTimeWidth + 2 + modeWidth
	case w >= dateTimeFrom:
		return sizeWidth + 2 + dateTimeWidth
	case w >= dateFrom:
		return sizeWidth + 1 + dateWidth
	}
	return sizeWidth
}

func kindLetter(k session.EntryKind) cells.Text {
	switch k {
	case session.Directory:
		return cells.Say("d")
	case session.Link:
		return cells.Say("l")
	case session.Other:
		return cells.Say("s")
	}
	return cells.Say("-")
}

// drawWork writes a file that is under way: a cell for each stream, and percent.
func (p *pane) drawWork(c canvas, r cells.Rect, name cells.Text, w work, look cells.Style) {
	rest := c.PutRight(r, c.filled, cells.Sayf("%d%%", percent(w.done, w.size)))
	rest.W = r.W - 5
	streams := w.streams
	if most := max(r.W/4, 1); len(streams) > most {
		streams = streams[:most]
	}
	rest = c.PutRight(rest, c.filled, c.cellText(streams))
	c.Put(r, look, name.Squeeze(c.Method, rest.W-1))
}

// drawColumns writes the names of the columns, with a sign at the one that
// decides the order.
func (p *pane) drawColumns(c canvas, r cells.Rect) {
	r.X, r.W = r.X+2, r.W-3
	if p.comparing {
		r.X, r.W = r.X+1, r.W-1
	}
	head := func(o listing.Order, name cells.Text) cells.Text {
		if p.view.Order == o {
			return name.Plus(cells.Say(" "), p.direction(c))
		}
		return name
	}
	name := head(listing.ByName, cells.Say("Name"))
	if p.view.Order == listing.ByExtension {
		name = head(listing.ByExtension, cells.Say("Extension"))
	}
	w := columnsWidth(r.W)
	cols := cells.Rect{X: r.X + r.W - w, Y: r.Y, W: w, H: 1}
	c.Put(r, c.dim, name)
	c.onClick(r, sortByHead(p.side, listing.ByName))
	size := cells.Rect{X: cols.X - 2, Y: r.Y, W: sizeWidth + 2, H: 1}
	c.PutRight(size, c.dim, head(listing.BySize, cells.Say("Size")))
	c.onClick(size, sortByHead(p.side, listing.BySize))
	date := cells.Rect{X: cols.X + sizeWidth + 2, Y: r.Y, W: dateTimeWidth, H: 1}
	c.Put(date, c.dim, head(listing.ByTime, cells.Say("Modified")))
	c.onClick(date, sortByHead(p.side, listing.ByTime))
	if r.W >= modeFrom {
		c.Put(cells.Rect{X: cols.X + w - modeWidth, Y: r.Y, W: modeWidth, H: 1}, c.dim, cells.Say("Mode"))
	}
}

// direction is the sign of the order.
func (p *pane) direction(c canvas) cells.Text {
	if p.view.Reverse {
		return c.signs.falling
	}
	return c.signs.rising
}

// title is the path of a pane on its frame.
func (p *pane) title(c canvas, place session.Place, home session.Path) cells.Text {
	if p.chooser != nil {
		return cells.Say("choose a place")
	}
	if p.place != session.Here {
		return placeName(place).Plus(cells.Say(":"), cells.Shown(p.dir.String()))
	}
	return pathHere(p.dir, home)
}

// pathHere is a path of this machine as people write it.
func pathHere(dir, home session.Path) cells.Text {
	if !home.IsRoot() && dir.Within(home) {
		return cells.Say("~").Plus(cells.Name(dir.Raw()[len(home.Raw()):]))
	}
	return cells.Shown(dir.String())
}

// trouble says on the frame if what the pane shows may be old.
func (p *pane) trouble(c canvas, place session.Place) cells.Text {
	switch {
	case p.chooser != nil:
	case awaited(place):
		return cells.Say("stale, the other side is gone")
	case place.State == session.PlaceReconnecting:
		return cells.Say("stale, reconnecting").Plus(c.signs.more)
	case place.State == session.PlaceClosed:
		return cells.Say("closed")
	case p.load.reload && p.isWaiting(c.now):
		return p.waitText(c)
	case passes(p.err) && p.count() > 0 && !p.partly:
		return cells.Sayf("stale, %s", explain(p.err).what)
	case p.err != nil && p.count() > 0:
		return cells.Say("not all of it")
	}
	return cells.Text{}
}

// summary is what the lower frame of a pane says.
func (p *pane) summary(c canvas) cells.Text {
	if p.chooser != nil {
		return cells.Text{}
	}
	var t cells.Text
	if p.tagged.n > 0 {
		t = cells.Sayf("%s tagged %s", groupText(int64(p.tagged.n)), sizeText(p.tagged.bytes))
		if p.tagged.unknown > 0 {
			t = t.Plus(c.signs.more)
		}
		t = t.Plus(c.signs.dot)
	}
	t = t.Plus(countText(int64(p.rows.Len()), cells.Say("item")))
	if p.load.running {
		t = t.Plus(c.signs.more)
	}
	if p.view.Filter != "" {
		t = t.Plus(c.signs.dot, cells.Sayf("/%s", p.view.Filter))
	}
	t = t.Plus(c.signs.dot, cells.Sayf("%s %s", p.view.Order.String(), p.direction(c)))
	if p.gather.running {
		t = t.Plus(cells.Sayf(" %d%% known", percent(int64(p.store.Known()), int64(p.count()))))
	}
	if p.free > 0 {
		t = t.Plus(c.signs.dot, sizeText(int64(min(p.free, 1<<62))), cells.Say(" free"))
	}
	return t
}

// placeName is what a place is called. Of an address stands there what tells it
// from others.
func placeName(p session.Place) cells.Text {
	name := p.Name
	if name == "" {
		name = p.Target
	}
	if name == "" {
		return cells.Say("this machine")
	}
	return cells.Shown(strings.TrimSuffix(strings.TrimPrefix(name, "bargee://"), "/"))
}
