package tui

import (
	"context"
	"io"
	"sync/atomic"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
)

// Editing: a file of this machine is opened where it is. One at a peer is brought
// here into a private directory, edited, and if it is another one then, goes back
// through the queue; see edit_save.go.

// A draft is a file at a peer that is edited here.
type draft struct {
	place session.PlaceID
	far   session.Path
	base  session.Entry // the far file as it was brought
	file  session.Path  // of it here, alone in its directory
	was   string        // the digest of what was brought
}

// gentle is how large a file is edited without a question.
const gentle = 32 << 20

func (a *App) edit() tea.Cmd {
	p := a.pane()
	e, ok := p.current()
	switch {
	case !ok:
		return nil
	case e.Kind == session.Directory || e.Kind == session.Other:
		a.note = note{text: cells.Say("only files can be edited"), tone: toneHint}
		return nil
	case a.opts.Desk == nil:
		a.note = note{text: cells.Say("there is no editor here"), tone: toneHint}
		return nil
	}
	path, err := p.dir.Join(e.Name)
	if err != nil {
		a.fail(err)
		return nil
	}
	if p.place == session.Here {
		return a.editHere(p.location(), path)
	}
	bring := fetchDraft{draft{place: p.place, far: path, base: e}}
	if e.Size > gentle {
		a.ask = &ask{
			label:   cells.Sayf("Bring %s of %s here to edit it?", sizeText(e.Size), cells.Name(e.Name)),
			answers: []answer{{bind("edit", "y"), bring}},
		}
		return nil
	}
	return bring.do(a)
}

// editHere opens a file of this machine where it is.
func (a *App) editHere(at Location, path session.Path) tea.Cmd {
	desk := a.opts.Desk
	return func() tea.Msg {
		prog, err := desk.Editor(path)
		return editorMsg{prog: prog, err: err, then: func(err error) tea.Msg {
			return editedHereMsg{doneMsg{err: editorFailed(err), touched: []Location{at}, cursorOn: path.Base()}}
		}}
	}
}

// editedHereMsg says that the editor of a file of this machine is over.
type editedHereMsg struct{ doneMsg }

func (m editedHereMsg) apply(a *App) tea.Cmd {
	return tea.Batch(tea.ClearScreen, m.doneMsg.apply(a))
}

// editorMsg brings the editor, or why there is none.
type editorMsg struct {
	prog Program
	err  error
	drop overlay // what was there while it was prepared
	then func(error) tea.Msg
}

func (m editorMsg) apply(a *App) tea.Cmd {
	if m.drop != nil {
		if !a.lies(m.drop) {
			return nil // given up
		}
		a.drop(m.drop)
	}
	if m.err != nil {
		a.note = note{text: editorTrouble(m.err), tone: toneFail}
		return nil
	}
	return a.exec(m.prog, m.then)
}

// editorTrouble is an error of the desk in its own words, or of a tree in ours.
func editorTrouble(err error) cells.Text {
	if session.KindOf(err) != session.Internal {
		return explain(err).what
	}
	return cells.Shown(err.Error())
}

// fetchDraft brings a file here to be edited.
type fetchDraft struct{ draft draft }

func (f fetchDraft) do(a *App) tea.Cmd {
	ctx, cancel := context.WithCancel(a.ctx)
	w := &waiting{what: cells.Sayf("bringing %s here", cells.Name(f.draft.far.Base())), cancel: cancel, total: f.draft.base.Size}
	a.push(w)
	e, desk, d := a.engine, a.opts.Desk, f.draft
	return tea.Batch(func() tea.Msg {
		defer cancel()
		m := editorMsg{drop: w}
		if m.err = d.bring(ctx, e, desk, &w.done); m.err == nil {
			m.prog, m.err = desk.Editor(d.file)
		}
		if (m.err != nil || ctx.Err() != nil) && !d.file.IsRoot() {
			d.remove(a.ctx, e)
		}
		m.then = func(err error) tea.Msg { return editedMsg{d, err} }
		return m
	}, w.look(a))
}

// bring copies the far file into a private directory, and compares the two.
func (d *draft) bring(ctx context.Context, e Engine, desk Desk, done *atomic.Int64) error {
	far, err := e.Tree(d.place)
	if err != nil {
		return err
	}
	f, err := far.Open(ctx, d.far)
	if err != nil {
		return err
	}
	defer f.Close()
	if d.base, err = f.Stat(); err != nil {
		return err
	}
	file, at, err := desk.Make(d.far.Base(), d.base.Mode.Perm()|0o600)
	if err != nil {
		return err
	}
	d.file = at
	_, err = io.Copy(io.MultiWriter(file, counter{done}), f)
	if cerr := file.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	there, err := far.Hash(ctx, d.far, session.BLAKE3)
	if err != nil {
		return err
	}
	if d.was, err = d.digest(ctx, e); err == nil && d.was != string(there) {
		err = &session.Error{Kind: session.Changed, Path: d.far}
	}
	return err
}

type counter struct{ n *atomic.Int64 }

func (c counter) Write(b []byte) (int, error) {
	c.n.Add(int64(len(b)))
	return len(b), nil
}

// digest returns what the copy here holds now.
func (d *draft) digest(ctx context.Context, e Engine) (string, error) {
	here, err := e.Tree(session.Here)
	if err != nil {
		return "", err
	}
	sum, err := here.Hash(ctx, d.file, session.BLAKE3)
	return string(sum), err
}

// remove takes the copy and its directory away.
func (d *draft) remove(ctx context.Context, e Engine) {
	if here, err := e.Tree(session.Here); err == nil && d.file.Base() != "" {
		here.Remove(context.WithoutCancel(ctx), d.file.Parent(), true) // what stays is in a directory for temporary files
	}
}

// waiting says what is waited for and how far it is. Esc gives up.
type waiting struct {
	what   cells.Text
	cancel context.CancelFunc
	done   atomic.Int64
	total  int64
}

// look has the screen drawn now and then while it is there.
func (w *waiting) look(a *App) tea.Cmd {
	return a.later(busyInterval, func(time.Time) tea.Msg { return waitingMsg{w} })
}

type waitingMsg struct{ w *waiting }

func (m waitingMsg) apply(a *App) tea.Cmd {
	if !a.lies(m.w) {
		return nil
	}
	return m.w.look(a)
}

func (w *waiting) handleKey(k tea.KeyPressMsg) (do action, over bool) {
	if s := k.String(); s != "esc" && s != "ctrl+c" {
		return nil, false
	}
	w.cancel()
	return doing(func(a *App) tea.Cmd {
		a.note = note{text: cells.Say("given up"), tone: toneHint}
		return nil
	}), true
}

func (w *waiting) edit(tea.PasteMsg) action { return nil }

func (w *waiting) draw(c canvas, screen cells.Rect) {
	text := w.what.Plus(c.signs.more)
	if w.total > 0 {
		text = text.Plus(cells.Sayf(" %d%%", percent(w.done.Load(), w.total)))
	}
	r := screen.Line(screen.H - 1)
	c.Fill(r, c.plain)
	r = r.Inset(1)
	rest := c.PutRight(r, c.dim, cells.Say("Esc gives up"))
	c.Put(r, c.active, text.Squeeze(c.Method, rest.W-2))
}
