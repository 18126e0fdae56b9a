package tui

import (
	"context"

	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/listing"
)

// Of the entries of a large directory only the names are read. What else the
// columns show is asked for when it can be seen, or soon will be.

// peek is the state of asking about what can be seen.
type peek struct {
	busy   bool
	failed bool // the last time
	top    int  // of the window then
}

// peekMsg brings what is known of a few entries.
type peekMsg struct {
	side, gen int
	learned   []change
	err       error
}

// peeks asks for what the panes need, one request for each at a time.
func (a *App) peeks() tea.Cmd {
	return both(a.peekAt(&a.panes[0]), a.peekAt(&a.panes[1]))
}

func (a *App) peekAt(p *pane) tea.Cmd {
	if p.chooser != nil || p.store == nil || p.load.reload || p.peek.busy || p.peek.failed && p.peek.top == p.top {
		return nil
	}
	p.peek = peek{top: p.top}
	ids := p.wanted()
	if ids == nil {
		return nil
	}
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = p.store.Name(id)
	}
	p.peek.busy = true
	side, gen, ctx, e, at := p.side, p.load.gen, p.load.ctx, a.engine, p.location()
	return func() tea.Msg {
		learned, err := describe(ctx, e, at, ids, names)
		if ctx.Err() != nil {
			return nil
		}
		return peekMsg{side, gen, learned, err}
	}
}

// describe asks about entries in a directory.
func describe(ctx context.Context, e Engine, at Location, ids []listing.ID, names []string) ([]change, error) {
	tree, err := e.Tree(at.Place)
	if err != nil {
		return nil, err
	}
	entries, err := tree.StatAll(ctx, at.Dir, names)
	if err != nil {
		return nil, err
	}
	out := make([]change, min(len(entries), len(ids)))
	for i := range out {
		out[i] = change{ids[i], entries[i]}
	}
	return out, nil
}

// wanted returns the entries in the window of which nothing is known; and if there
// are such, or in the half page behind it, also those a page before and a page
// behind. Else it returns nil.
func (p *pane) wanted() []listing.ID {
	h := max(p.height, 1)
	ahead := p.eachUnknown(p.top, p.top+h+h/2)
	if len(ahead) == 0 {
		return nil
	}
	ids := p.eachUnknown(p.top-h, p.top+2*h)
	return ids[:min(len(ids), session.MaxStatNames)]
}

// eachUnknown returns the entries in some rows that were not asked about yet.
func (p *pane) eachUnknown(from, to int) (ids []listing.ID) {
	if p.hasParent() {
		from, to = from-1, to-1
	}
	for i := max(from-len(p.ghostAt), 0); i < min(to, p.rows.Len()); i++ {
		if id := p.rows.At(i); !p.store.Fresh(id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// apply takes in what is known. What turns out to be gone, or a directory where
// a file was, changes the rows.
func (m peekMsg) apply(a *App) tea.Cmd {
	p := &a.panes[m.side]
	if m.gen != p.load.gen {
		return nil
	}
	p.peek.busy, p.peek.failed = false, m.err != nil
	return a.learn(p, m.learned)
}

// learn takes in what is known of entries that are there already, and returns
// what is to be done if some of them changed their place.
func (a *App) learn(p *pane, learned []change) tea.Cmd {
	var others []session.Entry
	for _, c := range learned {
		if c.entry.Kind == session.Gone || !p.store.Set(c.id, c.entry) {
			p.store.Seen(c.id) // while more is read it keeps its row; once is enough
			others = append(others, c.entry)
		}
	}
	if p.tags.Len() > 0 {
		p.countTags()
	}
	if len(others) > 0 {
		return a.changed(p, others)
	}
	return nil
}
