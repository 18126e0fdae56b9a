package tui

import (
	"github.com/bargee/bargee/tui/listing"
)

// A tally counts entries and their bytes.
type tally struct {
	n       int
	bytes   int64
	unknown int // entries of whose size nothing is known
}

func (t *tally) add(size int64, sign int) {
	t.n += sign
	if size < 0 {
		t.unknown += sign
	} else {
		t.bytes += int64(sign) * size
	}
}

// toggleTag tags or untags the entry under the cursor and steps down.
func (p *pane) toggleTag() {
	if r, ok := p.at(p.cursor); ok && !r.parent && !r.ghost {
		p.tag(r.id, !p.tags.Has(r.id))
	}
	p.moveTo(p.cursor + 1)
}

func (p *pane) tag(id listing.ID, on bool) {
	if on && p.tags.Add(id) {
		p.tagged.add(p.store.Size(id), 1)
	} else if !on && p.tags.Remove(id) {
		p.tagged.add(p.store.Size(id), -1)
	}
}

// tagAll tags or untags all shown names that fit a mask.
func (p *pane) tagAll(mask string, on bool) (n int) {
	fits := listing.Masks(mask)
	for i := range p.rows.Len() {
		if id := p.rows.At(i); fits(p.store.Name(id)) {
			p.tag(id, on)
			n++
		}
	}
	return n
}

func (p *pane) invertTags() {
	for i := range p.rows.Len() {
		id := p.rows.At(i)
		p.tag(id, !p.tags.Has(id))
	}
}

func (p *pane) clearTags() { p.tags, p.tagged = listing.Set{}, tally{} }

// countTags counts the tags again, after other rows are shown or more is known
// of them.
func (p *pane) countTags() {
	p.tagged = tally{}
	if p.tags.Len() == 0 {
		return
	}
	if p.rows.Len() < len(p.base) {
		for i := range p.rows.Len() {
			if id := p.rows.At(i); p.tags.Has(id) {
				p.tagged.add(p.store.Size(id), 1)
			}
		}
		return
	}
	for id := range p.tags.All() {
		p.tagged.add(p.store.Size(id), 1)
	}
}

// keepTags drops the tags of names that are gone.
func (p *pane) keepTags() {
	for id := range p.tags.All() {
		if p.store.Gone(id) {
			p.tags.Remove(id)
		}
	}
}
