package tui

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
	"github.com/bargee/bargee/tui/renaming"
)

// renamingRun is a renaming under way, in the background.
type renamingRun struct {
	at     Location
	total  int
	cancel context.CancelFunc
	done   atomic.Int64
}

// renameWorkers is how many names are changed at a time: at a peer each costs a
// round trip.
const renameWorkers = 8

func (a *App) startRenaming(at Location, pairs []renaming.Pair) tea.Cmd {
	ctx, cancel := context.WithCancel(a.ctx)
	run := &renamingRun{at: at, total: len(pairs), cancel: cancel}
	a.renames = run
	for i := range a.panes {
		if p := &a.panes[i]; p.shows(at) {
			p.clearTags()
		}
	}
	e := a.engine
	a.note = run.note(a)
	return tea.Batch(func() tea.Msg {
		defer cancel()
		return run.do(ctx, e, pairs)
	}, run.look(a))
}

// note says how far it is.
func (r *renamingRun) note(a *App) note {
	return note{text: cells.Sayf("renaming, %s of %s", groupText(r.done.Load()), groupText(int64(r.total))).Plus(a.styles.signs.more)}
}

func (r *renamingRun) look(a *App) tea.Cmd {
	return a.later(busyInterval, func(time.Time) tea.Msg { return renamingMsg{r} })
}

type renamingMsg struct{ run *renamingRun }

func (m renamingMsg) apply(a *App) tea.Cmd {
	if a.renames != m.run {
		return nil
	}
	a.note = m.run.note(a)
	return m.run.look(a)
}

func (a *App) stopRenaming() tea.Cmd {
	if a.renames != nil {
		a.renames.cancel()
	}
	return nil
}

// renamedMsg says what came of it.
type renamedMsg struct {
	run    *renamingRun
	failed []failedName
	left   []renaming.Pair // not tried
	err    error           // of the place
}

// A failedName is one that could not be changed. Where it was on its way through
// a spare name and could not go back either, it is under that.
type failedName struct {
	renaming.Pair
	err   error
	spare string
}

// do renames until something fails, or all is done; what is under way then is
// still finished, so that no ring stays open.
func (r *renamingRun) do(ctx context.Context, e Engine, pairs []renaming.Pair) renamedMsg {
	m := renamedMsg{run: r}
	tree, err := e.Tree(r.at.Place)
	if err != nil {
		m.err, m.left = err, pairs
		return m
	}
	groups := make(chan renaming.Group)
	var mu sync.Mutex
	var work sync.WaitGroup
	var stop atomic.Bool
	for range renameWorkers {
		work.Go(func() {
			for g := range groups {
				var failed []failedName
				var left []renaming.Pair
				if stop.Load() || ctx.Err() != nil {
					left = wanted(g)
				} else if failed, left = r.group(context.WithoutCancel(ctx), tree, g); len(failed) > 0 {
					stop.Store(true)
				}
				mu.Lock()
				m.failed, m.left = append(m.failed, failed...), append(m.left, left...)
				mu.Unlock()
			}
		})
	}
	for _, g := range renaming.Plan(pairs, spareName) {
		groups <- g
	}
	close(groups)
	work.Wait()
	return m
}

// wanted are the pairs that a group is made of.
func wanted(g renaming.Group) []renaming.Pair {
	if g.Spare == "" {
		return g.Steps
	}
	last := len(g.Steps) - 1
	return append([]renaming.Pair{{Old: g.Steps[0].Old, New: g.Steps[last].New}}, g.Steps[1:last]...) // as the steps, the first for the last too
}

// group does the steps of a group. A ring that cannot be closed is undone.
func (r *renamingRun) group(ctx context.Context, tree session.Tree, g renaming.Group) (failed []failedName, left []renaming.Pair) {
	for i, s := range g.Steps {
		err := r.step(ctx, tree, s)
		switch {
		case err == nil:
			if s.New != g.Spare {
				r.done.Add(1)
			}
			continue
		case g.Spare == "":
			return []failedName{{Pair: s, err: err}}, g.Steps[i+1:]
		}
		all := wanted(g)
		at := i % len(all) // the first and the last step are of one pair
		f := failedName{Pair: all[at], err: err}
		if !r.undo(ctx, tree, g.Steps[:i]) {
			f.spare = g.Spare
		}
		return []failedName{f}, slices.Delete(all, at, at+1)
	}
	return nil, nil
}

// undo goes the steps back, and tells whether it could.
func (r *renamingRun) undo(ctx context.Context, tree session.Tree, steps []renaming.Pair) bool {
	for i, s := range slices.Backward(steps) {
		if r.step(ctx, tree, renaming.Pair{Old: s.New, New: s.Old}) != nil {
			return false
		}
		if i > 0 {
			r.done.Add(-1)
		}
	}
	return true
}

func (r *renamingRun) step(ctx context.Context, tree session.Tree, s renaming.Pair) error {
	from, err := r.at.Dir.Join(s.Old)
	if err != nil {
		return err
	}
	to, err := r.at.Dir.Join(s.New)
	if err != nil {
		return err
	}
	return tree.Rename(ctx, from, to)
}

func (m renamedMsg) apply(a *App) tea.Cmd {
	if a.renames != m.run {
		return nil
	}
	a.renames = nil
	done := m.run.done.Load()
	a.note = note{text: cells.Sayf("%s renamed", countText(done, cells.Say("item"))), tone: toneDone}
	if len(m.failed)+len(m.left) > 0 {
		a.note.tone = toneFail
		a.push(m.review(done))
	}
	var cmds []tea.Cmd
	for i := range a.panes {
		if p := &a.panes[i]; p.shows(m.run.at) {
			cmds = append(cmds, a.reload(p))
		}
	}
	return tea.Batch(cmds...)
}

// review tells what was not renamed, and why.
func (m renamedMsg) review(done int64) *nameReview {
	v := &nameReview{
		title: cells.Sayf("%s renamed, %s not", groupText(done), groupText(int64(len(m.failed)+len(m.left)))),
		keys:  []key.Binding{bind("close", "esc")},
	}
	for _, f := range m.failed {
		why := sentenceOf(f.err)
		if f.spare != "" {
			why = cells.Sayf("%s; it is under %s", why, cells.Name(f.spare))
		}
		v.rows = append(v.rows, reviewRow{cells.Name(f.Old), cells.Name(f.New), why})
	}
	why := cells.Say("not tried")
	if m.err != nil {
		why = sentenceOf(m.err)
	}
	for _, p := range m.left {
		v.rows = append(v.rows, reviewRow{cells.Name(p.Old), cells.Name(p.New), why})
	}
	return v
}
