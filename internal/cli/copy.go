package cli

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/bargee/bargee/internal/control"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// A copier runs one cp: it turns addresses into jobs, hands them to an engine
// and watches them.
type copier struct {
	*cpOptions
	reach  *reach
	engine *control.Queue
	host   *session.Host
	places map[string]session.PlaceID // by target.peer
	roots  map[session.PlaceID]target
	secret map[session.PlaceID]bool // a secret was needed
	made   map[session.Path]bool    // directories of the destination that --relative-to wants
	way    []madeDir                // those of them that were not there
	report *reporter

	toldOthers bool // that others put something there, too

	mu   sync.Mutex
	left []session.Job // not submitted yet
	ids  []session.TransferID
	over map[session.TransferID]session.Transfer // of these
}

// maxJobs is how many jobs of one command run at once, at the most.
const maxJobs = 32

func (o *cpOptions) run(ctx context.Context) error {
	c, err := o.copier()
	if err != nil {
		return err
	}
	defer c.reach.Close()
	c.engine = o.queue(c.reach, control.Command)
	defer c.engine.Close()
	jobs, err := c.jobs(ctx)
	if err != nil {
		return err
	}
	if err := c.start(jobs, maxJobs); err != nil {
		return err
	}
	err = c.end(c.watch(ctx))
	var partly *partlyError
	if err == nil || errors.As(err, &partly) {
		if wrong := c.finishWay(ctx); err == nil {
			err = wrong
		}
	}
	if err != nil {
		return err
	}
	return c.pin(ctx)
}

// copier returns one that has no engine yet.
func (o *cpOptions) copier() (*copier, error) {
	preferThroughput()
	stayLean()
	r, err := o.app.reach()
	if err != nil {
		return nil, err
	}
	r.ssh.wants(&o.reachFlags)
	r.early = !o.queues && o.mayBeEarly(o.reachFlags.tokenFile)
	if r.lanes = o.lanes; r.lanes == 0 {
		r.lanes = transport.AutoLanes
	}
	return &copier{
		cpOptions: o,
		reach:     r,
		host:      session.NewHost(),
		places:    map[string]session.PlaceID{"": session.Here},
		roots:     map[session.PlaceID]target{},
		secret:    map[session.PlaceID]bool{},
		made:      map[session.Path]bool{},
		over:      map[session.TransferID]session.Transfer{},
		report:    newReporter(o, "copy"),
	}, nil
}

// submit has jobs done.
func (c *copier) submit(jobs []session.Job) error { return c.start(jobs, len(jobs)) }

// start has jobs done, so many of them at once.
func (c *copier) start(jobs []session.Job, most int) error {
	c.left = jobs
	for range most {
		if err := c.submitNext(); err != nil {
			return err
		}
	}
	return nil
}

// submitNext submits a job, if one is left.
func (c *copier) submitNext() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.left) == 0 {
		return nil
	}
	id, err := c.engine.Submit(c.left[0])
	if err != nil {
		return failed("copy to", c.dst, err)
	}
	c.ids, c.left = append(c.ids, id), c.left[1:]
	c.report.expect(len(c.left))
	return nil
}

// submitted returns the i-th job that was.
func (c *copier) submitted(i int) (session.TransferID, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if i >= len(c.ids) {
		return 0, false
	}
	return c.ids[i], true
}

// end tells how transfers ended, and returns what that amounts to. err is why they
// are not watched any more.
func (c *copier) end(transfers []session.Transfer, err error) error {
	if err == nil {
		err = c.outcome(transfers)
	}
	var partly *partlyError
	whole := err == nil || errors.As(err, &partly)
	c.report.finish(transfers, c.lanes(), whole)
	if partly != nil && partly.all && c.json { // else it was told of as an item
		return c.problem(partly.first)
	}
	return err
}

// watch waits for all transfers, and tells of their progress.
func (c *copier) watch(ctx context.Context) ([]session.Transfer, error) {
	waiting, stop := context.WithCancel(ctx)
	defer stop()
	over := make(chan struct{})
	var lost error // why one is not run any more, although it is not over
	go func() {
		defer close(over)
		for i := 0; lost == nil; i++ {
			id, ok := c.submitted(i)
			if !ok {
				return
			}
			t, err := c.engine.Wait(waiting, id)
			if err == nil && t.State.Over() {
				c.ended(id, t)
			}
			if err != nil && !t.State.Over() {
				lost = err
			} else if waiting.Err() == nil {
				lost = c.submitNext()
			}
		}
	}()
	tick := time.NewTicker(c.report.interval())
	defer tick.Stop()
	for {
		select {
		case <-over:
			if err := interrupted(ctx, resumeHint); err != nil {
				c.abandon()
				c.engine.Close()
				return c.transfers(), err
			}
			if lost != nil {
				lost = problemOf("copy to", c.dst, lost)
			}
			all := c.transfers()
			c.tellOthers(all)
			return all, lost
		case <-tick.C:
			all := c.transfers()
			if paused(all) {
				return all, nil
			}
			c.tellOthers(all)
			c.report.progress(all, c.lanes())
			tick.Reset(c.report.interval())
			if err := c.tend(ctx, all); err != nil {
				return all, err
			}
		}
	}
}

