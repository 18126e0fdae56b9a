package cli

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// A copier runs one cp: it turns addresses into jobs, hands them to an engine
// and watches them.
type copier struct {
	*cpOptions
	reach  *reach
	engine *session.Engine
	host   *session.Host
	places map[string]session.PlaceID // by target.peer
	roots  map[session.PlaceID]target
	secret map[session.PlaceID]bool // a secret was needed
	ids    []session.TransferID
	report *reporter
}

func (o *cpOptions) run(ctx context.Context) error {
	r, err := o.app.reach()
	if err != nil {
		return err
	}
	if r.lanes = o.lanes; r.lanes == 0 {
		r.lanes = transport.AutoLanes
	}
	c := &copier{
		cpOptions: o,
		reach:     r,
		host:      session.NewHost(),
		places:    map[string]session.PlaceID{"": session.Here},
		roots:     map[session.PlaceID]target{},
		secret:    map[session.PlaceID]bool{},
		report:    newReporter(o),
	}
	defer c.reach.Close()
	c.engine = session.NewEngine(session.EngineConfig{Reach: c.reach})
	defer c.engine.Close()
	jobs, err := c.jobs(ctx)
	if err != nil {
		return err
	}
	for _, j := range jobs {
		id, err := c.engine.Submit(j)
		if err != nil {
			return failed("copy to", o.dst, err)
		}
		c.ids = append(c.ids, id)
	}
	transfers, err := c.watch(ctx)
	c.report.finish(transfers, c.lanes())
	if err == nil {
		err = c.outcome(transfers)
	}
	if err != nil {
		return err
	}
	return c.pin(ctx)
}

// jobs connects to all places and says what is to be done.
func (c *copier) jobs(ctx context.Context) ([]session.Job, error) {
	to, dst, err := c.locate(ctx, c.dst)
	if err != nil {
		return nil, err
	}
	into, err := c.into(ctx, to, dst)
	if err != nil {
		return nil, failed("copy to", c.dst, err)
	}
	var jobs []session.Job
	for _, src := range c.sources {
		from, path, err := c.locate(ctx, src)
		if err != nil {
			return nil, err
		}
		j := session.Job{
			From: from, Sources: []session.Path{path}, To: to, Destination: dst, Into: into,
			Options: c.options(), Observe: c.report.item,
		}
		if into && (src.contents() || path.IsRoot()) { // what is in it, since it has no name
			j.Into = false
		}
		if err := c.aim(&j, src); err != nil {
			return nil, err
		}
		last := len(jobs) - 1
		if last >= 0 && j.Into && jobs[last].Into && jobs[last].From == from {
			jobs[last].Sources = append(jobs[last].Sources, path)
			continue
		}
		jobs = append(jobs, j)
	}
	return jobs, nil
}

// aim mends what a job means where cp has its own ideas: a link with a slash
// behind it is the directory it leads to, and nothing is copied into itself.
func (c *copier) aim(j *session.Job, src target) error {
	path := j.Sources[0]
	if src.isLocal() && src.isDir() {
		real, err := filepath.EvalSymlinks(c.host.Name(path))
		if err != nil {
			return failed("copy", src, err)
		}
		behind, err := c.host.PathOf(real)
		if err != nil {
			return failed("copy", src, err)
		}
		if j.Into && behind != path {
			if j.Destination, err = j.Destination.Join(path.Base()); err != nil {
				return failed("copy", src, err)
			}
			j.Into = false
		}
		path = behind
		j.Sources[0] = behind
	}
	end := j.Destination
	if j.Into {
		var err error
		if end, err = end.Join(path.Base()); err != nil {
			return failed("copy", src, err)
		}
	}
	if j.From == j.To && end.Within(path) {
		why := "the destination lies within it"
		if end == path {
			why = "is the destination itself"
		}
		return failed("copy", src, &session.Error{Kind: session.Invalid, Path: path, Err: errors.New(why)})
	}
	return nil
}

