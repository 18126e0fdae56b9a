package control

import (
	"errors"
	"math"
	"time"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/session"
)

// errOver ends a conversation that has nothing more to say.
var errOver = errors.New("the conversation is over")

// converse holds one conversation.
func (s *Server) converse(c *conn, full bool) {
	if !s.greet(c, full) {
		return
	}
	for s.ctx.Err() == nil {
		if err := c.await(); err != nil {
			return
		}
		ask := new(wire.QueueAsk)
		err := c.hear(messageTime, ask)
		if err != nil {
			if errors.Is(err, wire.ErrInvalid) || errors.Is(err, wire.ErrLimit) {
				_ = s.refuse(c, &session.Error{Kind: session.Protocol, Err: err})
			}
			return
		}
		if s.answer(c, ask) != nil {
			return
		}
	}
}

// answer answers one question. An error ends the conversation; what merely did
// not work has been told.
func (s *Server) answer(c *conn, ask *wire.QueueAsk) error {
	e := s.cfg.Engine
	switch q := ask.GetAsk().(type) {
	case *wire.QueueAsk_Attend:
		return s.attending(c, q.Attend)
	case *wire.QueueAsk_Submit:
		return s.submit(c, q.Submit)
	case *wire.QueueAsk_Wait:
		return s.wait(c, session.TransferID(q.Wait.GetId()))
	case *wire.QueueAsk_Rows:
		return s.rows(c, q.Rows.GetIds())
	case *wire.QueueAsk_Act:
		return s.act(c, q.Act)
	case *wire.QueueAsk_Answer:
		return s.decide(c, q.Answer)
	case *wire.QueueAsk_Page:
		return s.page(c, q.Page)
	case *wire.QueueAsk_History:
		return s.history(c, q.History)
	case *wire.QueueAsk_Log:
		return s.log(c, int64(q.Log.GetAfter()))
	case *wire.QueueAsk_Notices:
		return s.notices(c)
	case *wire.QueueAsk_Settings:
		return s.settings(c)
	case *wire.QueueAsk_Set:
		return s.done(c, s.set(q.Set))
	case *wire.QueueAsk_Places:
		return s.places(c)
	case *wire.QueueAsk_Connect:
		return s.connect(c, q.Connect)
	case *wire.QueueAsk_Pin:
		return s.pin(c, q.Pin)
	case *wire.QueueAsk_Disconnect:
		id, err := placeID(q.Disconnect.GetId())
		if err == nil {
			err = e.Disconnect(id)
		}
		return s.done(c, err)
	}
	return s.refuse(c, &session.Error{Kind: session.Version, Err: errors.New("the process that runs the queue is too old for this: end it and start it anew")})
}

func placeID(n int64) (session.PlaceID, error) {
	if n < 0 || n > math.MaxInt32 {
		return 0, &session.Error{Kind: session.Invalid, Err: errors.New("no place has this number")}
	}
	return session.PlaceID(n), nil
}

// refuse tells err, and done either that or done.
func (s *Server) refuse(c *conn, err error) error {
	return c.tell(writeTime, &wire.QueueTell{Tell: &wire.QueueTell_Error{Error: putError(err)}})
}

func (s *Server) done(c *conn, err error) error {
	if err != nil {
		return s.refuse(c, err)
	}
	return c.tell(writeTime, &wire.QueueTell{Tell: &wire.QueueTell_Done{Done: &wire.QueueNothing{}}})
}

func (s *Server) end(c *conn) error {
	return c.tell(writeTime, &wire.QueueTell{Tell: &wire.QueueTell_End{End: &wire.QueueNothing{}}})
}

func (s *Server) id(c *conn, id int64) error {
	return c.tell(writeTime, &wire.QueueTell{Tell: &wire.QueueTell_Id{Id: id}})
}

func (s *Server) row(c *conn, t *session.Transfer) error {
	row := putRow(t)
	tell := &wire.QueueTell{Tell: &wire.QueueTell_Row{Row: row}}
	err := c.tell(writeTime, tell)
	if errors.Is(err, wire.ErrLimit) {
		lighten(row)
		err = c.tell(writeTime, tell)
	}
	return err
}

// attending holds the connection of somebody who is there.
func (s *Server) attending(c *conn, m *wire.QueueAttend) error {
	leave := s.attend(c, Role(m.GetRole()))
	defer leave()
	if err := s.done(c, nil); err != nil {
		return err
	}
	ctx, stop := c.watch(s.ctx)
	defer stop()
	<-ctx.Done()
	if s.ctx.Err() != nil {
		_ = c.tell(time.Second, &wire.QueueTell{Tell: &wire.QueueTell_Leaving{Leaving: &wire.QueueNothing{}}})
	}
	return errOver
}

func (s *Server) wait(c *conn, id session.TransferID) error {
	ctx, stop := c.watch(s.ctx)
	defer stop()
	t, err := s.cfg.Engine.Wait(ctx, id)
	switch {
	case ctx.Err() != nil:
	case err != nil:
		_ = s.refuse(c, err)
	default:
		_ = s.row(c, &t)
	}
	return errOver
}

func (s *Server) places(c *conn) error {
	for _, p := range s.cfg.Engine.Places() {
		m := putPlace(p)
		if s.cfg.Address != nil && p.ID != session.Here {
			t := s.cfg.Address(p)
			t.Secret = ""
			m.Reach = putTarget(t)
		}
		if err := c.tell(writeTime, &wire.QueueTell{Tell: &wire.QueueTell_Place{Place: m}}); err != nil {
			return err
		}
	}
	return s.end(c)
}

// connect and pin wait for the network, and end with the connection.
func (s *Server) connect(c *conn, m *wire.QueueTarget) error {
	ctx, stop := c.watch(s.ctx)
	defer stop()
	var id session.PlaceID
	var err error
	if m.GetLater() && s.cfg.Expect != nil {
		id, err = s.cfg.Expect(takeTarget(m))
	} else {
		id, err = s.cfg.Connect(ctx, takeTarget(m))
	}
	if err != nil {
		_ = s.refuse(c, err)
	} else {
		_ = s.id(c, int64(id))
	}
	return errOver
}

func (s *Server) pin(c *conn, m *wire.QueuePin) error {
	ctx, stop := c.watch(s.ctx)
	defer stop()
	_ = s.done(c, s.cfg.Engine.Pin(ctx, session.PlaceID(m.GetPlace()), m.GetName()))
	return errOver
}
