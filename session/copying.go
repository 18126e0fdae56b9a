package session

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/transport"
)

// A Location is something in a tree: At makes one.
type Location struct {
	Tree Tree
	Path Path
}

// At returns the location of p in t.
func At(t Tree, p Path) Location { return Location{t, p} }

// CopyOptions say how Copy copies, and who hears of it. The zero value is as good
// as the command line without flags. Of each function there is one call at a time,
// but different ones may run at the same moment; the copy may wait for them.
type CopyOptions struct {
	// Options are the choices of the transfer; nil: DefaultOptions. With Ask and
	// no Decide a file fails with Exists. What is about attempts (Retry, GiveUp) is
	// of no account: Copy makes one.
	Options *Options

	// Exact gives the source the name of the destination also where that is a
	// directory; else it goes into it, under its own name.
	Exact bool

	// RemovePartials removes what there is of unfinished files when the copy is
	// stopped, by its context or OnChunk. Else it stays, and the next Copy of the
	// same goes on with it.
	RemovePartials bool

	Decide     func(Question) Conflict // decides conflicts, with the policy Ask; Ask: the file fails
	OnItem     func(Item)              // hears of each file, link and directory that is over
	OnProgress func(Transfer)          // hears how far it is, four times a second, and last of the end

	// OnChunk sees each chunk that travels before it is sent, or before it is
	// written where we receive, when it was verified. Its error stops the copy, and
	// Copy returns one that matches it. What need not travel is not seen: what is
	// there from an earlier run, or in an older file.
	OnChunk func(Chunk) error
}

// A Chunk is a piece of a file on its way: of a file of several, pieces come in
// any order, and again if they were damaged.
type Chunk struct {
	Path   Path // of its file, at the source
	Offset int64
	Data   []byte // not to be changed, nor kept after the call
}

// progressEvery is how often OnProgress is called.
const progressEvery = 250 * time.Millisecond

// Copy copies the file or directory at one location to another one, verified and
// resumable. A tree is a Host or a Dir of this machine or a Remote, and what is copied
// goes over its link; between two Remotes it goes straight from the one to the other
// where they reach each other (Straight), and else over both links, and OnChunk, which
// would not see it, is Refused. If there is a directory at the
// destination, the source goes into it under its own name; if there is nothing, that
// is the name it gets, in a directory that must be there.
//
// It returns when all is over, with the counts, and an error if anything is not at
// the destination as it is at the source: of the first item that failed, or of what
// ended the copy before its time. The same call goes on where it was left. A link
// that dies ends it: who wants to be reconnected, or a queue, uses an Engine.
func Copy(ctx context.Context, from, to Location, o CopyOptions) (Transfer, error) {
	c, err := newCopying(from, to, o)
	if err != nil {
		return Transfer{}, err
	}
	return c.run(ctx)
}

// copying is a Copy under way: a transfer without a queue.
type copying struct {
	CopyOptions
	from, to Location
	q        *queued
	stop     context.CancelCauseFunc

	deciding, seeing sync.Mutex // held while Decide, OnChunk run
	stopped          error      // by OnChunk; of seeing
}

func newCopying(from, to Location, o CopyOptions) (*copying, error) {
	options := DefaultOptions()
	if o.Options != nil {
		options = *o.Options
	}
	if options.OnConflict == Ask && o.Decide == nil {
		options.OnConflict = Fail
	}
	if err := checkOptions(&options); err != nil {
		return nil, err
	}
	if from.Tree == nil || to.Tree == nil {
		return nil, newError(Invalid, Path{}, "a copy from or to no tree")
	}
	j := Job{Sources: []Path{from.Path}, Destination: to.Path, Exact: o.Exact, Options: options, Observe: o.OnItem}
	if _, ok := from.Tree.(*Drop); ok {
		ofDrop(&j)
		o.Exact = j.Exact
	}
	return copyingOf(j, from, to, o), nil
}

// copyingOf is for a job that makes sense.
func copyingOf(j Job, from, to Location, o CopyOptions) *copying {
	return &copying{CopyOptions: o, from: from, to: to, q: newQueued(0, j, time.Now())}
}

func (c *copying) run(ctx context.Context) (Transfer, error) {
	inner, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stop(nil)
	c.stop = stop
	defer context.AfterFunc(ctx, func() { stop(c.ending()) })()
	c.q.state, c.q.started, c.q.attempt = StateRunning, time.Now(), 1
	silence := tellProgress(c.q, c.OnProgress)
	err := c.attempt(inner)
	silence()
	switch {
	case err == nil:
		c.q.state = StateDone
		err = failureOf(c.q.snapshot(time.Now()))
	case c.stopped != nil:
		err = c.stopped
	case ctx.Err() != nil:
		err = &Error{Kind: c.ending().Kind, Path: c.from.Path, Err: context.Cause(ctx)}
	default:
		err = about(c.from.Path, err)
	}
	if c.q.state == StateRunning {
		c.q.state, c.q.err = StateFailed, err
	}
	c.q.finished = time.Now()
	t := c.q.snapshot(c.q.finished)
	if c.OnProgress != nil {
		c.OnProgress(t)
	}
	return t, err
}

// ending is why a copy that is stopped ends, for both sides.
func (c *copying) ending() *Error {
	if c.RemovePartials {
		return errCancelled
	}
	return errClosing
}

