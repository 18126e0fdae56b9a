package tui

import (
	"iter"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/listing"
)

// What only tests ask a pane.

// find returns what has a name in the directory, shown or not.
func (p *pane) find(name string) (session.Entry, bool) {
	id, ok := p.lookup(name)
	if !ok {
		return session.Entry{}, false
	}
	return p.store.Entry(id), true
}

// eachShown yields the entries that are shown, in order, without ghosts.
func (p *pane) eachShown() iter.Seq2[listing.ID, session.Entry] {
	return func(yield func(listing.ID, session.Entry) bool) {
		for i := range p.rows.Len() {
			if id := p.rows.At(i); !yield(id, p.store.Entry(id)) {
				return
			}
		}
	}
}

// window returns the rows that can be seen, from the first to before the last.
func (p *pane) window() (from, to int) {
	return p.top, min(p.top+p.height, p.len())
}

// isTagged tells whether a name is tagged.
func (p *pane) isTagged(name string) bool {
	id, ok := p.lookup(name)
	return ok && p.tags.Has(id)
}
