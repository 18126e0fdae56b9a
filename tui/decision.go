package tui

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/tui/cells"
)

// A decision lies over the screen and asks which of a few things to do: by its
// letter, or with the cursor and Enter. The first is the harmless one.
type decision struct {
	title  cells.Text
	says   cells.Text
	items  []decisionItem
	cursor int
}

type decisionItem struct {
	key  string
	says cells.Text
	then action // nil: nothing
}

func (c *decision) edit(tea.PasteMsg) action { return nil }

func (c *decision) handleKey(k tea.KeyPressMsg) (do action, over bool) {
	for _, x := range c.items {
		if k.String() == x.key {
			return x.then, true
		}
	}
	switch {
	case key.Matches(k, giveUp, bind("", "q")):
		return nil, true
	case key.Matches(k, bind("", "up", "k")):
		c.cursor = max(0, c.cursor-1)
	case key.Matches(k, bind("", "down", "j")):
		c.cursor = min(len(c.items)-1, c.cursor+1)
	case k.String() == "enter":
		return c.items[c.cursor].then, true
	}
	return nil, false
}

func (c *decision) draw(on canvas, screen cells.Rect) {
	w := c.says.Width(on.Method)
	for _, x := range c.items {
		w = max(w, x.says.Width(on.Method)+3)
	}
	in := on.sheetBox(screen, c.title, max(w, 24), len(c.items)+2)
	on.Put(in.Line(0), on.ask, c.says.Fit(on.Method, in.W))
	for i, x := range c.items {
		at := in.Line(in.H - len(c.items) + i)
		rest := on.Put(at, on.accent, cells.Shown(x.key).Plus(cells.Say("  ")))
		on.Put(rest, on.plain, x.says.Fit(on.Method, rest.W))
		if i == c.cursor {
			on.Restyle(at, on.plain.On())
		}
		on.onClick(at, press{x.key})
	}
	on.footer(in, []key.Binding{bind("choose", "enter"), bind("close", "esc")})
}
