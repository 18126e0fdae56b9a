package control

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/session"
)

// answerTime is how long an engine may take for the first word, and for each
// word of an answer that needs neither network nor person.
const (
	greetTime  = 2 * time.Second
	answerTime = 10 * time.Second
)

// maxIdle is how many connections are kept for the next question.
const maxIdle = 4

// A Client is the queue of another process, by way of its socket. It lives
// until Close, or until that process ends: then Done is closed.
//
// It owns a goroutine that notices the end, and one for each transfer whose
// items it observes.
type Client struct {
	cfg  ClientConfig
	done chan struct{}

	// Process is the id of the one that runs the engine, Agent its program, and
	// Owner why it is there.
	Process int
	Agent   string
	Owner   Role
	engine  []byte // the one that is meant

	mu      sync.Mutex
	here    *conn // says that we are there
	idle    []*conn
	closed  bool
	watches sync.WaitGroup
}

// ClientConfig says who asks.
type ClientConfig struct {
	Path  string // of the socket
	Role  Role
	Agent string   // program and version
	World [32]byte // see World
}

// Dial finds who runs the queue. Its errors match ErrNobody, ErrSilent or
// ErrForeign.
func Dial(ctx context.Context, cfg ClientConfig) (*Client, error) {
	c := &Client{cfg: cfg, done: make(chan struct{})}
	here, welcome, err := c.meet(ctx)
	if err != nil {
		return nil, err
	}
	c.Process, c.Agent, c.Owner = int(welcome.GetProcess()), welcome.GetAgent(), Role(welcome.GetRole())
	c.engine = welcome.GetEngine()
	err = here.tell(greetTime, &wire.QueueAsk{Ask: &wire.QueueAsk_Attend{Attend: &wire.QueueAttend{Role: wire.QueueRole(cfg.Role)}}})
	if err == nil {
		err = here.hear(answerTime, new(wire.QueueTell))
	}
	if err != nil {
		here.Close()
		return nil, fmt.Errorf("%w: %v", ErrSilent, err)
	}
	c.here = here
	go func() {
		_ = here.await() // nothing comes but that the engine leaves
		close(c.done)
	}()
	return c, nil
}

// dial makes another connection that is ready for a question. Who comes next at the
// socket is not who was asked before: there, a number may be another's transfer.
func (c *Client) dial(ctx context.Context) (*conn, error) {
	conn, welcome, err := c.meet(ctx)
	if err != nil {
		return nil, err
	}
	if int(welcome.GetProcess()) != c.Process || !bytes.Equal(welcome.GetEngine(), c.engine) {
		conn.Close()
		return nil, ErrNobody
	}
	return conn, nil
}

// meet makes a connection, and tells who is at its other end.
func (c *Client) meet(ctx context.Context) (*conn, *wire.QueueWelcome, error) {
	var d net.Dialer
	ctx, cancel := context.WithTimeout(ctx, greetTime)
	defer cancel()
	nc, err := d.DialContext(ctx, "unix", c.cfg.Path)
	switch {
	case err == nil:
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return nil, nil, ErrNobody
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded), errors.Is(err, syscall.EAGAIN):
		return nil, nil, ErrSilent // its backlog is full
	default:
		return nil, nil, fmt.Errorf("%w: %v", ErrForeign, err)
	}
	conn := newConn(nc)
	welcome, err := c.greet(conn)
	if err != nil {
		nc.Close()
		return nil, nil, err
	}
	return conn, welcome, nil
}

func (c *Client) greet(conn *conn) (*wire.QueueWelcome, error) {
	if err := sameUser(conn.Conn); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrForeign, err)
	}
	welcome := new(wire.QueueWelcome)
	err := conn.tell(greetTime, &wire.QueueHello{MinVersion: minVersion, MaxVersion: maxVersion, Agent: clip(c.cfg.Agent, maxShort), World: c.cfg.World[:]})
	if err == nil {
		err = conn.hear(greetTime, welcome)
	}
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, ErrSilent
	case errors.Is(err, wire.ErrInvalid), errors.Is(err, wire.ErrLimit):
		return nil, fmt.Errorf("%w: %w", ErrForeign, err)
	case err != nil:
		return nil, ErrNobody // it ends at this moment
	case welcome.GetVersion() >= minVersion && welcome.GetVersion() <= maxVersion && welcome.GetError() == nil:
		return welcome, nil
	}
	why := takeError(welcome.GetError())
	switch session.KindOf(why) {
	case session.Busy:
		return nil, fmt.Errorf("%w: %w", ErrSilent, why)
	case session.Version:
		why = otherVersion(welcome.GetAgent(), welcome.GetProcess(), welcome.GetMinVersion(), welcome.GetMaxVersion())
	}
	return nil, fmt.Errorf("%w: %w", ErrForeign, why)
}

