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
	AnswerAll(session.TransferID, session.Rule) error

	Page(tab session.Tab, offset, limit int) session.Page
	History(context.Context, session.HistoryQuery) ([]session.Transfer, error)
	Log(after int64) []session.LogLine
	Notices() []session.Notice

	PauseAll() int
	ResumeAll() int
	RetryFailed() int
	SetPriority(id session.TransferID, priority int) error
	Reorder(id session.TransferID, by int) error
	SetConcurrency(int) error
	Concurrency() int
	SetLimits(send, receive int64) error
	Limits() (send, receive int64)
	SetTransferLimit(id session.TransferID, bytesPerSecond int64) error
}

var _ Engine = (*session.Engine)(nil)
