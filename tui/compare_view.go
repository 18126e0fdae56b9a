package tui

import (
	"github.com/bargee/bargee/tui/cells"
	"github.com/bargee/bargee/tui/compare"
	"github.com/bargee/bargee/tui/listing"
)

// drawVerdict writes how a row stands to the other pane, as a glyph.
func (p *pane) drawVerdict(c canvas, r cells.Rect, id listing.ID) {
	v := p.compared.Of(p.side, id)
	c.Put(r, c.verdictLook(v), c.verdictSign(v))
}

func (c canvas) verdictSign(v compare.Verdict) cells.Text {
	switch v {
	case compare.Only:
		return cells.Say("+")
	case compare.Newer:
		return cells.Say(">")
	case compare.Older:
		return cells.Say("<")
	case compare.Differs:
		return c.signs.differs
	case compare.Same:
		return cells.Say("=")
	case compare.Unread:
		return cells.Say("?")
	}
	return cells.Say(" ")
}

func (c canvas) verdictLook(v compare.Verdict) cells.Style {
	switch v {
	case compare.Only:
		return c.done
	case compare.Newer:
		return c.ask
	case compare.Differs, compare.Unread:
		return c.fail
	}
	return c.dim
}

// verdictWords are the words for verdicts, in at most verdictWidth cells.
var verdictWords = [compare.Count]cells.Text{
	compare.Only:    cells.Say("only here"),
	compare.Newer:   cells.Say("newer"),
	compare.Older:   cells.Say("older"),
	compare.Differs: cells.Say("differs"),
	compare.Both:    cells.Say("on both"),
	compare.Same:    cells.Say("same"),
	compare.Unread:  cells.Say("not read"),
}

const verdictWidth = 9

// verdictText says in words how what the cursor is on stands to the other pane.
func (a *App) verdictText(c canvas) (cells.Text, cells.Style) {
	p := a.pane()
	r, ok := p.at(p.cursor)
	if a.focus == onQueue || !p.comparing || p.compared == nil || !ok || r.parent || r.ghost {
		return cells.Text{}, c.dim
	}
	v := p.compared.Of(p.side, r.id)
	word := verdictWords[v]
	if v == compare.Newer || v == compare.Older {
		word = word.Plus(cells.Say(" here"))
	}
	if word.Empty() {
		return word, c.dim
	}
	return c.verdictSign(v).Plus(cells.Say(" "), word), c.verdictLook(v)
}

// word is what the frame of a pane says about the comparison.
func (c *comparing) word(more cells.Text, p *pane) cells.Text {
	switch {
	case !c.on:
		return cells.Text{}
	case c.result == nil || p.compared == nil:
		return cells.Say("comparing").Plus(more)
	case c.check.running:
		return cells.Sayf("hashing %d%%", percent(c.check.done, c.check.total))
	}
	n := &c.tally[p.side]
	differ := groupText(int64(n[compare.Only] + n[compare.Newer] + n[compare.Older] + n[compare.Differs] + n[compare.Unread]))
	switch {
	case c.hide:
		return cells.Sayf("only %s that differ", differ)
	case c.deep:
		return cells.Sayf("%s differ by hash", differ)
	}
	return cells.Sayf("%s differ", differ)
}