// Done is closed when the process that runs the engine has ended, or says that
// it does.
func (c *Client) Done() <-chan struct{} { return c.done }

// Close hangs up: what was submitted in the foreground is interrupted. It
// returns when no Observe runs any more.
func (c *Client) Close() error {
	c.mu.Lock()
	c.closed = true
	c.here.Close()
	for _, conn := range c.idle {
		conn.Close()
	}
	c.idle = nil
	c.mu.Unlock()
	c.watches.Wait()
	return nil
}

// take returns a connection for a question, and whether it is a used one.
func (c *Client) take(ctx context.Context) (_ *conn, used bool, err error) {
	c.mu.Lock()
	if n := len(c.idle); n > 0 {
		conn := c.idle[n-1]
		c.idle = c.idle[:n-1]
		c.mu.Unlock()
		return conn, true, nil
	}
	closed := c.closed
	c.mu.Unlock()
	if closed {
		return nil, false, errGone
	}
	conn, err := c.dial(ctx)
	return conn, false, err
}

func (c *Client) put(conn *conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || len(c.idle) >= maxIdle {
		conn.Close()
		return
	}
	c.idle = append(c.idle, conn)
}

// ask asks a question and hands what is told to take, until that is done. An
// error of the engine is returned as it was told; one of the connection matches
// errGone.
func (c *Client) ask(ask *wire.QueueAsk, take func(*wire.QueueTell) (done bool, err error)) error {
	conn, used, err := c.take(context.Background())
	if err != nil {
		return lost(err)
	}
	err = conn.tell(answerTime, ask)
	if used && err != nil { // it was closed meanwhile; the question did not get there
		conn.Close()
		if conn, err = c.dial(context.Background()); err != nil {
			return lost(err)
		}
		err = conn.tell(answerTime, ask)
	}
	for err == nil {
		tell := new(wire.QueueTell)
		if err = conn.hear(answerTime, tell); err != nil {
			break
		}
		if why := tell.GetError(); why != nil {
			c.put(conn)
			return takeError(why)
		}
		var done bool
		if done, err = take(tell); done && err == nil {
			c.put(conn)
			return nil
		}
	}
	conn.Close()
	return lost(err)
}

// askAlone asks a question on a connection of its own and waits for the one
// answer, as long as ctx allows.
func (c *Client) askAlone(ctx context.Context, ask *wire.QueueAsk) (*wire.QueueTell, error) {
	conn, err := c.dial(ctx)
	switch {
	case ctx.Err() != nil:
		if err == nil {
			conn.Close()
		}
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, lost(err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	tell := new(wire.QueueTell)
	if err = conn.tell(answerTime, ask); err == nil {
		err = conn.hear(0, tell)
	}
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, lost(err)
	case tell.GetError() != nil:
		return nil, takeError(tell.GetError())
	}
	return tell, nil
}

// lost says of an error of the connection that the engine is not there.
func lost(err error) error {
	switch {
	case err == nil, errors.Is(err, errGone):
		return err
	case errors.Is(err, wire.ErrLimit), errors.Is(err, wire.ErrInvalid), errors.Is(err, ErrForeign):
		return &session.Error{Kind: session.Protocol, Err: fmt.Errorf("the queue: %w", err)}
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, ErrSilent):
		return &session.Error{Kind: session.Timeout, Err: fmt.Errorf("the queue: %w", ErrSilent)}
	}
	return &session.Error{Kind: session.Interrupted, Err: fmt.Errorf("the queue: %w", errGone)}
}
