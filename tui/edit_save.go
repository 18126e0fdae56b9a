package tui

import (
	"context"
	"fmt"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
)

// What becomes of an edited copy of a peer's file: it goes back if it is another
// one and the peer's is still what was brought; if that changed too, somebody is
// asked. The copy is removed when it is safe there, and kept, with its path said,
// whenever that did not work.

// editorFailed says in words that an editor did.
func editorFailed(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("the editor failed: %w", err)
}

// editedMsg says that the editor is over.
type editedMsg struct {
	draft draft
	err   error
}

func (m editedMsg) apply(a *App) tea.Cmd {
	ctx, e := a.ctx, a.engine
	return tea.Batch(tea.ClearScreen, func() tea.Msg { return m.draft.weigh(ctx, e, m.err) })
}

// weighedMsg says how the copy and the far file stand.
type weighedMsg struct {
	draft   draft
	changed bool // the copy is another one than what was brought, or cannot be read
	yours   session.Entry
	theirs  session.Entry
	gone    bool // the far file is
	err     error
	lost    bool // the copy is
}

// weigh compares both with what was brought.
func (d draft) weigh(ctx context.Context, e Engine, failed error) weighedMsg {
	m := weighedMsg{draft: d}
	sum, err := d.digest(ctx, e)
	if err != nil {
		m.err, m.lost = err, session.KindOf(err) == session.NotFound
		m.changed = true // as far as anybody knows: the copy is kept, and its path said
		return m
	}
	if m.changed = sum != d.was; !m.changed {
		d.remove(ctx, e)
		m.err = editorFailed(failed)
		return m
	}
	if m.err = editorFailed(failed); m.err != nil {
		return m
	}
	here, err := e.Tree(session.Here)
	if err == nil {
		m.yours, err = here.Stat(ctx, d.file)
	}
	if err != nil {
		m.err = err
		return m
	}
	far, err := e.Tree(d.place)
	if err == nil {
		m.theirs, err = far.Stat(ctx, d.far)
	}
	if session.KindOf(err) == session.NotFound && err != nil {
		m.gone, err = true, nil
	}
	m.err = err
	return m
}

func (m weighedMsg) apply(a *App) tea.Cmd {
	name := cells.Name(m.draft.far.Base())
	switch {
	case m.lost:
		a.note = note{text: cells.Sayf("the edited copy of %s is gone: nothing was saved", name), tone: toneFail}
	case m.err != nil && !m.changed:
		a.note = note{text: editorTrouble(m.err), tone: toneFail}
	case m.err != nil:
		a.keepDraft(m.draft, editorTrouble(m.err))
	case !m.changed:
		a.note = note{text: cells.Sayf("%s was not changed", name), tone: toneHint}
	case m.gone || !sameState(m.theirs, m.draft.base):
		a.push(&saveQuestion{m})
	default:
		return a.saveDraft(m.draft, m.draft.far, session.Overwrite)
	}
	return nil
}

// keepDraft says where a copy is that could not be saved.
func (a *App) keepDraft(d draft, why cells.Text) {
	a.note = note{
		text: cells.Sayf("%s was not saved: %s; your copy is %s", cells.Name(d.far.Base()), why, d.file),
		tone: toneFail,
	}
}

// A saveQuestion asks what to do where both the copy and the far file changed.
type saveQuestion struct{ weighedMsg }

var saveKeys = []key.Binding{bind("overwrite", "o"), bind("keep both", "k"), bind("cancel", "esc")}

func (q *saveQuestion) handleKey(k tea.KeyPressMsg) (do action, over bool) {
	d := q.draft
	switch k.String() {
	case "o":
		return doing(func(a *App) tea.Cmd { return a.saveDraft(d, d.far, session.Overwrite) }), true
	case "k":
		return doing(func(a *App) tea.Cmd {
			to, err := d.far.Parent().Join(d.far.Base() + ".local")
			if err != nil {
				a.keepDraft(d, explain(err).what)
				return nil
			}
			return a.saveDraft(d, to, session.Rename)
		}), true
	case "esc", "ctrl+c":
		return doing(func(a *App) tea.Cmd {
			a.keepDraft(d, cells.Say("cancelled"))
			return nil
		}), true
	}
	return nil, false
}

