package control

import (
	"context"

	"github.com/bargee/bargee/session"
)

// An Engine is the queue as its users see it: a session.Engine of this process,
// or a Client of another one's. What the methods do stands at session.Engine.
type Engine interface {
	Submit(session.Job) (session.TransferID, error)
	Wait(ctx context.Context, id session.TransferID) (session.Transfer, error)
	Transfer(session.TransferID) (session.Transfer, error)
	Transfers() []session.Transfer
	Page(tab session.Tab, offset, limit int) session.Page
	History(context.Context, session.HistoryQuery) ([]session.Transfer, error)
	Log(after int64) []session.LogLine
	Notices() []session.Notice

	Pause(session.TransferID) error
	Resume(session.TransferID) error
	Cancel(id session.TransferID, keep bool) error
	Retry(session.TransferID) error
	Forget(session.TransferID) error
	Interrupt(session.TransferID) error
	Answer(id session.TransferID, conflict int, d session.Conflict, all bool) error
	AnswerAll(session.TransferID, session.Rule) error

	PauseAll() int
	ResumeAll() int
	RetryFailed() int
	SetPriority(id session.TransferID, priority int) error
	Reorder(id session.TransferID, by int) error
	SetTransferLimit(id session.TransferID, bytesPerSecond int64) error
	SetConcurrency(int) error
	Concurrency() int
	SetLimits(send, receive int64) error
	Limits() (send, receive int64)

	Places() []session.Place
	Disconnect(session.PlaceID) error
	Pin(ctx context.Context, id session.PlaceID, name string) error
}

var (
	_ Engine = (*session.Engine)(nil)
	_ Engine = (*Client)(nil)
)

// A Role says why a process wants the queue.
type Role uint8

// The roles, as the schema numbers them.
const (
	Command    Role = iota // waits for its own transfers
	Screen                 // shows the queue
	Background             // keeps it running while nobody looks
)
