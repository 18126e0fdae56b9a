package session

import (
	"context"
	"errors"

	"github.com/bargee/bargee/transport"
)

// A drop box is a place as a peer is: Reach.Dial returns a link to it, which ends in
// this process and says whose it is. Copying into such a place stores at the depot, and
// copying out of it receives, as transfers of the queue like any other.

// A boxLink is a link to a box.
type boxLink struct {
	transport.Link
	box *DropBox
}

// Lanes are those to the depot: what is in this process is no lane.
func (l *boxLink) Lanes() []transport.LaneStats {
	if l.box.cfg.Lanes == nil {
		return nil
	}
	return l.box.cfg.Lanes()
}

// Choice is none.
func (l *boxLink) Choice() (transport.LaneChoice, <-chan struct{}) {
	_, changed := l.Link.Choice()
	return transport.LaneChoice{}, changed
}

// BoxLink returns a link to b for Reach.Dial to return. The box is the link's from
// here on, and closed with it.
func BoxLink(b *DropBox) transport.Link {
	near, far := transport.Pipe()
	go func() {
		_ = NewServer(ServerConfig{}).ServeLink(context.Background(), far) // nothing but pings, until it is closed
		b.Close()
	}()
	return &boxLink{near, b}
}

// A Box is the Tree of a drop box: a DropBox, and what Engine.Tree returns, which says of
// places that are none that they are Refused.
type Box interface {
	Tree

	// Drop describes the drop that p is, is in, or is the note of; of the root, the last
	// one that was stored there from here.
	Drop(ctx context.Context, p Path) (BoxedDrop, error)
}

var (
	_ Box = (*DropBox)(nil)
	_ Box = (*placeTree)(nil)
)

// Drop implements Box.
func (t *placeTree) Drop(ctx context.Context, p Path) (BoxedDrop, error) {
	return behind(ctx, t, func(r Tree) (BoxedDrop, error) {
		b, ok := r.(*DropBox)
		if !ok {
			return BoxedDrop{}, newError(Refused, Path{}, "it is no drop box")
		}
		return b.Drop(ctx, p)
	})
}

// boxOf returns the box that a link leads to, nil if it leads to a peer.
func boxOf(l transport.Link) *DropBox {
	if b, ok := l.(*boxLink); ok {
		return b.box
	}
	return nil
}

// Why something cannot be done with a drop box.
var (
	errNoPeer     = &Error{Kind: Refused, Err: errors.New("a drop box only stores what is copied into it and gives back what is copied out of it")}
	errBoxed      = &Error{Kind: Refused, Err: errors.New("between a drop box and another place nothing goes straight: copy it to this machine first")}
	errBoxedMove  = &Error{Kind: Refused, Err: errors.New("into and out of a drop box files are copied, not moved or synchronised")}
	errBoxedInner = &Error{Kind: Refused, Err: errors.New("what is in a drop stays as it is: copy into the drop box itself, that is a drop of its own")}
	errBoxedNote  = &Error{Kind: Refused, Err: errors.New("is the ticket of a drop, which is read here: copy the drop itself")}
)

// send carries out a job from here to a place.
func (e *Engine) send(ctx context.Context, l transport.Link, q *queued, paths []Path) error {
	b := boxOf(l)
	switch {
	case b == nil:
		return e.upload(ctx, l, q, paths, q.job.Destination)
	case q.job.Move || q.job.only != nil:
		return atDestination(q.job.Destination, errBoxedMove)
	case !q.job.Destination.IsRoot():
		return atDestination(q.job.Destination, errBoxedInner)
	}
	return e.deposit(ctx, b, q, paths)
}

// fetch carries out a job from a place to here.
func (e *Engine) fetch(ctx context.Context, l transport.Link, q *queued, paths []Path) error {
	b := boxOf(l)
	switch {
	case b == nil:
		return e.download(ctx, l, q, paths)
	case q.job.Move || q.job.only != nil:
		return atSource(paths[0], errBoxedMove)
	}
	return e.collect(ctx, b, q, paths)
}

