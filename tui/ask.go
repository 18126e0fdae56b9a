package tui

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
	"github.com/bargee/bargee/tui/cells"
)

// An action is what a key led to in a dialog, for the App to carry out.
type action interface{ do(*App) tea.Cmd }

// An ask is the line at the bottom while it wants something: a question with
// one key for each answer, or a line of text. While it is there, it has the
// keys.
type ask struct {
	label   cells.Text
	text    func(c canvas, room int) cells.Text // instead of label, if it changes or has to fit
	warn    bool
	answers []answer            // of a question
	input   *input              // of a line of text
	enter   func(string) action // with the text
	aside   cells.Text          // what is wrong with the text, at the right end
	change  func(string) action // after every key, for what works while one types
	escape  func() action       // if Esc has to undo something

	// keys takes what means something else than a letter in the line of text.
	keys func(tea.KeyPressMsg) (do action, taken bool)
}

// An answer is a key of a question with the word for it, and what it does.
type answer struct {
	key.Binding
	then action
}

// handleKey returns what to do, and whether the ask is over with it. A key that
// is no answer changes nothing, but for n, which anybody takes for no.
func (q *ask) handleKey(k tea.KeyPressMsg) (do action, over bool) {
	switch {
	case key.Matches(k, giveUp):
		if q.escape != nil {
			return q.escape(), true
		}
		return nil, true
	case q.input == nil:
		for _, a := range q.answers {
			if key.Matches(k, a.Binding) {
				return a.then, true
			}
		}
		return nil, k.String() == "n" // no answer of its own: then it says no
	case k.String() == "enter":
		return q.enter(q.input.Value()), true
	case q.keys != nil:
		if do, taken := q.keys(k); taken {
			return do, false
		}
	}
	return q.edit(k), false
}

// giveUp are the keys that close a question or a dialog and do nothing.
var giveUp = bind("", "esc", "ctrl+c")

// edit hands a key or pasted text to the line.
func (q *ask) edit(msg tea.Msg) action {
	if q.input == nil {
		return nil
	}
	before := q.input.Value()
	q.input.edit(msg)
	if text := q.input.Value(); q.change != nil && text != before {
		return q.change(text)
	}
	return nil
}

// draw writes the ask into one line: label, text or answers.
func (q *ask) draw(c canvas, r cells.Rect) {
	c.Fill(r, c.plain)
	look := c.active
	if q.warn {
		look = c.fail
	}
	r = r.Inset(1)
	if q.input != nil {
		if !q.aside.Empty() {
			left := c.PutRight(r, c.ask, q.aside.Fit(c.Method, r.W/2))
			r.W = left.W - 2
		}
		rest := c.Put(r, look, q.label.Plus(cells.Say(" ")).Fit(c.Method, r.W*2/3))
		c.Compose(lipgloss.NewLayer(q.input.view(c, rest.W)).X(rest.X).Y(rest.Y))
		return
	}
	var keys []key.Binding
	for _, a := range q.answers {
		keys = append(keys, a.Binding)
	}
	_, need := fitting(keys, r.W)
	room := max(r.W-need-7, r.W/3)
	label := q.label
	if q.text != nil {
		label = q.text(c, room)
	}
	c.Put(r, look, label.Squeeze(c.Method, room))
	rest := c.keys(cells.Rect{X: r.X + room + 2, Y: r.Y, W: r.W - room - 2, H: 1}, c.plain, keys)
	c.Put(rest, c.dim, cells.Say("  Esc"))
}
