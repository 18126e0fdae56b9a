package tui

import (
	"strings"
	"sync/atomic"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/tui/cells"
	"github.com/bargee/bargee/tui/compare"
	"github.com/bargee/bargee/tui/listing"
)

// comparing is comparing what the two panes show, for as long as it is on: by
// size and time, and on request by content. It is done again, beside the screen,
// whenever one of the panes changes.
type comparing struct {
	on   bool
	deep bool // by content as well
	hide bool // what is the same

	number  int // of the job under way; what comes in under an older one is dropped
	running bool
	stop    *atomic.Bool
	of      [2]shownSide // what the result is about, or the job
	result  *compare.Result
	tally   [2][compare.Count]int
	counted [2]bool // the hidden ones, too
	say     bool    // the result, when it is there
	began   time.Time
	took    time.Duration

	check checking
	known map[string]checkedPair // contents that were compared, by name
}

// A shownSide tells one state of what a pane holds from another.
type shownSide struct {
	store   *listing.Store
	first   *listing.ID
	n       int
	version uint64
}

func shownOf(p *pane) shownSide {
	s := shownSide{store: p.store, n: len(p.base), version: p.store.Version()}
	if s.n > 0 {
		s.first = &p.base[0]
	}
	return s
}

// compareKeys are about what the panes have in common.
func compareKeys() []binding {
	return []binding{
		{name: "compare", Binding: bind("compare the panes; again: by hash", "="), scope: inPanes, group: "Comparing", run: (*App).toggleCompare},
		{name: "tag-different", Binding: bind("tag what the other side lacks", "d"), scope: inPanes, cannot: needsComparison, run: (*App).tagDifferent},
		{name: "hide-same", Binding: bind("hide what is the same", "H"), scope: inPanes, cannot: needsComparison, run: (*App).toggleSame},
	}
}

func needsComparison(a *App) cells.Text {
	if !a.compared() {
		return cells.Sayf("%s compares the panes first", a.keyFor("compare"))
	}
	return cells.Text{}
}

// compared tells whether there is a result for what the panes show.
func (a *App) compared() bool {
	return a.cmp.on && a.cmp.result != nil && a.panes[0].compared != nil && a.panes[1].compared != nil
}

// toggleCompare compares by size and time, then by content, then no more.
func (a *App) toggleCompare() tea.Cmd {
	c := &a.cmp
	switch {
	case a.panes[0].chooser != nil || a.panes[1].chooser != nil:
		a.note = note{text: cells.Say("choose a place for both panes first"), tone: toneAsk}
	case !c.on:
		*c = comparing{on: true, say: true, number: c.number, check: c.check}
	case !c.deep:
		c.deep, c.say = true, true
		if c.result != nil && !c.running {
			return a.checkContents()
		}
	default:
		return a.stopComparing()
	}
	return nil
}

func (a *App) stopComparing() tea.Cmd {
	c := &a.cmp
	if c.stop != nil {
		c.stop.Store(true)
	}
	c.check.end()
	hidden := c.hide
	*c = comparing{number: c.number + 1, check: c.check} // numbers go on: messages are under way
	a.note = note{}
	for i := range a.panes {
		a.panes[i].compared, a.panes[i].comparing = nil, false
	}
	if hidden {
		return a.hideSame()
	}
	return nil
}

// compares does what is to be done for the comparison after a message.
func (a *App) compares() tea.Cmd {
	c := &a.cmp
	if !c.on {
		return nil
	}
	l, r := &a.panes[0], &a.panes[1]
	ready := true
	for _, p := range []*pane{l, r} {
		p.comparing = p.chooser == nil
		ready = ready && p.chooser == nil && p.store != nil && !p.load.running
	}
	if !ready {
		return nil
	}
	cmd := both(a.gatherDetails(l), a.gatherDetails(r))
	of := [2]shownSide{shownOf(l), shownOf(r)}
	soon := c.took > longComparison && a.now().Sub(c.began) < 5*c.took
	if of[0].store != c.of[0].store || of[1].store != c.of[1].store { // other directories
		if c.running {
			c.stop.Store(true)
		}
		c.check.end()
		c.running, c.result, c.known, soon = false, nil, nil, false
		c.number++
	}
	if c.result != nil && c.counted != [2]bool{l.view.Hidden, r.view.Hidden} {
		a.countVerdicts()
	}
	if l.gather.running || r.gather.running || c.running || of == c.of && c.result != nil || soon {
		return cmd
	}
	return both(cmd, a.startComparing(of))
}

// longComparison is from where on a comparison is done less often than panes
// change.
const longComparison = 50 * time.Millisecond

