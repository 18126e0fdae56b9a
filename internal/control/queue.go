package control

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// A Reach is how a process gets to peers, and how it tells another one of its
// user to get there too.
type Reach interface {
	session.Reach

	// Address returns where the peer is that a word of Dial means, without its
	// secret: see Target.
	Address(word string) Target

	// Word returns what to call the peer of a target from now on.
	Word(Target) (string, error)
}

// A Queue is the queue of all processes on one state, as one of them uses it:
// the engine runs in this process or in another one, and when the one that has
// it ends, another takes it over. Who uses a Queue does not notice, but for a
// moment in which nothing is told.
//
// Places are this process's own, so that its panes have links of their own; the
// other process links to the same peers when it is given transfers with them.
//
// It owns a goroutine that keeps up the election, and what it consists of: an
// engine, and a server or a client.
type Queue struct {
	cfg   QueueConfig
	local *session.Engine // places; and the queue, if we lead or are alone

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	ran    chan struct{} // closed when the election is over
	loop   sync.WaitGroup

	mu      sync.Mutex
	state   electionState
	changed chan struct{} // closed when state changes
	client  *Client       // while we follow
	server  *Server       // if we lead
	lock    *Lock
	closed  bool
	present map[Role]int // at our server

	targets map[session.PlaceID]Target          // of our places
	later   map[session.PlaceID]bool            // ours that need not be there yet
	there   map[session.PlaceID]session.PlaceID // our places at the client's engine
	back    map[session.PlaceID]session.PlaceID // its places here
	dialing map[Target]*dialing
	errands map[session.TransferID]*errand

	keep func() // gives local its store, the first time
}

// QueueConfig says who takes part in a queue.
type QueueConfig struct {
	Room  *Room // nil: the queue is ours alone
	Role  Role
	Agent string // program and version
	Reach Reach

	// Serve is session.EngineConfig.Serve. Nil: peers get nothing.
	Serve func(target string, p transport.Peer) (*session.Server, <-chan struct{})

	// Store returns what keeps the queue. It is called once, if this process
	// comes to run it; a command that does so needs it only when a screen comes.
	// Nil: the queue is not kept.
	Store func() session.Store

	// Past is session.EngineConfig.Past: what this process ran, and no store keeps.
	Past func(session.Record)

	Log *slog.Logger // nil: nowhere
}

// Open takes part in the queue of a room. It returns at once; what needs the
// engine waits until it is known who runs it.
func Open(cfg QueueConfig) *Queue {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	q := &Queue{
		cfg: cfg, local: newEngine(cfg), changed: make(chan struct{}),
		targets: map[session.PlaceID]Target{}, later: map[session.PlaceID]bool{}, dialing: map[Target]*dialing{}, errands: map[session.TransferID]*errand{},
	}
	q.keep = sync.OnceFunc(q.keepQueue)
	q.ctx, q.cancel = context.WithCancel(context.Background())
	q.ran = make(chan struct{})
	go func() {
		defer close(q.ran)
		q.run()
	}()
	return q
}

func newEngine(cfg QueueConfig) *session.Engine {
	e := session.EngineConfig{KeepLater: true, Serve: cfg.Serve, Past: cfg.Past}
	if cfg.Reach != nil {
		e.Reach = cfg.Reach
	}
	return session.NewEngine(e)
}

// keepQueue opens what keeps the queue.
func (q *Queue) keepQueue() {
	if q.cfg.Store == nil {
		return
	}
	if err := q.local.Keep(q.cfg.Store()); err != nil {
		q.cfg.Log.Error("the queue is not kept", "error", err)
	}
}

// run drives the election.
func (q *Queue) run() {
	e, step := election{role: q.cfg.Role}.after(evBegin)
	for q.ctx.Err() == nil && step != stepNone {
		var ev electionEvent
		switch step {
		case stepLock:
			ev = q.tryLock()
		case stepDial:
			if ev = q.tryDial(); ev == evSilent {
				q.cfg.Log.Warn("the process that runs the queue does not answer", "process", q.cfg.Room.Holder())
			}
			if silent := ev == evSilent; silent || ev == evNobody {
				if e, step = e.after(ev); step == stepWait {
					var d time.Duration
					e, d = e.wait(silent)
					q.sleep(d)
					e, step = e.after(evWaited)
				}
				continue
			}
		case stepWait:
			var d time.Duration
			e, d = e.wait(false)
			q.sleep(d)
			ev = evWaited
		case stepLead:
			q.lead()
			return
		case stepFollow:
			q.follow()
			ev = evLost
		case stepAlone:
			if q.cfg.Role == Screen && q.cfg.Store != nil {
				q.local.Announce("the queue is not being saved, and not shared with other processes: see the log")
			}
			q.become(alone)
			return
		}
		e, step = e.after(ev)
	}
}

func (q *Queue) sleep(d time.Duration) {
	select {
	case <-time.After(d):
	case <-q.ctx.Done():
	}
}

func (q *Queue) tryLock() electionEvent {
	if q.cfg.Room == nil {
		return evNoLock
	}
	l, err := q.cfg.Room.Lock()
	switch {
	case err == nil:
		q.mu.Lock()
		q.lock = l
		q.mu.Unlock()
		return evLocked
	case errors.Is(err, ErrHeld):
		return evHeld
	}
	q.cfg.Log.Warn("the queue is not shared", "error", err)
	return evNoLock
}

