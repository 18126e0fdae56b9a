package session

import (
	"context"
	"crypto/rand"
	"errors"
	"path/filepath"
	"slices"
	"sync"

	"github.com/bargee/bargee/transport"
)

// MaxOffered is how many files and directories an Offer has at its top.
const MaxOffered = 4096

// An OfferID names an offer for as long as it stands, also over restarts.
type OfferID [16]byte

// OfferConfig says what is offered, to how many.
type OfferConfig struct {
	Paths     []Path  // on this machine; a link stands for what it leads to, under its own name
	From      string  // what we call ourselves, at most 128 bytes
	Receivers int     // how many may take it; 0: one
	ID        OfferID // of an offer that is made again; zero: a new one

	// Observe, if not nil, is told of every item that a receiver has come to the
	// end of, one call at a time for each of them.
	Observe func(to transport.Fingerprint, it Item)
}

// An Offer is what somebody gives away once: files and directories of this
// machine, each under its own name, as one Tree that nobody can change. Nothing
// beside them can be reached through it. A Server that has one serves it in
// place of a directory, and the Offer knows what its receivers make of it.
//
// It owns a goroutine that counts what there is, and directories that stay open;
// Close ends and closes them.
type Offer struct {
	cfg     OfferConfig
	items   []*offered // in the order in which they were named
	names   map[string]*offered
	dirs    []*Dir
	stop    context.CancelFunc
	running sync.WaitGroup

	mu      sync.Mutex
	sum     Measured
	takers  []*taker
	changed chan struct{}
}

// An offered is something at the top of an offer.
type offered struct {
	name  string // that it is offered under
	tree  *Dir   // the directory that holds it
	path  Path   // in tree
	shown Path   // on this machine, for people
}

var _ Tree = (*Offer)(nil)

// NewOffer returns an offer, and begins to count what it comes to. Two paths of
// one name, and what is no file or directory, are refused.
func NewOffer(cfg OfferConfig) (*Offer, error) {
	o, err := gather(cfg)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	o.stop = stop
	o.running.Go(func() { o.count(ctx) })
	return o, nil
}

// gather returns an offer that counts nothing.
func gather(cfg OfferConfig) (*Offer, error) {
	switch {
	case len(cfg.Paths) == 0:
		return nil, newError(Invalid, Path{}, "nothing to offer")
	case len(cfg.Paths) > MaxOffered:
		return nil, newError(Limit, Path{}, "%d paths, at most %d at a time: offer the directory that they are in", len(cfg.Paths), MaxOffered)
	}
	cfg.Receivers = max(cfg.Receivers, 1)
	if cfg.ID == (OfferID{}) {
		rand.Read(cfg.ID[:])
	}
	o := &Offer{cfg: cfg, names: map[string]*offered{}, changed: make(chan struct{})}
	host, opened := NewHost(), map[Path]*Dir{}
	for _, p := range cfg.Paths {
		if err := o.add(host, opened, p); err != nil {
			o.closeDirs()
			return nil, err
		}
	}
	return o, nil
}

// add puts p at the top of the offer.
func (o *Offer) add(host *Host, opened map[Path]*Dir, p Path) error {
	if p.IsRoot() {
		return &Error{Kind: Refused, Side: Source, Path: p, Err: errors.New("this has no name to be offered under")}
	}
	name, real := p.Base(), p
	if other := o.names[name]; other != nil {
		if other.shown == p {
			return nil // named twice
		}
		return &Error{Kind: Exists, Side: Source, Path: p, Err: errors.New("another path has the same name, " + other.shown.String() + ": offer them one after the other")}
	}
	led, err := filepath.EvalSymlinks(host.Name(p))
	if err == nil {
		real, err = host.PathOf(led)
	}
	if err != nil {
		return atSource(p, err)
	}
	parent, base := real.Split()
	d := opened[parent]
	if d == nil {
		if d, err = host.Dir(parent); err != nil {
			return atSource(p, err)
		}
		opened[parent] = d
		o.dirs = append(o.dirs, d)
	}
	it := &offered{name: name, tree: d, path: Path{base}, shown: p}
	e, err := d.Stat(context.Background(), it.path)
	switch {
	case err != nil:
		return atSource(p, &Error{Kind: KindOf(err), Err: plain(err)})
	case e.Kind != RegularFile && e.Kind != Directory:
		return &Error{Kind: NotAFile, Side: Source, Path: p, Err: errors.New("is no file or directory")}
	}
	o.items = append(o.items, it)
	o.names[name] = it
	return nil
}

// Close ends the counting and closes what is open. Servers of the offer have to
// be done with it.
func (o *Offer) Close() {
	o.stop()
	o.running.Wait()
	o.closeDirs()
}

func (o *Offer) closeDirs() {
	for _, d := range o.dirs {
		d.Close()
	}
}

// ID names the offer.
func (o *Offer) ID() OfferID { return o.cfg.ID }

// count counts all that is offered.
func (o *Offer) count(ctx context.Context) {
	for m, err := range o.Measure(ctx, Path{}) {
		if err != nil && ctx.Err() == nil {
			m.Failed, m.Done = m.Failed+1, true // what is left cannot be read: it is known all the same
		}
		o.mu.Lock()
		o.sum = m
		o.stir()
		o.mu.Unlock()
	}
}

// An OfferSummary says what is offered, as it is known at one moment.
type OfferSummary struct {
	ID    OfferID
	From  string // what the offering side calls itself: nobody has checked it, and it is shown by Display
	Names int    // of entries at the top
	First []Entry
	Measured
}

// maxFirst is how many entries of an offer are told by name.
const maxFirst = 32

// Summary says what is offered, as far as it is counted.
func (o *Offer) Summary() OfferSummary {
	s := OfferSummary{ID: o.cfg.ID, From: o.cfg.From, Names: len(o.items)}
	for _, it := range o.items[:min(len(o.items), maxFirst)] {
		if e, err := it.stat(context.Background()); err == nil {
			s.First = append(s.First, e)
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	s.Measured = o.sum
	return s
}

// Changed returns a channel that is closed when more is counted, or a receiver
// comes, goes, or says something.
func (o *Offer) Changed() <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.changed
}

// stir tells that something changed; o.mu is held.
func (o *Offer) stir() {
	close(o.changed)
	o.changed = make(chan struct{})
}

// sources returns what a receiver that fetches p is sent.
func (o *Offer) sources(p Path) ([]source, error) {
	items := o.items
	var below Path
	if !p.IsRoot() {
		it, rest, err := o.find(p)
		if err != nil {
			return nil, err
		}
		items, below = []*offered{it}, rest
	}
	var out []source
	for _, it := range items {
		s := source{tree: it.tree, path: it.path.Append(below), shown: it.shown.Append(below)}
		if below.IsRoot() {
			s.name = it.name
		}
		out = append(out, s)
	}
	return slices.Clip(out), nil
}
