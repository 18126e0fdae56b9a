package tui

import (
	"slices"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
)

// A name that is taken stops nothing: the question is parked below its transfer,
// and everything else goes on. This file answers it, and shows all of them.

// conflictKeys are the answers to a conflict; the key that else retries renames.
func conflictKeys(table []binding) []key.Binding {
	return keysOf(table, [][2]string{
		{"overwrite", "overwrite"}, {"skip", "skip"}, {"retry", "rename"}, {"newer", "newer"}, {"resume-file", "resume"},
		{"answer-all", "for all"}, {"answer-rule", "rule"},
	})
}

// keysOf finds keys for actions, each with a word.
func keysOf(table []binding, actions [][2]string) []key.Binding {
	var out []key.Binding
	for _, k := range actions {
		if b := actionNamed(table, k[0]); b != nil && len(b.Keys()) > 0 {
			out = append(out, b.worded(k[1]))
		}
	}
	return out
}

// answerWith decides the oldest conflict of the transfer under the cursor, after
// the key for all also all others of it, those to come included.
func answerWith(d session.Conflict) func(*App) tea.Cmd {
	return func(a *App) tea.Cmd {
		t := a.queue.current()
		if t == nil || len(t.Conflicts) == 0 {
			return nil
		}
		all := a.queue.all
		a.queue.all = false
		return reply{*t, t.Conflicts[0].ID, d, all}.do(a)
	}
}

// A reply is an answer on its way to the engine.
type reply struct {
	transfer session.Transfer
	question int
	decision session.Conflict
	all      bool
}

func (r reply) do(a *App) tea.Cmd {
	a.queue.answered(r)
	return a.call(func() doneMsg {
		if err := a.engine.Answer(r.transfer.ID, r.question, r.decision, r.all); err != nil {
			return doneMsg{err: err}
		}
		if r.all {
			return doneMsg{note: cells.Sayf("%s: %s", decisionText(r.decision), countText(int64(r.transfer.Asking), cells.Say("conflict")))}
		}
		return doneMsg{}
	})
}

// answered takes what was answered off the list at once, so that the next key is
// about the next question, however fast it comes.
func (q *queue) answered(r reply) {
	for _, rows := range [][]session.Transfer{q.live, q.list.rows} {
		for i := range rows {
			t := &rows[i]
			switch at := slices.IndexFunc(t.Conflicts, func(x session.Question) bool { return x.ID == r.question }); {
			case t.ID != r.transfer.ID || at < 0:
			case r.all:
				t.Conflicts, t.Asking = nil, 0
			default:
				t.Conflicts, t.Asking = slices.Delete(slices.Clone(t.Conflicts), at, at+1), t.Asking-1
			}
		}
	}
}

func (a *App) toggleAll() tea.Cmd {
	if t := a.queue.current(); t != nil && t.Asking > 0 {
		a.queue.all = !a.queue.all
	}
	return nil
}

// decisionText says what a decision does.
func decisionText(d session.Conflict) cells.Text {
	switch d {
	case session.Skip:
		return cells.Say("skip")
	case session.Overwrite:
		return cells.Say("overwrite")
	case session.Rename:
		return cells.Say("rename the new one")
	case session.Newer:
		return cells.Say("overwrite if newer, else skip")
	case session.Resume:
		return cells.Say("send only what is missing")
	}
	return cells.Say("ask")
}

// ageOf says in a word how what is there differs from what comes.
func ageOf(x *session.Question) cells.Text {
	switch d := x.Source.Modified.Compare(x.Existing.Modified); {
	case x.Existing.Kind != x.Source.Kind:
		return cells.Sayf("a %s here", x.Existing.Kind.String())
	case d < 0:
		return cells.Say("newer here")
	case d > 0:
		return cells.Say("older here")
	}
	return cells.Say("other file here")
}

// sidesOf is size and time of both sides.
func sidesOf(c canvas, x *session.Question) cells.Text {
	day := dateText(x.Existing.Modified, c.now) == dateText(x.Source.Modified, c.now)
	return cells.Sayf("old %s, new %s", sideOf(c, x.Existing, day), sideOf(c, x.Source, day))
}

// sideOf is size and time of one side: the clock, if both are of one day.
func sideOf(c canvas, e session.Entry, day bool) cells.Text {
	if day && !e.Modified.IsZero() {
		return cells.Sayf("%s %s", sizeColumn(e), cells.Shown(e.Modified.In(c.now.Location()).Format("15:04:05")))
	}
	return cells.Sayf("%s %s", sizeColumn(e), cells.Shown(strings.TrimSpace(dateText(e.Modified, c.now).String())))
}

// verdictOf is what is known of the contents of both sides.
func verdictOf(c canvas, x *session.Question) cells.Text {
	switch x.Verdict {
	case session.VerdictComparing:
		return cells.Say("comparing").Plus(c.signs.more)
	case session.VerdictSame:
		return cells.Say("same content")
	case session.VerdictBegins:
		return cells.Say("begins alike")
	case session.VerdictDiffers:
		if x.First == 0 {
			return cells.Say("differs from the start")
		}
		if x.First > 0 {
			return cells.Sayf("differs from %s on", sizeText(x.First))
		}
		return cells.Say("differs")
	}
	return cells.Say("not compared")
}

// conflictList lies over the screen and lists the conflicts of a transfer, to be
// answered one by one or all at once.
type conflictList struct {
	app  *App
	id   session.TransferID
	spot spot
	h    int
	all  bool
}

func (l *conflictList) transfer() *session.Transfer { return l.app.queue.find(l.id) }

