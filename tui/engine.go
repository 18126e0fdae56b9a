package tui

import (
	"context"

	"github.com/bargee/bargee/session"
)

// Engine is what the screen needs of session.Engine, which is the one that runs
// the transfers and keeps the places connected. The screen only ever asks: the
// engine knows nothing of it.
type Engine interface {
	Places() []session.Place
	Transfers() []session.Transfer
	Known() []session.KnownPeer
	Tree(session.PlaceID) (session.Tree, error)

	Connect(ctx context.Context, target, secret string) (session.PlaceID, error)
	Disconnect(session.PlaceID) error
	Pin(ctx context.Context, id session.PlaceID, name string) error

	Submit(session.Job) (session.TransferID, error)
	Pause(session.TransferID) error
	Resume(session.TransferID) error
	Cancel(id session.TransferID, keep bool) error
	Retry(session.TransferID) error
	Forget(session.TransferID) error
	Answer(id session.TransferID, conflict int, d session.Conflict, all bool) error
}

var _ Engine = (*session.Engine)(nil)
