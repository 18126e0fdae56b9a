package tui

import (
	"context"
	"errors"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
	"github.com/bargee/bargee/tui/listing"
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
	cursorOn string          // the name that the cursor shall stand on
	line     int             // of the window, from 1, that the cursor shall stand on; 0: any
	took     time.Duration   // of the last load that came to its end
	late     []session.Entry // what changed while it is read
	asked    time.Time       // since when an answer is waited for
	answered bool            // there was one
	tries    int             // how often it was in vain, for a reason that passes
	retry    time.Time       // when it is tried again then
}

// begin ends what was loading and gives the next load its number and context.
func (l *load) begin(ctx context.Context) {
	l.stop()
	l.ctx, l.cancel = context.WithCancel(ctx)
	l.gen++
	l.running = true
	l.late = nil
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
	part
	rest <-chan part // where the next part comes from; nil after the last
}

// list reads a directory in goroutines of its own and returns the first part.
func list(ctx context.Context, e Engine, side, gen int, t Location, before *reading) tea.Cmd {
	return func() tea.Msg {
		tree, err := e.Tree(t.Place)
		if err != nil {
			return listedMsg{side: side, gen: gen, part: part{err: err}}
		}
		in, parts := newIntake(), make(chan part)
		go readDir(ctx, tree, t.Dir, in)
		if before != nil {
			go compareAll(ctx, in, before, parts)
		} else {
			go sortAll(ctx, in, parts)
		}
		return nextListed(ctx, side, gen, parts)
	}
}

func nextListed(ctx context.Context, side, gen int, parts <-chan part) tea.Msg {
	select {
	case p := <-parts:
		m := listedMsg{side: side, gen: gen, part: p}
		if !p.last {
			m.rest = parts
		}
		return m
	case <-ctx.Done():
		return nil
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
	p.load.reload = p.store != nil && (p.err == nil || p.count() > 0) && (p.load.reload || !p.load.running)
	return a.startLoad(p)
}

func (a *App) startLoad(p *pane) tea.Cmd {
	p.stale, p.dirty, p.read = false, false, a.now()
	p.load.begin(a.ctx)
	p.load.asked, p.load.answered = a.now(), false
	if !p.watch.stands() {
		a.watch(p)
	}
	p.peek, p.gather = peek{}, gathering{}
	var before *reading
	if p.load.reload {
		before = &reading{}
		before.of, before.base = p.frozen()
	} else {
		p.empty()
	}
	return tea.Batch(
		list(p.load.ctx, a.engine, p.side, p.load.gen, p.location(), before),
		space(p.load.ctx, a.engine, p.side, p.load.gen, p.place),
	)
}

// empty forgets all entries.
func (p *pane) empty() {
	p.sort.stop()
	p.store, p.base, p.rows, p.made = new(listing.Store), nil, listing.Rows{}, nil
	p.compared, p.view.Without = nil, nil // they were about other entries
	p.clearTags()
	p.placeGhosts()
}

// apply takes in a part of a directory.
func (m listedMsg) apply(a *App) tea.Cmd {
	p := &a.panes[m.side]
	if m.gen != p.load.gen {
		return nil
	}
	p.load.answered = p.load.answered || m.err == nil || m.base != nil
	if m.rest != nil {
		p.take(m.part)
		ctx := p.load.ctx
		next := func() tea.Msg { return nextListed(ctx, m.side, m.gen, m.rest) }
		return both(next, a.arrange(p))
	}
	if m.err == nil || m.base != nil {
		p.take(m.part)
	}
	switch wait := a.waitOn(p, m.err); {
	case wait != nil:
		return wait
	case p.load.reload && isGone(m.err):
		return a.climb(p)
	case m.err != nil:
		a.unread(p, m.err)
	}
	if m.err == nil && p.load.tries > 0 {
		a.note = note{text: cells.Say("it answers again"), tone: toneDone}
	}
	p.load.failed(m.err, a.now())
	p.partly = m.err != nil && (p.partly || !p.load.reload)
	p.load.running, p.load.reload, p.err = false, false, m.err
	p.watch.begin()
	p.base = p.store.Update(p.base, p.load.late)
	p.load.late = nil
	if m.err == nil {
		p.landing = nil
		p.load.took = a.now().Sub(p.read)
	}
	return a.arrange(p)
}

// take puts a part into the store.
func (p *pane) take(m part) {
	for _, b := range m.blocks {
		p.store.Append(b)
	}
	if m.news != nil {
		p.store.Expire()
		for _, c := range m.news.changed {
			p.store.Set(c.id, c.entry)
		}
		for _, id := range m.news.gone {
			p.store.Set(id, session.Entry{Kind: session.Gone})
		}
		p.keepTags()
	}
	p.base = m.base
}

// How soon a directory is read again that could not be for a reason that passes.
const (
	firstRetry = time.Second
	lastRetry  = 15 * time.Second
)

// failed notes how reading ended, and when it is to be tried again.
func (l *load) failed(err error, now time.Time) {
	if !passes(err) {
		l.tries = 0
		return
	}
	l.retry = now.Add(min(firstRetry<<min(l.tries, 8), lastRetry))
	l.tries++
}

// passes tells whether what kept a directory from being read is over some time, without
// anybody doing something here: as that a relay is away, whose box is shown. What somebody
// gave up waiting for is not tried again.
func passes(err error) bool {
	switch session.KindOf(err) {
	case session.Unreachable, session.Timeout, session.Interrupted, session.Busy:
		return err != errGivenUp
	}
	return false
}

// unread says why a directory could not be read to its end. What was read of it
// stays, unless it may not be read any more at all.
func (a *App) unread(p *pane, err error) {
	if p.count() == 0 {
		return
	}
	if p.load.reload && errors.Is(err, session.Permission) {
		p.empty()
		return
	}
	if passes(err) {
		if p.load.tries == 0 { // else it was told
			a.note = note{text: cells.Sayf("%s: it is tried again", explain(err).what), tone: toneAsk}
		}
		return
	}
	a.note = note{text: cells.Sayf("not all of it could be read: %s", explain(err).what), tone: toneFail}
}

// changed takes in what is known by now of names in a pane's directory: new ones,
// others, or such as are Gone. It is for a few thousand at a time.
func (a *App) changed(p *pane, entries []session.Entry) tea.Cmd {
	if p.store == nil {
		return nil
	}
	if p.load.running {
		p.load.late = append(p.load.late, entries...)
		return nil
	}
	p.base = p.store.Update(p.base, entries)
	p.keepTags()
	return a.arrange(p)
}