func (l *conflictList) edit(tea.PasteMsg) action { return nil }

func (l *conflictList) handleKey(k tea.KeyPressMsg) (do action, over bool) {
	t := l.transfer()
	if key.Matches(k, giveUp, bind("", "enter", "q")) || t == nil || len(t.Conflicts) == 0 {
		return nil, true
	}
	l.follow(t.Conflicts) // they may have become fewer since they were drawn
	for _, m := range []struct {
		key.Binding
		by int
	}{
		{bind("", "up", "k"), -1}, {bind("", "down", "j"), 1}, {bind("", "pgup"), -l.h}, {bind("", "pgdown"), l.h},
		{bind("", "home", "g"), -1 << 30}, {bind("", "end", "G"), 1 << 30},
	} {
		if key.Matches(k, m.Binding) {
			l.spot.move(m.by, len(t.Conflicts))
			return nil, false
		}
	}
	for name, d := range map[string]session.Conflict{
		"overwrite": session.Overwrite, "skip": session.Skip, "retry": session.Rename, "newer": session.Newer, "resume-file": session.Resume,
	} {
		if key.Matches(k, l.app.action(name).Binding) {
			do = reply{*t, t.Conflicts[l.spot.cursor].ID, d, l.all}
			l.all = false
			return do, false
		}
	}
	switch {
	case key.Matches(k, l.app.action("answer-all").Binding):
		l.all = !l.all
	case key.Matches(k, l.app.action("answer-rule").Binding):
		return openRules{t.ID}, false
	}
	return nil, false
}

// follow keeps the cursor on its question while others are answered.
func (l *conflictList) follow(xs []session.Question) {
	for i := range xs {
		if session.TransferID(xs[i].ID) == l.spot.on {
			l.spot.cursor = i
		}
	}
	l.spot.cursor = max(0, min(l.spot.cursor, len(xs)-1))
	l.spot.on = session.TransferID(xs[l.spot.cursor].ID)
}

func (l *conflictList) draw(c canvas, screen cells.Rect) {
	t := l.transfer()
	if t == nil || len(t.Conflicts) == 0 {
		return
	}
	l.follow(t.Conflicts)
	title := cells.Sayf("%s: names that are taken", countText(int64(t.Asking), cells.Say("conflict")))
	w := min(130, screen.W-4)
	per := 1 // line for each; where there is no room, two or three
	switch {
	case w < 60:
		per = 3
	case w < 110:
		per = 2
	}
	extra := 0
	if t.Asking > len(t.Conflicts) {
		extra = 1
	}
	in := c.sheetBox(screen, title, w, len(t.Conflicts)*per+extra)
	l.h = max((in.H-extra)/per, 1)
	l.spot.scroll(l.h, len(t.Conflicts), func(int) int { return 1 })
	for y := 0; y < l.h && l.spot.top+y < len(t.Conflicts); y++ {
		at := cells.Rect{X: in.X, Y: in.Y + y*per, W: in.W, H: per}
		drawConflict(c, at, &t.Conflicts[l.spot.top+y], landsIn(t.Job))
		if l.spot.top+y == l.spot.cursor {
			c.Restyle(at.Line(0), c.plain.On())
		}
	}
	if extra > 0 {
		c.Put(in.Line(in.H-1), c.dim, cells.Sayf("and %s more: %s answers all", groupText(int64(t.Asking-len(t.Conflicts))), l.app.keyFor("answer-all")))
	}
	keys := conflictKeys(c.table)
	if l.all {
		keys[5] = l.app.action("answer-all").worded("FOR ALL")
	}
	c.footer(in, append(keys, bind("close", "esc")))
}

// closeAnswered takes the list away when nothing of it is left.
func (a *App) closeAnswered() {
	if l, ok := topmost[*conflictList](a); ok {
		if t := l.transfer(); t == nil || t.Asking == 0 {
			a.drop(l)
		}
	}
}

// drawConflict writes a conflict into the one, two or three lines of r, its name
// as seen from where the transfer goes.
func drawConflict(c canvas, r cells.Rect, x *session.Question, from session.Path) {
	sides, verdict := sidesOf(c, x), verdictOf(c, x)
	line := r.Line(0)
	switch r.H {
	case 1:
		line = c.PutRight(line, c.plain, padRight(c, verdict, 28))
		line = c.PutRight(line, c.plain, padLeft(c, sides.Plus(cells.Say("  ")), 44))
	case 2:
		c.Put(r.Line(1).Inset(2), c.dim, cells.Sayf("%s, %s", sides, verdict).Fit(c.Method, r.W-4))
	default:
		c.Put(r.Line(1).Inset(2), c.dim, sides.Fit(c.Method, r.W-4))
		c.Put(r.Line(2).Inset(2), c.dim, verdict.Fit(c.Method, r.W-4))
	}
	line = c.PutRight(line, c.ask, ageOf(x))
	name := x.Name.String()
	if x.Name.Within(from) && x.Name != from {
		name = strings.TrimPrefix(strings.TrimPrefix(name, from.String()), "/")
	}
	c.Put(line, c.plain, cells.Shown(name).Squeeze(c.Method, line.W-1))
}

// openDetails shows the conflicts of the transfer under the cursor, else all that
// is known of it.
func (a *App) openDetails() tea.Cmd {
	if o := a.queue.offer(); o != nil {
		return a.answerOffer(*o)
	}
	switch t := a.queue.current(); {
	case t == nil:
	case t.Asking > 0:
		a.push(&conflictList{app: a, id: t.ID})
	default:
		a.push(newDetails(a, t))
	}
	return nil
}
