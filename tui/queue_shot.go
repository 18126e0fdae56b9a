package tui

import (
	"sort"

	"github.com/bargee/bargee/session"
)

// speeds are what holds the transfers back, and how many run at a time.
type speeds struct {
	send, receive int64 // bytes a second; 0: no limit
	concurrency   int
}

// A glance is what a poll asks the engine about the queue.
type glance struct {
	tab         session.Tab
	from, count int
	log         int64 // the last line that is known
	first       bool  // what ended before is no news
}

// A queueShot is what the engine says about the queue at one moment.
type queueShot struct {
	page   session.Page
	live   []session.Transfer
	ended  []session.Transfer // since the last look, what ended first first
	log    []session.LogLine  // likewise
	first  bool               // it is the first look
	speeds speeds
}

// glance says what to ask for next.
func (q *queue) glance() glance {
	g := glance{tab: q.tab.page(), first: q.log == nil}
	g.from, g.count = q.spot().wants(max(q.height, 1))
	if q.tab == logTab {
		g.from, g.count = 0, 1
	}
	if n := len(q.log); n > 0 {
		g.log = q.log[n-1].Number
	}
	return g
}

// page is the engine's word for a tab; the log has none.
func (t tab) page() session.Tab {
	return [...]session.Tab{session.TabActive, session.TabFailed, session.TabDone, session.TabActive}[t]
}

// newsOf is how many of the transfers that ended are looked up after a poll.
const newsOf = 64

func (g glance) look(e Engine) queueShot {
	s := queueShot{first: g.first, page: e.Page(g.tab, g.from, g.count), log: e.Log(g.log)}
	s.live = s.page.Live
	s.speeds.send, s.speeds.receive = e.Limits()
	s.speeds.concurrency = e.Concurrency()
	if over := overIn(s.log); len(over) > 0 && !g.first {
		for _, tab := range []session.Tab{session.TabFailed, session.TabDone} {
			for _, t := range e.Page(tab, 0, min(len(over), newsOf)).Rows {
				if over[t.ID] {
					s.ended = append(s.ended, t)
				}
			}
		}
		sort.SliceStable(s.ended, func(i, j int) bool { return s.ended[i].Finished.Before(s.ended[j].Finished) })
	}
	return s
}

// overIn finds the transfers that came to their end, by what was logged.
func overIn(lines []session.LogLine) map[session.TransferID]bool {
	over := make(map[session.TransferID]bool)
	for _, l := range lines {
		if l.Transfer == 0 {
			continue
		}
		if delete(over, l.Transfer); l.State.Over() {
			over[l.Transfer] = true
		}
	}
	return over
}
