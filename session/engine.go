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

// A KnownPeer is a peer whose key was pinned and named, or a drop box.
type KnownPeer struct {
	Name     string
	Key      transport.Fingerprint
	Address  string
	LastSeen time.Time
	Box      bool // the drop box of the relay at Address; Name is what Dial takes
}

// An Engine runs transfers between places, and keeps the places connected. It
// never calls anybody back but through Job.Observe: a screen polls Places and
// Transfers as often as it likes to draw.
//
// All methods may be called from several goroutines. Those that take a context
// may wait for the network; the others for no more than the store, if there is
// one, and Close for all that runs to end.
//
// It owns goroutines for each place (keeping it connected), for each transfer
// that runs, and for the store; Close ends them all.
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
	unkept    TransferID       // of the last one before Keep, if there are such
	line      line             // those that are not over
	past      past             // those that are
	lastEnded int64            // how many ended, ever
	busy      map[*queued]bool // they run, or their last attempt comes to its end
	fore      map[*queued]bool // Job.Foreground, and not over
	again     map[*queued]bool // they ran when the queue was left, and go on first
	orphans   []*queued        // of fore, from the store: nobody waits for them any more
	total     total
	log       logbook
	due       []Record   // that Past has to be told of
	telling   sync.Mutex // of that; taken before mu

	ready  chan struct{} // closed when the queue is restored; await
	keeper *keeper       // nil without a store
	usual  bool          // Concurrency was left to us
}

// EngineConfig configures an Engine; the zero values stand for the defaults.
type EngineConfig struct {
	Reach       Reach // nil: only this machine can be reached
	Concurrency int   // transfers that run at the same time; as the store has it, else 2

	// Serve says what the peer at a place gets to see of us; it is asked for each
	// link, and again when until is closed, which ends what it is being answered.
	// target is the place's. A nil Server, or nil Serve: nothing but that we are
	// there.
	Serve func(target string, p transport.Peer) (s *Server, until <-chan struct{})

	// Store keeps the queue, which goes on where it was left: what ran runs
	// again, once its places are connected, which the engine does by itself.
	// The engine closes it. Nil: the queue lives as long as the engine.
	Store Store

	// Still says that nothing runs: the queue is there to be seen and changed.
	Still bool

	// KeepLater says that Keep may come when there are transfers: those that
	// were submitted before it have negative numbers, and are never kept.
	KeepLater bool

	// Past, if not nil, is told of each transfer that is over and that no Store
	// keeps, one call at a time: before Wait returns for it, else by Close. What Close
	// ends, and a dry run, is left out. The record has no ID, and no Ended.
	Past func(Record)

	// Notices are what a person must know about the queue from the start, such
	// as why there is no Store.
	Notices []string

	transferID func() []byte // names the next transfer for its streams; newTransferID
	plain      bool          // says nothing that came after testdata/transcripts were recorded
}

// errClosing is why everything ends when an Engine is closed.
var errClosing = &Error{Kind: Interrupted, Err: errors.New("interrupted; it can be resumed")}

// A LastingReach knows addresses that mean the same peer in another process,
// where a target may be a word of this one. Without it, targets are taken to.
type LastingReach interface {
	Reach

	// Lasting returns the address of what a target means, without a secret.
	Lasting(target string) (address string)

	// Recall returns the target of this process that means an address.
	Recall(address string) (target string)
}

// NewEngine returns an Engine with one place, Here. It lives until Close. The
// queue of its store is read in the background.
func NewEngine(cfg EngineConfig) *Engine {
	if cfg.transferID == nil {
		cfg.transferID = newTransferID
	}
	e := &Engine{
		cfg: cfg, host: NewHost(), out: newSharedThrottle(0),
		transfers: map[TransferID]*queued{}, busy: map[*queued]bool{}, fore: map[*queued]bool{}, again: map[*queued]bool{},
		total: total{live: map[*queued]bool{}}, ready: make(chan struct{}),
	}
	e.ctx, e.cancel = context.WithCancelCause(context.Background())
	if cfg.Concurrency == 0 {
		e.cfg.Concurrency, e.usual = 2, true
	}
	for _, text := range cfg.Notices {
		e.log.notice(Notice{time.Now(), text})
	}
	if cfg.Store == nil {
		close(e.ready)
		return e
	}
	e.running.Go(func() { e.goOn(cfg.Store) })
	return e
}

