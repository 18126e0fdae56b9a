package tui

import (
	"fmt"
	"strings"

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
	for _, b := range a.hints() {
		key := keyText(b.keys[0])
		if key.Width(c.Method)+b.hint.Width(c.Method)+1 > r.W {
			break
		}
		r = c.Put(r, c.accent, key)
		r = c.Put(r, c.dim, cells.Say(" ").Plus(b.hint, cells.Say("  ")))
	}
}

// hints are the bindings to name in the line of hints: first those that only
// work here, since the others are the same everywhere.
func (a *App) hints() []binding {
	if a.focus != onQueue && a.pane().chooser != nil {
		return []binding{
			{keys: []string{"enter"}, hint: cells.Say("choose")}, {keys: []string{"esc"}, hint: cells.Say("back")},
			{keys: []string{"tab"}, hint: cells.Say("pane")},
		}
	}
	if t := a.queue.current(); a.focus == onQueue && t != nil && t.Asking > 0 {
		return []binding{
			{keys: []string{"o"}, hint: cells.Say("overwrite")}, {keys: []string{"s"}, hint: cells.Say("skip")},
			{keys: []string{"r"}, hint: cells.Say("rename")}, {keys: []string{"n"}, hint: cells.Say("newer")},
			{keys: []string{"a"}, hint: cells.Say("for all")}, {keys: []string{"x"}, hint: cells.Say("cancel")},
		}
	}
	var here, always []binding
	for _, b := range a.table {
		switch {
		case b.scope&a.scope() == 0 || b.hint.Empty() || strings.Contains(b.keys[0], " "):
		case a.focus == onQueue && b.keys[0] == "3":
		case b.scope == everywhere:
			always = append(always, b)
		default:
			here = append(here, b)
		}
	}
	return append(here, always...)
}

// statusText is what stands at the right end of the line of hints.
func (a *App) statusText(c canvas) (cells.Text, cells.Style) {
	if a.note.outcome != 0 {
		for i := range a.queue.transfers {
			if t := &a.queue.transfers[i]; t.ID == a.note.outcome {
				what, look := outcome(c, t)
				return cells.Sayf("%s %s %s", stateSign(c, t), jobName(t.Job).Squeeze(c.Method, min(a.width/4, 24)), what), look
			}
		}
	}
	if !a.note.text.Empty() {
		return a.note.text, a.note.tone.look(c)
	}
	if place, ok := a.pinnable(); ok && !a.pinned {
		if a.width < sideFrom {
			return cells.Say("t trust"), c.ask
		}
		return cells.Sayf("t trusts %s: no secret next time", placeName(place).Squeeze(c.Method, 24)), c.ask
	}
	return cells.Text{}, c.plain
}

// drawContinuations says what the second key may be.
func (a *App) drawContinuations(c canvas, r cells.Rect) {
	r = c.Put(r, c.active, keyText(a.pressed).Plus(cells.Say("  ")))
	for _, b := range continuations(a.table, a.scope(), a.pressed) {
		_, second, _ := strings.Cut(b.keys[0], " ")
		r = c.Put(r, c.accent, keyText(second))
		r = c.Put(r, c.dim, cells.Say(" ").Plus(b.hint, cells.Say("  ")))
	}
	c.Put(r, c.dim, cells.Say("Esc"))
}

// drawFunctions writes the row of function keys, those that do something.
func (a *App) drawFunctions(c canvas, r cells.Rect) {
	if r.Empty() {
		return
	}
	r = cells.Rect{X: r.X + 1, Y: r.Y, W: r.W - 2, H: 1}
	for n := 1; n <= 10; n++ {
		b, _ := find(a.table, a.scope(), fmt.Sprintf("f%d", n))
		if b == nil || b.label.Empty() {
			continue
		}
		r = c.Put(r, c.accent, cells.Sayf("F%d", n))
		r = c.Put(r, c.plain, cells.Sayf(" %s   ", b.label))
	}
}
