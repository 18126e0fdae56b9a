package tui

import (
	tea "charm.land/bubbletea/v2"
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
	change  func(string) action // after every key, for what works while one types
	escape  func() action       // if Esc has to undo something
}

// An answer is a key of a question, the word for it, and what it does.
type answer struct {
	key  string
	word cells.Text
	then action
}

// handleKey returns what to do, and whether the ask is over with it. A key that
// is no answer changes nothing.
func (q *ask) handleKey(k tea.KeyPressMsg) (do action, over bool) {
	key := k.String()
	if key == "esc" || key == "ctrl+c" {
		if q.escape != nil {
			return q.escape(), true
		}
		return nil, true
	}
	if q.input == nil {
		for _, a := range q.answers {
			if a.key == key {
				return a.then, true
			}
		}
		return nil, false
	}
	if key == "enter" {
		return q.enter(q.input.String()), true
	}
	if q.input.handleKey(k) && q.change != nil {
		return q.change(q.input.String()), false
	}
	return nil, false
}

// paste puts text into the line.
func (q *ask) paste(s string) action {
	if q.input == nil {
		return nil
	}
	q.input.insert(s)
	if q.change != nil {
		return q.change(q.input.String())
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
	r = cells.Rect{X: r.X + 1, Y: r.Y, W: r.W - 2, H: 1}
	if q.input != nil {
		label := q.label.Plus(cells.Say(" "))
		rest := c.Put(r, look, label.Fit(c.Method, r.W*2/3))
		q.input.draw(c, rest, true)
		return
	}
	keys := cells.Text{}
	for _, a := range q.answers {
		keys = keys.Plus(cells.Say("  "), answerKey(a.key), cells.Say(" "), a.word)
	}
	keys = keys.Plus(cells.Say("  Esc"))
	room := max(r.W-keys.Width(c.Method), r.W/3)
	label := q.label
	if q.text != nil {
		label = q.text(c, room)
	}
	c.Put(r, look, label.Squeeze(c.Method, room))
	at := cells.Rect{X: r.X + room, Y: r.Y, W: r.W - room, H: 1}
	for _, a := range q.answers {
		at = c.Put(at, c.plain, cells.Say("  "))
		at = c.Put(at, c.accent, answerKey(a.key))
		at = c.Put(at, c.plain, cells.Say(" ").Plus(a.word))
	}
	c.Put(at, c.dim, cells.Say("  Esc"))
}

func answerKey(key string) cells.Text {
	if key == "enter" {
		return cells.Say("Enter")
	}
	return cells.Shown(key)
}
