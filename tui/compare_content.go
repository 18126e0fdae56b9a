package tui

import (
	"bytes"
	"context"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/compare"
)

// By content: files of equal size by their BLAKE3 value, each computed where the
// file is; links by their targets; directories by how many files and bytes are in
// them. What was compared is remembered while the comparison is on.

// checking is the state of it.
type checking struct {
	number  int
	running bool
	cancel  context.CancelFunc
	done    int64 // bytes; a thing that is no file counts as one
	total   int64
}

func (c *checking) end() {
	if c.cancel != nil {
		c.cancel()
	}
	*c = checking{number: c.number + 1}
}

// A checkedPair is what came of comparing two contents, and of what these were.
type checkedPair struct {
	pair    compare.Pair
	name    string
	l, r    session.Entry
	verdict compare.Verdict
}

// How many pairs are compared at the same time: of small files, each of which is
// a round trip more than anything else, and of large ones, which a disk reads
// best one after the other.
const (
	smallAtOnce = 16
	largeAtOnce = 2
	largePair   = 1 << 20
)

// checkMsg brings what was compared since the last one.
type checkMsg struct {
	number int
	pairs  []checkedPair
	done   int64
	ctx    context.Context
	rest   <-chan checkMsg // nil after the last
}

// recall puts in what is known of contents that did not change since.
func (a *App) recall() {
	c := &a.cmp
	if len(c.known) == 0 {
		return
	}
	l, r := a.panes[0].store, a.panes[1].store
	for _, pairs := range [][]compare.Pair{c.result.Files, c.result.Links, c.result.Dirs} {
		for _, p := range pairs {
			k, ok := c.known[l.Name(p.L)]
			if ok && unchanged(k.l, l.Entry(p.L)) && unchanged(k.r, r.Entry(p.R)) {
				c.result.Set(p, k.verdict)
			}
		}
	}
}

func unchanged(x, y session.Entry) bool {
	return x.Size == y.Size && x.Modified.Equal(y.Modified) && x.Kind == y.Kind
}

// checkContents compares what size and time leave open.
func (a *App) checkContents() tea.Cmd {
	c := &a.cmp
	c.check.end()
	l, r := &a.panes[0], &a.panes[1]
	var todo []checkedPair
	total := int64(0)
	for _, pairs := range [][]compare.Pair{c.result.Links, c.result.Dirs, c.result.Files} {
		for _, p := range pairs {
			x := checkedPair{pair: p, name: l.store.Name(p.L), l: l.store.Entry(p.L), r: r.store.Entry(p.R)}
			k, ok := c.known[x.name]
			if ok && unchanged(k.l, x.l) && unchanged(k.r, x.r) {
				continue
			}
			x.verdict = c.result.Of(0, p.L)
			todo = append(todo, x)
			total += max(p.Size, 1)
		}
	}
	if len(todo) == 0 {
		a.countVerdicts()
		a.sayCompared()
		return nil
	}
	ctx, cancel := context.WithCancel(a.ctx)
	c.check = checking{number: c.check.number, running: true, cancel: cancel, total: total}
	e, number, at := a.engine, c.check.number, [2]Location{l.location(), r.location()}
	return func() tea.Msg {
		x := &contents{ctx: ctx, at: at}
		for i := range at {
			tree, err := e.Tree(at[i].Place)
			if err != nil {
				return checkFailedMsg{number, err}
			}
			x.trees[i] = tree
		}
		news := make(chan checkMsg)
		first := checkMsg{number: number, ctx: ctx, rest: news}
		go x.checkAll(todo, first, news)
		return nextChecked(first)
	}
}

// checkFailedMsg says that comparing contents did not begin.
type checkFailedMsg struct {
	number int
	err    error
}

func (m checkFailedMsg) apply(a *App) tea.Cmd {
	if m.number == a.cmp.check.number {
		a.cmp.check.end()
		a.fail(m.err)
	}
	return nil
}

func nextChecked(m checkMsg) tea.Msg {
	select {
	case m := <-m.rest:
		return m
	case <-m.ctx.Done():
		return nil
	}
}