// comparedMsg brings what came of comparing.
type comparedMsg struct {
	number  int
	result  *compare.Result
	counted [2]bool
	tally   [2][compare.Count]int
	took    time.Duration
}

func (a *App) startComparing(of [2]shownSide) tea.Cmd {
	c := &a.cmp
	c.check.end() // it goes on with what is left of it
	c.number++
	c.running, c.of, c.stop, c.began = true, of, new(atomic.Bool), a.now()
	var sides [2]compare.Side
	for i := range a.panes {
		sides[i].Of, sides[i].Base = a.panes[i].frozen()
	}
	m := comparedMsg{number: c.number, counted: [2]bool{a.panes[0].view.Hidden, a.panes[1].view.Hidden}}
	stop := c.stop
	return func() tea.Msg {
		began := time.Now()
		if m.result = compare.Compare(sides[0], sides[1], stop); m.result == nil {
			return m
		}
		for i := range sides {
			m.tally[i] = tallyOf(m.result, i, &sides[i].Of, sides[i].Base, m.counted[i])
		}
		m.took = time.Since(began)
		return m
	}
}

func (m comparedMsg) apply(a *App) tea.Cmd {
	c := &a.cmp
	if m.number != c.number || m.result == nil {
		return nil
	}
	c.running, c.result, c.took = false, m.result, m.took
	for i := range a.panes {
		a.panes[i].compared = m.result
	}
	c.tally, c.counted = m.tally, m.counted
	a.recall()
	if c.deep {
		return both(a.checkContents(), a.hideSame())
	}
	a.sayCompared()
	return a.hideSame()
}

// countVerdicts counts them anew.
func (a *App) countVerdicts() {
	for i := range a.panes {
		p := &a.panes[i]
		a.cmp.counted[i] = p.view.Hidden
		a.cmp.tally[i] = tallyOf(a.cmp.result, i, &p.store.Snapshot, p.base, p.view.Hidden)
	}
}

// tallyOf counts verdicts, without those on names that are hidden by their dot.
func tallyOf(r *compare.Result, side int, of *listing.Snapshot, base []listing.ID, hidden bool) [compare.Count]int {
	n := r.Tally(side, base)
	if !hidden {
		for _, id := range base {
			if strings.HasPrefix(of.Name(id), ".") {
				n[r.Of(side, id)]--
			}
		}
	}
	return n
}

// sayCompared says once what came of it.
func (a *App) sayCompared() {
	c := &a.cmp
	if !c.say {
		return
	}
	c.say = false
	n := &c.tally[a.pane().side]
	t := cells.Sayf("%s the same", groupText(int64(n[compare.Same])))
	for _, v := range []compare.Verdict{compare.Unread, compare.Differs, compare.Older, compare.Newer, compare.Only} {
		if n[v] > 0 {
			t = cells.Sayf("%s %s, %s", groupText(int64(n[v])), verdictWords[v], t)
		}
	}
	a.note = note{text: t}
}

// tagDifferent tags in both panes what the other one lacks. What is older is
// left out: copying it would replace what is newer.
func (a *App) tagDifferent() tea.Cmd {
	if why := needsComparison(a); !why.Empty() {
		a.note = note{text: why, tone: toneHint}
		return nil
	}
	var n [2]int64
	for i := range a.panes {
		p := &a.panes[i]
		p.clearTags()
		for k := range p.rows.Len() {
			if id := p.rows.At(k); p.compared.Of(i, id).Wanted() {
				p.tag(id, true)
				n[i]++
			}
		}
	}
	here := a.pane().side
	t := cells.Sayf("%s tagged here, %s in the other pane", groupText(n[here]), groupText(n[1-here]))
	if old := a.cmp.tally[here][compare.Older]; old > 0 {
		t = t.Plus(cells.Sayf("; %s older left out", groupText(int64(old))))
	}
	a.note = note{text: t}
	return nil
}

func (a *App) toggleSame() tea.Cmd {
	if why := needsComparison(a); !why.Empty() {
		a.note = note{text: why, tone: toneHint}
		return nil
	}
	a.cmp.hide = !a.cmp.hide
	return a.hideSame()
}

// hideSame shows both panes with or without what is the same.
func (a *App) hideSame() tea.Cmd {
	var cmd tea.Cmd
	for i := range a.panes {
		p := &a.panes[i]
		var without *listing.Set
		if a.cmp.on && a.cmp.hide && p.compared != nil {
			without = p.compared.Alike(i)
		}
		if without != nil || p.view.Without != nil {
			p.view.Without = without
			cmd = both(cmd, a.arrange(p))
		}
	}
	return cmd
}