// A boxing is what is taken out of a box in one transfer.
type boxing struct {
	box     *DropBox
	sources []source
	whole   []*Drop           // of which all is taken
	names   map[string]string // at the top, and which drop has them
	release []func()
}

func (x *boxing) done() {
	for _, f := range x.release {
		f()
	}
}

// add takes what p names: a drop, or something in one. The notes beside drops stay.
func (x *boxing) add(ctx context.Context, p Path) error {
	name, _ := p.first()
	if _, note, err := x.box.named(ctx, name); err == nil && note {
		return nil
	}
	d, rest, release, err := x.box.hold(ctx, p)
	if err != nil {
		return err
	}
	x.release = append(x.release, release)
	if err := d.sight(false); err != nil { // an old one of a known peer, shown as new
		return err
	}
	more, err := d.sourcesIn(ctx, rest)
	if err != nil {
		return err
	}
	for i := range more {
		top := more[i].rel().Base()
		if other, taken := x.names[top]; taken {
			return newError(Invalid, p, "%s is in %s, too: copy one after the other", Display(top), Display(other))
		}
		x.names[top] = name
		if more[i].shown = p; rest.IsRoot() {
			more[i].shown = p.Append(more[i].path)
		}
	}
	if rest.IsRoot() {
		x.whole = append(x.whole, d)
	}
	x.sources = append(x.sources, more...)
	return nil
}

// finish says of the drops that were taken whole that they were.
func (x *boxing) finish(ctx context.Context) (err error) {
	for _, d := range x.whole {
		err = errors.Join(err, d.Finish(ctx))
		x.box.putAway(d.ID())
	}
	return err
}

// collect receives what paths of a box name: drops, or what is in one.
func (e *Engine) collect(ctx context.Context, b *DropBox, q *queued, paths []Path) error {
	x := &boxing{box: b, names: map[string]string{}}
	defer x.done()
	for _, p := range paths {
		if err := x.add(ctx, p); err != nil {
			return atSource(p, err)
		}
	}
	if len(x.sources) == 0 {
		return atSource(paths[0], errBoxedNote)
	}
	job := q.job
	ofDrop(&job)
	if len(x.whole) > 0 {
		job.Into, job.Exact = true, false // all that is in it, under its own names
	}
	failures := q.ledger.failures()
	err := e.receiveHere(ctx, q, &job, x.sources)
	if err == nil && q.ledger.failures() == failures && !job.Options.DryRun {
		err = x.finish(ctx)
	}
	return err
}

// receiveHere is copyHere of sources that are opened already.
func (e *Engine) receiveHere(ctx context.Context, q *queued, j *Job, sources []source) error {
	into, _, as, err := e.resolveHere(j)
	if err != nil {
		return err
	}
	defer into.Close()
	near, far := transport.Pipe()
	ctx, cancel := context.WithCancelCause(ctx)
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = NewServer(ServerConfig{Tree: into, PartialTTL: j.Options.PartialTTL, vouched: true, WriteOnly: true}).ServeLink(ctx, far)
	}()
	err = e.uploadAll(ctx, near, q, j, sources, Path{as})
	cancel(nil)
	near.Close("done")
	<-served
	return err
}

// deposit stores files of this machine in a box, as one drop.
func (e *Engine) deposit(ctx context.Context, b *DropBox, q *queued, paths []Path) error {
	if q.job.Options.DryRun {
		return newError(Refused, Path{}, "what would be stored is not tried out")
	}
	cfg, err := b.cfg.Store(paths, q.job.Options.Drop)
	if err != nil {
		return about(Path{}, err)
	}
	cfg.Paths, cfg.Options = paths, &q.job.Options
	d, err := newDepositOn(cfg, q)
	if err != nil {
		return err
	}
	defer d.close()
	_, _, err = d.attempts(ctx)
	if errors.Is(context.Cause(ctx), errCancelled) {
		d.discard()
	}
	return err
}
