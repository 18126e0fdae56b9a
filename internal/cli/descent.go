package cli

import (
	"github.com/bargee/bargee/session"
)

// A descent goes through directories from the top down, and lists the next ones
// while one is looked at: at a distance of 100 ms a tree of 1000 directories would
// take 100 s otherwise.
type descent struct {
	w    *watch
	tree session.Tree
	fits func(session.Entry) bool // what is looked at; nil: all

	top   session.Path
	first *listing // of top
	ahead int      // listings under way or not looked at yet
}

// maxAhead is how many directories are listed before their turn.
const maxAhead = 16

// A listing is a directory that is being listed.
type listing struct {
	done    chan struct{}
	entries []session.Entry
	err     error
}

// below tells whether dir is another one than that where the descent began.
func (d *descent) below(dir session.Path) bool { return dir != d.top }

// walk has visit see dir and the directories below. It returns which of its entries
// are to be gone through, in that order; an error ends the walk.
func (d *descent) walk(dir session.Path, visit func(dir session.Path, entries []session.Entry, err error) ([]session.Entry, error)) error {
	if d.first == nil {
		d.begin(dir)
	}
	return d.into(dir, d.first, visit)
}

// begin lists dir, where walk is to begin a while later.
func (d *descent) begin(dir session.Path) {
	d.top, d.first = dir, d.list(dir)
}

func (d *descent) into(dir session.Path, l *listing, visit func(session.Path, []session.Entry, error) ([]session.Entry, error)) error {
	<-l.done
	d.ahead--
	entries, err := visit(dir, l.entries, l.err)
	if err != nil {
		return err
	}
	var subs []session.Path
	for _, e := range entries {
		if sub, err := dir.Join(e.Name); err == nil && e.Kind == session.Directory {
			subs = append(subs, sub)
		}
	}
	under := map[session.Path]*listing{}
	next := 0
	for _, sub := range subs {
		for ; next < len(subs) && (d.ahead < maxAhead || under[sub] == nil); next++ {
			under[subs[next]] = d.list(subs[next])
		}
		if err := d.into(sub, under[sub], visit); err != nil {
			return err
		}
		delete(under, sub)
	}
	return nil
}

// list begins to list a directory.
func (d *descent) list(dir session.Path) *listing {
	l := &listing{done: make(chan struct{})}
	d.ahead++
	go func() {
		defer close(l.done)
		for e, err := range d.tree.List(d.w, dir) {
			if err != nil {
				l.entries, l.err = nil, d.w.explain(err)
				return
			}
			d.w.moved()
			if d.fits == nil || d.fits(e) {
				l.entries = append(l.entries, e)
			}
		}
	}()
	return l
}
