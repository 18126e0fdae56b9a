//go:build linux

package session

import (
	"fmt"
	"slices"
	"strings"
	"testing/synctest"
	"time"

	"github.com/bargee/bargee/transport"
)

// Limits of a run: who needs more hangs, or goes round in circles.
const (
	simSteps = 30_000
	simTime  = 3 * time.Hour
	simHeal  = 3_000 // steps until nothing breaks any more
)

// run lets things happen until all is over, or something is wrong.
func (w *world) run() {
	for w.err == nil && w.heal < 3 {
		synctest.Wait()
		w.step++
		switch {
		case w.step > simSteps || time.Since(w.start) > simTime:
			w.fail("it does not end\n%s", w.describe())
			return
		case w.renamed:
			w.renamed = false
			w.look()
		}
		if w.manage() {
			continue
		}
		if w.heal == 0 && (len(w.faults) > 0 && w.step >= w.faults[0].step) {
			f := w.faults[0]
			w.faults = w.faults[1:]
			w.logf("fault: %s", faultWords[f.what])
			w.strike(f)
			continue
		}
		w.let()
	}
}

// manage does what persons do: start what is down, ask anew, answer. It
// reports whether it did something.
func (w *world) manage() bool {
	now := time.Now()
	for _, p := range []*process{w.asker, w.server} {
		if p != nil && p.dead && !p.reaped {
			w.reap(p)
			return true
		}
	}
	switch {
	case w.server == nil || w.server.dead && !now.Before(w.server.back):
		w.startServer()
		return true
	case w.asker == nil || w.asker.dead && !now.Before(w.asker.back):
		w.startAsker()
		return true
	case w.asker.dead || w.server.dead:
		return false
	case !w.asker.busy:
		w.submit()
		return true
	}
	ts := w.asker.engine.Transfers()
	t := ts[len(ts)-1]
	switch {
	case len(t.Conflicts) > 0 && w.chance(20):
		q := t.Conflicts[w.pick(len(t.Conflicts))]
		d := []Conflict{Skip, Overwrite, Rename}[w.pick(3)]
		w.logf("answer to %s: %d", q.Name.Raw()[strings.LastIndexByte(q.Name.Raw(), '/')+1:], d)
		if err := w.asker.engine.Answer(t.ID, q.ID, d, false); err != nil {
			w.fail("an answer: %v", err)
		}
		return true
	case t.State == StateDone:
		w.done(t)
		return true
	case t.State == StateFailed || t.State == StatePaused:
		w.logf("the transfer is %s: %v", t.State, t.Err)
		if KindOf(t.Err) == Protocol && !(w.flipped && strings.Contains(t.Err.Error(), errBomb.Error())) || KindOf(t.Err) == Internal {
			w.fail("the transfer ends: %v", t.Err)
		}
		if w.heal == 2 {
			w.fail("with nothing in the way, the transfer ends %s: %v", t.State, t.Err)
		}
		w.asker.busy = false
		w.sleep(time.Second)
		return true
	}
	return false
}

// done is called when a transfer is over.
func (w *world) done(t Transfer) {
	w.logf("done: %d files, %d failed, %d skipped, %d sent", t.Files, t.Failures, t.Skipped, t.Sent)
	w.asker.busy = false
	w.look()
	switch w.heal {
	case 0, 1: // once more, with nothing in the way
		w.faults, w.flip, w.broken, w.heal = nil, false, nil, 2
		w.server.crashAt, w.asker.crashAt = 0, 0
	case 2:
		if w.heal = 3; len(w.failures) > 0 {
			w.checkFailures(t)
		}
		w.lookAtTheEnd()
	}
}

// checkFailures holds what failed in an undisturbed run against what may.
func (w *world) checkFailures(t Transfer) {
	for _, it := range t.Failed {
		if KindOf(it.Err) == Exists && w.options.OnConflict == Fail {
			continue
		}
		w.fail("with nothing in the way, %s fails: %v", it.Path.Raw(), it.Err)
	}
}

// strike lets something go wrong.
func (w *world) strike(f fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	live := w.links2()
	asker, server := w.asker != nil && !w.asker.dead, w.server != nil && !w.server.dead
	switch f.what {
	case faultCrashInDisk:
		if p := w.receiver(); p != nil && !p.dead {
			p.crashAt, p.power = p.changes+f.n, w.fsync && w.chance(50)
		}
	case faultCrashAsker, faultCrashServer, faultCrashBoth:
		power := w.fsync && w.chance(50)
		for p, up := range map[*process]bool{w.asker: asker && f.what != faultCrashServer, w.server: server && f.what != faultCrashAsker} {
			if up {
				p.power = power
			}
		}
		if asker && f.what != faultCrashServer {
			w.crash(w.asker)
		}
		if server && f.what != faultCrashAsker {
			w.crash(w.server)
		}
	case faultLinkLost, faultLinkFrozen, faultLinkClosed:
		for _, l := range live {
			w.sever(l, f.what)
		}
		if w.chance(50) {
			w.netDown = time.Now().Add(time.Duration(w.pick(8000)) * time.Millisecond)
		}
	case faultStreamDies:
		var streams []*simStream
		for _, l := range live {
			for _, s := range l.core.streams {
				if s.link == l && (!s.over || !s.far.over) {
					streams = append(streams, s)
				}
			}
		}
		if len(streams) > 0 {
			s := streams[w.pick(len(streams))]
			w.logf("%s dies", s.name)
			s.fail(fmt.Errorf("the lane is dead: %w", transport.ErrTimeout))
			s.far.fail(fmt.Errorf("the lane is dead: %w", transport.ErrTimeout))
		}
	case faultFlip:
		w.flip = true
	case faultDisk:
		w.broken = simErrors[w.pick(len(simErrors))]
	case faultSource:
		w.alter()
	}
}