// tellProgress tells tell of the progress until silence is called.
func tellProgress(q *queued, tell func(Transfer)) (silence func()) {
	if tell == nil {
		return func() {}
	}
	over, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(progressEvery)
		defer tick.Stop()
		for {
			select {
			case now := <-tick.C:
				tell(q.snapshot(now))
			case <-over:
				return
			}
		}
	}()
	return func() { close(over); <-done }
}

// failureOf returns the error of a transfer that came to its end.
func failureOf(t Transfer) error {
	if t.Failures == 0 || len(t.Failed) == 0 {
		return nil
	}
	first := about(t.Failed[0].Path, t.Failed[0].Err)
	if t.Failures == 1 {
		return first
	}
	return &Error{Kind: first.Kind, Side: first.Side, Path: first.Path, Err: fmt.Errorf("%w (and %d more failed)", first.Err, t.Failures-1)}
}

// see shows a chunk to OnChunk; path is where its file is at the source.
func (c *copying) see(path Path, offset int64, data []byte) error {
	c.seeing.Lock()
	defer c.seeing.Unlock()
	if c.stopped == nil {
		if err := c.OnChunk(Chunk{path, offset, data}); err != nil {
			c.stopped = &Error{Kind: c.ending().Kind, Path: path, Err: err}
			c.stop(c.ending())
		}
	}
	return c.stopped
}

// decide answers a conflict by Decide.
func (c *copying) decide(q Question, reply func(Conflict)) {
	go func() {
		c.deciding.Lock()
		d := c.Decide(q)
		c.deciding.Unlock()
		if d == Ask || checkDecision(d, &c.q.job.Options) != nil {
			d = Fail
		}
		reply(d)
	}()
}

// attempt carries the transfer out.
func (c *copying) attempt(ctx context.Context) error {
	far, err := remoteOf(ctx, c.from.Tree)
	if err != nil {
		return err
	}
	to, err := remoteOf(ctx, c.to.Tree)
	switch {
	case err != nil:
		return err
	case far != nil && to != nil:
		return c.across(ctx, far.link, to.link)
	case far != nil:
		return c.download(ctx, far.link)
	case to != nil:
		return c.upload(ctx, to.link, c.to.Path)
	}
	return c.copyHere(ctx)
}

// across copies from one peer to another.
func (c *copying) across(ctx context.Context, from, to transport.Link) error {
	if c.OnChunk != nil {
		return newError(Refused, Path{}, "both are at peers, and the chunks need not come by here: OnChunk would not see them")
	}
	if from == to && c.to.Path.Within(c.from.Path) {
		return newError(Invalid, c.to.Path, "it lies in %s, which is to be copied", c.from.Path)
	}
	b := bridge{options: c.options(), transferID: newTransferID, straight: true, limits: throttles{c.q.limit}}
	if c.Decide != nil {
		b.ask = c.decide
	}
	err := c.q.across(ctx, from, to, c.q.job.Sources, b)
	if err != nil && ctx.Err() == nil {
		for _, l := range []transport.Link{from, to} {
			if l.Err() != nil {
				return &Error{Kind: Interrupted, Err: l.Err()}
			}
		}
	}
	return err
}

// remoteOf returns the Remote that t is, or is at the moment; nil if it is on this
// machine.
func remoteOf(ctx context.Context, t Tree) (*Remote, error) {
	switch t := t.(type) {
	case *Remote:
		return t, nil
	case *placeTree:
		return t.remote(ctx)
	}
	return nil, nil
}

func (c *copying) upload(ctx context.Context, l transport.Link, dest Path) error {
	sources, done, err := c.sources(ctx)
	if err != nil {
		return err
	}
	defer done()
	cfg := senderConfig{sources: sources, options: c.q.job.Options, dest: c.to.Path, ledger: c.q.ledger, limits: throttles{c.q.limit}}
	if c.Decide != nil {
		cfg.ask = c.decide
	}
	if c.OnChunk != nil {
		cfg.onChunk = c.see
	}
	id := newTransferID()
	req := &wire.Request{Ask: &wire.Request_Send{Send: &wire.Send{
		Transfer: id, Destination: []byte(dest.raw), Into: c.q.job.Into, Exact: c.Exact, Options: c.options(),
	}}}
	return c.q.transfer(ctx, l, req, id, newSender(cfg))
}

func (c *copying) download(ctx context.Context, l transport.Link) error {
	into, shown, as, done, err := c.destination()
	if err != nil {
		return err
	}
	defer done()
	o := c.q.job.Options
	cfg := receiverConfig{into: into, as: as, shown: shown, options: o, policy: ServerConfig{PartialTTL: o.PartialTTL},
		ledger: c.q.ledger, inflow: inflow{paced: true, own: c.q.limit}, lanes: l.Lanes}
	cfg.only, cfg.origin = asked(c.q.job.Sources)
	only := c.q.job.only
	if only != nil {
		cfg.only, cfg.origin, cfg.picks = nil, c.from.Path.Append, only
	}
	if c.Decide != nil {
		cfg.ask = c.decide
	}
	if c.OnChunk != nil {
		cfg.onChunk = c.see
	}
	id := newTransferID()
	fetch := &wire.Fetch{Transfer: id, Options: c.options(), Paths: [][]byte{[]byte(c.from.Path.raw)}, Picked: only != nil}
	return c.q.transfer(ctx, l, &wire.Request{Ask: &wire.Request_Fetch{Fetch: fetch}}, id, newReceiver(cfg))
}

func (c *copying) options() *wire.Options {
	w := optionsToWire(c.q.job.Options)
	w.Flow = true
	return w
}
