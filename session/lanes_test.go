package session

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/bargee/bargee/transport"
)

// A cable is a link of several lanes in memory, each a pipe of its own. Lanes
// come, are taken away and die as a test says.
type cable struct {
	done    chan struct{}
	ended   sync.Once
	crossed atomic.Int64 // bytes written to bulk streams, either way
	written func(*cable) // called before each such write

	ends []*cableEnd

	mu      sync.Mutex
	lanes   []*cableLane
	changed chan struct{}
}

type cableLane struct {
	id      int
	ends    [2]transport.Link
	left    chan struct{}
	streams int // opened on it, and not over
	opened  int
	crossed int64 // as of the cable
	dead    bool
}

// A cableEnd is one of the two ends of a cable.
type cableEnd struct {
	*cable
	side     int
	incoming chan transport.Stream
}

func newCable(lanes int, written func(*cable)) (near, far *cableEnd) {
	c := &cable{done: make(chan struct{}), changed: make(chan struct{}), written: written}
	near, far = &cableEnd{c, 0, make(chan transport.Stream)}, &cableEnd{c, 1, make(chan transport.Stream)}
	c.ends = []*cableEnd{near, far}
	for range lanes {
		c.add()
	}
	return near, far
}

func (c *cable) add() {
	c.mu.Lock()
	defer c.mu.Unlock()
	l := &cableLane{id: len(c.lanes) + 1, left: make(chan struct{})}
	l.ends[0], l.ends[1] = transport.Pipe()
	c.lanes = append(c.lanes, l)
	c.tell()
	for _, e := range c.ends {
		go e.accept(l)
	}
}

func (c *cable) tell() {
	close(c.changed)
	c.changed = make(chan struct{})
}

// leave takes a lane out of the choice for streams.
func (c *cable) leave(id int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if l := c.lanes[id-1]; !isClosed(l.left) {
		close(l.left)
		c.tell()
	}
}

// kill ends a lane with all that is on it.
func (c *cable) kill(id int) {
	c.mu.Lock()
	l := c.lanes[id-1]
	l.dead = true
	c.tell()
	c.mu.Unlock()
	l.ends[0].Close("killed")
}

func (c *cable) lane(id int) cableLane {
	c.mu.Lock()
	defer c.mu.Unlock()
	return *c.lanes[id-1]
}

func (e *cableEnd) accept(l *cableLane) {
	for {
		st, err := l.ends[e.side].AcceptStream(context.Background())
		if err != nil {
			return
		}
		select {
		case e.incoming <- &cableStream{Stream: st, cable: e.cable, lane: l}:
		case <-e.done:
			return
		}
	}
}

func (e *cableEnd) OpenStream(ctx context.Context, class transport.Class) (transport.Stream, error) {
	e.mu.Lock()
	l := e.lanes[0]
	for _, x := range e.lanes {
		if class == transport.Bulk && !x.dead && !isClosed(x.left) && x.streams < l.streams {
			l = x
		}
	}
	if class == transport.Bulk {
		l.streams++
		l.opened++
	}
	e.mu.Unlock()
	st, err := l.ends[e.side].OpenStream(ctx, class)
	return &cableStream{Stream: st, cable: e.cable, lane: l, bulk: class == transport.Bulk}, err
}

func (e *cableEnd) AcceptStream(ctx context.Context) (transport.Stream, error) {
	select {
	case st := <-e.incoming:
		return st, nil
	case <-e.done:
		return nil, e.Err()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (e *cableEnd) Peer() transport.Peer {
	e.mu.Lock()
	first := e.lanes[0]
	e.mu.Unlock()
	return first.ends[e.side].Peer()
}

func (e *cableEnd) Done() <-chan struct{} { return e.done }

func (e *cableEnd) Lanes() (all []transport.LaneStats) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, l := range e.lanes {
		if !l.dead && !isClosed(l.left) {
			all = append(all, transport.LaneStats{ID: l.id})
		}
	}
	return all
}

func (e *cableEnd) Choice() (transport.LaneChoice, <-chan struct{}) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return transport.LaneChoice{}, e.changed
}

func (e *cableEnd) Err() error {
	if isClosed(e.done) {
		return errors.Join(transport.ErrClosed)
	}
	return nil
}

func (e *cableEnd) Close(reason string) error {
	e.ended.Do(func() { close(e.done) })
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, l := range e.lanes {
		l.ends[0].Close(reason)
	}
	return nil
}

type cableStream struct {
	transport.Stream
	*cable
	lane  *cableLane
	bulk  bool // opened here, and counted
	ended atomic.Bool
}

func (s *cableStream) Write(p []byte) (int, error) {
	s.written(s.cable)
	n, err := s.Stream.Write(p)
	s.crossed.Add(int64(n))
	s.mu.Lock()
	s.lane.crossed += int64(n)
	s.mu.Unlock()
	return n, err
}

func (s *cableStream) over() {
	if s.bulk && s.ended.CompareAndSwap(false, true) {
		s.mu.Lock()
		s.lane.streams--
		s.mu.Unlock()
	}
}

func (s *cableStream) Close() error {
	defer s.over()
	return s.Stream.Close()
}

