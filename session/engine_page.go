package session

import (
	"math"
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
	e.await()
	e.mu.Lock()
	p := Page{Tab: min(tab, TabDone)}
	p.Counts = [3]int{len(e.line.rows), e.past.counts[TabFailed], e.past.counts[TabDone]}
	p.Total = p.Counts[p.Tab]
	limit = max(0, min(limit, maxPage, p.Total))
	p.Offset = max(0, min(offset, p.Total-limit))
	var rows []*queued
	var stored int // how many of the rows only the store has, and how many of those come before
	var skip int
	var below int64
	if p.Tab == TabActive {
		rows = slices.Clone(e.line.rows[p.Offset : p.Offset+limit])
	} else {
		rows, skip, below = e.past.latest(p.Tab, p.Offset, limit)
		stored = limit - len(rows)
	}
	k := e.keeper
	e.mu.Unlock()
	e.need(rows)
	old := e.stored(k, p.Tab, below, skip, stored)
	e.mu.Lock()
	defer e.mu.Unlock()
	now := time.Now()
	p.Summary = e.total.summary(now)
	p.Rows = append(e.describe(rows, now), e.describe(old, now)...)
	p.Live = e.describe(e.total.running(), now)
	return p
}

// stored reads finished transfers that are not in memory.
func (e *Engine) stored(k *keeper, tab Tab, below int64, skip, limit int) []*queued {
	if k == nil || limit <= 0 {
		return nil
	}
	records, err := k.store.Past(tab, below, skip, limit)
	if err != nil {
		e.notice("the history cannot be read: " + Display(plain(err).Error()))
	}
	return e.revive(records)
}

// past has the transfers that are over, as far as they are in memory: the
// latest, without a gap. The store has all of them.
type past struct {
	counts [3]int
	ended  [3][]*queued // by tab, the latest last
}

// How many of them are in memory: where a store has the others, and without one.
const (
	maxRemembered = 1000
	maxWithout    = 10000
)

func (p *past) add(q *queued) {
	q.filed = q.tab()
	p.counts[q.filed]++
	p.ended[q.filed] = append(p.ended[q.filed], q)
}

func (p *past) remove(q *queued) {
	p.counts[q.filed]--
	p.drop(q)
}

// drop forgets that q is in memory.
func (p *past) drop(q *queued) {
	list := p.ended[q.filed]
	if i := slices.Index(list, q); i >= 0 {
		p.ended[q.filed] = slices.Delete(list, i, i+1)
	}
}

// latest returns limit rows of a tab in memory from offset on, the latest first,
// and of which ones the store must be asked for the rest: those that ended
// before number below, without the first skip of them.
func (p *past) latest(tab Tab, offset, limit int) (rows []*queued, skip int, below int64) {
	list := p.ended[tab]
	n := len(list)
	if offset < n {
		rows = slices.Clone(list[max(0, n-offset-limit) : n-offset])
		slices.Reverse(rows)
	}
	below = math.MaxInt64
	if n > 0 {
		below = list[0].ended
	}
	return rows, max(0, offset-n), below
}
