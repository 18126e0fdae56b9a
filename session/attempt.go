package session

import (
	"context"
	"time"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/transport"
)

// checkJob completes a job and refuses one that makes no sense.
func (e *Engine) checkJob(j *Job) error {
	if len(j.Sources) == 0 {
		return newError(Invalid, Path{}, "nothing to copy")
	}
	if j.Exact && (j.Into || len(j.Sources) > 1) {
		return newError(Invalid, j.Destination, "one name for %d sources, or for what goes into it", len(j.Sources))
	}
	if j.Sync && j.only == nil {
		return errSynced
	}
	if j.only != nil && (!j.Into || j.Move || len(j.Sources) > 1) {
		return newError(Invalid, j.Destination, "a choice of what is in several sources, or moved")
	}
	for _, id := range []PlaceID{j.From, j.To} {
		if id == Here {
			continue
		}
		if _, err := e.place(id); err != nil {
			return err
		}
	}
	if err := checkOptions(&j.Options); err != nil {
		return err
	}
	if j.Priority < 0 || j.Priority > MaxPriority {
		return newError(Invalid, Path{}, "priority %d: use 0 to %d", j.Priority, MaxPriority)
	}
	names := map[string]bool{}
	for _, p := range j.Sources {
		if names[p.Base()] || p.IsRoot() && len(j.Sources) > 1 {
			return newError(Invalid, p, "two of the sources would get the same name")
		}
		names[p.Base()] = true
	}
	if j.Move {
		j.Options.Checksum = true // what is removed was compared byte by byte
	}
	if j.From == j.To {
		for _, p := range j.Sources {
			if j.Destination.Within(p) {
				return newError(Invalid, j.Destination, "it lies in %s, which is to be copied", p)
			}
		}
	}
	return nil
}

// checkOptions refuses options that make no sense here.
func checkOptions(o *Options) error {
	if n := o.ChunkSize; n != 0 && (n < minChunkSize || n > maxChunkSize || n&(n-1) != 0) {
		return newError(ChunkSize, Path{}, "chunks of %d bytes: use a power of two from %d to %d", n, minChunkSize, maxChunkSize)
	}
	if o.Streams < 0 || o.Streams > 255 {
		return newError(Invalid, Path{}, "%d streams: use 1 to 255", o.Streams)
	}
	if err := checkGlobs(o); err != nil {
		return err
	}
	if err := checkDecision(o.OnConflict, o); err != nil {
		return err
	}
	if o.KeepXattrs && !hasXattrs {
		return newError(Refused, Path{}, "this system has no extended attributes; leave xattrs out")
	}
	if err := o.Drop.Check(); err != nil {
		return err
	}
	return checkLimit(o.Limit)
}

// attempt carries q's transfer out once, as far as it gets.
func (e *Engine) attempt(ctx context.Context, q *queued) (err error) {
	j := &q.job
	sources := j.Sources
	if j.Sync && j.only == nil {
		return errSynced
	}
	if j.Move && !j.Options.DryRun {
		e.findGone(ctx, q)
		sources = q.moved.left(sources)
		if j.From == j.To {
			e.willRemove(q)
			if sources, err = e.moveWithin(ctx, q, sources); err != nil {
				return err
			}
		}
		if len(sources) == 0 {
			return nil
		}
	}
	switch {
	case j.From == Here && j.To == Here:
		err = e.copyHere(ctx, q, sources)
	case j.From != Here && j.To != Here:
		err = e.between(ctx, q, sources)
	case j.From == Here:
		err = e.withLink(ctx, j.To, func(l transport.Link) error { return e.send(ctx, l, q, sources) })
	default:
		err = e.withLink(ctx, j.From, func(l transport.Link) error { return e.fetch(ctx, l, q, sources) })
	}
	if err == nil && j.Move && !j.Options.DryRun {
		e.willRemove(q)
		err = e.removeMoved(ctx, q)
	}
	return err
}

// withLink runs f over the place's link. When the link dies under it, that is
// the reason, whatever f saw of it.
func (e *Engine) withLink(ctx context.Context, id PlaceID, f func(transport.Link) error) error {
	p, err := e.place(id)
	if err != nil {
		return err
	}
	e.rouse(p)
	l, err := p.roused(ctx)
	if err != nil {
		return err
	}
	err = f(l)
	if err != nil && ctx.Err() == nil && l.Err() != nil {
		return &Error{Kind: Interrupted, Err: l.Err()}
	}
	return err
}

// upload sends paths over l.
func (e *Engine) upload(ctx context.Context, l transport.Link, q *queued, paths []Path, dest Path) error {
	j := &q.job
	sources, done, err := e.sourcesOf(j, paths)
	if err != nil {
		return err
	}
	defer done()
	return e.uploadAll(ctx, l, q, j, sources, dest)
}

// uploadAll sends sources over l; j is q's, or what became of it.
func (e *Engine) uploadAll(ctx context.Context, l transport.Link, q *queued, j *Job, sources []source, dest Path) error {
	id := e.cfg.transferID()
	s := newSender(senderConfig{sources: sources, options: j.Options, dest: j.Destination, ledger: q.ledger, ask: q.asking.ask, limits: throttles{q.limit, e.out}})
	req := &wire.Request{Ask: &wire.Request_Send{Send: &wire.Send{
		Transfer: id, Destination: []byte(dest.raw), Into: j.Into || len(j.Sources) > 1, Exact: j.Exact, Options: e.optionsToWire(j.Options),
	}}}
	return q.transfer(ctx, l, req, id, s)
}

