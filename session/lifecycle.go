package session

// The states of a transfer move by events, and by this table only. An event
// that a state has no entry for changes nothing.
type lifeEvent uint8

const (
	evStart    lifeEvent = iota // the queue gives it its turn
	evLost                      // the attempt ended, and another one makes sense
	evAgain                     // the wait for that is over
	evFinished                  // all items are over
	evBroken                    // the attempt ended for good
	evShortage                  // the disk of the destination is full
	evPause                     // by a person
	evResume                    // by a person
	evCancel                    // by a person
	evRetry                     // by a person
	evLocked                    // its peer wants a secret that nobody has given
)

var lifeTable = map[TransferState]map[lifeEvent]TransferState{
	StateWaiting:   {evStart: StateRunning, evBroken: StateFailed, evPause: StatePaused, evCancel: StateCancelled},
	StateRunning:   {evLost: StateRetrying, evFinished: StateDone, evBroken: StateFailed, evLocked: StateWaiting, evShortage: StatePaused, evPause: StatePaused, evCancel: StateCancelled},
	StateRetrying:  {evAgain: StateRunning, evBroken: StateFailed, evPause: StatePaused, evCancel: StateCancelled},
	StatePaused:    {evResume: StateWaiting, evCancel: StateCancelled},
	StateDone:      {evRetry: StateWaiting},
	StateFailed:    {evRetry: StateWaiting},
	StateCancelled: {evRetry: StateWaiting},
}

// after returns the state that ev leads to, and whether it leads anywhere.
func (s TransferState) after(ev lifeEvent) (TransferState, bool) {
	next, ok := lifeTable[s][ev]
	return next, ok
}
