package tui

import (
	"charm.land/lipgloss/v2"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
)

// draw fills all of the screen but for a margin: names and the ways to them are
// long.
func (f *finder) draw(c canvas, screen cells.Rect) {
	keys := listKeys
	if f.typing {
		keys = typingKeys
	}
	w, h := screen.W, screen.H
	if w >= 72 && h >= 20 {
		w, h = w-4, h-4
	}
	where := cells.Shown(f.at.Dir.String())
	r := c.window(screen, w, h, cells.Sayf("Find below %s", where), keys)
	if f.typing {
		c.Compose(lipgloss.NewLayer(f.input.view(c, r.W)).X(r.X).Y(r.Y))
	} else {
		c.Put(r.Line(0), c.strong, cells.Shown(f.pattern).Fit(c.Method, r.W))
	}
	text, look := f.status(c)
	at := r.Line(1)
	if n := len(f.tagged); n > 0 {
		rest := c.PutRight(at, c.tagged, cells.Sayf("%s tagged", groupText(int64(n))))
		at.W = rest.W - 2
	}
	c.Put(at, look, text.Fit(c.Method, at.W))
	rows := cells.Rect{X: r.X, Y: r.Y + 2, W: r.W, H: r.H - 2}
	cursor := f.list.cursor
	if f.typing {
		f.list.cursor = -1 // the text has it
	}
	f.list.draw(c, rows, len(f.hits), func(i int, line cells.Rect) { f.drawHit(c, i, line) })
	if f.typing {
		f.list.cursor = cursor
	}
}

// drawHit writes a hit: the way from the directory to it, size and date.
func (f *finder) drawHit(c canvas, i int, line cells.Rect) {
	hit := f.hits[i]
	e := hit.Entry
	look := c.plain
	switch {
	case f.tagged[i]:
		look = c.tagged
		c.Put(line, c.tagged, c.signs.tag)
	case e.Kind == session.Directory:
		look = c.folder
	}
	line.X, line.W = line.X+2, line.W-2
	if line.W >= dateTimeFrom {
		line = c.PutRight(line, c.dim, dateTimeText(e.Modified, c.now))
		line.W -= 2
	}
	size := cells.Rect{X: line.X + line.W - sizeWidth, Y: line.Y, W: sizeWidth, H: 1}
	c.PutRight(size, c.plain, sizeColumn(e))
	line.W -= sizeWidth + 1
	name := cells.Name(wayTo(f.at.Dir, hit.Path))
	if e.Kind == session.Directory {
		name = name.Plus(cells.Say("/"))
	}
	c.Put(line, look, name.Squeeze(c.Method, line.W))
}

// wayTo is the way from a directory to something below it.
func wayTo(dir, p session.Path) string {
	if dir.IsRoot() {
		return p.Raw()
	}
	return p.Raw()[len(dir.Raw())+1:]
}
