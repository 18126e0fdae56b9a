package control

import (
	"context"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/session"
)

// Submit adds a transfer. Its Observe is called for every item, unless the
// engine ends before; Close waits for it.
func (c *Client) Submit(j session.Job) (session.TransferID, error) {
	id, over, err := c.submit(j)
	if over != nil {
		go func() { <-over }()
	}
	return id, err
}

// An ending is how it came that no more items come: the transfer is over, and row
// describes it, or err says what is wrong.
type ending struct {
	row session.Transfer
	err error
}

// submit is Submit, and tells when no more items come. over is nil where that is
// not to be known.
func (c *Client) submit(j session.Job) (id session.TransferID, over <-chan ending, err error) {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return 0, nil, lost(errGone)
	}
	c.watches.Add(1)
	c.mu.Unlock()
	conn, err := c.dial(context.Background())
	if err != nil {
		c.watches.Done()
		return 0, nil, lost(err)
	}
	watch := j.Observe != nil || j.Foreground
	if id, err = c.handOver(conn, j, watch); err != nil || !watch {
		conn.Close()
		c.watches.Done()
		return id, nil, err
	}
	ended := make(chan ending, 1)
	hangUp := make(chan struct{})
	go func() {
		select {
		case <-c.done:
			conn.Close()
		case <-hangUp:
		}
	}()
	go func() {
		defer c.watches.Done()
		defer conn.Close()
		defer close(hangUp)
		row, err := c.observe(conn, j.Observe)
		ended <- ending{row, lost(err)}
	}()
	return id, ended, nil
}

// handOver tells a job, with all its sources.
func (c *Client) handOver(conn *conn, j session.Job, watch bool) (session.TransferID, error) {
	m := putJob(&j)
	rest := j.Sources[len(m.Sources):]
	err := conn.tell(answerTime, &wire.QueueAsk{Ask: &wire.QueueAsk_Submit{Submit: &wire.QueueSubmit{Job: m, Watch: watch}}})
	for err == nil && len(rest) > 0 {
		more, size := &wire.QueuePaths{}, 0
		for size < 256<<10 && len(rest) > 0 && len(more.Paths) < 4096 {
			more.Paths = append(more.Paths, []byte(rest[0].Raw()))
			size += len(rest[0].Raw())
			rest = rest[1:]
		}
		err = conn.tell(answerTime, more)
	}
	tell := new(wire.QueueTell)
	if err == nil {
		err = conn.hear(answerTime, tell)
	}
	if err != nil {
		return 0, lost(err)
	}
	if why := tell.GetError(); why != nil {
		return 0, takeError(why)
	}
	id, ok := tell.GetTell().(*wire.QueueTell_Id)
	if !ok {
		return 0, lost(errAnswer)
	}
	return session.TransferID(id.Id), nil
}

// observe hands on items until the transfer is over.
func (c *Client) observe(conn *conn, f func(session.Item)) (row session.Transfer, err error) {
	for {
		tell := new(wire.QueueTell)
		if err := conn.hear(0, tell); err != nil {
			return row, err
		}
		switch t := tell.GetTell().(type) {
		case *wire.QueueTell_Item:
			it, err := takeItem(t.Item)
			if err != nil {
				return row, err
			}
			if f != nil {
				f(it)
			}
		case *wire.QueueTell_Row:
			if row, err = takeRow(t.Row); err != nil {
				return row, err
			}
		case *wire.QueueTell_End:
			return row, nil
		default:
			return row, errAnswer
		}
	}
}
