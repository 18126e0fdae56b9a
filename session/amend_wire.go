package session

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/bargee/bargee/internal/wire"
)

// errHeld: another sync has the directory.
var errHeld = newError(Busy, Path{}, "another sync of it is under way; try again when it is over")

func stepToWire(s *syncStep) *wire.Step {
	w := &wire.Step{Kind: wire.StepKind(s.kind), Path: []byte(s.path.raw), To: []byte(s.to.raw), Identity: s.was.identity, Mode: s.mode, Time: s.modified}
	if s.kind != stepMake {
		was := s.was.Entry
		was.Name = ""
		w.Was = entryToWire(was)
	}
	if s.kind == stepSet {
		w.Be = entryToWire(Entry{Mode: s.be.Mode, Modified: s.be.Modified})
	}
	return w
}

func stepFromWire(w *wire.Step) (s syncStep, err error) {
	s = syncStep{kind: stepKind(w.GetKind()), mode: w.GetMode(), modified: w.GetTime()}
	if s.path, err = parseClean(string(w.GetPath())); err != nil {
		return s, err
	}
	if s.to, err = parseClean(string(w.GetTo())); err != nil {
		return s, err
	}
	if s.was.Entry, err = entryFromWire(w.GetWas()); err != nil {
		return s, err
	}
	s.was.identity = w.GetIdentity()
	if s.kind != stepMake && w.GetWas() == nil || s.kind == stepSet && w.GetBe() == nil {
		return s, newError(Invalid, s.path, "a step that does not say what was seen")
	}
	s.be, err = entryFromWire(w.GetBe())
	return s, err
}

// mayStep refuses a step to a name that is not taken here.
func (e *exchange) mayStep(s *syncStep) error {
	switch s.kind {
	case stepMake:
		return e.s.cfg.mayBeMade(s.path, false)
	case stepMove:
		return e.s.cfg.mayBeMade(s.to, false)
	}
	return nil
}

// amend does the steps that a peer asks for.
func (e *exchange) amend(ctx context.Context, ask *wire.Amend) error {
	p, err := e.s.path(ask.GetPath())
	if err != nil {
		return err
	}
	steps := make([]syncStep, len(ask.GetSteps()))
	for i, w := range ask.GetSteps() {
		if steps[i], err = stepFromWire(w); err != nil {
			return fmt.Errorf("step %d: %w", i+1, err)
		}
		if p.IsRoot() && steps[i].path.IsRoot() {
			return newError(Refused, p, "what is served stays as it is itself")
		}
	}
	root, err := e.s.cfg.Tree.open(p)
	if err != nil {
		return about(p, err)
	}
	d := newDir(root)
	defer d.Close()
	m := new(wire.Amended)
	outcomes := d.amend(ctx, steps, ask.GetFsync(), e.mayStep)
	e.amended(p, steps, outcomes)
	for _, err := range outcomes {
		o := new(wire.Outcome)
		if err != nil {
			o.Error = toWire(err)
			o.Error.Path = nil // that of the step
		}
		m.Outcomes = append(m.Outcomes, o)
	}
	if err := e.write(m); err != nil {
		return e.cut(err)
	}
	return e.st.Close()
}

// hold holds a directory for as long as the asker likes.
func (e *exchange) hold(ctx context.Context, ask *wire.Hold) error {
	p, err := e.s.path(ask.GetPath())
	if err != nil {
		return err
	}
	if e.s.cfg.Tree == nil {
		return newError(Refused, p, "what is offered here cannot be synced: receive it")
	}
	if !take(e.v.watches) {
		return newError(Busy, p, "%d directories are watched or held on this link already", maxWatches)
	}
	defer give(e.v.watches)
	root, err := e.s.cfg.Tree.open(p)
	if err != nil {
		return about(p, err)
	}
	defer root.Close()
	held, err := holdDir(root, ask.GetShared())
	if err != nil {
		return about(p, err)
	}
	defer held.Close()
	reply, _ := done(nil)
	if err := e.write(reply); err != nil {
		return e.cut(err)
	}
	<-ctx.Done()
	return e.st.Close()
}

// amend does steps to what is below base at the peer.
func (r *Remote) amend(ctx context.Context, base Path, steps []syncStep, fsync bool) ([]error, error) {
	ask := &wire.Amend{Path: []byte(base.raw), Fsync: fsync}
	for i := range steps {
		ask.Steps = append(ask.Steps, stepToWire(&steps[i]))
	}
	c, err := r.ask(ctx, base, &wire.Request{Ask: &wire.Request_Amend{Amend: ask}})
	if err != nil {
		return nil, err
	}
	defer c.end()
	var m wire.Amended
	if err := c.read(&m, 0); err != nil {
		return nil, c.explain(err)
	}
	if m.GetError() != nil {
		return nil, r.tooOld(base, c.explain(fromWire(m.GetError())), "cannot be synced with")
	}
	if len(m.GetOutcomes()) != len(steps) {
		return nil, newError(Protocol, base, "the peer did %d steps of %d", len(m.GetOutcomes()), len(steps))
	}
	c.over = true
	out := make([]error, len(steps))
	for i, o := range m.GetOutcomes() {
		if o.GetError() != nil {
			e := fromWire(o.GetError())
			e.Path = steps[i].path
			out[i] = e
		}
	}
	return out, nil
}

// hold holds base at the peer until release is called, or lost is closed: the link
// died, or the peer gave it up.
func (r *Remote) hold(ctx context.Context, base Path, shared bool) (release func(), lost <-chan struct{}, err error) {
	c, err := r.ask(ctx, base, &wire.Request{Ask: &wire.Request_Hold{Hold: &wire.Hold{Path: []byte(base.raw), Shared: shared}}})
	if err != nil {
		return nil, nil, err
	}
	if _, err := c.reply(patience); err != nil {
		c.end()
		return nil, nil, r.tooOld(base, err, "cannot be synced with")
	}
	over := make(chan struct{})
	go func() {
		defer close(over)
		c.expect(0)
		var b [1]byte
		c.in.Read(b[:]) // says nothing more: it ends, or is aborted
	}()
	return func() {
		c.end()
		<-over
	}, over, nil
}

// A step that cannot be done because what it is about is gone is no failure of a sync.
func isGoneError(err error) bool { return errors.Is(err, fs.ErrNotExist) }
