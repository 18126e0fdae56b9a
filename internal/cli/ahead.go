package cli

import (
	"cmp"
	"context"

	"github.com/bargee/bargee/session"
)

// maxArguments is how many addresses of a command are asked about before their turn:
// at a distance of 100 ms 10,000 of them would take half an hour otherwise.
const maxArguments = 32

// A deed looks at one address, or changes what lies there, beside others. What it
// returns tells of it, in the order of the addresses; it may be nil.
type deed func(w *watch, p *place, t target, path session.Path) (tell func() error, err error)

// An asked is an address about which somebody was asked.
type asked struct {
	target target
	watch  *watch // nil: it came to nothing before
	tell   func() error
	err    error
	done   chan struct{}
}

// eachAhead is each for what may be done side by side. With apart, addresses that lie
// within others have it done one after the other.
func (a *app) eachAhead(ctx context.Context, what string, args []string, flags *reachFlags, apart bool, f deed) error {
	targets, err := a.targets(args)
	if err != nil {
		return err
	}
	ps, err := a.places(flags)
	if err != nil {
		return err
	}
	defer ps.close()
	c := &chain{app: a, alone: len(targets) == 1}
	most := maxArguments
	if apart && overlap(targets) {
		most = 1
	}
	var due []*asked
	defer func() {
		for _, one := range due { // ctx has ended
			<-one.done
		}
	}()
	turn := func() {
		one := due[0]
		<-one.done
		due = due[1:]
		c.count(failed(what, one.target, one.end()))
	}
	for _, t := range targets {
		group, err := ps.expand(ctx, t)
		if c.alone = c.alone && len(group) < 2; err != nil {
			due = append(due, told(t, err))
		}
		for _, t := range group {
			for len(due) >= most && context.Cause(ctx) == nil {
				turn()
			}
			if context.Cause(ctx) == nil {
				due = append(due, ps.ask(ctx, t, f))
			}
		}
	}
	for len(due) > 0 && context.Cause(ctx) == nil {
		turn()
	}
	if err := context.Cause(ctx); err != nil {
		return cmp.Or(c.first, err)
	}
	if err := c.end(); err != nil {
		return err
	}
	return ps.pin(ctx)
}

// told is an address that came to nothing.
func told(t target, err error) *asked {
	one := &asked{target: t, err: err, done: make(chan struct{})}
	close(one.done)
	return one
}

// ask begins to do f for t.
func (ps *places) ask(ctx context.Context, t target, f deed) *asked {
	p, err := ps.at(ctx, t)
	if err != nil {
		return told(t, err)
	}
	path, err := p.path(t)
	if err != nil {
		return told(t, err)
	}
	one := &asked{target: t, watch: ps.app.watch(ctx), done: make(chan struct{})}
	go func() {
		defer close(one.done)
		one.tell, one.err = f(one.watch, p, t, path)
		one.watch.timer.Stop() // until its turn
	}()
	return one
}

// end tells of it, and returns what came of it.
func (one *asked) end() error {
	if one.watch == nil {
		return one.err
	}
	defer one.watch.stop()
	err := one.err
	if err == nil && one.tell != nil {
		one.watch.moved()
		err = one.tell()
	}
	return one.watch.explain(err)
}

// overlap tells whether some of the addresses may lie within others.
func overlap(targets []target) bool {
	type spot struct {
		peer string
		path session.Path
	}
	host, seen := session.NewHost(), map[spot]bool{}
	var all []spot
	for _, t := range targets {
		p := &place{}
		if t.isLocal() {
			p.host = host
		}
		path, err := p.path(t)
		at := spot{t.peer(), path}
		if err != nil || seen[at] || session.IsGlob(t.path) && len(targets) > 1 {
			return true
		}
		seen[at] = true
		all = append(all, at)
	}
	for _, at := range all {
		for !at.path.IsRoot() {
			if at.path = at.path.Parent(); seen[at] {
				return true
			}
		}
	}
	return false
}
