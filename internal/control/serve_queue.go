package control

import (
	"errors"
	"math"
	"slices"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/session"
)

func (s *Server) rows(c *conn, ids []int64) error {
	if len(ids) == 0 {
		return s.tellRows(c, s.cfg.Engine.Transfers())
	}
	var out []session.Transfer
	for _, id := range ids {
		if t, err := s.cfg.Engine.Transfer(session.TransferID(id)); err == nil {
			out = append(out, t)
		}
	}
	return s.tellRows(c, out)
}

func (s *Server) tellRows(c *conn, rows []session.Transfer) error {
	for i := range rows {
		if err := s.row(c, &rows[i]); err != nil {
			return err
		}
	}
	return s.end(c)
}

func (s *Server) page(c *conn, m *wire.QueuePageAsk) error {
	if m.GetTab() > uint32(session.TabDone) {
		return s.refuse(c, &session.Error{Kind: session.Invalid, Err: errSays("tab %d", m.GetTab())})
	}
	p := s.cfg.Engine.Page(session.Tab(m.GetTab()), int(m.GetOffset()), int(m.GetLimit()))
	if err := c.tell(writeTime, &wire.QueueTell{Tell: &wire.QueueTell_Page{Page: putPage(&p)}}); err != nil {
		return err
	}
	return s.tellRows(c, slices.Concat(p.Rows, p.Live[:min(len(p.Live), maxRows)]))
}

func (s *Server) history(c *conn, m *wire.QueueHistoryAsk) error {
	q, err := takeQuery(m)
	if err != nil {
		return s.refuse(c, &session.Error{Kind: session.Invalid, Err: err})
	}
	rows, err := s.cfg.Engine.History(s.ctx, q)
	if err != nil {
		return s.refuse(c, err)
	}
	return s.tellRows(c, rows)
}

func (s *Server) log(c *conn, after int64) error {
	for _, l := range s.cfg.Engine.Log(after) {
		if err := c.tell(writeTime, &wire.QueueTell{Tell: &wire.QueueTell_Line{Line: putLine(l)}}); err != nil {
			return err
		}
	}
	return s.end(c)
}

func (s *Server) notices(c *conn) error {
	for _, n := range s.cfg.Engine.Notices() {
		m := &wire.QueueNotice{At: putTime(n.At), Text: clip(n.Text, maxMessage)}
		if err := c.tell(writeTime, &wire.QueueTell{Tell: &wire.QueueTell_Notice{Notice: m}}); err != nil {
			return err
		}
	}
	return s.end(c)
}

func (s *Server) settings(c *conn) error {
	n := uint32(max(s.cfg.Engine.Concurrency(), 0))
	send, receive := s.cfg.Engine.Limits()
	out, in := count(send), count(receive)
	return c.tell(writeTime, &wire.QueueTell{Tell: &wire.QueueTell_Settings{
		Settings: &wire.QueueSettings{Concurrency: &n, Send: &out, Receive: &in},
	}})
}

func (s *Server) set(m *wire.QueueSettings) error {
	e := s.cfg.Engine
	var err error
	if m.Concurrency != nil {
		err = e.SetConcurrency(int(m.GetConcurrency()))
	}
	if err == nil && (m.Send != nil || m.Receive != nil) {
		send, receive := e.Limits()
		if m.Send != nil {
			send = int64(m.GetSend())
		}
		if m.Receive != nil {
			receive = int64(m.GetReceive())
		}
		err = e.SetLimits(send, receive)
	}
	return err
}

// act does to transfers what a person wants.
func (s *Server) act(c *conn, m *wire.QueueAct) error {
	e, id, amount := s.cfg.Engine, session.TransferID(m.GetId()), m.GetAmount()
	var err error
	switch m.GetAction() {
	case wire.QueueAct_PAUSE_ALL:
		return s.id(c, int64(e.PauseAll()))
	case wire.QueueAct_RESUME_ALL:
		return s.id(c, int64(e.ResumeAll()))
	case wire.QueueAct_RETRY_FAILED:
		return s.id(c, int64(e.RetryFailed()))
	case wire.QueueAct_PAUSE:
		err = e.Pause(id)
	case wire.QueueAct_RESUME:
		err = e.Resume(id)
	case wire.QueueAct_CANCEL:
		err = e.Cancel(id, m.GetKeep())
	case wire.QueueAct_RETRY:
		err = e.Retry(id)
	case wire.QueueAct_FORGET:
		err = e.Forget(id)
	case wire.QueueAct_INTERRUPT:
		err = e.Interrupt(id)
	case wire.QueueAct_PRIORITY:
		err = e.SetPriority(id, int(min(max(amount, -1), session.MaxPriority+1)))
	case wire.QueueAct_REORDER:
		err = e.Reorder(id, rowsOf(amount))
	case wire.QueueAct_LIMIT:
		err = e.SetTransferLimit(id, amount)
	default:
		err = &session.Error{Kind: session.Version, Err: errors.New("the process that runs the queue cannot do this")}
	}
	return s.done(c, err)
}

// rowsOf is by how many rows to move, as int may be of 32 bits; as far as it
// goes is as far as it goes.
func rowsOf(amount int64) int {
	switch {
	case amount < math.MinInt32:
		return math.MinInt
	case amount > math.MaxInt32:
		return math.MaxInt
	}
	return int(amount)
}

func (s *Server) decide(c *conn, m *wire.QueueAnswer) error {
	id := session.TransferID(m.GetId())
	if m.GetRule() != nil {
		r, err := takeRule(m.GetRule())
		if err != nil {
			return s.refuse(c, &session.Error{Kind: session.Invalid, Err: err})
		}
		return s.done(c, s.cfg.Engine.AnswerAll(id, r))
	}
	d, err := takeConflict(m.GetDecision())
	if err == nil && m.GetConflict() > math.MaxInt32 {
		err = errSays("question %d", m.GetConflict())
	}
	if err != nil {
		return s.refuse(c, &session.Error{Kind: session.Invalid, Err: err})
	}
	return s.done(c, s.cfg.Engine.Answer(id, int(m.GetConflict()), d, m.GetAll()))
}
