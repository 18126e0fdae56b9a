package tui

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
)

// A choice of a rule for conflicts.
type ruleChoice struct {
	key  string
	rule session.Rule
	says cells.Text
}

// ruleChoices are the rules by which a person may have all conflicts decided. What
// a rule leaves open stays parked.
func ruleChoices() []ruleChoice {
	is := func(d session.Conflict) session.Rule { return session.Rule{Then: d, Otherwise: d} }
	when := func(c session.Condition, then, otherwise session.Conflict) session.Rule {
		return session.Rule{When: c, Then: then, Otherwise: otherwise}
	}
	return []ruleChoice{
		{"n", when(session.SourceNewer, session.Overwrite, session.Skip), cells.Say("overwrite what is older here, skip the rest")},
		{"l", when(session.SourceLarger, session.Overwrite, session.Skip), cells.Say("overwrite what is smaller here, skip the rest")},
		{"d", when(session.SizesDiffer, session.Overwrite, session.Skip), cells.Say("overwrite what has another size, skip the rest")},
		{"u", when(session.SourceLarger, session.Resume, session.Ask), cells.Say("go on with what is shorter here, ask about the rest")},
		{"o", is(session.Overwrite), cells.Say("overwrite all")},
		{"s", is(session.Skip), cells.Say("skip all")},
		{"r", is(session.Rename), cells.Say("keep both: rename the new ones")},
	}
}

// ruleText says what a rule does: in the words of its choice, if it is one.
func ruleText(r session.Rule) cells.Text {
	for _, c := range ruleChoices() {
		if c.rule == r {
			return c.says
		}
	}
	if r.When == session.Always || r.Then == r.Otherwise {
		return decisionText(r.Then)
	}
	return cells.Sayf("%s: %s, else %s", cells.Shown(r.When.String()), decisionText(r.Then), decisionText(r.Otherwise))
}

// ruleList lies over the screen and offers rules for a transfer, or with "all to
// come" also for those that are queued later from this screen.
type ruleList struct {
	app    *App
	id     session.TransferID
	cursor int
	toCome bool
}

type openRules struct{ id session.TransferID }

func (o openRules) do(a *App) tea.Cmd {
	a.push(&ruleList{app: a, id: o.id})
	return nil
}

func (a *App) openRules() tea.Cmd {
	if t := a.queue.current(); t != nil && !t.State.Over() {
		return openRules{t.ID}.do(a)
	}
	return nil
}

func (l *ruleList) edit(tea.PasteMsg) action { return nil }

func (l *ruleList) handleKey(k tea.KeyPressMsg) (do action, over bool) {
	choices := ruleChoices()
	for _, c := range choices {
		if k.String() == c.key {
			return setRule{l.id, c, l.toCome}, true
		}
	}
	switch {
	case key.Matches(k, giveUp, bind("", "q")):
		return nil, true
	case key.Matches(k, bind("", "up", "k")):
		l.cursor = max(0, l.cursor-1)
	case key.Matches(k, bind("", "down", "j")):
		l.cursor = min(len(choices)-1, l.cursor+1)
	case key.Matches(k, bind("", "tab", "a", "A")):
		l.toCome = !l.toCome
	case k.String() == "enter":
		return setRule{l.id, choices[l.cursor], l.toCome}, true
	}
	return nil, false
}

func (l *ruleList) draw(c canvas, screen cells.Rect) {
	choices := ruleChoices()
	in := c.sheetBox(screen, cells.Say("a rule for conflicts"), 56, len(choices)+2)
	for i, x := range choices {
		at := in.Line(i)
		rest := c.Put(at, c.accent, cells.Shown(x.key).Plus(cells.Say("  ")))
		c.Put(rest, c.plain, x.says.Fit(c.Method, rest.W))
		if i == l.cursor {
			c.Restyle(at, c.plain.On())
		}
	}
	scope := cells.Say("for this transfer, also for conflicts to come")
	if l.toCome {
		scope = cells.Say("for this and all that I queue from now on")
	}
	c.Put(in.Line(in.H-1), c.ask, scope.Fit(c.Method, in.W))
	c.footer(in, []key.Binding{bind("choose", "enter"), bind("how far", "tab"), bind("close", "esc")})
}

// setRule gives a transfer a rule; toCome also to those that are queued later.
type setRule struct {
	id     session.TransferID
	choice ruleChoice
	toCome bool
}

func (s setRule) do(a *App) tea.Cmd {
	if s.toCome {
		rule := s.choice.rule
		a.rule = &rule
	}
	return a.call(func() doneMsg {
		if err := a.engine.AnswerAll(s.id, s.choice.rule); err != nil {
			return doneMsg{err: err}
		}
		return doneMsg{note: s.choice.says}
	})
}
