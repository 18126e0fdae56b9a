package tui

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/tui/cells"
	"github.com/bargee/bargee/tui/preview"
)

// spanLook is how a part of a previewed line looks.
func (c canvas) spanLook(l preview.Look) cells.Style {
	switch l {
	case preview.Dim, preview.Number:
		return c.dim
	case preview.Strong:
		return c.strong
	case preview.Folder:
		return c.folder
	case preview.Escape:
		return c.accent
	case preview.Match:
		return c.ask.On()
	}
	return c.plain
}

// putLine writes a line into the first line of r.
func (c canvas) putLine(r cells.Rect, line preview.Line) {
	for _, span := range line {
		r = c.Put(r, c.spanLook(span.Look), span.Text)
	}
}

// draw covers the screen: what file it is, a page of it, and the keys.
func (v *viewer) draw(c canvas, screen cells.Rect) {
	c.Fill(screen, c.plain)
	c.zone(zone{at: screen, wheel: func(n int) action {
		return doing(func(a *App) tea.Cmd { return v.move(a, viewMove{to: byRows, rows: n}) })
	}})
	v.drawHead(c, screen.Line(0))
	area := v.area(screen.W, screen.H)
	switch {
	case v.err != nil:
		x := explain(v.err)
		c.Put(area.Line(1).Inset(2), c.fail, c.signs.fail.Plus(cells.Say(" "), x.what).Fit(c.Method, area.W-4))
		c.Put(area.Line(2).Inset(2), c.dim, x.hint.Fit(c.Method, area.W-4))
	case !v.shown && v.slow:
		c.Put(area.Line(1).Inset(2), c.dim, cells.Say("reading").Plus(c.signs.more, cells.Say(" Esc gives up")))
	case v.shown && len(v.page.Lines) == 0:
		c.Put(area.Line(1).Inset(2), c.dim, cells.Say("empty"))
	}
	if v.err == nil {
		for y, line := range v.page.Lines {
			c.putLine(area.Line(y), line)
		}
	}
	v.drawFoot(c, screen.Line(screen.H-1))
}

// drawHead writes the name, and what the contents are taken for.
func (v *viewer) drawHead(c canvas, r cells.Rect) {
	c.Fill(r, c.active.On())
	r = r.Inset(1)
	right := sizeText(v.entry.Size)
	if v.shown {
		code := cells.Shown(v.code.String())
		if v.hex {
			code = cells.Say("hex")
		}
		right = code.Plus(c.signs.dot, sizeText(v.entry.Size), c.signs.dot, cells.Sayf("%3d%%", percent(v.page.Next, v.entry.Size)))
		if v.entry.Size == 0 {
			right = code.Plus(c.signs.dot, sizeText(0))
		}
		if v.follow {
			right = cells.Say("follows").Plus(c.signs.dot, right)
		}
	}
	if v.slow && v.shown {
		right = cells.Say("reading").Plus(c.signs.more, c.signs.dot, right)
	}
	right = right.Fit(c.Method, r.W*2/3)
	rest := c.PutRight(r, c.active.On(), right)
	c.Put(r, c.active.On(), cells.Name(v.name).Squeeze(c.Method, rest.W-2))
}

// drawFoot writes what is asked for or was said, and the keys.
func (v *viewer) drawFoot(c canvas, r cells.Rect) {
	if v.ask != nil {
		v.ask.draw(c, r)
		return
	}
	r = r.Inset(1)
	var keys []key.Binding
	for _, k := range viewerKeys() {
		if k.hint != "" {
			word := k.hint
			if word == "hex" && v.hex {
				word = "text"
			}
			keys = append(keys, binding{Binding: k.Binding}.worded(word))
		}
	}
	keys = append([]key.Binding{bind("close", "esc")}, keys...)
	said, look := v.said, c.ask
	switch {
	case v.hunt != nil:
		said = v.hunt.what.Plus(c.signs.more, cells.Sayf(" %d%%, Esc ends it", v.hunt.percent()))
	case v.changed:
		said = cells.Say("the file changed: r reads it again")
	case said.Empty() && v.numbers && v.shown && !v.hex && v.page.Number == 0:
		said, look = cells.Say("lines not counted here"), c.dim
	}
	if !said.Empty() {
		rest := c.PutRight(r, look, said.Fit(c.Method, r.W))
		r.W = rest.W - 2
	}
	c.keys(r, c.dim, keys)
}
