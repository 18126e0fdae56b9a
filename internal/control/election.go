package control

import "time"

// An election decides who runs the queue. It is a pure state machine: the loop
// that drives it does what it says and tells what came of it.
//
// Who has the lock leads, and the lock is the only thing that decides. Everybody
// else asks who leads, over the socket; when there is nobody at it, he is about
// to come or to go, and the lock is tried again.
type election struct {
	role  Role
	state electionState
	tries int           // in vain, since somebody was reached last
	spent time.Duration // waiting, since then
	once  bool          // somebody was reached before
}

type electionState uint8

const (
	undecided electionState = iota
	leading                 // we have the lock
	following               // somebody else has it, and answers
	alone                   // there is no queue for us to share
)

// An electionEvent is what came of a step.
type electionEvent uint8

const (
	evBegin  electionEvent = iota
	evLocked               // the lock is ours
	evHeld                 // it is somebody else's
	evNoLock               // there can be none: a read-only disk, a disk of another machine
	evJoined               // who has it answers
	evNobody               // nobody is at the socket
	evSilent               // somebody is, and does not answer
	evForeign
	evWaited
	evLost // who answered is gone
)

// An electionStep is what to do next.
type electionStep uint8

const (
	stepNone   electionStep = iota // wait for what happens
	stepLock                       // try the lock
	stepDial                       // try the socket
	stepWait                       // wait as long as wait says
	stepLead                       // open the queue, listen
	stepFollow                     // ask who answered
	stepAlone                      // work without the others
)

// How long a command looks for somebody at the socket before it works alone, as
// a command did before there was a queue; others look for ever, since what they
// want is the queue. A stopped process is asked again after so long.
const (
	commandPatience = 3 * time.Second
	longestWait     = 250 * time.Millisecond
	silentWait      = time.Second
)

// after returns what becomes of the election, and what to do next.
func (e election) after(ev electionEvent) (election, electionStep) {
	if e.state == leading || e.state == alone || (e.state == following) != (ev == evLost) {
		return e, stepNone // these do not change, and nothing else can come
	}
	switch ev {
	case evLocked:
		e.state = leading
		return e, stepLead
	case evHeld:
		return e, stepDial
	case evNoLock, evForeign:
		e.state = alone
		return e, stepAlone
	case evJoined:
		e.state, e.tries, e.spent, e.once = following, 0, 0, true
		return e, stepFollow
	case evLost:
		e.state = undecided
		if e.role == Background {
			return e, stepLock // it is there to take over
		}
		return e, stepWait
	case evNobody, evSilent:
		if e.role == Command && (ev == evSilent || e.spent >= commandPatience) {
			e.state = alone
			return e, stepAlone
		}
		return e, stepWait
	}
	return e, stepLock // evBegin, evWaited
}

// wait returns how long to wait before the lock is tried again, and counts it.
func (e election) wait(silent bool) (election, time.Duration) {
	d := min(5*time.Millisecond<<min(e.tries, 10), longestWait)
	switch {
	case silent:
		d = silentWait
	case e.role == Background:
		d = min(d, 10*time.Millisecond) // before the others
	case e.once && e.tries == 0:
		d = 30 * time.Millisecond // whoever stands by in the background goes first
	}
	e.tries++
	e.spent += d
	return e, d
}
