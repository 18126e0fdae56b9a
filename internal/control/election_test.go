package control

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// What each event leads to, from each state.
func TestElection(t *testing.T) {
	ready := election{role: Screen}
	command := election{role: Command}
	impatient := election{role: Command, tries: 30, spent: commandPatience}
	behind := election{role: Screen, state: following, once: true}
	standby := election{role: Background, state: following, once: true}
	for _, c := range []struct {
		from  election
		ev    electionEvent
		state electionState
		step  electionStep
	}{
		{ready, evBegin, undecided, stepLock},
		{ready, evLocked, leading, stepLead},
		{ready, evHeld, undecided, stepDial},
		{ready, evNoLock, alone, stepAlone},
		{ready, evJoined, following, stepFollow},
		{ready, evNobody, undecided, stepWait},
		{ready, evSilent, undecided, stepWait},
		{ready, evForeign, alone, stepAlone},
		{ready, evWaited, undecided, stepLock},
		{ready, evLost, undecided, stepNone},
		{command, evNobody, undecided, stepWait},
		{command, evSilent, alone, stepAlone},
		{impatient, evNobody, alone, stepAlone},
		{impatient, evWaited, undecided, stepLock},
		{behind, evLost, undecided, stepWait},
		{standby, evLost, undecided, stepLock},
		{behind, evLocked, following, stepNone},
		{behind, evNobody, following, stepNone},
		{election{state: leading}, evLost, leading, stepNone},
		{election{state: leading}, evHeld, leading, stepNone},
		{election{state: alone}, evLocked, alone, stepNone},
	} {
		got, step := c.from.after(c.ev)
		if got.state != c.state || step != c.step {
			t.Errorf("%+v, event %d: state %d, step %d; want %d, %d", c.from, c.ev, got.state, step, c.state, c.step)
		}
	}
}

// The waits grow, are never long, and who stands by is the first to try again.
func TestElectionWaits(t *testing.T) {
	first := func(e election) time.Duration { _, d := e.wait(false); return d }
	if s, b := first(election{role: Screen, once: true}), first(election{role: Background, once: true}); s <= b {
		t.Errorf("a screen waits %v, the background %v", s, b)
	}
	e, sum := election{role: Command}, time.Duration(0)
	for e.state == undecided {
		var d time.Duration
		e, d = e.wait(false)
		if sum += d; d > longestWait || sum > commandPatience+longestWait {
			t.Fatalf("a command waits %v, %v in all", d, sum)
		}
		e, _ = e.after(evNobody)
	}
	if _, d := (election{role: Screen}).wait(true); d != silentWait {
		t.Errorf("for a stopped one it waits %v", d)
	}
}

// Any number of processes that come and go, are killed and restarted: never do
// two lead, and when nothing happens any more, one leads and the others follow.
func TestElectionOfMany(t *testing.T) {
	for seed := range uint64(300) {
		w := &electionWorld{T: t, rand: rand.New(rand.NewPCG(seed, 1)), holder: -1}
		for range 6 {
			w.start()
		}
		for range 400 {
			w.step()
			if w.rand.IntN(30) == 0 && len(w.all) > 1 {
				w.kill(w.rand.IntN(len(w.all)))
				w.start()
			}
		}
		for range 2000 {
			w.step()
		}
		leaders := 0
		for i, p := range w.all {
			switch {
			case p.e.state == leading:
				leaders++
			case p.e.state != following || p.behind != w.holder:
				t.Fatalf("seed %d: process %d ends as %+v behind %d, %d leads", seed, i, p.e, p.behind, w.holder)
			}
		}
		if leaders != 1 {
			t.Fatalf("seed %d: %d lead", seed, leaders)
		}
	}
}

// An electionWorld is processes, one lock and one socket.
type electionWorld struct {
	*testing.T
	rand   *rand.Rand
	all    []*electionProcess
	next   int
	holder int // of the lock, by id; -1: free
	listen int // who listens at the socket
}

type electionProcess struct {
	id     int
	e      election
	todo   electionStep
	behind int
}

func (w *electionWorld) start() {
	w.next++
	p := &electionProcess{id: w.next, e: election{role: Role(1 + w.rand.IntN(2))}, behind: -1}
	p.e, p.todo = p.e.after(evBegin)
	w.all = append(w.all, p)
}

func (w *electionWorld) kill(i int) {
	p := w.all[i]
	w.all = append(w.all[:i], w.all[i+1:]...)
	if w.holder == p.id {
		w.holder = -1
	}
	if w.listen == p.id {
		w.listen = -1
	}
}

// step lets one process do what it is about to do, or notice what happened.
func (w *electionWorld) step() {
	p := w.all[w.rand.IntN(len(w.all))]
	tell := func(ev electionEvent) { p.e, p.todo = p.e.after(ev) }
	switch p.todo {
	case stepLock:
		if w.holder == -1 {
			w.holder = p.id
			tell(evLocked)
		} else {
			tell(evHeld)
		}
	case stepLead:
		w.listen, p.todo = p.id, stepNone
		if w.holder != p.id {
			panic(fmt.Sprint(p.id, " leads and ", w.holder, " has the lock"))
		}
	case stepDial:
		if w.listen == -1 {
			tell(evNobody)
		} else {
			p.behind = w.listen
			tell(evJoined)
		}
	case stepWait:
		p.e, _ = p.e.wait(false)
		tell(evWaited)
	case stepFollow, stepNone:
		if p.e.state == following && w.listen != p.behind {
			p.behind = -1
			tell(evLost)
		}
	}
}
