package session

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bargee/bargee/transport"
)

// A DropBox is what a depot keeps for us, as a Tree: a directory for each drop, with
// its files in it. What is copied into it is stored, what is copied out of it received,
// and to remove such a directory is to remove the drop. Nothing else in it changes.
type DropBox struct {
	cfg DropBoxConfig

	mu     sync.Mutex
	known  []BoxedDrop // as they were listed last
	opened map[DropID]*openedDrop
	closed bool
}

// An openedDrop is open for as long as somebody uses it, and for the next look into it.
type openedDrop struct {
	*Drop
	users int
}

// DropBoxConfig is where a DropBox has all that from: internal/cli has the receipts.
type DropBoxConfig struct {
	// Drops lists what there is now. Open opens one for reading, Remove removes it.
	Drops  func(context.Context) ([]BoxedDrop, error)
	Open   func(context.Context, DropID) (*Drop, error)
	Remove func(context.Context, DropID) error
	Close  func() error // of what these use; nil: nothing

	Lanes func() []transport.LaneStats // to the depot, to be shown; nil: none

	// Store says how files of this machine are stored.
	Store func(paths []Path, terms DropTerms) (DepositConfig, error)
}

// A BoxedDrop is a drop in a box.
type BoxedDrop struct {
	ID     DropID
	Name   string // of its directory
	Stored time.Time
	Ours   bool // it can be removed

	Expires   time.Time
	Downloads int      // how many more may take it; -1: any number
	To        string   // of ours, the peer whom it is sealed to
	From      string   // of others', the known peer who signed it; "": nobody whom we know
	Tags      []string // of ours
	Ticket    string   // of ours, what receives it: a secret unless it is sealed to a peer
	Link      string   // likewise, for a browser; "": there is none

	// Note is the text of a file beside the directory, of the same name with ".txt":
	// how others receive it. "": there is none.
	Note string
}

const noteSuffix = ".txt"

var _ Tree = (*DropBox)(nil)

// NewDropBox returns a box. Close closes the drops that were opened.
func NewDropBox(cfg DropBoxConfig) *DropBox {
	return &DropBox{cfg: cfg, opened: map[DropID]*openedDrop{}}
}

// Close ends what is under way.
func (b *DropBox) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	var errs []error
	for _, d := range b.opened {
		errs = append(errs, d.Close())
	}
	clear(b.opened)
	if b.cfg.Close != nil {
		errs = append(errs, b.cfg.Close())
	}
	return errors.Join(errs...)
}

// look lists what there is now.
func (b *DropBox) look(ctx context.Context) ([]BoxedDrop, error) {
	all, err := b.cfg.Drops(ctx)
	if err != nil {
		return nil, about(Path{}, err)
	}
	all = toldApart(all)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.known = all
	return all, nil
}

// toldApart gives each drop a name that none else has, and that can be one: those that are
// called the same have their whole ID behind it, whichever of them came first.
func toldApart(all []BoxedDrop) []BoxedDrop {
	all = slices.Clone(all)
	count := map[string]int{}
	for i := range all {
		d := &all[i]
		d.Name = strings.NewReplacer("/", "_", "\x00", "_").Replace(strings.ToValidUTF8(d.Name, "_"))
		if d.Name == "" || d.Name == "." || d.Name == ".." {
			d.Name = "drop " + d.ID.String()
		}
		count[d.Name]++
		if d.Note != "" {
			count[d.Name+noteSuffix]++
		}
	}
	for i := range all {
		if d := &all[i]; count[d.Name] > 1 || d.Note != "" && count[d.Name+noteSuffix] > 1 {
			d.Name += " " + d.ID.String()
		}
	}
	return all
}

// named returns the drop whose directory or note has that name.
func (b *DropBox) named(ctx context.Context, name string) (found BoxedDrop, note bool, err error) {
	find := func(all []BoxedDrop) bool {
		for _, d := range all {
			if d.Name == name || d.Note != "" && d.Name+noteSuffix == name {
				found, note = d, d.Name != name
				return true
			}
		}
		return false
	}
	b.mu.Lock()
	ok := find(b.known)
	b.mu.Unlock()
	if ok {
		return found, note, nil
	}
	all, err := b.look(ctx)
	if err == nil && !find(all) {
		err = newError(NotFound, Path{name}, "there is no such drop")
	}
	return found, note, err
}

// mostOpened is how many drops are kept open for the next look into them.
const mostOpened = 16

// hold opens the drop that p is in, and says where in it p is. It stays open until
// release is called, or the box is closed.
func (b *DropBox) hold(ctx context.Context, p Path) (d *Drop, rest Path, release func(), err error) {
	name, rest := p.first()
	at, note, err := b.named(ctx, name)
	if err != nil {
		return nil, rest, nil, err
	}
	if note {
		return nil, rest, nil, newError(NotADirectory, p, "is no drop")
	}
	o := b.share(at.ID, nil)
	if o == nil {
		d, err := b.cfg.Open(ctx, at.ID)
		if err != nil {
			return nil, rest, nil, about(Path{name}, err)
		}
		if o = b.share(at.ID, d); o == nil {
			d.Close()
			return nil, rest, nil, about(p, errClosing)
		}
		if o.Drop != d {
			d.Close() // somebody was faster
		}
	}
	return o.Drop, rest, sync.OnceFunc(func() { b.release(at.ID, o) }), nil
}

// share returns the drop that is open, or makes d that one; nil: there is none.
func (b *DropBox) share(id DropID, d *Drop) *openedDrop {
	b.mu.Lock()
	defer b.mu.Unlock()
	o := b.opened[id]
	switch {
	case b.closed || o == nil && d == nil:
		return nil
	case o == nil:
		o = &openedDrop{Drop: d}
		b.opened[id] = o
	}
	o.users++
	return o
}

// release ends a use of o. Of those that nobody uses some stay open.
func (b *DropBox) release(id DropID, o *openedDrop) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if o.users--; o.users > 0 {
		return
	}
	if b.opened[id] != o { // it was put away meanwhile
		o.Close()
		return
	}
	if len(b.opened) > mostOpened {
		delete(b.opened, id)
		o.Close()
	}
}

// putAway has the drop opened anew when it is wanted next: it was taken, or is gone.
func (b *DropBox) putAway(id DropID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if o := b.opened[id]; o != nil {
		delete(b.opened, id)
		if o.users == 0 {
			o.Close()
		}
	}
}

// first takes the first name off p.
func (p Path) first() (name string, rest Path) {
	name, raw, _ := strings.Cut(p.raw, "/")
	return name, Path{raw}
}
