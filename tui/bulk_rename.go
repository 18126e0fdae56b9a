package tui

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
	"github.com/bargee/bargee/tui/renaming"
)

// Renaming many: the names go into the person's editor, one in a line. What comes
// back is checked as a whole, shown, and done when somebody says y; see
// bulk_rename_run.go.

// nameList is a list of names that is edited.
type nameList struct {
	at    Location
	names []string
	file  draft // that holds them
}

func (a *App) renameMany() tea.Cmd {
	p := a.pane()
	switch {
	case a.opts.Desk == nil:
		a.note = note{text: cells.Say("there is no editor here"), tone: toneHint}
		return nil
	case a.renames != nil:
		a.ask = &ask{
			label:   cells.Say("Names are being changed already. Stop that?"),
			answers: []answer{{bind("stop", "y"), doing((*App).stopRenaming)}},
		}
		return nil
	}
	l := nameList{at: p.location()}
	for _, e := range p.chosen() {
		l.names = append(l.names, e.Name)
	}
	e, desk, ctx := a.engine, a.opts.Desk, a.ctx
	return func() tea.Msg {
		w, at, err := desk.Make("names.txt", 0o600)
		if err != nil {
			return editorMsg{err: err}
		}
		l.file = draft{place: session.Here, file: at}
		_, err = io.WriteString(w, renaming.Text(l.names))
		if cerr := w.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			l.file.remove(ctx, e)
			return editorMsg{err: err}
		}
		return l.editor(ctx, e, desk)
	}
}

// editor returns the message that opens the list.
func (l nameList) editor(ctx context.Context, e Engine, desk Desk) tea.Msg {
	prog, err := desk.Editor(l.file.file)
	if err != nil {
		l.file.remove(ctx, e)
	}
	return editorMsg{prog: prog, err: err, then: func(err error) tea.Msg { return namesEditedMsg{l, err} }}
}

// namesEditedMsg says that the editor of the names is over.
type namesEditedMsg struct {
	list nameList
	err  error
}

func (m namesEditedMsg) apply(a *App) tea.Cmd {
	ctx, e := a.ctx, a.engine
	return tea.Batch(tea.ClearScreen, func() tea.Msg {
		if m.err != nil {
			m.list.file.remove(ctx, e)
			return namesReadMsg{list: m.list, broken: editorFailed(m.err)}
		}
		return m.list.read(ctx, e)
	})
}

// namesReadMsg brings what changes.
type namesReadMsg struct {
	list   nameList
	pairs  []renaming.Pair
	wrong  error // with the list: it can be edited again
	broken error // with all else
}

// maxNames bounds the list that comes back, in bytes.
const maxNames = 64 << 20

// read reads and checks the list, and that nothing else has one of the names.
func (l nameList) read(ctx context.Context, e Engine) namesReadMsg {
	m := namesReadMsg{list: l}
	text, err := l.text(ctx, e)
	if err != nil {
		m.broken = err
		return m
	}
	edited, err := renaming.Parse(text, l.names)
	if err == nil {
		m.pairs, err = renaming.Pairs(l.at.Dir, l.names, edited)
	}
	if m.wrong = err; err != nil || len(m.pairs) == 0 {
		return m
	}
	tree, err := e.Tree(l.at.Place)
	if err != nil {
		m.broken = err
		return m
	}
	clobbers := renaming.Clobbers(m.pairs)
	for entry, err := range tree.Names(ctx, l.at.Dir) {
		if err != nil {
			m.broken = err
			return m
		}
		if clobbers(entry.Name) {
			m.wrong = fmt.Errorf("%s is there already, and was not tagged", session.Display(entry.Name))
			return m
		}
	}
	return m
}

func (l nameList) text(ctx context.Context, e Engine) (string, error) {
	here, err := e.Tree(session.Here)
	if err != nil {
		return "", err
	}
	f, err := here.Open(ctx, l.file.file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxNames))
	return string(b), err
}

func (m namesReadMsg) apply(a *App) tea.Cmd {
	ctx, e := a.ctx, a.engine
	clean := func() tea.Msg { m.list.file.remove(ctx, e); return nil }
	switch {
	case m.broken != nil:
		a.note = note{text: editorTrouble(m.broken), tone: toneFail}
		return clean
	case m.wrong != nil:
		desk := a.opts.Desk
		a.ask = &ask{
			label: cells.Sayf("Nothing was renamed: %s", m.wrong), warn: true,
			answers: []answer{{bind("edit again", "e"), doing(func(*App) tea.Cmd {
				return func() tea.Msg { return m.list.editor(ctx, e, desk) }
			})}},
			escape: func() action { return doing(func(*App) tea.Cmd { return clean }) },
		}
		return nil
	case len(m.pairs) == 0:
		a.note = note{text: cells.Say("no name was changed"), tone: toneHint}
		return clean
	}
	a.push(&nameReview{
		title: cells.Sayf("Rename %s?", countText(int64(len(m.pairs)), cells.Say("item"))),
		rows:  pairRows(m.pairs),
		keys:  []key.Binding{bind("rename", "y"), bind("no", "n", "esc")},
		yes:   doing(func(a *App) tea.Cmd { return a.startRenaming(m.list.at, m.pairs) }),
	})
	return clean
}

// A nameReview lists names and what they become, or why they did not.
type nameReview struct {
	title cells.Text
	rows  []reviewRow
	keys  []key.Binding
	yes   action // nil: it only tells
	list  scroll
}

type reviewRow struct {
	old, new cells.Text
	why      cells.Text // of what went wrong
}

func pairRows(pairs []renaming.Pair) []reviewRow {
	rows := make([]reviewRow, len(pairs))
	for i, p := range pairs {
		rows[i] = reviewRow{old: cells.Name(p.Old), new: cells.Name(p.New)}
	}
	return rows
}

func (v *nameReview) handleKey(k tea.KeyPressMsg) (do action, over bool) {
	switch s := k.String(); {
	case s == "esc" || s == "n" || s == "q" || s == "ctrl+c":
		return nil, true
	case s == "y" && v.yes != nil:
		return v.yes, true
	case s == "enter" && v.yes == nil:
		return nil, true
	default:
		v.list.handle(s, len(v.rows), true)
	}
	return nil, false
}

func (v *nameReview) edit(tea.PasteMsg) action { return nil }

func (v *nameReview) draw(c canvas, screen cells.Rect) {
	r := c.window(screen, 100, min(len(v.rows)+2, max(screen.H-2, 5)), v.title, v.keys)
	v.list.draw(c, r, len(v.rows), func(i int, line cells.Rect) {
		row := v.rows[i]
		half := (line.W - 4) / 2
		if !row.why.Empty() {
			rest := c.PutRight(line, c.fail, row.why.Fit(c.Method, line.W/2))
			line.W, half = rest.W-1, (rest.W-5)/2
		}
		c.Put(line, c.plain, row.old.Squeeze(c.Method, half))
		c.Put(cells.Rect{X: line.X + half + 1, Y: line.Y, W: 3, H: 1}, c.dim, c.signs.arrow)
		c.Put(cells.Rect{X: line.X + half + 4, Y: line.Y, W: half, H: 1}, c.active, row.new.Squeeze(c.Method, half))
	})
}

// spareName is a name that nobody has.
func spareName() string { return fmt.Sprintf(".bargee-rename-%016x", rand.Uint64()) }
