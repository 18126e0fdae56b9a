package tui

import (
	"slices"
	"time"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/listing"
)

// A pane shows a directory of a place: this machine's or a peer's, it is the
// same to it. A pane without a place shows the chooser instead.
type pane struct {
	side  int // 0 left, 1 right
	place session.PlaceID
	dir   session.Path
	view  listing.View

	chooser *chooser // shown instead of the directory
	trail   trail    // where it was before

	entries []session.Entry // in the order of arrival; only ever appended to
	ghosts  []session.Entry // files under way to here, in the order of their names
	rows    []int32         // what is shown: entries from 0 up, ghosts from -1 down
	tags    map[string]bool // by name
	tagged  tally           // of those that are shown

	cursor int // row, counting ".."
	top    int // first visible row
	height int // visible rows

	load load
	err  error // why the directory cannot be shown
	free uint64

	work    map[string]work // what is under way here, by name
	landing []session.Entry // ghosts that are files by now, as the next reading will show
	dirty   bool            // something changed here since the directory was read
	stale   bool            // the place was lost since then
	read    time.Time       // when reading began
}

// A row is a line of a pane.
type row struct {
	parent bool           // ".."
	ghost  bool           // under way, not there yet
	entry  *session.Entry // nil for ".."
}

func (p *pane) hasParent() bool { return !p.dir.IsRoot() }

func (p *pane) len() int {
	if p.hasParent() {
		return len(p.rows) + 1
	}
	return len(p.rows)
}

// at returns the i-th row; ok is false where there is none.
func (p *pane) at(i int) (r row, ok bool) {
	if p.hasParent() {
		if i == 0 {
			return row{parent: true}, true
		}
		i--
	}
	if i < 0 || i >= len(p.rows) {
		return row{}, false
	}
	n := p.rows[i]
	return row{ghost: n < 0, entry: p.entryAt(n)}, true
}

// current returns the entry under the cursor, if something can be done with it.
func (p *pane) current() (session.Entry, bool) {
	r, ok := p.at(p.cursor)
	if !ok || r.parent || r.ghost || p.chooser != nil {
		return session.Entry{}, false
	}
	return *r.entry, true
}

// chosen returns the tagged entries, or else the one under the cursor.
func (p *pane) chosen() []session.Entry {
	if p.chooser != nil {
		return nil
	}
	var out []session.Entry
	for _, n := range p.rows {
		if n >= 0 && p.tags[p.entries[n].Name] {
			out = append(out, p.entries[n])
		}
	}
	if len(out) > 0 {
		return out
	}
	if e, ok := p.current(); ok {
		return []session.Entry{e}
	}
	return nil
}

// paths returns where the entries lie.
func (p *pane) paths(entries []session.Entry) ([]session.Path, error) {
	out := make([]session.Path, len(entries))
	for i, e := range entries {
		path, err := p.dir.Join(e.Name)
		if err != nil {
			return nil, err
		}
		out[i] = path
	}
	return out, nil
}

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
	for i, n := range p.rows {
		if n >= 0 && p.entries[n].Name == name {
			if p.hasParent() {
				i++
			}
			p.moveTo(i)
			return true
		}
	}
	return false
}

// A tally counts entries and their bytes.
type tally struct {
	n     int
	bytes int64
}

// toggleTag tags or untags the entry under the cursor and steps down.
func (p *pane) toggleTag() {
	if e, ok := p.current(); ok {
		p.tag(e, !p.tags[e.Name])
	}
	p.moveTo(p.cursor + 1)
}

func (p *pane) tag(e session.Entry, on bool) {
	switch {
	case on == p.tags[e.Name]:
		return
	case !on:
		delete(p.tags, e.Name)
		p.tagged.n--
		p.tagged.bytes -= e.Size
		return
	case p.tags == nil:
		p.tags = make(map[string]bool)
	}
	p.tags[e.Name] = true
	p.tagged.n++
	p.tagged.bytes += e.Size
}

// tagAll tags or untags all shown names that fit a mask.
func (p *pane) tagAll(mask string, on bool) (n int) {
	for _, i := range p.rows {
		if i >= 0 && listing.Match(mask, p.entries[i].Name) {
			p.tag(p.entries[i], on)
			n++
		}
	}
	return n
}

func (p *pane) invertTags() {
	for _, i := range p.rows {
		if i >= 0 {
			p.tag(p.entries[i], !p.tags[p.entries[i].Name])
		}
	}
}

func (p *pane) clearTags() { p.tags, p.tagged = nil, tally{} }

// countTags counts the tags again after other rows are shown.
func (p *pane) countTags() {
	p.tagged = tally{}
	if len(p.tags) == 0 {
		return
	}
	for _, i := range p.rows {
		if i >= 0 && p.tags[p.entries[i].Name] {
			p.tagged.n++
			p.tagged.bytes += p.entries[i].Size
		}
	}
}

// withGhosts inserts the ghosts where their files will be.
func (p *pane) withGhosts(rows []int32) []int32 {
	if len(p.ghosts) == 0 {
		return rows
	}
	out := slices.Grow(slices.Clone(rows), len(p.ghosts))
	for i, g := range p.ghosts {
		at, _ := slices.BinarySearchFunc(out, g, func(n int32, g session.Entry) int {
			if e := p.entryAt(n); listing.Less(p.view, *e, g) {
				return -1
			}
			return 1
		})
		out = slices.Insert(out, at, int32(-1-i))
	}
	return out
}

// entryAt returns the entry or ghost that an index in rows stands for.
func (p *pane) entryAt(n int32) *session.Entry {
	if n < 0 {
		return &p.ghosts[-1-n]
	}
	return &p.entries[n]
}

// leave forgets the directory before another one is shown.
func (p *pane) leave() {
	p.load.stop()
	*p = pane{
		side: p.side, place: p.place, view: p.view, height: p.height, trail: p.trail,
		load: load{gen: p.load.gen, stamp: p.load.stamp},
	}
	p.view.Filter = ""
}

func (p *pane) location() Location { return Location{p.place, p.dir} }

// shows tells whether the pane shows a directory.
func (p *pane) shows(t Location) bool { return p.chooser == nil && p.location() == t }
