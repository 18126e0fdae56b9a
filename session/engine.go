package session

import (
	"cmp"
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

	transfers map[TransferID]*queued
	lastID    TransferID
	line      line             // those that are not over
	past      past             // those that are
	busy      map[*queued]bool // they run, or their last attempt comes to its end
	fore      map[*queued]bool // Job.Foreground, and not over
	total     total
	log       logbook
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
	e := &Engine{
		cfg: cfg, host: NewHost(), out: newSharedThrottle(0),
		transfers: map[TransferID]*queued{}, busy: map[*queued]bool{}, fore: map[*queued]bool{},
		total: total{live: map[*queued]bool{}},
	}
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

// A Lane is one of the connections that a link to a peer has, at one moment, and
// FEC what forward error correction does for it.
type (
	Lane = transport.LaneStats
	FEC  = transport.FEC
)

// Submit adds a transfer behind those of its priority; it starts by itself.
func (e *Engine) Submit(j Job) (TransferID, error) {
	if err := e.checkJob(&j); err != nil {
		return 0, err
	}
	now := time.Now()
	e.mu.Lock()
	e.lastID++
	q := newQueued(e.lastID, j, now)
	q.place = int64(q.id) * placeStep
	e.transfers[q.id] = q
	e.sort(q, StateWaiting)
	e.log.add(LogLine{At: now, Transfer: q.id, Job: q.name()})
	e.mu.Unlock()
	e.schedule()
	return q.id, nil
}

// Wait returns when the transfer is over (TransferState.Over), or paused for
// want of space, with its last state, or when ctx ends, with ctx's error.
func (e *Engine) Wait(ctx context.Context, id TransferID) (Transfer, error) {
	for {
		e.mu.Lock()
		q, err := e.find(id)
		if err != nil {
			e.mu.Unlock()
			return Transfer{}, err
		}
		t := q.snapshot(time.Now())
		if q.changed == nil {
			q.changed = make(chan struct{})
		}
		changed := q.changed
		e.mu.Unlock()
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

// Transfer describes a transfer as it is now.
func (e *Engine) Transfer(id TransferID) (Transfer, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	q, err := e.find(id)
	if err != nil {
		return Transfer{}, err
	}
	return q.snapshot(time.Now()), nil
}

// Transfers describes transfers as they are now, in the order in which they
// were submitted: the thousand that ended last, and the first thousand of those
// that are not over. Page has all of them, in the order of their turns.
func (e *Engine) Transfers() []Transfer {
	e.mu.Lock()
	defer e.mu.Unlock()
	qs := slices.Concat(e.past.latest(maxDescribed), e.line.rows[:min(len(e.line.rows), maxDescribed)])
	slices.SortFunc(qs, func(a, b *queued) int { return cmp.Compare(a.id, b.id) })
	return e.describe(qs)
}

const maxDescribed = 1000

func (e *Engine) describe(qs []*queued) []Transfer {
	now := time.Now()
	out := make([]Transfer, len(qs))
	for i, q := range qs {
		out[i] = q.snapshot(now)
	}
	return out
}

// find returns a transfer; e.mu is held.
func (e *Engine) find(id TransferID) (*queued, error) {
	if q := e.transfers[id]; q != nil {
		return q, nil
	}
	return nil, newError(NotFound, Path{}, "there is no transfer %d", id)
}
