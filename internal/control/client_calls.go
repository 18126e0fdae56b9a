package control

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/session"
)

// errAnswer is for an answer that is to another question.
var errAnswer = errors.Join(errors.New("the engine answers what was not asked"), wire.ErrInvalid)

// Disconnect interrupts a place's transfers and closes its link.
func (c *Client) Disconnect(id session.PlaceID) error {
	return c.carry(&wire.QueueAsk{Ask: &wire.QueueAsk_Disconnect{Disconnect: &wire.QueueOne{Id: int64(id)}}})
}

// carry asks a question that is answered by done.
func (c *Client) carry(ask *wire.QueueAsk) error {
	return c.ask(ask, func(t *wire.QueueTell) (bool, error) {
		if t.GetDone() == nil {
			return false, errAnswer
		}
		return true, nil
	})
}

// Pin remembers the peer at a place under name.
func (c *Client) Pin(ctx context.Context, id session.PlaceID, name string) error {
	t, err := c.askAlone(ctx, &wire.QueueAsk{Ask: &wire.QueueAsk_Pin{Pin: &wire.QueuePin{Place: uint64(max(id, 0)), Name: name}}})
	if err == nil && t.GetDone() == nil {
		err = lost(errAnswer)
	}
	return err
}

// Connect returns the place of a target at the engine, which links to it if it
// has not done so before.
func (c *Client) Connect(ctx context.Context, to Target) (session.PlaceID, error) {
	return c.place(ctx, putTarget(to))
}

func (c *Client) place(ctx context.Context, m *wire.QueueTarget) (session.PlaceID, error) {
	t, err := c.askAlone(ctx, &wire.QueueAsk{Ask: &wire.QueueAsk_Connect{Connect: m}})
	if err != nil {
		return 0, err
	}
	id, ok := t.GetTell().(*wire.QueueTell_Id)
	if !ok || id.Id < 0 || id.Id > math.MaxInt32 {
		return 0, lost(errAnswer)
	}
	return session.PlaceID(id.Id), nil
}

// Expect returns the place of a target at the engine, which links to it when a
// transfer needs it: the peer need not be there now.
func (c *Client) Expect(ctx context.Context, to Target) (session.PlaceID, error) {
	m := putTarget(to)
	m.Later = true
	return c.place(ctx, m)
}

// Wait returns when the transfer is over, or paused for want of space.
func (c *Client) Wait(ctx context.Context, id session.TransferID) (session.Transfer, error) {
	t, err := c.askAlone(ctx, &wire.QueueAsk{Ask: &wire.QueueAsk_Wait{Wait: &wire.QueueOne{Id: int64(id)}}})
	if err != nil {
		return session.Transfer{}, err
	}
	if t.GetRow() == nil {
		return session.Transfer{}, lost(errAnswer)
	}
	row, err := takeRow(t.GetRow())
	return row, lost(err)
}

// Transfers describes all transfers; none while the engine cannot be asked.
func (c *Client) Transfers() []session.Transfer {
	out, _ := c.Rows()
	return out
}

// Rows describes those transfers that there are of ids, or all without any.
func (c *Client) Rows(ids ...session.TransferID) (out []session.Transfer, err error) {
	m := &wire.QueueIDs{}
	for _, id := range ids {
		m.Ids = append(m.Ids, int64(id))
	}
	err = c.ask(&wire.QueueAsk{Ask: &wire.QueueAsk_Rows{Rows: m}}, func(t *wire.QueueTell) (bool, error) {
		if t.GetEnd() != nil {
			return true, nil
		}
		if t.GetRow() == nil {
			return false, errAnswer
		}
		row, err := takeRow(t.GetRow())
		out = append(out, row)
		return false, err
	})
	return out, err
}

// Places lists the engine's places; none while it cannot be asked.
func (c *Client) Places() []session.Place {
	at, _ := c.PlacesAt()
	out := make([]session.Place, len(at))
	for i, p := range at {
		out[i] = p.Place
	}
	return out
}

// A PlaceAt is a place of another process, and where that is.
type PlaceAt struct {
	session.Place
	At Target // without its secret
}

// PlacesAt lists the engine's places, and where they are.
func (c *Client) PlacesAt() (out []PlaceAt, err error) {
	err = c.ask(&wire.QueueAsk{Ask: &wire.QueueAsk_Places{Places: &wire.QueueNothing{}}}, func(t *wire.QueueTell) (bool, error) {
		if t.GetEnd() != nil {
			return true, nil
		}
		if t.GetPlace() == nil {
			return false, errAnswer
		}
		p, err := takePlace(t.GetPlace())
		out = append(out, PlaceAt{p, takeTarget(t.GetPlace().GetReach())})
		return false, err
	})
	return out, err
}

