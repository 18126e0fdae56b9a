package tui

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/tui/cells"
	"github.com/bargee/bargee/tui/preview"
)

// inViewer is where the keys of the viewer work.
const inViewer scope = 1 << 7

// A viewerKey is a key of the viewer.
type viewerKey struct {
	key.Binding
	group string
	hint  string // word in the line at the bottom
	run   func(*viewer, *App) tea.Cmd
}

// viewerKeys returns the keys of the viewer, in the order of its help.
func viewerKeys() []viewerKey {
	return []viewerKey{
		{Binding: bind("one down", "down", "j", "enter"), group: "Moving", run: viewRows(1)},
		{Binding: bind("one up", "up", "k"), run: viewRows(-1)},
		{Binding: bind("a page down", "pgdown", "space"), run: viewPages(1)},
		{Binding: bind("a page up", "pgup", "b", "backspace"), run: viewPages(-1)},
		{Binding: bind("to the beginning", "home", "g"), run: viewTo(viewMove{to: atOffset})},
		{Binding: bind("to the end", "end", "G"), run: viewTo(viewMove{to: atEnd})},
		{Binding: bind("sideways", "right", "l"), run: viewSideways(8)},
		{Binding: bind("and back", "left"), run: viewSideways(-8)},
		{Binding: bind("to a line, share or offset", ":", "p"), hint: "go to", run: (*viewer).askGoto},
		{Binding: bind("search", "/", "f7"), group: "Search", hint: "search", run: (*viewer).askSearch},
		{Binding: bind("the next one", "n"), hint: "next", run: func(v *viewer, a *App) tea.Cmd { return v.searchOn(false)(a) }},
		{Binding: bind("the one before", "N"), run: func(v *viewer, a *App) tea.Cmd { return v.searchOn(true)(a) }},
		{Binding: bind("hex, or text", "h", "f4"), group: "View", hint: "hex", run: (*viewer).toggleHex},
		{Binding: bind("wrap long lines, or not", "w", "f2"), hint: "wrap", run: (*viewer).toggleWrap},
		{Binding: bind("numbers of lines", "#"), hint: "numbers", run: (*viewer).toggleNumbers},
		{Binding: bind("follow as it grows", "F"), hint: "follow", run: (*viewer).toggleFollow},
		{Binding: bind("read again", "r", "ctrl+r"), run: (*viewer).reload},
		{Binding: bind("draw anew", "ctrl+l"), run: func(*viewer, *App) tea.Cmd { return tea.ClearScreen }},
		{Binding: bind("these keys", "?", "f1"), hint: "keys", run: (*viewer).help},
		{Binding: bind("close", "esc", "q", "v", "f3", "f10", "ctrl+c"), run: nil}, // see handleKey
	}
}

func viewRows(n int) func(*viewer, *App) tea.Cmd {
	return viewTo(viewMove{to: byRows, rows: n})
}

func viewPages(sign int) func(*viewer, *App) tea.Cmd {
	return func(v *viewer, a *App) tea.Cmd {
		return v.move(a, viewMove{to: byRows, rows: sign * max(v.area(a.width, a.height).H-1, 1)})
	}
}

func viewTo(m viewMove) func(*viewer, *App) tea.Cmd {
	return func(v *viewer, a *App) tea.Cmd { return v.move(a, m) }
}

// move shows another page; upwards nobody follows any more.
func (v *viewer) move(a *App, m viewMove) tea.Cmd {
	if v.follow && m.to != atEnd && m.rows <= 0 {
		v.follow = false
	}
	return v.load(a, m)
}

func viewSideways(n int) func(*viewer, *App) tea.Cmd {
	return func(v *viewer, a *App) tea.Cmd {
		if v.wrap || v.hex || !v.shown {
			return nil
		}
		v.left = max(v.left+n, 0)
		return v.again(a)
	}
}

func (v *viewer) toggleHex(a *App) tea.Cmd {
	v.hex = !v.hex
	if v.hex && v.code == preview.Binary {
		v.left = 0
	}
	return v.again(a)
}

func (v *viewer) toggleWrap(a *App) tea.Cmd {
	v.wrap, v.left = !v.wrap, 0
	return v.again(a)
}

func (v *viewer) toggleNumbers(a *App) tea.Cmd {
	v.numbers = !v.numbers
	return v.again(a)
}

func (v *viewer) help(a *App) tea.Cmd {
	var table []binding
	for _, k := range viewerKeys() {
		table = append(table, binding{Binding: k.Binding, scope: inViewer, group: k.group})
	}
	a.push(newHelp(table, inViewer))
	return nil
}

// handleKey looks a key up in the table.
func (v *viewer) handleKey(k tea.KeyPressMsg) (do action, over bool) {
	if v.ask != nil {
		q := v.ask
		do, over := q.handleKey(k)
		if over && v.ask == q {
			v.ask = nil
		}
		return do, false
	}
	v.said = cells.Text{}
	for _, b := range viewerKeys() {
		switch {
		case !key.Matches(k, b.Binding):
		case b.run != nil:
			return doing(func(a *App) tea.Cmd { return b.run(v, a) }), false
		case k.String() == "esc" && v.hunt != nil:
			v.stopHunt()
			return nil, false
		case k.String() == "esc" && v.busy && v.shown:
			return doing(func(*App) tea.Cmd { return v.giveUp() }), false
		default:
			return doing(func(*App) tea.Cmd { v.close(); return nil }), true
		}
	}
	return nil, false
}

// giveUp ends a load that takes too long; the page stays.
func (v *viewer) giveUp() tea.Cmd {
	v.number++
	v.busy, v.slow, v.next = false, false, nil
	v.said = cells.Say("given up")
	return func() tea.Msg { v.src.giveUp(); return nil }
}

// edit hands pasted text to the line at the bottom.
func (v *viewer) edit(msg tea.PasteMsg) action {
	if v.ask != nil {
		return v.ask.edit(msg)
	}
	return nil
}
