package tui

import (
	"context"
	"errors"
	"io/fs"
	"sync/atomic"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
)

// askDelete names what would go and counts it. Only y means yes.
func (a *App) askDelete() tea.Cmd {
	if r := a.removal; r != nil {
		a.ask = &ask{
			label:   cells.Sayf("%s of %s are deleted. Stop?", groupText(r.done.Load()), groupText(int64(len(r.entries)))),
			answers: []answer{{bind("stop", "y"), doing((*App).stopRemoval)}},
		}
		return nil
	}
	p := a.pane()
	chosen := p.chosen()
	if len(chosen) == 0 {
		return nil
	}
	a.ask = &ask{
		label:   cells.Sayf("Delete %s on %s?", naming(chosen), placeName(a.place(p.place))),
		warn:    true,
		answers: []answer{{bind("delete", "y"), remove{p.location(), chosen}}},
	}
	return nil
}

// naming says which entries: the first by name, all by number, and that
// directories go with all that is in them.
func naming(entries []session.Entry) cells.Text {
	dirs := int64(0)
	for _, e := range entries {
		if e.Kind == session.Directory {
			dirs++
		}
	}
	t := cells.Name(entries[0].Name)
	if n := int64(len(entries)); n > 1 {
		t = t.Plus(cells.Sayf(" and %s more", groupText(n-1)))
	}
	switch {
	case dirs == 1 && len(entries) == 1:
		t = t.Plus(cells.Say(" and all in it"))
	case dirs == 1:
		t = t.Plus(cells.Say(" (1 directory and all in it)"))
	case dirs > 1:
		t = t.Plus(cells.Sayf(" (%s directories and all in them)", groupText(dirs)))
	}
	return t
}

// remove is the answer that deletes.
type remove struct {
	at      Location
	entries []session.Entry
}

// A removal is under way, in the background.
type removal struct {
	remove
	cancel context.CancelFunc
	done   atomic.Int64
}

// removeWorkers is how many entries go at a time: at a peer each costs a round
// trip.
const removeWorkers = 8

func (r remove) do(a *App) tea.Cmd {
	ctx, cancel := context.WithCancel(a.ctx)
	run := &removal{remove: r, cancel: cancel}
	a.removal = run
	a.note = note{text: cells.Sayf("deleting %s", naming(r.entries)).Plus(a.styles.signs.more)}
	e := a.engine
	return tea.Batch(func() tea.Msg {
		defer cancel()
		return run.do(ctx, e)
	}, run.look(a))
}

func (a *App) stopRemoval() tea.Cmd {
	if a.removal != nil {
		a.removal.cancel()
	}
	return nil
}

func (r *removal) look(a *App) tea.Cmd {
	return a.later(busyInterval, func(time.Time) tea.Msg { return removingMsg{r} })
}

// removingMsg says how far it is.
type removingMsg struct{ run *removal }

func (m removingMsg) apply(a *App) tea.Cmd {
	if a.removal != m.run {
		return nil
	}
	if n := int64(len(m.run.entries)); n > 1 {
		a.note = note{text: cells.Sayf("deleting, %s of %s", groupText(m.run.done.Load()), groupText(n)).Plus(a.styles.signs.more)}
	}
	return m.run.look(a)
}

// do deletes; an entry that cannot be deleted keeps none of the others. One that
// is gone already is as it should be.
func (r *removal) do(ctx context.Context, e Engine) removedMsg {
	tree, err := e.Tree(r.at.Place)
	if err != nil {
		return removedMsg{run: r, failed: len(r.entries), err: err}
	}
	failed, err := inParallel(removeWorkers, r.entries, func(e session.Entry) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		p, err := r.at.Dir.Join(e.Name)
		if err == nil {
			err = tree.Remove(ctx, p, e.Kind == session.Directory)
		}
		if err == nil || errors.Is(err, fs.ErrNotExist) || session.KindOf(err) == session.NotFound {
			r.done.Add(1)
			return nil
		}
		return err
	})
	return removedMsg{run: r, failed: failed, err: err}
}

// removedMsg says what came of it.
type removedMsg struct {
	run    *removal
	failed int
	err    error // of the first that failed
}

func (m removedMsg) apply(a *App) tea.Cmd {
	if a.removal == m.run {
		a.removal = nil
	}
	done := m.run.done.Load()
	out := doneMsg{touched: []Location{m.run.at}, note: countText(done, cells.Say("item")).Plus(cells.Say(" deleted"))}
	switch {
	case m.failed == 0:
	case errors.Is(m.err, context.Canceled):
		out.note = cells.Sayf("stopped: %s deleted, %s not", groupText(done), groupText(int64(m.failed)))
		out.tone = toneAsk
	case len(m.run.entries) == 1:
		out.err = m.err
	default:
		out.note = cells.Sayf("%s deleted, %s not: %s", groupText(done), groupText(int64(m.failed)), sentenceOf(m.err))
		out.tone = toneFail
	}
	return out.apply(a)
}
