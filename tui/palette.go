package tui

import (
	"slices"
	"sort"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
	"github.com/bargee/bargee/tui/cells"
	"github.com/bargee/bargee/tui/fuzzy"
)

// palette lists all actions, narrows them while one types, and carries one out.
// What cannot be done now says why.
type palette struct {
	input  *input
	all    []offer
	found  []offer
	cursor int
	top    int
	height int
}

// An offer is an action in the palette.
type offer struct {
	binding *binding
	path    string     // instead of an action: somewhere to go to
	why     cells.Text // it cannot be done now
	score   int
}

func paletteKeys() []binding {
	return []binding{
		{name: "palette", Binding: bind("all actions, by their names", ":", "ctrl+p", "f9"), scope: everywhere,
			hint: "actions", label: "Menu", run: (*App).openPalette},
	}
}

func (a *App) openPalette() tea.Cmd {
	p := &palette{input: newInput("")}
	p.input.Placeholder = "what to do"
	var common, others, moving []offer
	moves := false
	for i := range a.table {
		b := &a.table[i]
		if b.group != "" {
			moves = i == 0
		}
		o := offer{binding: b}
		if b.cannot != nil {
			o.why = b.cannot(a)
		}
		switch {
		case b.name == "palette":
		case moves: // everybody knows these
			moving = append(moving, o)
		case b.hint != "" && !strings.Contains(b.Help().Key, " ") || b.label != "":
			common = append(common, o)
		default:
			others = append(others, o)
		}
	}
	p.all = slices.Concat(common, others, moving)
	p.narrow()
	a.push(p)
	return nil
}

// narrow finds what fits the text: the best first, what cannot be done behind
// what can.
func (p *palette) narrow() {
	p.found, p.cursor, p.top = nil, 0, 0
	query := p.input.Value()
	if isPath(query) {
		p.found = append(p.found, offer{path: query})
		return
	}
	for _, o := range p.all {
		does, asDone := fuzzy.Score(query, o.binding.Help().Desc)
		name, asNamed := fuzzy.Score(query, strings.ReplaceAll(o.binding.name, "-", " "))
		both, asBoth := fuzzy.Score(query, o.binding.words())
		if !asDone && !asNamed && !asBoth {
			continue
		}
		o.score = max(does, name, both/2, 1)
		p.found = append(p.found, o)
	}
	if strings.TrimSpace(query) == "" {
		return // in the order of the table
	}
	for _, o := range p.found {
		if o.score >= fuzzy.Good { // then no guesses
			p.found = slices.DeleteFunc(p.found, func(o offer) bool { return o.score < fuzzy.Good })
			break
		}
	}
	sort.SliceStable(p.found, func(i, j int) bool {
		x, y := p.found[i], p.found[j]
		if xc, yc := x.why.Empty(), y.why.Empty(); xc != yc {
			return xc
		}
		return x.score > y.score
	})
}

func (p *palette) handleKey(k tea.KeyPressMsg) (do action, over bool) {
	if key.Matches(k, giveUp) {
		return nil, true
	}
	switch k.String() {
	case "enter":
		return p.choose(p.cursor)
	case "up", "ctrl+p":
		p.move(-1)
	case "down", "ctrl+n", "tab":
		p.move(1)
	case "pgup":
		p.move(-max(p.height-1, 1))
	case "pgdown":
		p.move(max(p.height-1, 1))
	case "backspace":
		if p.input.Value() == "" {
			return nil, true
		}
		return p.edited(k), false
	default:
		return p.edited(k), false
	}
	return nil, false
}

func (p *palette) edit(m tea.PasteMsg) action { return p.edited(m) }

func (p *palette) edited(msg tea.Msg) action {
	before := p.input.Value()
	p.input.edit(msg)
	if p.input.Value() != before {
		p.narrow()
	}
	return nil
}

func (p *palette) move(n int) { p.cursor = max(0, min(p.cursor+n, len(p.found)-1)) }

// choose carries the n-th action out, if it can be done.
func (p *palette) choose(n int) (do action, over bool) {
	if n < 0 || n >= len(p.found) || !p.found[n].why.Empty() {
		return nil, false
	}
	if path := p.found[n].path; path != "" {
		return doing(func(a *App) tea.Cmd { return a.goToTyped(path) }), true
	}
	b := p.found[n].binding
	return doing(func(a *App) tea.Cmd { return a.invoke(b) }), true
}

// paletteWidth and paletteRows are how large the palette is where there is room.
const (
	paletteWidth = 72
	paletteRows  = 16
)

