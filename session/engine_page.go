package session

import (
	"slices"
	"time"
)

// A Tab is a part of the queue.
type Tab uint8

// The tabs.
const (
	TabActive Tab = iota // not over, in the order of their turns
	TabFailed            // failed, or done with items that failed; what ended last is first
	TabDone              // done or cancelled; what ended last is first
	tabs
)

// tabOf returns where a transfer belongs.
func tabOf(s TransferState, failures int64) Tab {
	switch {
	case !s.Over():
		return TabActive
	case s == StateFailed || s == StateDone && failures > 0:
		return TabFailed
	}
	return TabDone
}

// A Page is a piece of a tab, as it is at one moment.
type Page struct {
	Tab    Tab
	Offset int        // of the first of Rows in the tab
	Rows   []Transfer // copies
	Total  int        // rows of the tab
	Live   []Transfer // those that run or are to try again, whatever the tab, the oldest first
	Counts [3]int     // rows of each tab
	Summary
}

// maxPage is how many rows Page returns at the most.
const maxPage = 1000

// Page returns at most limit rows of a tab from offset on: the last ones if
// there are not so many. It costs as much as they are, however long the queue.
func (e *Engine) Page(tab Tab, offset, limit int) Page {
	now := time.Now()
	e.mu.Lock()
	defer e.mu.Unlock()
	p := Page{Tab: min(tab, TabDone), Summary: e.total.summary(now)}
	p.Counts = [3]int{len(e.line.rows), len(e.past.failed), len(e.past.done)}
	p.Total = p.Counts[p.Tab]
	limit = max(0, min(limit, maxPage, p.Total))
	p.Offset = max(0, min(offset, p.Total-limit))
	p.Rows = e.describe(e.rows(p.Tab, p.Offset, limit))
	p.Live = e.describe(e.total.running())
	return p
}

// rows returns a piece of a tab; e.mu is held.
func (e *Engine) rows(tab Tab, offset, limit int) []*queued {
	if tab == TabActive {
		return e.line.rows[offset : offset+limit]
	}
	list := e.past.list(tab)
	out := slices.Clone(list[len(list)-offset-limit : len(list)-offset])
	slices.Reverse(out)
	return out
}

// past has the transfers that are over, in the order in which they ended.
type past struct {
	failed, done []*queued
}

func (p *past) list(t Tab) []*queued {
	if t == TabFailed {
		return p.failed
	}
	return p.done
}

func (p *past) add(q *queued) {
	if tabOf(q.state, q.ledger.failures()) == TabFailed {
		p.failed = append(p.failed, q)
	} else {
		p.done = append(p.done, q)
	}
}

func (p *past) remove(q *queued) {
	is := func(o *queued) bool { return o == q }
	p.failed, p.done = slices.DeleteFunc(p.failed, is), slices.DeleteFunc(p.done, is)
}

// latest returns the n that ended last.
func (p *past) latest(n int) []*queued {
	out := slices.Concat(p.failed[max(0, len(p.failed)-n):], p.done[max(0, len(p.done)-n):])
	slices.SortFunc(out, func(a, b *queued) int { return a.finished.Compare(b.finished) })
	return out[max(0, len(out)-n):]
}
