package tui

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
)

// load is the state of reading a directory. Each load has a number; what comes
// in under an older one is dropped.
type load struct {
	gen      int
	ctx      context.Context // ends when the pane leaves the directory
	cancel   context.CancelFunc
	running  bool
	reload   bool            // the old entries stay until all new ones are there
	fresh    bool            // no key was pressed since the directory was opened
	incoming []session.Entry // of a reload
	complete bool            // incoming has all of them, and waits to be arranged
	cursorOn string          // the name that the cursor shall stand on
	line     int             // of the window, from 1, that the cursor shall stand on; 0: any
	stamp    int             // of the arranging under way; see arrange.go
	sorting  bool
	again    bool // what is shown changed meanwhile
}

// begin ends what was loading and gives the next load its number and context.
func (l *load) begin(ctx context.Context) {
	l.stop()
	l.ctx, l.cancel = context.WithCancel(ctx)
	l.gen++
	l.stamp++
	l.running, l.sorting, l.again = true, false, false
	l.incoming, l.complete = nil, false
}

func (l *load) stop() {
	if l.cancel != nil {
		l.cancel()
		l.cancel = nil
	}
}

// listedMsg brings a part of a directory.
type listedMsg struct {
	side, gen int
	entries   []session.Entry
	rest      <-chan part // where the next part comes from; nil after the last
	err       error
}

// part is what the reading goroutine hands over.
type part struct {
	entries []session.Entry
	err     error
	last    bool
}

// firstPart is how many names fill a screen, nextParts how many are handed over
// at once later on, at the least.
const (
	firstPart = 128
	nextParts = 2048
)

// list reads a directory in a goroutine of its own and returns the first part.
func list(ctx context.Context, e Engine, side, gen int, t Location) tea.Cmd {
	return func() tea.Msg {
		tree, err := e.Tree(t.Place)
		if err != nil {
			return listedMsg{side: side, gen: gen, err: err}
		}
		parts := make(chan part)
		go readDir(ctx, tree, t.Dir, parts)
		return nextListed(ctx, side, gen, parts)
	}
}

// more waits for the next part.
func more(ctx context.Context, m listedMsg) tea.Cmd {
	return func() tea.Msg { return nextListed(ctx, m.side, m.gen, m.rest) }
}

func nextListed(ctx context.Context, side, gen int, parts <-chan part) tea.Msg {
	select {
	case p := <-parts:
		m := listedMsg{side: side, gen: gen, entries: p.entries, err: p.err}
		if !p.last {
			m.rest = parts
		}
		return m
	case <-ctx.Done():
		return nil
	}
}

// readDir hands the entries over as they come: when there are enough of them,
// or some time has passed, and the screen is ready to take more.
func readDir(ctx context.Context, tree session.Tree, dir session.Path, parts chan<- part) {
	var batch []session.Entry
	enough, since := firstPart, time.Now()
	for e, err := range tree.List(ctx, dir) {
		if err != nil {
			send(ctx, parts, part{entries: batch, err: err, last: true})
			return
		}
		batch = append(batch, e)
		if len(batch) < enough && time.Since(since) < 100*time.Millisecond {
			continue
		}
		select {
		case parts <- part{entries: batch}:
			batch, enough, since = nil, nextParts, time.Now()
		case <-ctx.Done():
			return
		default:
		}
	}
	send(ctx, parts, part{entries: batch, last: true})
}

func send(ctx context.Context, parts chan<- part, p part) {
	select {
	case parts <- p:
	case <-ctx.Done():
	}
}

// spaceMsg brings how much room a place has.
type spaceMsg struct {
	side, gen int
	free      uint64
}

func space(ctx context.Context, e Engine, side, gen int, place session.PlaceID) tea.Cmd {
	return func() tea.Msg {
		tree, err := e.Tree(place)
		if err != nil {
			return nil
		}
		free, _, err := tree.Space(ctx)
		if err != nil {
			return nil // not every file system knows, and it is only a courtesy
		}
		return spaceMsg{side, gen, free}
	}
}

func (m spaceMsg) apply(a *App) tea.Cmd {
	if p := &a.panes[m.side]; m.gen == p.load.gen {
		p.free = m.free
	}
	return nil
}

// open shows another directory in a pane, with the cursor on a name if it is
// not empty.
func (a *App) open(p *pane, t Location, cursorOn string) tea.Cmd {
	p.leave()
	p.place, p.dir = t.Place, t.Dir
	p.load.fresh, p.load.cursorOn = true, cursorOn
	return a.startLoad(p)
}

// reload reads the directory of a pane again; what is shown stays until then.
func (a *App) reload(p *pane) tea.Cmd {
	if p.chooser != nil {
		return nil
	}
	p.load.reload = p.err == nil && (p.load.reload || !p.load.running)
	if !p.load.reload {
		p.entries, p.rows = nil, nil
	}
	return a.startLoad(p)
}

func (a *App) startLoad(p *pane) tea.Cmd {
	p.stale, p.dirty, p.read = false, false, a.now()
	p.load.begin(a.ctx)
	return tea.Batch(
		list(p.load.ctx, a.engine, p.side, p.load.gen, p.location()),
		space(p.load.ctx, a.engine, p.side, p.load.gen, p.place),
	)
}

// apply takes in a part of a directory.
func (m listedMsg) apply(a *App) tea.Cmd {
	p := &a.panes[m.side]
	if m.gen != p.load.gen {
		return nil
	}
	over := m.rest == nil
	if p.load.reload {
		p.load.incoming = append(p.load.incoming, m.entries...)
	} else {
		p.entries = append(p.entries, m.entries...)
	}
	if !over {
		next := more(p.load.ctx, m)
		if p.load.reload {
			return next
		}
		return tea.Batch(next, a.arrange(p))
	}
	p.load.complete = p.load.reload && m.err == nil
	p.load.running, p.load.reload, p.err = false, false, m.err
	if m.err == nil {
		p.landing = nil
	}
	return a.arrange(p)
}
