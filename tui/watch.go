package tui

import (
	"context"
	"errors"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
)

// How a pane follows its directory: a lookout hears what changes there, in a
// goroutine of its own, and each poll takes in what it has. So a directory in
// which nothing changes costs nothing, and one in which much does no more than
// one that changes once a second.

// lookPause is the least time between two looks at what changed, and watchRetry
// how long a watch that failed is left alone.
const (
	lookPause  = time.Second
	watchRetry = 30 * time.Second
)

// A watching is how a pane follows its directory.
type watching struct {
	*lookout           // nil: it does not
	acted    time.Time // when a change was looked at last
	retry    time.Time // not before then, if there is no lookout
}

// stop ends what is under way.
func (w *watching) stop() {
	if w.lookout != nil {
		w.lookout.cancel()
	}
	*w = watching{}
}

// begin has the directory watched, now that it was read: to watch one of a million
// entries keeps the kernel from telling them for a tenth of a second.
func (w *watching) begin() {
	if w.lookout != nil && !w.begun {
		w.begun = true
		close(w.read)
	}
}

// stands tells whether the directory is followed.
func (w *watching) stands() bool {
	if w.lookout == nil {
		return false
	}
	_, _, err := w.state()
	return err == nil
}

// A lookout gathers what changes in a directory.
type lookout struct {
	at      Location
	cancel  context.CancelFunc
	read    chan struct{} // closed when the directory was read
	looking bool          // what was taken is being looked at; of the screen's goroutine
	begun   bool          // read is closed; likewise
	warned  bool          // it was said that nothing more can be watched; likewise

	mu      sync.Mutex
	names   map[string]struct{}
	again   bool
	refused error // it is not watched, but looked at now and then
	err     error // it is not watched any more
}

// watch begins to follow the directory that a pane shows.
func (a *App) watch(p *pane) {
	p.watch.stop()
	ctx, cancel := context.WithCancel(a.ctx)
	p.watch.lookout = &lookout{at: p.location(), cancel: cancel, read: make(chan struct{})}
	go p.watch.lookout.run(ctx, a.engine)
}

// run gathers until ctx ends, or the watch does.
func (l *lookout) run(ctx context.Context, e Engine) {
	defer l.cancel()
	tree, err := e.Tree(l.at.Place)
	if err != nil {
		l.end(err)
		return
	}
	err = l.follow(ctx, tree, tree.Watch(ctx, l.at.Dir))
	if errors.Is(err, session.Refused) {
		l.mu.Lock()
		l.refused = err
		l.mu.Unlock()
		err = l.follow(ctx, tree, session.Poll(ctx, tree, l.at.Dir))
	}
	l.end(err)
}

// follow gathers changes, from when the directory was read. Reading it began about
// when this did: what changed before the watch stood, its time tells.
func (l *lookout) follow(ctx context.Context, tree session.Tree, changes func(func(session.Change, error) bool)) error {
	before, unknown := tree.Stat(ctx, l.at.Dir)
	select {
	case <-l.read:
	case <-ctx.Done():
		return ctx.Err()
	}
	stands := false
	for c, err := range changes {
		if err != nil {
			return err
		}
		if !stands {
			stands = true
			now, err := tree.Stat(ctx, l.at.Dir)
			c.Again = c.Again || unknown != nil || err != nil || !now.Modified.Equal(before.Modified)
		}
		l.add(c)
	}
	return ctx.Err()
}

func (l *lookout) add(c session.Change) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.again = l.again || c.Again || len(l.names)+len(c.Names) > session.MaxStatNames
	if l.again {
		l.names = nil
		return
	}
	if l.names == nil {
		l.names = make(map[string]struct{})
	}
	for _, name := range c.Names {
		l.names[name] = struct{}{}
	}
}

func (l *lookout) end(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = err
}

// state returns how the watch stands, and whether all has to be read again.
func (l *lookout) state() (again bool, refused, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.again, l.refused, l.err
}

// take returns the names that changed, and forgets them.
func (l *lookout) take() (changed []session.Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for name := range l.names {
		changed = append(changed, session.Entry{Name: name})
	}
	l.again, l.names = false, nil
	return changed
}

