package tui

import (
	"slices"
	"sort"
	"time"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/compare"
	"github.com/bargee/bargee/tui/listing"
)

// A pane shows a directory of a place: this machine's or a peer's, it is the
// same to it. A pane without a place shows the chooser instead.
//
// What it holds is asked for by row, by name or one after the other (see
// entries.go): there may be a million of them, and of most only the name is known.
type pane struct {
	side  int // 0 left, 1 right
	place session.PlaceID
	dir   session.Path
	view  listing.View

	chooser *chooser // shown instead of the directory
	trail   trail    // where it was before

	sizes map[string]int64 // of directories whose content was counted, by name

	comparing bool            // with the other pane
	compared  *compare.Result // nil: not yet

	store *listing.Store // all that was read; nil before
	base  []listing.ID   // of it what is there, by name
	rows  listing.Rows   // of it what is shown, in order
	made  *listing.Result

	ghosts  []session.Entry // files under way to here, in the order of the rows
	ghostAt []int           // the rows they are in
	tags    listing.Set
	tagged  tally // of those that are shown

	cursor int // row, counting ".."
	top    int // first visible row
	height int // visible rows

	load   load
	sort   sorting
	peek   peek
	gather gathering
	err    error // why the directory cannot be shown, or not all of it
	partly bool  // it was never read to its end: what is shown is no older state of it
	free   uint64

	work    map[string]work // what is under way here, by name
	landing []session.Entry // ghosts that are files by now, as the next reading will show
	dirty   bool            // something changed here since the directory was read
	stale   bool            // the place was lost since then
	read    time.Time       // when reading began
	watch   watching
}

func (p *pane) hasParent() bool { return !p.dir.IsRoot() }

// moveTo puts the cursor on a row. At the edge the window jumps by half of its
// height: scrolling one of two panes by a line makes a terminal repaint it all.
func (p *pane) moveTo(i int) {
	p.cursor = max(0, min(i, p.len()-1))
	h := max(p.height, 1)
	if p.cursor < p.top {
		p.top = max(0, min(p.cursor-h/2, p.len()-h))
	}
	if p.cursor >= p.top+h {
		p.top = p.cursor - h + 1 + h/2
	}
	p.top = max(0, min(p.top, p.len()-h))
}

// resize tells the pane how many rows it has.
func (p *pane) resize(h int) {
	if h != p.height {
		p.height = h
		p.moveTo(p.cursor)
	}
}

// moveToName puts the cursor on a name, and leaves it where it is if that is
// not shown.
func (p *pane) moveToName(name string) bool {
	i, ok := p.rowOf(name)
	if ok {
		p.moveTo(i)
	}
	return ok
}

// setGhosts shows these ghosts, and the cursor stays on what it is on.
func (p *pane) setGhosts(ghosts []session.Entry) {
	same := slices.EqualFunc(ghosts, p.ghosts, func(x, y session.Entry) bool { return x.Name == y.Name })
	if !same {
		at := p.anchor()
		p.ghosts = ghosts
		p.placeGhosts()
		p.hold(at)
	}
}

// placeGhosts finds the rows where the files of the ghosts will be.
func (p *pane) placeGhosts() {
	p.ghostAt = p.ghostAt[:0]
	if len(p.ghosts) == 0 {
		return
	}
	at := make(map[string]int, len(p.ghosts))
	for _, g := range p.ghosts {
		at[g.Name] = p.rows.Place(&p.store.Snapshot, g)
	}
	sort.SliceStable(p.ghosts, func(i, j int) bool {
		x, y := p.ghosts[i], p.ghosts[j]
		if at[x.Name] != at[y.Name] {
			return at[x.Name] < at[y.Name]
		}
		return p.view.Compare(x, y) < 0
	})
	for i, g := range p.ghosts {
		p.ghostAt = append(p.ghostAt, at[g.Name]+i)
	}
}

// leave forgets the directory before another one is shown.
func (p *pane) leave() {
	p.load.stop()
	p.sort.stop()
	p.watch.stop()
	*p = pane{
		side: p.side, place: p.place, view: p.view, height: p.height, trail: p.trail,
		load: load{gen: p.load.gen}, sort: sorting{stamp: p.sort.stamp},
	}
	p.view.Filter, p.view.Without = "", nil
}

func (p *pane) location() Location { return Location{p.place, p.dir} }

// shows tells whether the pane shows a directory.
func (p *pane) shows(t Location) bool { return p.chooser == nil && p.location() == t }
