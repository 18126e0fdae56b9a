package tui

import (
	"unicode"
	"unicode/utf8"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
)

// jumpTo puts the cursor on the next name that begins with what was typed.
type jumpTo struct {
	q      *ask
	side   int
	prefix string
	skip   int // rows from the cursor on: 0 may stay where it is, 1 the next, -1 the one before
}

func (j jumpTo) do(a *App) tea.Cmd {
	p := &a.panes[j.side]
	p.load.fresh = false
	j.q.aside = cells.Text{}
	if j.prefix != "" && !p.jump(session.Undisplay(j.prefix), j.skip) {
		j.q.aside = cells.Say("no name begins so")
	}
	return nil
}

// jump moves the cursor to the nearest row from the cursor on, round the end,
// whose name begins with prefix, upper and lower case alike.
func (p *pane) jump(prefix string, skip int) bool {
	n, step := p.len(), 1
	if skip < 0 {
		step = -1
	}
	for i := range n {
		at := ((p.cursor+skip+step*i)%n + n) % n
		if name, ok := p.nameAt(at); ok && beginsWith(name, prefix) {
			p.moveTo(at)
			return true
		}
	}
	return false
}

// beginsWith tells whether name begins with prefix, without regard to case.
func beginsWith(name, prefix string) bool {
	if prefix != "" && name != "" && prefix[0] < utf8.RuneSelf && (prefix[0]^name[0])&^0x20 != 0 && name[0] < utf8.RuneSelf {
		return false // most names
	}
	for prefix != "" {
		if name == "" {
			return false
		}
		r, n := utf8.DecodeRuneInString(prefix)
		s, m := utf8.DecodeRuneInString(name)
		if r != s && lower(r) != lower(s) || r == utf8.RuneError && n == 1 && prefix[0] != name[0] {
			return false
		}
		prefix, name = prefix[n:], name[m:]
	}
	return true
}

// jumpKeys work while the beginning of a name is typed.
var (
	jumpNext   = bind("next", "'", "down", "tab")
	jumpBefore = bind("the one before", "up")
)

func (a *App) askJump() tea.Cmd {
	p := a.pane()
	if p.chooser != nil {
		return nil
	}
	side := p.side
	q := &ask{label: cells.Say("Jump to"), input: newInput(""), enter: func(string) action { return nil }}
	q.change = func(s string) action { return jumpTo{q, side, s, 0} }
	q.keys = func(k tea.KeyPressMsg) (action, bool) {
		switch {
		case key.Matches(k, jumpNext):
			return jumpTo{q, side, q.input.Value(), 1}, true
		case key.Matches(k, jumpBefore):
			return jumpTo{q, side, q.input.Value(), -1}, true
		}
		return nil, false
	}
	a.ask = q
	return nil
}

func lower(r rune) rune {
	switch {
	case 'A' <= r && r <= 'Z':
		return r + 'a' - 'A'
	case r < utf8.RuneSelf:
		return r
	}
	return unicode.ToLower(r)
}