func (s *cableStream) Abort(code transport.AbortCode) {
	defer s.over()
	s.Stream.Abort(code)
}

func (s *cableStream) Lane() int                { return s.lane.id }
func (s *cableStream) Leaving() <-chan struct{} { return s.lane.left }

// A cableReach dials a server by a cable of that many lanes.
type cableReach struct {
	server  *Server
	lanes   int
	written func(*cable)
	cable   *cable
	open    sync.WaitGroup
}

func (r *cableReach) Dial(context.Context, string, string) (transport.Link, error) {
	near, far := newCable(r.lanes, r.written)
	r.cable = near.cable
	r.open.Go(func() { r.server.ServeLink(context.Background(), far) })
	return near, nil
}

func (r *cableReach) Known() []KnownPeer                       { return nil }
func (r *cableReach) Pin(transport.Link, string, string) error { return nil }

// overCable runs a copy of 24 MiB each way over a cable of that many lanes, and
// calls meddle once when a third of it has crossed and the lane on is in use.
func overCable(t *testing.T, lanes, streams, on int, meddle func(*cable), check func(*testing.T, *cable, Transfer)) {
	for way, job := range jobs {
		t.Run(way, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := &bed{tb: t, here: t.TempDir(), there: t.TempDir()}
				var once sync.Once
				r := &cableReach{server: NewServer(ServerConfig{Tree: openDir(t, b.there)}), lanes: lanes, written: func(c *cable) {
					if c.crossed.Load() > 8*mib && c.lane(on).opened > 0 {
						once.Do(func() { meddle(c) })
					}
				}}
				b.engine = NewEngine(EngineConfig{Reach: r})
				defer r.open.Wait()
				defer func() { b.engine.Close(); r.cable.lanes[0].ends[0].Close("over") }()
				var err error
				b.peer, err = b.engine.Connect(t.Context(), "peer", "")
				must(t, err)
				j, from, to := job(b, "file")
				data := fill(t, from, 24*mib, 1)
				j.Options.Streams = streams
				tr := b.run(j)
				if tr.State != StateDone || tr.Failures > 0 || tr.Attempt != 1 {
					t.Fatalf("%v in attempt %d: %v", tr.State, tr.Attempt, tr.Err)
				}
				sameFile(t, to, data)
				check(t, r.cable, tr)
			})
		})
	}
}

// again is how much more crossed than the file, without what goes around it.
func again(c *cable) int64 { return c.crossed.Load() - 24*mib - 64<<10 }

// A lane that dies in the middle of a transfer costs what was not acknowledged
// on it, and nothing else: no attempt, and no byte twice of the other lanes.
func TestLaneDies(t *testing.T) {
	overCable(t, 3, 6, 2, func(c *cable) { c.kill(2) }, func(t *testing.T, c *cable, tr Transfer) {
		if !c.lane(2).dead {
			t.Error("no lane died")
		}
		if n, there := again(c), c.lane(2).crossed; n > there {
			t.Errorf("%d bytes crossed again, and %d had crossed on the lane", n, there)
		}
	})
}

// A lane that is taken away costs nothing: its streams end after what is on them.
func TestLaneLeaves(t *testing.T) {
	overCable(t, 3, 0, 3, func(c *cable) { c.leave(3) }, func(t *testing.T, c *cable, tr Transfer) {
		if n := again(c); n > 0 {
			t.Errorf("%d bytes crossed again", n)
		}
		if l := c.lane(3); l.streams != 0 || l.opened == 0 {
			t.Errorf("%d streams of %d are open on it", l.streams, l.opened)
		}
	})
}

// Lanes that come in the middle of a transfer carry it too.
func TestLanesCome(t *testing.T) {
	overCable(t, 1, 0, 1, func(c *cable) {
		for range 3 {
			c.add()
		}
	}, func(t *testing.T, c *cable, tr Transfer) {
		if n := again(c); n > 0 {
			t.Errorf("%d bytes crossed again", n)
		}
		for id := 1; id <= 4; id++ {
			if l := c.lane(id); l.opened == 0 {
				t.Errorf("lane %d carried nothing", id)
			}
		}
	})
}

// A fixed number of streams stays what it is, whatever becomes of the lanes.
func TestStreamsFixed(t *testing.T) {
	overCable(t, 4, 2, 1, func(c *cable) { c.leave(4); c.add() }, func(t *testing.T, c *cable, tr Transfer) {
		opened := 0
		for id := 1; id <= 5; id++ {
			opened += c.lane(id).opened
		}
		if opened != 2 {
			t.Errorf("%d streams were opened", opened)
		}
	})
}

func TestStreamsFor(t *testing.T) {
	for _, c := range []struct{ fixed, lanes, want int }{
		{0, 0, 4}, {0, 1, 4}, {0, 4, 7}, {0, 128, 131}, {1, 4, 1}, {255, 1, 255}, {0, 253, 255},
	} {
		if got := streamsFor(c.fixed, c.lanes); got != c.want {
			t.Errorf("%d fixed, %d lanes: %d streams, want %d", c.fixed, c.lanes, got, c.want)
		}
	}
}