// download fetches paths over l.
func (e *Engine) download(ctx context.Context, l transport.Link, q *queued, paths []Path) error {
	j := &q.job
	into, shown, as, err := e.resolveHere(j)
	if err != nil {
		return err
	}
	defer into.Close()
	id := e.cfg.transferID()
	cfg := receiverConfig{into: into, as: as, shown: shown, options: j.Options, policy: ServerConfig{PartialTTL: j.Options.PartialTTL}, ledger: q.ledger, ask: q.asking.ask, inflow: inflow{!e.cfg.plain, q.limit, &e.in}, lanes: l.Lanes}
	cfg.only, cfg.origin = asked(paths)
	if j.only != nil {
		cfg.only, cfg.origin, cfg.picks = nil, j.Sources[0].Append, j.only
	}
	fetch := &wire.Fetch{Transfer: id, Options: e.optionsToWire(j.Options), Picked: j.only != nil}
	for _, p := range paths {
		fetch.Paths = append(fetch.Paths, []byte(p.raw))
	}
	return q.transfer(ctx, l, &wire.Request{Ask: &wire.Request_Fetch{Fetch: fetch}}, id, newReceiver(cfg))
}

func (e *Engine) optionsToWire(o Options) *wire.Options {
	w := optionsToWire(o)
	w.Flow = !e.cfg.plain
	return w
}

// asked returns which top names were asked for (nil: any), and where what is
// announced under them lies at the source.
func asked(sources []Path) (only map[string]bool, origin func(Path) Path) {
	parents := map[string]Path{}
	for _, p := range sources {
		parents[p.Base()] = p.Parent()
	}
	origin = func(p Path) Path { return parents[topOf(p)].Append(p) }
	if _, all := parents[""]; all {
		return nil, origin
	}
	only = map[string]bool{}
	for name := range parents {
		only[name] = true
	}
	return only, origin
}

// copyHere copies within this machine: over a link in memory to a server of
// the destination, so that it is verified, resumed and shown like any other.
func (e *Engine) copyHere(ctx context.Context, q *queued, paths []Path) error {
	j := &q.job
	into, shown, as, err := e.resolveHere(j)
	if err != nil {
		return err
	}
	defer into.Close()
	_ = shown
	near, far := transport.Pipe()
	ctx, cancel := context.WithCancelCause(ctx)
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = NewServer(ServerConfig{Tree: into, PartialTTL: j.Options.PartialTTL}).ServeLink(ctx, far)
	}()
	err = e.upload(ctx, near, q, paths, Path{as})
	cancel(nil)
	near.Close("done")
	<-served
	return err
}

// sourcesOf is sourcesHere, but for a job that copies a choice of what is in its source.
func (e *Engine) sourcesOf(j *Job, paths []Path) (sources []source, done func(), err error) {
	if j.only == nil {
		return e.sourcesHere(paths)
	}
	d, err := e.host.Dir(j.Sources[0])
	if err != nil {
		return nil, nil, atSource(j.Sources[0], err)
	}
	return []source{{tree: d, shown: j.Sources[0], picks: newPicks(j.only)}}, func() { d.Close() }, nil
}

// sourcesHere opens the directories that hold the sources. What leads there is
// the user's own business, links included; below, none is followed.
func (e *Engine) sourcesHere(paths []Path) (sources []source, done func(), err error) {
	dirs := map[Path]*Dir{}
	done = func() {
		for _, d := range dirs {
			d.Close()
		}
	}
	for _, p := range paths {
		parent, name := p.Split()
		d := dirs[parent]
		if d == nil {
			if d, err = e.host.Dir(parent); err != nil {
				done()
				return nil, nil, atSource(p, err)
			}
			dirs[parent] = d
		}
		sources = append(sources, source{tree: d, path: Path{name}, shown: p})
	}
	return sources, done, nil
}

func atSource(p Path, err error) *Error {
	e := *about(p, err)
	e.Side = Source
	return &e
}

// resolveHere is resolve for a destination on this machine.
func (e *Engine) resolveHere(j *Job) (dir *Dir, at Path, as string, err error) {
	return resolveOn(e.host, j)
}

func resolveOn(h *Host, j *Job) (dir *Dir, at Path, as string, err error) {
	dest := j.Destination
	if !j.Exact || dest.IsRoot() {
		if dir, err = h.Dir(dest); err == nil {
			return dir, dest, "", nil
		}
		if j.Into || len(j.Sources) > 1 || KindOf(err) != NotFound && KindOf(err) != NotADirectory {
			return nil, Path{}, "", atDestination(dest, err)
		}
	}
	parent, name := dest.Split()
	if dir, err = h.Dir(parent); err != nil {
		return nil, Path{}, "", atDestination(parent, err)
	}
	return dir, parent, name, nil
}

func atDestination(p Path, err error) *Error {
	e := *about(p, err)
	e.Side = Destination
	return &e
}

// transfer runs h, and ends it when the other side owes us something and
// nothing moves for too long.
func (q *queued) transfer(ctx context.Context, l transport.Link, req *wire.Request, id []byte, h half) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if q.job.Options.Timeout > 0 {
		go q.watchOver(ctx, cancel, h, q.job.Options)
	}
	err := transfer(ctx, l, req, id, h, q.job.Options.Streams)
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

func (q *queued) watchOver(ctx context.Context, cancel context.CancelCauseFunc, h half, o Options) {
	tick := time.NewTicker(max(o.Timeout/20, 10*time.Millisecond))
	defer tick.Stop()
	last, since := int64(-1), time.Now()
	for {
		select {
		case <-tick.C:
		case <-h.isOver():
			return
		case <-ctx.Done():
			return
		}
		now, debt := q.ledger.progress(), h.due()
		switch {
		case now != last || debt == debtNone:
			last, since = now, time.Now()
		case time.Since(since) >= debt.limit(o):
			cancel(newError(Timeout, Path{}, "no progress for %v", debt.limit(o)))
			return
		}
	}
}
