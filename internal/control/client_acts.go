package control

import (
	"errors"
	"math"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/session"
)

// What a person does to transfers, by way of a Client. The methods are those of
// session.Engine.

// Pause implements Engine, as do the next ones.
func (c *Client) Pause(id session.TransferID) error { return c.act(id, wire.QueueAct_PAUSE) }

// Resume puts a paused transfer back into the queue.
func (c *Client) Resume(id session.TransferID) error { return c.act(id, wire.QueueAct_RESUME) }

// Retry puts a transfer that is over back into the queue.
func (c *Client) Retry(id session.TransferID) error { return c.act(id, wire.QueueAct_RETRY) }

// Forget takes a transfer that is over out of the list.
func (c *Client) Forget(id session.TransferID) error { return c.act(id, wire.QueueAct_FORGET) }

// Cancel ends a transfer.
func (c *Client) Cancel(id session.TransferID, keep bool) error {
	return c.carry(&wire.QueueAsk{Ask: &wire.QueueAsk_Act{Act: &wire.QueueAct{Id: int64(id), Action: wire.QueueAct_CANCEL, Keep: keep}}})
}

// Interrupt fails a transfer because nobody waits for it any more.
func (c *Client) Interrupt(id session.TransferID) error { return c.act(id, wire.QueueAct_INTERRUPT) }

func (c *Client) act(id session.TransferID, what wire.QueueAct_Action) error {
	return c.carry(&wire.QueueAsk{Ask: &wire.QueueAsk_Act{Act: &wire.QueueAct{Id: int64(id), Action: what}}})
}

// SetPriority changes a transfer's priority.
func (c *Client) SetPriority(id session.TransferID, priority int) error {
	return c.actBy(id, wire.QueueAct_PRIORITY, int64(priority))
}

// Reorder moves a transfer by so many rows.
func (c *Client) Reorder(id session.TransferID, by int) error {
	return c.actBy(id, wire.QueueAct_REORDER, int64(by))
}

// SetTransferLimit limits one transfer.
func (c *Client) SetTransferLimit(id session.TransferID, bytesPerSecond int64) error {
	return c.actBy(id, wire.QueueAct_LIMIT, bytesPerSecond)
}

func (c *Client) actBy(id session.TransferID, what wire.QueueAct_Action, amount int64) error {
	return c.carry(&wire.QueueAsk{Ask: &wire.QueueAsk_Act{Act: &wire.QueueAct{Id: int64(id), Action: what, Amount: amount}}})
}

// PauseAll pauses all transfers that wait or run; 0 while the engine cannot be
// asked, as for the next two.
func (c *Client) PauseAll() int { return c.actOnAll(wire.QueueAct_PAUSE_ALL) }

// ResumeAll resumes all that are paused.
func (c *Client) ResumeAll() int { return c.actOnAll(wire.QueueAct_RESUME_ALL) }

// RetryFailed retries all that failed.
func (c *Client) RetryFailed() int { return c.actOnAll(wire.QueueAct_RETRY_FAILED) }

func (c *Client) actOnAll(what wire.QueueAct_Action) (n int) {
	_ = c.ask(&wire.QueueAsk{Ask: &wire.QueueAsk_Act{Act: &wire.QueueAct{Action: what}}}, func(t *wire.QueueTell) (bool, error) {
		id, ok := t.GetTell().(*wire.QueueTell_Id)
		if !ok || id.Id < 0 || id.Id > math.MaxInt32 {
			return false, errAnswer
		}
		n = int(id.Id)
		return true, nil
	})
	return n
}

// maxAtATime is more than any engine takes.
const maxAtATime = 1000

// SetConcurrency sets how many transfers run at the same time.
func (c *Client) SetConcurrency(n int) error {
	if n < 0 {
		return &session.Error{Kind: session.Invalid, Err: errors.New("less than no transfers at a time")}
	}
	at := uint32(min(n, maxAtATime))
	return c.set(&wire.QueueSettings{Concurrency: &at})
}

// SetLimits sets how many bytes a second cross the links.
func (c *Client) SetLimits(send, receive int64) error {
	if send < 0 || receive < 0 {
		return &session.Error{Kind: session.Invalid, Err: errors.New("a limit below 0")}
	}
	s, r := uint64(send), uint64(receive)
	return c.set(&wire.QueueSettings{Send: &s, Receive: &r})
}

func (c *Client) set(m *wire.QueueSettings) error {
	return c.carry(&wire.QueueAsk{Ask: &wire.QueueAsk_Set{Set: m}})
}

// Answer decides a conflict.
func (c *Client) Answer(id session.TransferID, conflict int, d session.Conflict, all bool) error {
	return c.carry(&wire.QueueAsk{Ask: &wire.QueueAsk_Answer{Answer: &wire.QueueAnswer{
		Id: int64(id), Conflict: count(int64(conflict)), Decision: uint32(d), All: all,
	}}})
}

// AnswerAll decides all conflicts of a transfer by a rule.
func (c *Client) AnswerAll(id session.TransferID, r session.Rule) error {
	return c.carry(&wire.QueueAsk{Ask: &wire.QueueAsk_Answer{Answer: &wire.QueueAnswer{Id: int64(id), Rule: putRule(&r)}}})
}