// keepUp takes in what changed in the directory of a pane that is at rest.
func (a *App) keepUp(p *pane) tea.Cmd {
	w := &p.watch
	switch {
	case p.err != nil && passes(p.err) && !a.now().Before(p.load.retry):
		return a.reload(p)
	case p.err != nil || p.store == nil:
		w.stop()
		return nil
	case w.lookout == nil && a.now().Before(w.retry):
		return nil
	case w.lookout == nil: // it failed, and may have missed something
		return a.reload(p)
	}
	again, refused, err := w.state()
	if refused != nil && !w.warned {
		w.warned = true
		a.note = note{text: cells.Sayf("changes show after 2 s: %s", cause(refused)), tone: toneHint}
	}
	if err != nil {
		return a.lost(p, err)
	}
	pause := lookPause
	if again {
		pause = max(pause, 10*p.load.took)
	}
	if w.looking || a.now().Sub(w.acted) < pause {
		return nil
	}
	changed := w.take()
	switch {
	case again:
		w.acted = a.now()
		return a.reload(p)
	case len(changed) > 0:
		w.acted = a.now()
		return a.look(w.lookout, changed)
	}
	return nil
}

// lost ends a watch for a reason.
func (a *App) lost(p *pane, err error) tea.Cmd {
	p.watch.stop()
	switch session.KindOf(err) {
	case session.NotFound, session.NotADirectory:
		return a.climb(p)
	case session.Changed:
		return a.reload(p)
	case session.Interrupted, session.Unreachable:
		p.stale = true // what comes next reads it again
	case session.Cancelled:
	default:
		p.watch.retry = a.now().Add(watchRetry)
	}
	return nil
}

// followedMsg brings what became of names that changed.
type followedMsg struct {
	of      *lookout
	entries []session.Entry
	err     error
}

// look asks for what became of names in a directory that is followed.
func (a *App) look(l *lookout, changed []session.Entry) tea.Cmd {
	l.looking = true
	ctx, e := a.ctx, a.engine
	return func() tea.Msg {
		tree, err := e.Tree(l.at.Place)
		if err != nil {
			return followedMsg{of: l, err: err}
		}
		entries, err := statAll(ctx, tree, l.at.Dir, changed)
		return followedMsg{l, entries, err}
	}
}

func (m followedMsg) apply(a *App) tea.Cmd {
	m.of.looking = false
	for i := range a.panes {
		p := &a.panes[i]
		switch {
		case p.watch.lookout != m.of || !p.shows(m.of.at):
		case m.err != nil:
			m.of.add(session.Change{Again: true})
		default:
			return a.changed(p, m.entries)
		}
	}
	return nil
}

// climb leaves a directory that is not there any more for the nearest one above
// that is.
func (a *App) climb(p *pane) tea.Cmd {
	p.load.begin(a.ctx) // what it reads is of no use
	ctx, e, from, side := p.load.ctx, a.engine, p.location(), p.side
	return func() tea.Msg {
		tree, err := e.Tree(from.Place)
		if err != nil {
			return climbedMsg{side: side, from: from, err: err}
		}
		for at := from; ; {
			at.Dir = at.Dir.Parent()
			err := canBeRead(ctx, tree, at.Dir)
			if err == nil || at.Dir.IsRoot() || !isGone(err) {
				return climbedMsg{side, from, at, err}
			}
		}
	}
}

// canBeRead tells whether a directory is there, by its first name.
func canBeRead(ctx context.Context, tree session.Tree, dir session.Path) error {
	for _, err := range tree.Names(ctx, dir) {
		return err
	}
	return nil
}

func isGone(err error) bool {
	return errors.Is(err, session.NotFound) || errors.Is(err, session.NotADirectory)
}

// climbedMsg brings the nearest directory that is there.
type climbedMsg struct {
	side     int
	from, to Location
	err      error
}

func (m climbedMsg) apply(a *App) tea.Cmd {
	p := &a.panes[m.side]
	if !p.shows(m.from) {
		return nil
	}
	if m.err != nil {
		p.load.running, p.err = false, m.err
		return nil
	}
	a.note = note{text: cells.Sayf("%s is gone; this is what is left of the way to it", m.from.Dir.String()), tone: toneAsk}
	at := m.from.Dir // the name on the way that is not there, if only its content is gone
	for at.Parent() != m.to.Dir {
		at = at.Parent()
	}
	return a.open(p, m.to, at.Base())
}