func (q *saveQuestion) edit(tea.PasteMsg) action { return nil }

func (q *saveQuestion) draw(c canvas, screen cells.Rect) {
	name := cells.Name(q.draft.far.Base())
	r := c.window(screen, 64, 7, cells.Say("changed there too"), saveKeys)
	if r.H > 4 {
		c.Put(r, c.strong, name.Squeeze(c.Method, r.W))
		r.Y, r.H = r.Y+1, r.H-1
	}
	row := func(y int, what cells.Text, e session.Entry) {
		line := r.Line(y)
		rest := c.PutRight(line, c.plain, cells.Sayf("%s  %s", sizeText(e.Size), dateTimeText(e.Modified, c.now)))
		c.Put(line, c.dim, what.Fit(c.Method, rest.W-1))
	}
	row(0, cells.Say("as it was brought"), q.draft.base)
	row(1, cells.Say("there now"), q.theirs)
	if q.gone {
		c.Fill(r.Line(1), c.plain)
		c.Put(r.Line(1), c.ask, cells.Say("there now: gone"))
	}
	row(2, cells.Say("yours"), q.yours)
	c.Put(r.Line(3), c.dim, cells.Sayf("k saves yours as %s.local", name.Squeeze(c.Method, max(r.W-24, 8))))
}

// saveDraft puts a copy on its way back, at once.
func (a *App) saveDraft(d draft, to session.Path, c session.Conflict) tea.Cmd {
	o := session.DefaultOptions()
	o.OnConflict, o.KeepXattrs = c, false
	job := session.Job{
		From: session.Here, Sources: []session.Path{d.file}, To: d.place, Destination: to,
		Foreground: true, Options: o,
	}
	a.begun = a.now()
	e := a.engine
	return func() tea.Msg {
		id, err := e.Submit(job)
		d.far = to
		return savingMsg{d, id, err}
	}
}

// savingMsg says that a copy is on its way.
type savingMsg struct {
	draft draft
	id    session.TransferID
	err   error
}

func (m savingMsg) apply(a *App) tea.Cmd {
	if m.err != nil {
		a.keepDraft(m.draft, editorTrouble(m.err))
		return nil
	}
	if a.drafts == nil {
		a.drafts = make(map[session.TransferID]draft)
	}
	a.drafts[m.id] = m.draft
	a.note = note{text: cells.Sayf("saving %s", cells.Name(m.draft.far.Base())).Plus(a.styles.signs.more)}
	var over []session.Transfer // it may have been faster than this message
	for i := range a.queue.ended {
		if a.queue.ended[i].ID == m.id {
			over = append(over, a.queue.ended[i])
		}
	}
	return tea.Batch(a.pollNow(), a.settle(over))
}

// settle looks after the copies whose transfers ended.
func (a *App) settle(ended []session.Transfer) tea.Cmd {
	var cmds []tea.Cmd
	for i := range ended {
		t := &ended[i]
		d, ok := a.drafts[t.ID]
		switch {
		case !ok:
			continue
		case t.State == session.StateDone && t.Failures == 0 && t.Skipped == 0:
			delete(a.drafts, t.ID)
			ctx, e := a.ctx, a.engine
			a.note = note{text: cells.Sayf("%s is saved, verified", cells.Name(d.far.Base())), tone: toneDone}
			cmds = append(cmds, func() tea.Msg { d.remove(ctx, e); return nil })
			for i := range a.panes {
				if p := &a.panes[i]; p.shows(Location{d.place, d.far.Parent()}) {
					cmds = append(cmds, a.reload(p))
				}
			}
		default: // a retry may bring it there yet: the draft stays
			why, _ := outcome(a.canvas(), t)
			a.keepDraft(d, why)
		}
	}
	return tea.Batch(cmds...)
}
