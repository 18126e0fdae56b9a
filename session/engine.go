package session

import (
	"context"
	"errors"
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
type Engine struct{}

// EngineConfig configures an Engine; the zero values stand for the defaults.
type EngineConfig struct {
	Reach       Reach // nil: only this machine can be reached
	Concurrency int   // transfers that run at the same time; 2
}

// NewEngine returns an Engine with one place, Here. It lives until Close.
func NewEngine(cfg EngineConfig) *Engine { return &Engine{} }

// Close interrupts what runs, so that it can be resumed, and closes all places.
func (e *Engine) Close() error { return nil }

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
}

// Connect links to the peer that target names and adds it as a place.
func (e *Engine) Connect(ctx context.Context, target, secret string) (PlaceID, error) {
	return 0, errors.ErrUnsupported
}

// Disconnect interrupts the place's transfers and closes its link.
func (e *Engine) Disconnect(id PlaceID) error { return errors.ErrUnsupported }

// Pin remembers the peer at a place under name, so that it needs no secret again.
func (e *Engine) Pin(ctx context.Context, id PlaceID, name string) error {
	return errors.ErrUnsupported
}

// Known lists the peers that need no secret.
func (e *Engine) Known() []KnownPeer { return nil }

// Places lists the places as they are now, Here first.
func (e *Engine) Places() []Place { return nil }

// Tree returns the tree of a place. It stays valid while the place reconnects;
// calls then wait for the new link as long as their context allows.
func (e *Engine) Tree(id PlaceID) (Tree, error) { return nil, errors.ErrUnsupported }

// Submit adds a transfer at the end of the queue; it starts by itself.
func (e *Engine) Submit(j Job) (TransferID, error) { return 0, errors.ErrUnsupported }

// Wait returns when the transfer is over (TransferState.Over), with its last
// state, or when ctx ends, with ctx's error.
func (e *Engine) Wait(ctx context.Context, id TransferID) (Transfer, error) {
	return Transfer{}, errors.ErrUnsupported
}

// Transfers describes all transfers of this run as they are now, in the order
// of the queue.
func (e *Engine) Transfers() []Transfer { return nil }

// Pause stops a waiting or running transfer and keeps its partials; Resume
// puts it back into the queue.
func (e *Engine) Pause(id TransferID) error  { return errors.ErrUnsupported }
func (e *Engine) Resume(id TransferID) error { return errors.ErrUnsupported }

// Cancel ends a transfer at both ends and removes its partials, unless keep.
func (e *Engine) Cancel(id TransferID, keep bool) error { return errors.ErrUnsupported }

// Retry puts a failed, cancelled or partly failed transfer back into the
// queue; what is there already is not sent again.
func (e *Engine) Retry(id TransferID) error { return errors.ErrUnsupported }

// Forget takes a transfer that is over out of the list.
func (e *Engine) Forget(id TransferID) error { return errors.ErrUnsupported }

// Answer decides a conflict of a transfer; with all also those that are still
// to come in it.
func (e *Engine) Answer(id TransferID, conflict int, d Conflict, all bool) error {
	return errors.ErrUnsupported
}
