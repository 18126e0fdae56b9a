package control

import (
	"context"
	"time"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/session"
)

// A watcher carries the items of a transfer to who submitted it. It has room for
// a few: a reader that does not keep up holds the transfer back, and nothing
// else of the engine.
type watcher struct {
	ctx   context.Context // ends when nobody reads any more
	items chan session.Item
}

// maxItems is how many items wait for their reader.
const maxItems = 256

func newWatcher(ctx context.Context) *watcher {
	return &watcher{ctx, make(chan session.Item, maxItems)}
}

// observe is session.Job.Observe.
func (w *watcher) observe(it session.Item) {
	select {
	case w.items <- it:
	case <-w.ctx.Done():
	}
}

// follow tells items until the transfer is over. A transfer of the foreground
// is interrupted if the connection is not there until then.
func (s *Server) follow(c *conn, w *watcher, id session.TransferID, foreground bool, err error) {
	ctx, stop := c.watch(w.ctx)
	defer stop()
	over, ended := make(chan struct{}), false
	go func() {
		defer close(over)
		ended = s.outlast(ctx, id)
	}()
	if err == nil {
		_ = s.pass(ctx, c, w, id, over) // whoever asked is gone then, and that is all there is to it
	}
	stop()
	<-over
	if !foreground || ended {
		return
	}
	if t, err := s.cfg.Engine.Transfer(id); err == nil && t.Job.Foreground { // what was retried since is nobody's to wait for
		_ = s.cfg.Engine.Interrupt(id)
	}
}

// pass tells items as they come, and the end.
func (s *Server) pass(ctx context.Context, c *conn, w *watcher, id session.TransferID, over <-chan struct{}) error {
	for {
		select {
		case it := <-w.items:
			if err := c.tellItems(w, it); err != nil {
				return err
			}
		case <-over:
			if ctx.Err() != nil {
				return errGone
			}
			for len(w.items) > 0 {
				if err := c.tellItems(w, <-w.items); err != nil {
					return err
				}
			}
			if t, err := s.cfg.Engine.Transfer(id); err == nil {
				if err := s.row(c, &t); err != nil {
					return err
				}
			}
			return s.end(c)
		}
	}
}

// tellItems tells it and those that wait behind it, with as few calls as can
// be. It may take for ever, as the submitter may.
func (c *conn) tellItems(w *watcher, it session.Item) error {
	b := c.buf[:0]
	for {
		var err error
		if b, err = wire.Append(b, &wire.QueueTell{Tell: &wire.QueueTell_Item{Item: putItem(it)}}); err != nil {
			return err
		}
		if len(b) > 32<<10 || len(w.items) == 0 {
			break
		}
		it = <-w.items
	}
	c.buf = b[:0]
	return c.write(0, b)
}

// outlast waits until the transfer is over, and reports false if ctx ends
// before. A transfer that is paused is not over.
func (s *Server) outlast(ctx context.Context, id session.TransferID) bool {
	for ctx.Err() == nil {
		t, err := s.cfg.Engine.Wait(ctx, id)
		if err == nil && t.State.Over() || session.KindOf(err) == session.NotFound {
			return true
		}
		select {
		case <-time.After(250 * time.Millisecond):
		case <-ctx.Done():
		}
	}
	return false
}