func (m checkMsg) apply(a *App) tea.Cmd {
	c := &a.cmp
	if m.number != c.check.number || c.result == nil {
		return nil
	}
	if c.known == nil {
		c.known = make(map[string]checkedPair)
	}
	for _, x := range m.pairs {
		c.result.Set(x.pair, x.verdict)
		if x.verdict != compare.Unread {
			c.known[x.name] = x
		}
	}
	c.check.done = m.done
	if m.rest != nil {
		return func() tea.Msg { return nextChecked(m) }
	}
	c.check.end()
	a.countVerdicts()
	a.sayCompared()
	return a.hideSame()
}

// contents compares what is in two directories. It runs beside the screen.
type contents struct {
	ctx   context.Context
	trees [2]session.Tree
	at    [2]Location
}

// checkAll compares pairs, some at a time, and hands over what it has now and
// then.
func (x *contents) checkAll(todo []checkedPair, m checkMsg, news chan<- checkMsg) {
	var mu sync.Mutex
	var ready []checkedPair
	over := make(chan struct{})
	go func() {
		defer close(over)
		check := func(p checkedPair) error {
			if x.ctx.Err() != nil {
				return nil
			}
			p.verdict = x.check(p)
			mu.Lock()
			defer mu.Unlock()
			ready = append(ready, p)
			return nil
		}
		var small, large []checkedPair
		for _, p := range todo {
			if p.pair.Size < largePair {
				small = append(small, p)
			} else {
				large = append(large, p)
			}
		}
		inParallel(smallAtOnce, small, check)
		inParallel(largeAtOnce, large, check)
	}()
	tick := time.NewTicker(gatherPause)
	defer tick.Stop()
	for done := false; !done; {
		select {
		case <-tick.C:
		case <-over:
			done = true
		case <-x.ctx.Done():
			return
		}
		mu.Lock()
		m.pairs, ready = ready, nil
		mu.Unlock()
		for _, p := range m.pairs {
			m.done += max(p.pair.Size, 1)
		}
		if done {
			m.rest = nil
		} else if len(m.pairs) == 0 {
			continue
		}
		select {
		case news <- m:
		case <-x.ctx.Done():
			return
		}
	}
}

// check compares one pair.
func (x *contents) check(p checkedPair) compare.Verdict {
	var alike bool
	var err error
	switch p.l.Kind {
	case session.RegularFile:
		alike, err = equal(x, p.name, func(t session.Tree, at session.Path) ([]byte, error) {
			return t.Hash(x.ctx, at, session.BLAKE3)
		}, bytes.Equal)
	case session.Link:
		alike, err = equal(x, p.name, func(t session.Tree, at session.Path) (string, error) {
			e, err := t.Stat(x.ctx, at)
			return e.Target, err
		}, func(l, r string) bool { return l == r })
	default:
		alike, err = equal(x, p.name, x.measure, func(l, r session.Measured) bool { return l == r })
	}
	switch {
	case err != nil:
		return compare.Unread
	case alike:
		return compare.Same
	case p.verdict == compare.Newer || p.verdict == compare.Older:
		return p.verdict
	}
	return compare.Differs
}

// measure counts what is in a directory. Two with equal counts may still differ
// in a file of equal size: it says so much as it says.
func (x *contents) measure(t session.Tree, at session.Path) (sum session.Measured, err error) {
	for m, err := range t.Measure(x.ctx, at) {
		if err != nil {
			return sum, err
		}
		sum = m
	}
	if sum.Failed > 0 {
		return sum, session.Permission
	}
	return sum, nil
}

// equal asks both sides about a name, at once, and tells whether they say the same.
func equal[T any](x *contents, name string, ask func(session.Tree, session.Path) (T, error), same func(l, r T) bool) (bool, error) {
	var said [2]T
	_, err := inParallel(2, []int{0, 1}, func(i int) error {
		p, err := x.at[i].Dir.Join(name)
		if err == nil {
			said[i], err = ask(x.trees[i], p)
		}
		return err
	})
	return err == nil && same(said[0], said[1]), err
}