// sever does something to a link; w.mu is held.
func (w *world) sever(l *simLink, how faultKind) {
	soon := func() time.Time { return time.Now().Add(time.Duration(w.pick(20_000)) * time.Millisecond) }
	switch how {
	case faultLinkLost:
		l.core.lost, l.dies, l.far.dies = true, soon(), soon()
	case faultLinkFrozen:
		l.core.frozen = time.Now().Add(time.Duration(w.pick(15_000)) * time.Millisecond)
	default:
		err := fmt.Errorf("the network is gone: %w", transport.ErrTimeout)
		l.die(err)
		l.far.die(err)
	}
}

// links2 returns the links that live, each by its asker's end.
func (w *world) links2() (live []*simLink) {
	w.ends = slices.DeleteFunc(w.ends, func(l *simLink) bool { return l.err != nil && l.far.err != nil })
	for i := 0; i < len(w.ends); i++ {
		if l := w.ends[i]; l.err == nil && l.far.err == nil && strings.HasSuffix(l.name, "a") {
			live = append(live, l)
		}
	}
	return live
}

// An option is something that can happen now.
type option struct {
	name string
	do   func()
}

// let lets one thing happen that can.
func (w *world) let() {
	w.mu.Lock()
	all := w.possible()
	w.mu.Unlock()
	idle := time.Duration(1+w.pick(1000)) * time.Millisecond
	if len(all) == 0 {
		w.sleep(idle)
		return
	}
	if w.heal < 2 && w.pick(100) == 0 {
		w.logf("time passes: %v", idle)
		w.sleep(idle)
		return
	}
	o := all[w.pick(len(all))]
	switch w.mood {
	case 1: // go on with what was done last, if that can be
		if i := slices.IndexFunc(all, func(o option) bool { return o.name == w.lately }); i >= 0 && w.chance(80) {
			o = all[i]
		}
	case 2: // what is oldest first, mostly
		if w.chance(90) {
			o = all[0]
		}
	}
	w.lately = o.name
	w.mu.Lock()
	o.do()
	for _, l := range w.ends {
		l.mark()
	}
	w.mu.Unlock()
}

// possible lists what can happen, in an order that the seed fixes; w.mu is held.
func (w *world) possible() (all []option) {
	now := time.Now()
	for _, l := range w.ends {
		switch {
		case l.err != nil:
		case l.parting && !l.core.lost:
			all = append(all, option{"close " + l.name, func() { l.die(fmt.Errorf("closed there: %w", transport.ErrClosed)) }})
		case !l.dies.IsZero() && !now.Before(l.dies), l.parting:
			all = append(all, option{"silence " + l.name, func() { l.die(fmt.Errorf("silence: %w", transport.ErrTimeout)) }})
		}
	}
	for _, l := range w.ends {
		if l.far.err != nil || l.core.lost || now.Before(l.core.frozen) {
			continue
		}
		for _, s := range l.core.streams {
			if s.link != l {
				s = s.far
			}
			if s.out.ripe() {
				all = append(all, option{"bytes " + s.name, func() {
					n := 1 << 20
					if w.chance(25) {
						n = 1 + w.pick(1<<w.pick(18))
					}
					w.logf("%s: %s", s.name, s.deliver(n))
				}})
			}
		}
	}
	slices.SortStableFunc(w.gates, func(a, b *gate) int { return strings.Compare(a.name, b.name) })
	for i, g := range w.gates {
		if i > 0 && w.gates[i-1].name == g.name {
			continue
		}
		all = append(all, option{g.name, func() {
			w.logf("%s", g.name)
			close(g.open)
		}})
	}
	return all
}

// describe says how things stand.
func (w *world) describe() string {
	var b strings.Builder
	if w.asker != nil && w.asker.engine != nil && !w.asker.dead {
		for _, p := range w.asker.engine.Places()[1:] {
			fmt.Fprintf(&b, "place: %s %v\n", p.State, p.Err)
		}
		for _, t := range w.asker.engine.Transfers() {
			fmt.Fprintf(&b, "transfer %d: %s, attempt %d, %v; %d of %d files, %d of %d bytes, %d asking\n", t.ID, t.State, t.Attempt, t.Err, t.FilesDone, t.Files, t.Verified, t.Bytes, t.Asking)
			for _, f := range t.Active {
				fmt.Fprintf(&b, "  %s: %d of %d\n", f.Path.Raw(), f.Verified, f.Size)
			}
		}
	}
	for _, l := range w.ends {
		fmt.Fprintf(&b, "link %s: %v\n", l.name, l.err)
	}
	return b.String()
}