// locate returns the place and the path of t, connecting if it has to.
func (c *copier) locate(ctx context.Context, t target) (session.PlaceID, session.Path, error) {
	id, ok := c.places[t.peer()]
	if !ok {
		secret, err := c.admit(ctx, t.root(), &c.reachFlags, func(secret string) (err error) {
			id, err = c.engine.Connect(ctx, c.reach.word(t), secret)
			return err
		})
		if err != nil {
			return 0, session.Path{}, err
		}
		c.places[t.peer()], c.roots[id], c.secret[id] = id, t.root(), secret
	}
	p := place{root: t.root()}
	if t.isLocal() {
		p.host = c.host
	}
	path, err := p.path(t)
	return id, path, failed("copy", t, err)
}

// into tells whether dst is a directory that takes the sources under their own
// names. If it is not there, the directory above it has to be.
func (c *copier) into(ctx context.Context, id session.PlaceID, dst session.Path) (bool, error) {
	if dst.IsRoot() {
		return true, nil
	}
	tree, err := c.engine.Tree(id)
	if err != nil {
		return false, err
	}
	p := &place{root: c.dst.root(), tree: tree}
	if id == session.Here {
		p.host = c.host
	}
	w := c.app.watch(ctx)
	defer w.stop()
	into, err := intoDirectory(w, p, c.dst, dst, len(c.sources) > 1)
	if err != nil || into || dst.Parent().IsRoot() {
		return into, w.explain(err)
	}
	_, err = tree.Stat(w, dst.Parent())
	return false, w.explain(err)
}

// watch waits for all transfers, and tells of their progress.
func (c *copier) watch(ctx context.Context) ([]session.Transfer, error) {
	waiting, stop := context.WithCancel(ctx)
	defer stop()
	over := make(chan struct{})
	go func() {
		defer close(over)
		for _, id := range c.ids {
			c.engine.Wait(waiting, id)
		}
	}()
	tick := time.NewTicker(c.report.interval())
	defer tick.Stop()
	for {
		select {
		case <-over:
			if err := interrupted(ctx, "run the same command again to resume"); err != nil {
				c.engine.Close()
				return c.transfers(), err
			}
			return c.transfers(), nil
		case <-tick.C:
			all := c.transfers()
			c.report.progress(all, c.lanes())
			tick.Reset(c.report.interval())
			if err := c.tend(ctx, all); err != nil {
				return all, err
			}
		}
	}
}

// tend does what a transfer under way needs of its user.
func (c *copier) tend(ctx context.Context, all []session.Transfer) error {
	for _, t := range all {
		if t.State == session.StatePaused { // by the engine, which nobody will tell to go on
			return &problem{what: "copy to", where: c.dst.String(), err: t.Err, hint: "what was copied is kept: run the same command again to resume"}
		}
		for _, q := range t.Conflicts {
			if err := c.decide(ctx, t.ID, q); err != nil {
				return err
			}
		}
	}
	return nil
}

// transfers returns ours of the engine's.
func (c *copier) transfers() []session.Transfer {
	var ours []session.Transfer
	for _, t := range c.engine.Transfers() {
		for _, id := range c.ids {
			if t.ID == id {
				ours = append(ours, t)
			}
		}
	}
	return ours
}

// lanes returns the lanes of the links in use.
func (c *copier) lanes() []laneAt {
	var all []laneAt
	for _, p := range c.engine.Places() {
		for _, l := range p.Lanes {
			all = append(all, laneAt{p.ID, l})
		}
	}
	return all
}

// outcome returns what the ends of all transfers amount to.
func (c *copier) outcome(all []session.Transfer) error {
	failures := false
	for _, t := range all {
		switch {
		case t.State == session.StateFailed:
			return failed("copy to", c.dst, t.Err)
		case t.State == session.StateCancelled:
			return &problem{what: "copy to", where: c.dst.String(), err: &session.Error{Kind: session.Cancelled, Err: errors.New("cancelled")}}
		}
		failures = failures || t.Failures > 0
	}
	if !failures {
		return nil
	}
	return &partlyError{all: c.report.onlyFailed(len(c.sources)), first: c.report.first}
}

// pin remembers the peers where that is wanted.
func (c *copier) pin(ctx context.Context) error {
	for _, p := range c.engine.Places() {
		root, ok := c.roots[p.ID]
		if !ok {
			continue // this machine
		}
		err := c.app.pin(ctx, root, &c.reachFlags, c.secret[p.ID], c.reach.nameFor(root, p.Key), func(name string) error {
			return c.engine.Pin(ctx, p.ID, name)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
