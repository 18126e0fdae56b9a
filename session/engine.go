package session

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/bargee/bargee/transport"
)

// Reach is how an Engine gets to peers. internal/cli has the one that knows
// addresses, secrets and known peers; tests have others.
type Reach interface {
	// Dial links to the peer that target names (an address of the command
	// line, without its path). secret may be empty; an error that is Auth then
	// says that one is needed.
	Dial(ctx context.Context, target, secret string) (transport.Link, error)

	// Known lists the peers that need no secret.
	Known() []KnownPeer

	// Pin remembers the peer at the other end of l under name.
	Pin(l transport.Link, target, name string) error
}

// A KnownPeer is a peer whose key was pinned and named.
type KnownPeer struct {
	Name     string
	Address  string
	LastSeen time.Time
}

// An Engine runs transfers between places, and keeps the places connected. It
// never calls anybody back but through Job.Observe: a screen polls Places and
// Transfers as often as it likes to draw.
//
// All methods may be called from several goroutines. Those that take a context
// may wait for the network; the others return at once.
//
// It owns a goroutine for each place (keeping it connected) and for each
// transfer that runs; Close ends them all.
type Engine struct {
	cfg  EngineConfig
	host *Host

	ctx     context.Context // ends with Close
	cancel  context.CancelCauseFunc
	running sync.WaitGroup
	out     *throttle // what is sent
	in      share     // what is received

	mu        sync.Mutex
	places    []*place // Here has none
	lastPlace PlaceID
	queue     []*queued // in the order of the queue
	lastID    TransferID
}

// EngineConfig configures an Engine; the zero values stand for the defaults.
type EngineConfig struct {
	Reach       Reach // nil: only this machine can be reached
	Concurrency int   // transfers that run at the same time; 2

	transferID func() []byte // names the next transfer for its streams; newTransferID
	plain      bool          // says nothing that came after testdata/transcripts were recorded
}

// errClosing is why everything ends when an Engine is closed.
var errClosing = &Error{Kind: Interrupted, Err: errors.New("interrupted; it can be resumed")}

// NewEngine returns an Engine with one place, Here. It lives until Close.
func NewEngine(cfg EngineConfig) *Engine {
	if cfg.Concurrency == 0 {
		cfg.Concurrency = 2
	}
	if cfg.transferID == nil {
		cfg.transferID = newTransferID
	}
	e := &Engine{cfg: cfg, host: NewHost(), out: newSharedThrottle(0)}
	e.ctx, e.cancel = context.WithCancelCause(context.Background())
	return e
}

// Close interrupts what runs, so that it can be resumed, and closes all places.
func (e *Engine) Close() error {
	e.cancel(errClosing)
	e.running.Wait()
	return nil
}

// A PlaceID names a place of an Engine. Here is this machine.
type PlaceID int

// Here is this machine, whose root is the file system's.
const Here PlaceID = 0

// A PlaceState says how it stands with a place.
type PlaceState uint8

// The states of a place.
const (
	PlaceConnected    PlaceState = iota
	PlaceReconnecting            // lost; the engine dials again by itself
	PlaceClosed                  // by Disconnect, or the peer refuses us now: Err says why
)

// String returns the word for the screen.
func (s PlaceState) String() string {
	return [...]string{"connected", "reconnecting", "closed"}[min(s, PlaceClosed)]
}

// A Place is somewhere that a pane can show, as it is at one moment.
type Place struct {
	ID     PlaceID
	Name   string // of a known peer, else its address, fit to be shown
	Target string // as it was given to Connect
	State  PlaceState
	Err    error     // why it is not connected
	Since  time.Time // of the state
	Retry  time.Time // when it is dialled next, while PlaceReconnecting
	Pinned bool      // the peer is known and needs no secret again
	Key    string    // short form of the peer's fingerprint
	Lanes  []transport.LaneStats
	Choice transport.LaneChoice // how many lanes there shall be, and why
}

// Submit adds a transfer at the end of the queue; it starts by itself.
func (e *Engine) Submit(j Job) (TransferID, error) {
	if err := e.checkJob(&j); err != nil {
		return 0, err
	}
	e.mu.Lock()
	e.lastID++
	q := newQueued(e.lastID, j)
	e.queue = append(e.queue, q)
	e.mu.Unlock()
	e.schedule()
	return q.id, nil
}

// Wait returns when the transfer is over (TransferState.Over), or paused for
// want of space, with its last state, or when ctx ends, with ctx's error.
func (e *Engine) Wait(ctx context.Context, id TransferID) (Transfer, error) {
	q, err := e.find(id)
	if err != nil {
		return Transfer{}, err
	}
	for {
		t, changed := q.watch()
		if t.State.Over() || t.State == StatePaused && t.Err != nil {
			return t, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return t, context.Cause(ctx)
		}
	}
}

// Transfers describes all transfers of this run as they are now, in the order
// of the queue.
func (e *Engine) Transfers() []Transfer {
	e.mu.Lock()
	queue := slices.Clone(e.queue)
	e.mu.Unlock()
	out := make([]Transfer, len(queue))
	for i, q := range queue {
		out[i] = q.snapshot()
	}
	return out
}

// Pause stops a waiting or running transfer and keeps its partials.
func (e *Engine) Pause(id TransferID) error { return e.person(id, evPause) }

// Resume puts a paused transfer back into the queue.
func (e *Engine) Resume(id TransferID) error { return e.person(id, evResume) }

// Retry puts a transfer that is over back into the queue; what is there
// already is not sent again.
func (e *Engine) Retry(id TransferID) error { return e.person(id, evRetry) }

// Cancel ends a transfer at both ends and removes its partials, unless keep.
func (e *Engine) Cancel(id TransferID, keep bool) error {
	q, err := e.find(id)
	if err != nil {
		return err
	}
	q.keepPartials(keep)
	return e.person(id, evCancel)
}

// person applies what a person asked for.
func (e *Engine) person(id TransferID, ev lifeEvent) error {
	q, err := e.find(id)
	if err != nil {
		return err
	}
	if err := q.person(ev); err != nil {
		return err
	}
	e.schedule()
	return nil
}

// Forget takes a transfer that is over out of the list.
func (e *Engine) Forget(id TransferID) error {
	q, err := e.find(id)
	if err != nil {
		return err
	}
	if t := q.snapshot(); !t.State.Over() {
		return newError(Busy, Path{}, "the transfer is %s", t.State)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.queue = slices.DeleteFunc(e.queue, func(o *queued) bool { return o == q })
	return nil
}

// Answer decides a conflict of a transfer; with all also those that are still
// to come in it.
func (e *Engine) Answer(id TransferID, conflict int, d Conflict, all bool) error {
	q, err := e.find(id)
	if err != nil {
		return err
	}
	if d == Ask {
		return newError(Invalid, Path{}, "to ask again is no answer")
	}
	return q.asking.answer(conflict, d, all)
}

func (e *Engine) find(id TransferID) (*queued, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, q := range e.queue {
		if q.id == id {
			return q, nil
		}
	}
	return nil, newError(NotFound, Path{}, "there is no transfer %d", id)
}
