package tui

import (
	"context"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/listing"
)

// A directory that is read again keeps the entries that are still there, with
// their tags and what is known of them: only what is new or gone is changed.

// reading is a directory as it was read before.
type reading struct {
	of   listing.Snapshot
	base []listing.ID
}

// news is what a reading found that is different from the one before.
type news struct {
	gone    []listing.ID
	changed []change
}

// change is what is known of an entry by now.
type change struct {
	id    listing.ID
	entry session.Entry
}

// compareAll reads all that comes in and hands over how it differs from what was
// there before, at once.
func compareAll(ctx context.Context, in *intake, before *reading, parts chan<- part) {
	close(in.shown) // what was there before is
	select {
	case <-in.done:
	case <-ctx.Done():
		return
	}
	blocks, _, err := in.take()
	if err != nil {
		send(ctx, parts, part{err: err, last: true})
		return
	}
	var s listing.Sorter
	var now listing.Store
	s.Add(blocks...)
	for _, b := range blocks {
		now.Append(b)
	}
	send(ctx, parts, merged(before, &now, s.Base()))
}

// merged goes through both, which are in order.
func merged(before *reading, now *listing.Store, base []listing.ID) part {
	p := part{news: &news{}, base: before.base, last: true}
	var w listing.Builder
	var added []listing.ID
	next := before.of.Next()
	add := func(e session.Entry) {
		added = append(added, next+listing.ID(w.Len()))
		if w.Add(e); w.Len() == listing.BlockSize {
			p.blocks = append(p.blocks, w.Block())
			next += listing.BlockSize
		}
	}
	old := before.base
	merged := make([]listing.ID, 0, len(base))
	for len(old) > 0 || len(base) > 0 {
		c := 0
		switch {
		case len(old) == 0:
			c = 1
		case len(base) == 0:
			c = -1
		default:
			c = listing.CompareNames(&before.of, old[0], &now.Snapshot, base[0])
		}
		if c < 0 {
			p.news.gone = append(p.news.gone, old[0])
			old = old[1:]
			continue
		}
		if c == 0 {
			if e := now.Entry(base[0]); e.Size >= 0 {
				p.news.changed = append(p.news.changed, change{old[0], e})
			}
			merged = append(merged, old[0])
			old = old[1:]
		} else {
			add(now.Entry(base[0]))
			merged = append(merged, added[len(added)-1])
		}
		base = base[1:]
	}
	if w.Len() > 0 {
		p.blocks = append(p.blocks, w.Block())
	}
	if len(p.news.gone) > 0 || len(added) > 0 {
		p.base = merged
	}
	return p
}