// Close interrupts what runs, so that it can be resumed, and closes all places
// and the store.
func (e *Engine) Close() error {
	e.cancel(errClosing)
	e.running.Wait()
	e.mu.Lock()
	k := e.keeper
	e.keeper = nil
	e.mu.Unlock()
	e.tellPast()
	return k.close()
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
	PlaceIdle                    // a transfer that was restored needs it; it is dialled when its turn comes
)

// String returns the word for the screen.
func (s PlaceState) String() string {
	return [...]string{"connected", "reconnecting", "closed", "idle"}[min(s, PlaceIdle)]
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
	Box    bool      // it is the drop box of a relay, and no peer
	Says   Greeting  // of itself, where it was adopted
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
// When Submit returns, the store has it.
func (e *Engine) Submit(j Job) (TransferID, error) {
	if err := e.checkJob(&j); err != nil {
		return 0, err
	}
	e.await()
	now := time.Now()
	e.mu.Lock()
	id := e.lastID + 1
	if e.keeper == nil && e.cfg.KeepLater {
		e.unkept--
		id = e.unkept
	}
	q := newQueued(id, j, now)
	if e.keeper != nil {
		e.noteRenamed(q)
	}
	if err := e.saveNew(q); err != nil {
		e.mu.Unlock()
		return 0, err
	}
	e.lastID = max(e.lastID, id)
	e.transfers[q.id] = q
	e.line.append(q)
	e.sort(q, StateWaiting)
	e.save(q)
	e.log.add(LogLine{At: now, Transfer: q.id, Job: q.name()})
	k := e.keeper
	e.mu.Unlock()
	e.schedule()
	k.await()
	return q.id, nil
}

// Wait returns when the transfer is over (TransferState.Over), or paused for
// want of space, with its last state, which the store has by then; or when ctx
// ends, with ctx's error.
func (e *Engine) Wait(ctx context.Context, id TransferID) (Transfer, error) {
	for {
		q, err := e.take(id)
		if err != nil {
			return Transfer{}, err
		}
		e.mu.Lock()
		t, k := q.snapshot(time.Now()), e.keeper
		if q.changed == nil {
			q.changed = make(chan struct{})
		}
		changed := q.changed
		e.mu.Unlock()
		if t.State.Over() || t.State == StatePaused && t.Err != nil {
			k.await()
			e.tellPast()
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
	q, err := e.take(id)
	if err != nil {
		return Transfer{}, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return q.snapshot(time.Now()), nil
}

// Transfers describes transfers as they are now, in the order in which they
// were submitted: the thousand that this engine ended last, and the first
// thousand of those that are not over. Page has all of them, in the order of
// their turns.
func (e *Engine) Transfers() []Transfer {
	e.await()
	e.mu.Lock()
	qs := slices.Clone(e.line.rows[:min(len(e.line.rows), maxDescribed)])
	for _, list := range e.past.ended {
		qs = append(qs, list[max(0, len(list)-maxDescribed):]...)
	}
	e.mu.Unlock()
	slices.SortFunc(qs, func(a, b *queued) int { return cmp.Compare(a.id, b.id) })
	e.need(qs)
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.describe(qs, time.Now())
}

const maxDescribed = 1000

// describe describes transfers; e.mu is held.
func (e *Engine) describe(qs []*queued, now time.Time) []Transfer {
	out := make([]Transfer, len(qs))
	for i, q := range qs {
		out[i] = q.snapshot(now)
	}
	return out
}

// take returns a transfer with its detail. One that is over may be in the store
// only; then it is not in memory after that either.
func (e *Engine) take(id TransferID) (*queued, error) {
	e.await()
	e.mu.Lock()
	q, k := e.transfers[id], e.keeper
	e.mu.Unlock()
	if q != nil {
		e.need([]*queued{q})
		return q, nil
	}
	if k != nil {
		records, err := k.store.Load([]TransferID{id})
		if err != nil {
			return nil, about(Path{}, err)
		}
		if len(records) == 1 && records[0].Tab != TabActive {
			return e.revive(records)[0], nil
		}
	}
	return nil, newError(NotFound, Path{}, "there is no transfer %d", id)
}
