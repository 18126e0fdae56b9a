package tui

import (
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/listing"
)

// What a pane holds, to be asked for by whoever does something with it.

// A row is a line of a pane.
type row struct {
	parent bool          // ".."
	ghost  bool          // under way, not there yet
	entry  session.Entry // of ".." none; its Size is -1 while only the name is known
	id     listing.ID    // if it is neither of the two
}

// len returns how many rows there are, with ".." and ghosts.
func (p *pane) len() int {
	n := p.rows.Len() + len(p.ghosts)
	if p.hasParent() {
		n++
	}
	return n
}

// at returns the i-th row; ok is false where there is none.
func (p *pane) at(i int) (r row, ok bool) {
	if p.hasParent() {
		if i == 0 {
			return row{parent: true}, true
		}
		i--
	}
	if i < 0 || i >= p.rows.Len()+len(p.ghosts) {
		return row{}, false
	}
	for k, g := range p.ghostAt {
		if g == i {
			return row{ghost: true, entry: p.ghosts[k]}, true
		}
		if g > i {
			return p.real(i - k), true
		}
	}
	return p.real(i - len(p.ghostAt)), true
}

// nameAt is the name in the i-th row; ok is false for ".." and where there is
// none. Of all names it is quicker than at.
func (p *pane) nameAt(i int) (name string, ok bool) {
	if len(p.ghosts) > 0 {
		r, ok := p.at(i)
		return r.entry.Name, ok && !r.parent
	}
	if p.hasParent() {
		i--
	}
	if i < 0 || i >= p.rows.Len() {
		return "", false
	}
	return p.store.Name(p.rows.At(i)), true
}

func (p *pane) real(i int) row {
	id := p.rows.At(i)
	return row{entry: p.store.Entry(id), id: id}
}

// rowOfID returns the row of an entry, -1 if it is not shown.
func (p *pane) rowOfID(id listing.ID) int {
	i := p.rows.Index(id)
	if i < 0 {
		return -1
	}
	for _, g := range p.ghostAt {
		if g <= i {
			i++
		}
	}
	if p.hasParent() {
		i++
	}
	return i
}

// rowOf returns the row of a name; ok is false if it is not shown.
func (p *pane) rowOf(name string) (i int, ok bool) {
	id, ok := p.lookup(name)
	if !ok {
		return 0, false
	}
	i = p.rowOfID(id)
	return i, i >= 0
}

func (p *pane) lookup(name string) (listing.ID, bool) {
	if p.store == nil {
		return 0, false
	}
	return p.store.Find(p.base, name)
}

// count returns how many entries there are, shown or not, and without ghosts.
func (p *pane) count() int { return len(p.base) }

// frozen returns all entries for a goroutine to look at: what is known of them
// now, and their order by name.
func (p *pane) frozen() (listing.Snapshot, []listing.ID) {
	if p.store == nil {
		return listing.Snapshot{}, nil
	}
	return p.store.Freeze(), p.base
}

// current returns the entry under the cursor, if something can be done with it.
func (p *pane) current() (session.Entry, bool) {
	r, ok := p.at(p.cursor)
	if !ok || r.parent || r.ghost || p.chooser != nil {
		return session.Entry{}, false
	}
	return r.entry, true
}

// chosen returns the tagged entries, or else the one under the cursor.
func (p *pane) chosen() []session.Entry {
	if p.chooser != nil {
		return nil
	}
	var out []session.Entry
	if p.tagged.n > 0 {
		for i := range p.rows.Len() {
			if id := p.rows.At(i); p.tags.Has(id) {
				out = append(out, p.store.Entry(id))
			}
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