// Transfer describes one transfer.
func (c *Client) Transfer(id session.TransferID) (session.Transfer, error) {
	rows, err := c.Rows(id)
	if err == nil && len(rows) == 0 {
		err = &session.Error{Kind: session.NotFound, Err: fmt.Errorf("there is no transfer %d", id)}
	}
	if err != nil {
		return session.Transfer{}, err
	}
	return rows[0], nil
}

// Page returns a piece of a tab; an empty one while the engine cannot be asked.
func (c *Client) Page(tab session.Tab, offset, limit int) session.Page {
	p, err := c.page(tab, offset, limit)
	if err != nil {
		return session.Page{Tab: tab, Summary: session.Summary{ETA: -1}}
	}
	return p
}

func (c *Client) page(tab session.Tab, offset, limit int) (p session.Page, err error) {
	m := &wire.QueuePageAsk{Tab: uint32(tab), Offset: min(count(int64(offset)), maxOffset), Limit: min(count(int64(limit)), maxRows)}
	live := 0
	err = c.ask(&wire.QueueAsk{Ask: &wire.QueueAsk_Page{Page: m}}, func(t *wire.QueueTell) (bool, error) {
		switch t := t.GetTell().(type) {
		case *wire.QueueTell_Page:
			p, err = takePage(t.Page)
			live = int(t.Page.GetLive())
			return false, err
		case *wire.QueueTell_Row:
			row, err := takeRow(t.Row)
			p.Rows = append(p.Rows, row)
			return false, err
		case *wire.QueueTell_End:
			rest := max(0, len(p.Rows)-live)
			p.Rows, p.Live = p.Rows[:rest:rest], p.Rows[rest:]
			return true, nil
		}
		return false, errAnswer
	})
	return p, err
}

// History returns finished transfers.
func (c *Client) History(ctx context.Context, q session.HistoryQuery) (out []session.Transfer, err error) {
	if q.Limit < 0 || q.Offset < 0 {
		return nil, &session.Error{Kind: session.Invalid, Err: errors.New("no such history")}
	}
	m := &wire.QueueHistoryAsk{
		From: putTime(q.From), To: putTime(q.To), Peer: clip(q.Peer, maxAddress), Status: uint32(q.Status), Glob: clip(q.Glob, maxMessage),
		Limit: min(count(int64(q.Limit)), maxRows), Offset: min(count(int64(q.Offset)), maxOffset),
	}
	err = c.ask(&wire.QueueAsk{Ask: &wire.QueueAsk_History{History: m}}, func(t *wire.QueueTell) (bool, error) {
		if t.GetEnd() != nil {
			return true, nil
		}
		if t.GetRow() == nil {
			return false, errAnswer
		}
		row, err := takeRow(t.GetRow())
		out = append(out, row)
		return false, err
	})
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return out, err
}

// Log returns what happened after a line; nothing while the engine cannot be
// asked.
func (c *Client) Log(after int64) (out []session.LogLine) {
	_ = c.ask(&wire.QueueAsk{Ask: &wire.QueueAsk_Log{Log: &wire.QueueLogAsk{After: count(after)}}}, func(t *wire.QueueTell) (bool, error) {
		if t.GetEnd() != nil {
			return true, nil
		}
		if t.GetLine() == nil {
			return false, errAnswer
		}
		line, err := takeLine(t.GetLine())
		out = append(out, line)
		return false, err
	})
	return out
}

// Notices returns what a person must know about the queue itself.
func (c *Client) Notices() (out []session.Notice) {
	_ = c.ask(&wire.QueueAsk{Ask: &wire.QueueAsk_Notices{Notices: &wire.QueueNothing{}}}, func(t *wire.QueueTell) (bool, error) {
		if t.GetEnd() != nil {
			return true, nil
		}
		if t.GetNotice() == nil {
			return false, errAnswer
		}
		out = append(out, session.Notice{At: takeTime(t.GetNotice().GetAt()), Text: t.GetNotice().GetText()})
		return false, nil
	})
	return out
}

// settings asks for what holds for all transfers.
func (c *Client) settings() (out *wire.QueueSettings, err error) {
	err = c.ask(&wire.QueueAsk{Ask: &wire.QueueAsk_Settings{Settings: &wire.QueueNothing{}}}, func(t *wire.QueueTell) (bool, error) {
		if out = t.GetSettings(); out == nil {
			return false, errAnswer
		}
		return true, nil
	})
	return out, err
}

// Concurrency returns how many transfers run at the same time; 0 while the
// engine cannot be asked.
func (c *Client) Concurrency() int {
	s, _ := c.settings()
	return int(s.GetConcurrency())
}

// Limits returns how many bytes a second cross the links.
func (c *Client) Limits() (send, receive int64) {
	s, _ := c.settings()
	return int64(s.GetSend()), int64(s.GetReceive())
}
