package session

import (
	"sync"
	"time"

	"github.com/bargee/bargee/transport"
)

// A Deed is what a peer did with what a Server serves, once it is over: took or
// left a file or directory that it named, or removed or renamed one.
type Deed struct {
	Peer transport.Peer
	What DeedKind
	Path Path // in the served tree
	To   Path // the new name, of DeedMoved

	Began, Ended time.Time
	Files        int64 // that are at their destination
	Bytes        int64 // of those, but for what was there already
	Sent         int64 // bytes of file data that crossed the link, also for what did not come to its end
	Failed       int64 // items
	Err          error // why it did not come to its end, else of the first item that failed
	Partly       bool  // it came to its end, but for Failed
	Within       bool  // of a sync that removed or renamed a lot: Files files in Path, and not Path itself
}

// A DeedKind is what was done.
type DeedKind uint8

// The kinds.
const (
	DeedTook DeedKind = iota // it was given to the peer
	DeedLeft                 // the peer put it there
	DeedRemoved
	DeedMoved
)

// String returns the word for JSON.
func (k DeedKind) String() string {
	return [...]string{"took", "left", "removed", "moved"}[min(k, DeedMoved)]
}

// maxDeeds is how many things of one transfer are told apart; what is more is told of
// as their directory.
const maxDeeds = 64

// An account is what is noted of a transfer that a peer asked for.
type account struct {
	peer   transport.Peer
	what   DeedKind
	began  time.Time
	ledger *ledger
	roots  map[Path]bool // what the peer named to take; of what it leaves, what lies in dest
	dest   Path

	mu     sync.Mutex
	deeds  map[Path]*Deed
	order  []*Deed
	within int64 // Sent of items
}

func newAccount(l transport.Link, what DeedKind) *account {
	a := &account{peer: l.Peer(), what: what, began: time.Now(), deeds: map[Path]*Deed{}}
	a.ledger = newLedger(a.item)
	a.ledger.light = true
	return a
}

// rootOf returns what an item belongs to: what the peer named.
func (a *account) rootOf(it *Item) Path {
	p := it.Path
	if a.what == DeedLeft {
		p = it.Name
	}
	for ; !p.IsRoot(); p = p.Parent() {
		if a.what == DeedLeft && p.Parent() == a.dest || a.roots[p] {
			return p
		}
	}
	return a.dest
}

// item is ledger.observe.
func (a *account) item(it Item) {
	a.mu.Lock()
	defer a.mu.Unlock()
	d := a.deed(a.rootOf(&it))
	a.within += it.Sent
	d.Sent += it.Sent
	switch {
	case it.Result == Failed:
		d.Failed++
		if d.Err == nil {
			d.Err = it.Err
		}
	case it.Kind == Directory:
	case it.Result == Copied || it.Result == Resumed:
		d.Bytes += it.Size
		d.Files++
	case it.Result == Unchanged:
		d.Files++
	}
}

// deed returns that of a root; a.mu is held.
func (a *account) deed(root Path) *Deed {
	if d := a.deeds[root]; d != nil {
		return d
	}
	if len(a.deeds) >= maxDeeds {
		if root = root.Parent(); a.deeds[root] != nil {
			return a.deeds[root]
		}
	}
	d := &Deed{Peer: a.peer, What: a.what, Path: root, Began: a.began}
	a.deeds[root] = d
	a.order = append(a.order, d)
	return d
}

// close returns what there is to tell once the transfer is over, err being why it did
// not come to its end.
func (a *account) close(err error) []*Deed {
	var t Transfer
	a.ledger.snapshot(&t, time.Now())
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.order) == 0 && (err != nil || t.Sent > 0) {
		root := a.dest
		for p := range a.roots {
			root = p
		}
		a.deed(root)
	}
	for i, d := range a.order {
		d.Ended = time.Now()
		if d.Partly = err == nil && d.Failed > 0; err != nil {
			d.Err = err
		}
		if i == len(a.order)-1 { // what it was at when it ended
			d.Sent += max(t.Sent-a.within, 0)
		}
	}
	return a.order
}

// opens are the files that a peer reads over a link, each of which it may read in many
// pieces: they are one deed, as long as it goes on.
type opens struct {
	tell func(Deed)

	mu   sync.Mutex
	byID map[Path]*opened
}

type opened struct {
	Deed
	reading int
	last    *time.Timer
}

// goneQuiet is how long a file was not read, when its reading is over.
const goneQuiet = 5 * time.Second

// maxOpens is how many files are noted at a time.
const maxOpens = 256

// begin notes that a piece is being read; the function it returns is told how much.
func (o *opens) begin(peer transport.Peer, p Path) func(n int64, err error) {
	if o.tell == nil {
		return func(int64, error) {}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	f := o.byID[p]
	if f == nil && len(o.byID) >= maxOpens {
		return func(n int64, err error) {
			o.tell(Deed{Peer: peer, What: DeedTook, Path: p, Began: time.Now(), Ended: time.Now(), Files: 1, Bytes: n, Sent: n, Err: err})
		}
	}
	if f == nil {
		f = &opened{Deed: Deed{Peer: peer, What: DeedTook, Path: p, Began: time.Now(), Files: 1}}
		if o.byID == nil {
			o.byID = map[Path]*opened{}
		}
		o.byID[p] = f
	} else if f.last != nil {
		f.last.Stop()
	}
	f.reading++
	return func(n int64, err error) { o.end(f, n, err) }
}

func (o *opens) end(f *opened, n int64, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	f.Bytes, f.Sent, f.Ended, f.Err = f.Bytes+n, f.Sent+n, time.Now(), err
	if f.reading--; f.reading == 0 && o.byID[f.Path] == f {
		f.last = time.AfterFunc(goneQuiet, func() { o.over(f) })
	}
}

func (o *opens) over(f *opened) {
	o.mu.Lock()
	ours := f.reading == 0 && o.byID[f.Path] == f
	if ours {
		delete(o.byID, f.Path)
	}
	o.mu.Unlock()
	if ours {
		o.tell(f.Deed)
	}
}

// close tells of those that are left; nothing is read any more.
func (o *opens) close() {
	o.mu.Lock()
	left := make([]*opened, 0, len(o.byID))
	for _, f := range o.byID {
		if f.last != nil {
			f.last.Stop()
		}
		left = append(left, f)
	}
	o.mu.Unlock()
	for _, f := range left {
		o.over(f)
	}
}
