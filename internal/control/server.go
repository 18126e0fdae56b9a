package control

import (
	"context"
	"crypto/rand"
	"errors"
	"net"
	"os"
	"sync"
	"time"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/session"
)

// maxConns is how many connections a server has at a time: a client has one to
// say that it is there, and one for each question that is under way.
const maxConns = 1024

// A Server answers other processes of the same user in place of an engine.
//
// It owns a goroutine for each connection; Close ends them all.
type Server struct {
	cfg    ServerConfig
	engine [16]byte // tells this one from those before and after it

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	served sync.WaitGroup

	mu        sync.Mutex
	listeners []net.Listener
	conns     map[*conn]bool
	present   map[Role]int
}

// ServerConfig says what is served, and to whom.
type ServerConfig struct {
	Engine Engine

	// Connect finds or makes the place of a target.
	Connect func(context.Context, Target) (session.PlaceID, error)

	// Expect finds or makes it without linking to the peer. Nil: Connect does.
	Expect func(Target) (session.PlaceID, error)

	// Address returns the target that a place has, without its secret.
	Address func(session.Place) Target

	// Attended is told whenever somebody comes or goes, with how many there are
	// by role. It must return at once.
	Attended func(present map[Role]int)

	Role  Role     // of this process
	Agent string   // program and version
	World [32]byte // see World
}

// NewServer returns a server that has no connections yet.
func NewServer(cfg ServerConfig) *Server {
	s := &Server{cfg: cfg, conns: map[*conn]bool{}, present: map[Role]int{}}
	rand.Read(s.engine[:])
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s
}

// Serve answers who connects to l, until Close; then it returns nil. It closes l.
func (s *Server) Serve(l net.Listener) error {
	defer l.Close()
	s.mu.Lock()
	s.listeners = append(s.listeners, l)
	closed := s.ctx.Err() != nil
	s.mu.Unlock()
	if closed {
		return nil
	}
	for {
		nc, err := l.Accept()
		switch {
		case s.ctx.Err() != nil:
			if err == nil {
				nc.Close()
			}
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		case err != nil: // out of descriptors: those who are there may end
			select {
			case <-time.After(50 * time.Millisecond):
			case <-s.ctx.Done():
			}
			continue
		}
		c := newConn(nc)
		full, ok := s.enter(c)
		if !ok {
			nc.Close()
			continue
		}
		go func() {
			defer s.served.Done()
			defer s.leave(c)
			s.converse(c, full)
		}()
	}
}

// enter notes a connection; full says that it is one too many.
func (s *Server) enter(c *conn) (full, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil || len(s.conns) > maxConns+64 {
		return false, false
	}
	s.conns[c] = true
	s.served.Add(1)
	return len(s.conns) > maxConns, true
}

func (s *Server) leave(c *conn) {
	c.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
}

// Close tells who is there that the engine ends, and hangs up. What others
// have under way in the foreground is interrupted.
func (s *Server) Close() error {
	s.cancel()
	s.mu.Lock()
	for _, l := range s.listeners {
		l.Close()
	}
	for c := range s.conns {
		if !c.attends { // those are told
			c.Close()
		}
	}
	s.mu.Unlock()
	over := make(chan struct{})
	go func() { s.served.Wait(); close(over) }()
	select {
	case <-over:
	case <-time.After(time.Second): // who does not read is not waited for
		s.mu.Lock()
		for c := range s.conns {
			c.Close()
		}
		s.mu.Unlock()
		<-over
	}
	return nil
}

// attend counts somebody in, and returns what counts him out.
func (s *Server) attend(c *conn, r Role) (leave func()) {
	s.mu.Lock()
	c.attends = s.ctx.Err() == nil
	s.mu.Unlock()
	count := func(n int) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.present[r] += n
		if s.cfg.Attended != nil {
			now := make(map[Role]int, len(s.present))
			for r, n := range s.present {
				now[r] = n
			}
			s.cfg.Attended(now)
		}
	}
	count(1)
	return sync.OnceFunc(func() { count(-1) })
}

// greet shakes hands, and reports whether the conversation may go on.
func (s *Server) greet(c *conn, full bool) bool {
	hello := new(wire.QueueHello)
	if err := c.hear(messageTime, hello); err != nil {
		return false
	}
	welcome := &wire.QueueWelcome{
		Version: common(hello.GetMinVersion(), hello.GetMaxVersion()), MinVersion: minVersion, MaxVersion: maxVersion,
		Agent: clip(s.cfg.Agent, maxShort), Process: uint32(os.Getpid()), Role: wire.QueueRole(s.cfg.Role),
		Engine: s.engine[:],
	}
	switch {
	case welcome.Version == 0: // what to say about it is for who asked, who may be the newer one
		welcome.Error = &wire.QueueError{Kind: string(session.Version), Message: "no version in common"}
	case string(hello.GetWorld()) != string(s.cfg.World[:]):
		welcome.Version, welcome.Error = 0, &wire.QueueError{Kind: string(session.Refused), Message: "it sees other files, or another network"}
	case full:
		welcome.Version, welcome.Error = 0, &wire.QueueError{Kind: string(session.Busy), Message: "too many connections"}
	}
	return c.tell(messageTime, welcome) == nil && welcome.Version != 0
}
