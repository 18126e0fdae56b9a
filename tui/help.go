package tui

import (
	"fmt"
	"slices"

	bubbles "charm.land/bubbles/v2/help"
	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/viewport"
	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
	"github.com/bargee/bargee/tui/cells"
)

// help shows the part of the key table that works here, in as many columns as
// there is room for, and scrolls where it is longer than the screen.
type help struct {
	groups [][]key.Binding
	rows   int
	view   viewport.Model
	search chord // opens the palette, which searches
}

// mostColumns is how many columns the help has at the most.
const mostColumns = 3

func newHelp(table []binding, sc scope) *help {
	h := &help{view: viewport.New()}
	var group []key.Binding
	end := func() {
		if len(group) > 1 { // else nothing of it works here
			h.groups = append(h.groups, group)
			h.rows += len(group) + 1
		}
	}
	for _, b := range table {
		if b.group != "" {
			end()
			group = []key.Binding{heading(b.group)}
		}
		if b.scope&sc != 0 && len(b.Keys()) > 0 {
			group = append(group, b.Binding)
		}
		if b.name == "palette" && len(b.Keys()) > 0 {
			h.search = chord(b.Keys()[0])
		}
	}
	end()
	return h
}

// spread puts the groups into n columns of about the same height.
func (h *help) spread(n int) [][]key.Binding {
	columns := make([][]key.Binding, 1, n)
	left := h.rows
	for _, g := range h.groups {
		last := &columns[len(columns)-1]
		share := left / (n - len(columns) + 1)
		if len(*last)+len(g)/2 > share && len(columns) < n && len(*last) > 0 {
			left -= len(*last) + 1
			columns = append(columns, slices.Clip(g))
			continue
		}
		if len(*last) > 0 {
			*last = append(*last, heading(""))
		}
		*last = append(*last, g...)
	}
	return columns
}

// heading is a row of the help without a key.
func heading(name string) key.Binding {
	return key.NewBinding(key.WithKeys(name), key.WithHelp(lipgloss.NewStyle().Bold(true).Render(name), ""))
}

// handleKey scrolls; any other key closes the help.
func (h *help) handleKey(k tea.KeyPressMsg) (do action, over bool) {
	scrolls := h.view.KeyMap
	switch {
	case key.Matches(k, scrolls.Up, scrolls.Down, scrolls.PageUp, scrolls.PageDown):
		h.view, _ = h.view.Update(k)
	case key.Matches(k, bind("", "home", "g")):
		h.view.GotoTop()
	case key.Matches(k, bind("", "end", "G")):
		h.view.GotoBottom()
	case h.search != "" && key.Matches(k, bind("", string(h.search))):
		return doing((*App).openPalette), true
	default:
		return nil, true
	}
	return nil, false
}

// edit does nothing: there is no text in it.
func (h *help) edit(tea.PasteMsg) action { return nil }

func (h *help) draw(c canvas, screen cells.Rect) {
	text := ""
	for n := mostColumns; n > 0; n-- {
		text = c.helper(c.plain, "   ").FullHelpView(h.spread(n))
		if lipgloss.Width(text) <= screen.W-4 {
			break
		}
	}
	h.view.SetWidth(min(lipgloss.Width(text), screen.W-4))
	h.view.SetHeight(min(lipgloss.Height(text), screen.H-2))
	h.view.SetContent(text)
	search := ""
	if h.search != "" {
		search = ", " + keyName(string(h.search)) + " searches"
	}
	title := "Keys" + search + ", Esc closes"
	if h.view.TotalLineCount() > h.view.Height() {
		title = fmt.Sprintf("Keys %d%%%s, Esc closes", int(h.view.ScrollPercent()*100), search)
	}
	c.dialog(screen, title, h.view.View())
}

// helper renders bindings, words in the look given.
func (c canvas) helper(words cells.Style, between string) bubbles.Model {
	h := bubbles.New()
	h.ShortSeparator, h.FullSeparator, h.Ellipsis = between, between, ""
	h.Styles = bubbles.Styles{
		ShortKey: c.accent.Gloss(), ShortDesc: words.Gloss(), FullKey: c.accent.Gloss(), FullDesc: words.Gloss(),
	}
	return h
}

// keys writes bindings into a line, as many as fit, and returns what is left.
func (c canvas) keys(r cells.Rect, words cells.Style, bindings []key.Binding) cells.Rect {
	bindings, w := fitting(bindings, r.W)
	if w == 0 {
		return r
	}
	c.Compose(lipgloss.NewLayer(c.helper(words, keyGap).ShortHelpView(bindings)).X(r.X).Y(r.Y))
	x := r.X
	for _, b := range bindings {
		w := lipgloss.Width(b.Help().Key + " " + b.Help().Desc)
		if len(b.Keys()) > 0 {
			c.onClick(cells.Rect{X: x, Y: r.Y, W: w, H: 1}, press{b.Keys()[0]})
		}
		x += w + len(keyGap)
	}
	return cells.Rect{X: r.X + w, Y: r.Y, W: r.W - w, H: 1}
}

const keyGap = "  " // between the bindings of a line

// fitting returns the first bindings that stand whole in a line of w columns, and
// how many columns they take. Bubbles' own cut lets one more through when the
// line is nearly full.
func fitting(bindings []key.Binding, w int) (fit []key.Binding, used int) {
	for i, b := range bindings {
		need := lipgloss.Width(b.Help().Key + " " + b.Help().Desc)
		if i > 0 {
			need += len(keyGap)
		}
		if used+need > w {
			return bindings[:i], used
		}
		used += need
	}
	return bindings, used
}

// dialog frames text and puts it into the middle of the screen.
func (c canvas) dialog(screen cells.Rect, title, text string) {
	frame := lipgloss.NewStyle().Border(c.signs.border).BorderForeground(c.active.Gloss().GetForeground()).Padding(0, 1)
	box := frame.Render(text)
	c.Compose(lipgloss.NewLayer(box, lipgloss.NewLayer(c.active.Gloss().Render(" "+title+" ")).X(2)).
		X(screen.X + (screen.W-lipgloss.Width(box))/2).Y(screen.Y + (screen.H-lipgloss.Height(box))/2))
}