func (q *Queue) tryDial() electionEvent {
	c, err := Dial(q.ctx, ClientConfig{Path: q.cfg.Room.Socket(), Role: q.cfg.Role, Agent: q.cfg.Agent, World: World()})
	switch {
	case err == nil:
		q.mu.Lock()
		q.client = c
		q.mu.Unlock()
		return evJoined
	case errors.Is(err, ErrSilent):
		return evSilent
	case errors.Is(err, ErrForeign):
		q.cfg.Log.Warn("the queue is not shared", "error", err)
		return evForeign
	}
	return evNobody
}

// become makes a state known.
func (q *Queue) become(s electionState) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.state = s
	q.there, q.back = map[session.PlaceID]session.PlaceID{}, map[session.PlaceID]session.PlaceID{}
	close(q.changed)
	q.changed = make(chan struct{})
}

// lead runs the queue from now on.
func (q *Queue) lead() {
	q.cfg.Log.Info("this process runs the queue")
	s := NewServer(ServerConfig{
		Engine: q.local, Connect: q.connectFor, Expect: q.expectFor, Address: q.addressOf, Attended: q.attended, Role: q.cfg.Role, Agent: q.cfg.Agent, World: World(),
	})
	q.mu.Lock()
	q.server = s
	q.mu.Unlock()
	if q.cfg.Role != Command {
		q.keep()
	}
	l, err := q.cfg.Room.Listen()
	if err != nil { // the others find nobody; there is one engine all the same
		q.cfg.Log.Error("nobody can join the queue", "error", err)
	} else {
		q.loop.Go(func() {
			if err := s.Serve(l); err != nil {
				q.cfg.Log.Error("nobody can join the queue any more", "error", err)
			}
		})
	}
	q.become(leading)
}

// follow lasts as long as the other process runs the queue.
func (q *Queue) follow() {
	q.mu.Lock()
	c := q.client
	q.mu.Unlock()
	q.cfg.Log.Info("another process runs the queue", "process", c.Process, "agent", c.Agent)
	q.become(following)
	select {
	case <-c.Done():
		q.cfg.Log.Info("that process has ended", "process", c.Process)
		q.become(undecided)
		c.Close()
	case <-q.ctx.Done():
	}
}

// attended is told who is there to see our queue.
func (q *Queue) attended(present map[Role]int) {
	q.mu.Lock()
	q.present = present
	q.mu.Unlock()
	if present[Screen]+present[Background] > 0 {
		q.keep()
	}
}

// Present tells how many others use the queue that this process runs, but for
// those that stand by.
func (q *Queue) Present() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.present[Command] + q.present[Screen]
}

// Leads tells whether this process runs the queue, for others or alone.
func (q *Queue) Leads() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.state == leading || q.state == alone
}

// Close leaves the queue. What this process waits for is interrupted, and so is
// all that runs, if it runs here and nobody takes it over.
func (q *Queue) Close() error {
	q.mu.Lock()
	if q.closed {
		q.mu.Unlock()
		return nil
	}
	q.closed = true
	q.mu.Unlock()
	q.recall()
	q.cancel()
	<-q.ran
	if q.client != nil {
		q.client.Close()
	}
	if q.server != nil {
		q.server.Close()
	}
	q.loop.Wait()
	err := q.local.Close()
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.lock != nil {
		err = errors.Join(err, q.lock.Release())
	}
	return err
}

// decided returns who runs the queue, waiting for it as long as ctx allows:
// another process, or with nil this one.
func (q *Queue) decided(ctx context.Context) (*Client, error) {
	for {
		q.mu.Lock()
		state, c, changed, closed := q.state, q.client, q.changed, q.closed
		q.mu.Unlock()
		switch {
		case state == following && !closed:
			return c, nil
		case state == leading || state == alone || closed:
			return nil, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-q.ctx.Done():
		}
	}
}

// asked is how long a question waits for somebody to run the queue.
const asked = 15 * time.Second

// ask does f with who runs the queue. A question that was lost because he ended
// is asked again of who comes after him.
func (q *Queue) ask(ctx context.Context, f func(Engine) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, asked, &session.Error{Kind: session.Timeout, Err: errors.New("nobody runs the queue")})
	defer cancel()
	for {
		c, err := q.decided(ctx)
		if err != nil {
			return err
		}
		if c == nil {
			return f(q.local)
		}
		err = f(c)
		if !errors.Is(err, errGone) {
			return err
		}
		select { // its end is noticed on another connection
		case <-c.Done():
		case <-ctx.Done():
			return err
		}
		if err := q.passed(ctx, c); err != nil {
			return err
		}
	}
}

// passed waits until c does not run the queue any more.
func (q *Queue) passed(ctx context.Context, c *Client) error {
	for {
		q.mu.Lock()
		same, changed := q.state == following && q.client == c, q.changed
		q.mu.Unlock()
		if !same {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// now returns who runs the queue at this moment; ok is false if nobody does.
func (q *Queue) now() (e Engine, c *Client, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch q.state {
	case following:
		return q.client, q.client, true
	case leading, alone:
		return q.local, nil, true
	}
	return nil, nil, false
}
