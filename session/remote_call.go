package session

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/transport"
)

// A call is a request under way.
type call struct {
	r    *Remote
	ctx  context.Context
	path Path
	st   transport.Stream
	in   *bufio.Reader
	stop func() bool // the wait for ctx
	over bool        // the answer was read to its end
}

// ask opens a stream and sends req. The caller ends the call. Our direction
// stays open until then: it is how the peer learns that we gave up.
func (r *Remote) ask(ctx context.Context, p Path, req *wire.Request) (*call, error) {
	return r.askBy(ctx, p, req, transport.Control)
}

// askBy is ask on a stream of another class.
func (r *Remote) askBy(ctx context.Context, p Path, req *wire.Request, class transport.Class) (*call, error) {
	c := &call{r: r, ctx: ctx, path: p}
	if err := ctx.Err(); err != nil {
		return nil, about(p, err)
	}
	b, err := wire.Append(nil, req)
	if err != nil {
		return nil, about(p, err)
	}
	wait, cancel := context.WithTimeoutCause(ctx, patience, errNoStream)
	defer cancel()
	st, err := r.link.OpenStream(wait, class)
	if err != nil {
		if cause := context.Cause(wait); errors.Is(cause, errNoStream) {
			err = cause
		}
		return nil, c.explain(err)
	}
	c.st, c.in = st, bufio.NewReader(st)
	c.stop = context.AfterFunc(ctx, func() { st.Abort(codeOf(Cancelled)) })
	st.SetWriteDeadline(time.Now().Add(patience))
	if _, err := st.Write(b); err != nil {
		c.end()
		return nil, c.explain(err)
	}
	return c, nil
}

var errNoStream = &Error{Kind: Timeout, Err: fmt.Errorf("the peer takes no more requests for %v", patience)}

// end gives back what the call holds. If the answer was not read to its end,
// the peer need not go on with it.
func (c *call) end() {
	c.stop()
	if c.over {
		c.st.Close()
	}
	c.st.Abort(0)
}

// reply reads a Reply; one that is an error is returned as that.
func (c *call) reply(wait time.Duration) (*wire.Reply, error) {
	reply := new(wire.Reply)
	if err := c.read(reply, wait); err != nil {
		return nil, c.explain(err)
	}
	if e := reply.GetError(); e != nil {
		return nil, c.explain(fromWire(e))
	}
	return reply, nil
}

// read reads the next message, for which it waits no longer than wait; 0: as
// long as it takes.
func (c *call) read(m proto.Message, wait time.Duration) error {
	c.expect(wait)
	err := wire.Read(c.in, m)
	c.over = err == io.EOF
	return err
}

// expect sets how long the next reads may wait.
func (c *call) expect(wait time.Duration) {
	var until time.Time
	if wait > 0 {
		until = time.Now().Add(wait)
	}
	c.st.SetReadDeadline(until)
}

// explain returns err as what it means to the caller. What the stream says is
// often only the consequence: of our own context, or of the link's end.
func (c *call) explain(err error) error {
	var said *Error
	var abort *transport.AbortError
	switch {
	case errors.As(err, &said):
		return about(c.path, err)
	case c.ctx.Err() != nil:
		return about(c.path, c.ctx.Err())
	case c.r.link.Err() != nil:
		return lostLink(c.path, c.r.link.Err())
	case errors.As(err, &abort):
		return about(c.path, fromWire(&wire.Error{Kind: wire.Kind(abort.Code)}))
	case errors.Is(err, os.ErrDeadlineExceeded):
		return newError(Timeout, c.path, "no answer for %v", patience)
	case errors.Is(err, wire.ErrLimit), errors.Is(err, wire.ErrInvalid):
		return newError(Protocol, c.path, "the peer's answer: %w", err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return newError(Protocol, c.path, "the peer's answer breaks off")
	}
	return about(c.path, err)
}

// lostLink says that the link died under a call.
func lostLink(p Path, err error) error {
	k := KindOf(err)
	if k == Internal {
		k = Interrupted
	}
	return &Error{Kind: k, Path: p, Err: err}
}