func (p *palette) draw(c canvas, screen cells.Rect) {
	box := cells.Rect{W: min(paletteWidth, screen.W), H: min(paletteRows+4, screen.H)}
	box.X, box.Y = screen.X+(screen.W-box.W)/2, screen.Y+min(2, screen.H-box.H)
	in := c.box(box, cells.Say("Actions"))
	c.Put(in.Line(0), c.accent, cells.Say(": "))
	c.Compose(lipgloss.NewLayer(p.input.view(c, in.W-2)).X(in.X + 2).Y(in.Y))
	list := cells.Rect{X: in.X, Y: in.Y + 1, W: in.W, H: in.H - 2}
	p.height = list.H
	p.top = max(p.cursor-list.H+1, min(p.top, p.cursor), 0)
	p.listZone(c, list)
	for y := range list.H {
		if n := p.top + y; n < len(p.found) {
			p.drawOffer(c, list.Line(y), p.found[n])
			if n == p.cursor {
				c.Restyle(list.Line(y), c.plain.On())
			}
		}
	}
	p.drawFoot(c, in.Line(in.H-1))
}

// listZone lets a click choose, and the wheel move.
func (p *palette) listZone(c canvas, list cells.Rect) {
	c.zone(zone{
		at: list,
		click: func(_, y int) action {
			do, over := p.choose(p.top + y)
			p.cursor = max(0, min(p.top+y, len(p.found)-1))
			if !over {
				return nil
			}
			return doing(func(a *App) tea.Cmd { a.drop(p); return a.carryOut(do) })
		},
		wheel: func(lines int) action {
			return doing(func(*App) tea.Cmd { p.move(lines); return nil })
		},
	})
}

// drawOffer writes what an action does, and its keys.
func (p *palette) drawOffer(c canvas, r cells.Rect, o offer) {
	if o.path != "" {
		c.Put(r, c.folder, cells.Sayf("go to %s", o.path).Squeeze(c.Method, r.W))
		return
	}
	look := c.plain
	if !o.why.Empty() {
		look = c.dim
	}
	rest := c.PutRight(r, c.accent, cells.Shown(o.binding.Help().Key).Fit(c.Method, r.W/3))
	rest.W--
	does := cells.Shown(o.binding.Help().Desc)
	rest = c.Put(rest, look, does.Fit(c.Method, rest.W))
	if !o.why.Empty() && rest.W > 12 {
		c.PutRight(rest, c.dim, o.why.Fit(c.Method, rest.W-2))
	}
}

// drawFoot says why the action under the cursor cannot be done, else its name.
func (p *palette) drawFoot(c canvas, r cells.Rect) {
	switch {
	case len(p.found) == 0:
		c.Put(r, c.ask, cells.Say("nothing is called so"))
	case !p.found[p.cursor].why.Empty():
		c.Put(r, c.ask, cells.Sayf("not now: %s", p.found[p.cursor].why).Fit(c.Method, r.W))
	case p.found[p.cursor].path != "":
		c.keys(r, c.dim, paletteHints)
	default:
		rest := c.PutRight(r, c.dim, cells.Shown(p.found[p.cursor].binding.name).Fit(c.Method, r.W/2))
		c.keys(rest, c.dim, paletteHints)
	}
}

// isPath tells whether what is typed is a way rather than a word: no action's
// name has a slash or a tilde in it.
func isPath(s string) bool {
	s = strings.TrimSpace(s)
	return strings.ContainsRune(s, '/') || strings.HasPrefix(s, "~") || s == ".."
}

// goToTyped leads to a path as the question for one does.
func (a *App) goToTyped(path string) tea.Cmd {
	cmd := a.openGoto()
	d, ok := a.over().(*gotoDialog)
	if !ok {
		return cmd
	}
	d.input.SetValue(path)
	return tea.Batch(cmd, goTo{d, path}.do(a))
}

var paletteHints = []key.Binding{bind("do it", "enter"), bind("close", "esc")}

// box empties a part of the screen, frames it, and returns what is inside.
func (c canvas) box(r cells.Rect, title cells.Text) cells.Rect {
	s := c.signs.border
	c.Fill(r, c.plain)
	line := func(y int, left, right string) {
		c.Put(r.Line(y), c.active, cells.Shown(left).Plus(cells.Shown(s.Top).Times(r.W-2), cells.Shown(right)))
	}
	line(0, s.TopLeft, s.TopRight)
	line(r.H-1, s.BottomLeft, s.BottomRight)
	for y := 1; y < r.H-1; y++ {
		c.Put(r.Line(y), c.active, cells.Shown(s.Left))
		c.PutRight(r.Line(y), c.active, cells.Shown(s.Right))
	}
	c.Put(r.Line(0).Inset(2), c.active, cells.Sayf(" %s ", title))
	return cells.Rect{X: r.X + 2, Y: r.Y + 1, W: max(r.W-4, 0), H: max(r.H-2, 0)}
}