// abandon has the history say that what we ran was interrupted.
func (c *copier) abandon() {
	if !c.engine.Leads() {
		return // who runs it notices that we are gone
	}
	for i := 0; ; i++ {
		id, ok := c.submitted(i)
		if !ok {
			return
		}
		_ = c.engine.Interrupt(id)
	}
}

// tellOthers says once that others put something where we do, so that a person knows
// whom to ask if something changes there.
func (c *copier) tellOthers(all []session.Transfer) {
	for _, t := range all {
		if t.Others > 0 && !c.toldOthers {
			c.toldOthers = true
			c.warn("%s at work there, too: where two write one file, the second is refused", count(int64(t.Others), "other writer"))
		}
	}
}

// paused tells whether a transfer waits for somebody to free space, which is
// for the outcome to tell.
func paused(all []session.Transfer) bool {
	return slices.ContainsFunc(all, func(t session.Transfer) bool { return t.State == session.StatePaused })
}

// tend does what a transfer under way needs of its user.
func (c *copier) tend(ctx context.Context, all []session.Transfer) error {
	for _, t := range all {
		for _, q := range t.Conflicts {
			if all, err := c.decide(ctx, t.ID, q); err != nil {
				return err
			} else if all {
				break
			}
		}
	}
	return nil
}

// ended keeps how a transfer ended, which nobody but Wait knows: it may look over
// when who runs it leaves, and somebody else goes on with it.
func (c *copier) ended(id session.TransferID, t session.Transfer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over[id] = t
}

// transfers returns ours of the engine's.
func (c *copier) transfers() []session.Transfer {
	c.mu.Lock()
	defer c.mu.Unlock()
	var ours []session.Transfer
	for _, id := range c.ids {
		t, ok := c.over[id]
		if !ok {
			var err error
			if t, err = c.engine.Transfer(id); err != nil {
				continue
			}
		}
		ours = append(ours, t)
	}
	return ours
}

// lanes returns the lanes of the links in use. Those of a second link, as a copy
// between two peers has one to its destination, are counted from 129 on.
func (c *copier) lanes() []laneAt {
	var all []laneAt
	links := 0
	for _, p := range c.engine.Places() {
		if len(p.Lanes) > 0 {
			links++
		}
		for _, l := range p.Lanes {
			l.ID += (links - 1) * transport.MaxLanes
			all = append(all, laneAt{p.ID, l, p.Choice})
		}
	}
	return all
}

// outcome returns what the ends of all transfers amount to.
func (c *copier) outcome(all []session.Transfer) error {
	for _, t := range all {
		var e *session.Error
		switch {
		case t.State == session.StateFailed && errors.As(t.Err, &e) && e.Kind == session.Exists: // a conflict, of the whole
			c.report.item(session.Item{Path: e.Path, Name: e.Path, Kind: session.Directory, Result: session.Failed, Err: e})
		case t.State == session.StateFailed:
			return c.problem(t.Err)
		case t.State == session.StatePaused: // by the engine, and nobody here will tell it to go on
			p := c.problem(t.Err)
			return &problem{what: p.what, where: p.where, err: t.Err, hint: resumeHint}
		case !t.State.Over():
			return problemOf("copy to", c.dst, errors.New("it ended while it was "+t.State.String()))
		case t.State == session.StateCancelled:
			return &problem{what: "copy to", where: c.dst.String(), err: &session.Error{Kind: session.Cancelled, Err: errors.New("cancelled")}}
		}
	}
	return c.report.verdict(len(c.sources))
}

// resumeHint is said where a copy ends before its time.
const resumeHint = "what was copied is kept: run the same command again to resume"

// problem returns err as a problem at the end that it is about.
func (c *copier) problem(err error) *problem {
	var e *session.Error
	atSource := errors.As(err, &e) && (e.Side == session.Source || e.Side == "" && e.Kind == session.NotFound) // the destination was looked at before
	if !atSource {
		return problemOf("copy to", c.dst, err)
	}
	src := c.sources[0]
	if len(c.sources) > 1 && !e.Path.IsRoot() {
		src.path = "/" + e.Path.Raw()
	}
	return problemOf("copy", src, err)
}

// pin remembers the peers where that is wanted.
func (c *copier) pin(ctx context.Context) error {
	for _, p := range c.engine.Places() {
		root, ok := c.roots[p.ID]
		if !ok {
			continue // this machine
		}
		name, isKnown := c.reach.nameFor(root, p.Key)
		err := c.app.pin(ctx, root, &c.reachFlags, c.secret[p.ID] && !isKnown, name, func(name string) error {
			return c.engine.Pin(ctx, p.ID, name)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
