package tui

import (
	"fmt"
	"strings"

	"charm.land/bubbles/v2/key"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
)

// A note is what the line at the bottom says about what just happened.
type note struct {
	text    cells.Text
	tone    tone
	outcome session.TransferID // instead of text: how this transfer ended
	seen    bool
}

type tone uint8

const (
	tonePlain tone = iota
	toneHint
	toneDone
	toneAsk
	toneFail
)

func (t tone) look(c canvas) cells.Style {
	switch t {
	case toneHint:
		return c.dim
	case toneDone:
		return c.done
	case toneAsk:
		return c.ask
	case toneFail:
		return c.fail
	}
	return c.plain
}

// fade takes a note away at the second key after it appeared.
func (n *note) fade() {
	if n.seen {
		*n = note{}
	}
	n.seen = true
}

// drawHint writes the line of hints, or what asks for an answer.
func (a *App) drawHint(c canvas, r cells.Rect) {
	if a.ask != nil {
		a.ask.draw(c, r)
		return
	}
	r = cells.Rect{X: r.X + 1, Y: r.Y, W: r.W - 2, H: 1}
	if a.pressed != "" {
		a.drawContinuations(c, r)
		return
	}
	text, look := a.statusText(c)
	if !text.Empty() {
		rest := c.PutRight(r, look, text.Fit(c.Method, r.W))
		r.W = rest.W - 2
	}
	c.keys(r, c.dim, a.hints())
}

// chooserKeys work while a pane offers places.
var chooserKeys = []key.Binding{bind("choose", "enter"), bind("back", "esc"), bind("pane", "tab")}

// hints are the bindings to name in the line of hints: first those that only
// work here, since the others are the same everywhere.
func (a *App) hints() []key.Binding {
	if a.focus != onQueue && a.pane().chooser != nil {
		return chooserKeys
	}
	if o := a.queue.offer(); a.focus == onQueue && o != nil {
		return a.offerHints()
	}
	if t := a.queue.current(); a.focus == onQueue && t != nil && t.Asking > 0 {
		return append(conflictKeys(a.table), actionNamed(a.table, "cancel").worded("cancel"))
	}
	var here, always []key.Binding
	for _, b := range a.table {
		switch {
		case b.scope&a.scope() == 0 || b.hint == "" || len(b.Keys()) == 0 || strings.Contains(b.Keys()[0], " "):
		case a.focus == onQueue && b.name == "queue":
		case b.scope == inQueue:
			if word := queueWord(a.queue.current(), b.name, b.hint); word != "" {
				here = append(here, b.worded(word))
			}
		case b.scope == everywhere:
			always = append(always, b.worded(b.hint))
		default:
			here = append(here, b.worded(b.hint))
		}
	}
	return append(here, always...)
}

// queueWord is what an action of the queue does with a transfer; empty if nothing.
func queueWord(t *session.Transfer, action, word string) string {
	switch {
	case t == nil, action == "retry" && !canRetry(t), action == "pause" && t.State.Over():
		return ""
	case action == "pause" && t.State == session.StatePaused:
		return "resume"
	case action == "cancel" && t.State.Over():
		return "off the list"
	}
	return word
}

// statusText is what stands at the right end of the line of hints.
func (a *App) statusText(c canvas) (cells.Text, cells.Style) {
	if a.note.outcome != 0 {
		if t := a.queue.find(a.note.outcome); t != nil {
			what, look := outcome(c, t)
			return cells.Sayf("%s %s %s", stateSign(c, t), jobName(t.Job).Squeeze(c.Method, min(a.width/4, 24)), what), look
		}
	}
	if !a.note.text.Empty() {
		return a.note.text, a.note.tone.look(c)
	}
	if text, ok := a.pairingNote(c); ok {
		return text, c.ask
	}
	if place, ok := a.pinnable(); ok && !a.pinned {
		if a.width < sideFrom {
			return cells.Sayf("%s trust", a.keyFor("trust")), c.ask
		}
		return cells.Sayf("%s trusts %s: no secret next time", a.keyFor("trust"), placeName(place).Squeeze(c.Method, 24)), c.ask
	}
	return a.verdictText(c)
}

// drawContinuations says what the second key may be.
func (a *App) drawContinuations(c canvas, r cells.Rect) {
	r = c.Put(r, c.active, cells.Sayf("%s  ", keyName(a.pressed.String())))
	r = c.keys(r, c.dim, continuations(a.table, a.scope(), a.pressed))
	c.Put(r, c.dim, cells.Say("  Esc"))
}

// drawFunctions writes the row of function keys, those that do something: with
// an F where there is room, else as their numbers.
func (a *App) drawFunctions(c canvas, r cells.Rect) {
	type function struct {
		key         press
		name, label cells.Text
	}
	var row []function
	long, short := 0, 0
	for n := 1; n <= 10; n++ {
		name := fmt.Sprintf("f%d", n)
		if b, _ := find(a.table, a.scope(), chord(name)); b != nil && b.label != "" {
			f := function{press{name}, cells.Sayf("%d", n), cells.Shown(b.label)}
			row = append(row, f)
			short += f.name.Width(c.Method) + f.label.Width(c.Method) + 1
			long += f.name.Width(c.Method) + f.label.Width(c.Method) + 4
		}
	}
	r = r.Inset(1)
	whole := long <= r.W
	gap := min(2, max(1, 1+(r.W-short)/max(len(row), 1)))
	for _, f := range row {
		name := f.name
		if whole {
			name = cells.Sayf("F%s ", f.name)
		}
		at := cells.Rect{X: r.X, Y: r.Y, W: name.Width(c.Method) + f.label.Width(c.Method), H: 1}
		if at.W > r.W {
			return
		}
		c.Put(c.Put(at, c.accent, name), c.plain, f.label)
		c.onClick(at, f.key)
		r.X, r.W = r.X+at.W+gap, r.W-at.W-gap
	}
}
