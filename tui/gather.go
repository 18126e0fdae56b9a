package tui

import (
	"context"
	"slices"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
	"github.com/bargee/bargee/tui/listing"
)

// To sort by size or time, or to compare panes, all entries must be known. They
// are asked for in the background, in the order in which the disk has them.

const (
	gatherers   = 4                      // requests at a time
	gatherPause = 250 * time.Millisecond // the least between two messages to the screen
)

// gathering is the state of it.
type gathering struct {
	number  int // what comes in under an older one is dropped
	ctx     context.Context
	cancel  context.CancelFunc
	running bool
	sorted  int   // how many were known when they were sorted last
	err     error // why it ended early
}

// gatherMsg brings a part.
type gatherMsg struct {
	side, gen, number int
	learned           []change
	err               error
	rest              <-chan gatherMsg // nil after the last
}

// gathered tells whether all entries are known, so far as they have been read.
func (p *pane) gathered() bool { return p.store != nil && p.store.Known() >= len(p.base) }

// gatherDetails asks for all that is not known yet, unless that is under way.
func (a *App) gatherDetails(p *pane) tea.Cmd {
	if p.store == nil || p.load.reload || p.gather.running || p.gather.err != nil || p.gathered() {
		return nil
	}
	want := p.store.Wanting(p.base)
	if len(want) == 0 {
		return nil
	}
	ctx, cancel := context.WithCancel(p.load.ctx)
	p.gather = gathering{number: p.gather.number + 1, ctx: ctx, cancel: cancel, running: true, sorted: p.store.Known()}
	of := p.store.Freeze()
	first := gatherMsg{side: p.side, gen: p.load.gen, number: p.gather.number}
	at, e := p.location(), a.engine
	return func() tea.Msg {
		parts := make(chan gatherMsg)
		first.rest = parts
		go gather(ctx, e, at, of, want, first, parts)
		return nextGathered(ctx, parts)
	}
}

// stopGathering ends it; what is known stays.
func (p *pane) stopGathering() {
	if p.gather.running {
		p.gather.cancel()
		p.gather.running = false
		p.gather.number++
	}
}

func nextGathered(ctx context.Context, parts <-chan gatherMsg) tea.Msg {
	select {
	case m := <-parts:
		return m
	case <-ctx.Done():
		return nil
	}
}

// gather asks, several requests at a time, and hands over what it learned when
// some time has passed.
func gather(outer context.Context, e Engine, at Location, of listing.Snapshot, want []listing.ID, m gatherMsg, parts chan<- gatherMsg) {
	ctx, cancel := context.WithCancel(outer)
	defer cancel()
	var mu sync.Mutex
	var learned []change
	var failure error
	work := make(chan []listing.ID)
	over := make(chan struct{})
	var wg sync.WaitGroup
	for range gatherers {
		wg.Go(func() {
			for ids := range work {
				names := make([]string, len(ids))
				for i, id := range ids {
					names[i] = of.Name(id)
				}
				got, err := describe(ctx, e, at, ids, names)
				mu.Lock()
				learned = append(learned, got...)
				if err != nil && failure == nil {
					failure = err
					cancel()
				}
				mu.Unlock()
			}
		})
	}
	go func() {
		for ids := range slices.Chunk(want, session.MaxStatNames) {
			select {
			case work <- ids:
			case <-ctx.Done():
			}
		}
		close(work)
		wg.Wait()
		close(over)
	}()
	for done := false; !done; {
		select {
		case <-over:
			done = true
		case <-time.After(gatherPause):
		}
		mu.Lock()
		m.learned, m.err, learned = learned, failure, nil
		mu.Unlock()
		if done {
			m.rest = nil
		} else if len(m.learned) == 0 {
			continue
		}
		select {
		case parts <- m:
		case <-outer.Done():
			return
		}
	}
}

// apply takes in a part. The order follows when a quarter more is known, so that
// sorting takes no more than a part of the time.
func (m gatherMsg) apply(a *App) tea.Cmd {
	p := &a.panes[m.side]
	if m.gen != p.load.gen || m.number != p.gather.number {
		return nil
	}
	cmd := a.learn(p, m.learned)
	if m.rest == nil {
		p.gather.running, p.gather.err = false, m.err
		if m.err != nil {
			a.note = note{text: cells.Sayf("not all sizes and times are known: %s", explain(m.err).what), tone: toneFail}
		}
		return both(cmd, a.arrange(p))
	}
	ctx := p.gather.ctx
	next := func() tea.Msg { return nextGathered(ctx, m.rest) }
	if known := p.store.Known(); p.view.Order.NeedsDetails() && known-p.gather.sorted > p.gather.sorted/4 {
		p.gather.sorted = known
		cmd = both(cmd, a.arrange(p))
	}
	return both(cmd, next)
}
