package session

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/bargee/bargee/transport"
)

// ErrServerClosed is what Serve and ServeLink return after Close.
var ErrServerClosed = &Error{Kind: Interrupted, Err: errors.New("the server was closed")}

// A Listener is where links come from: a transport.Endpoint with an Admission,
// as a rule.
type Listener interface {
	Accept(ctx context.Context) (transport.Link, error)
}

// Serve accepts links from l and serves each of them (ServeLink), until ctx ends,
// Close is called or l accepts no more; then it closes the links that it accepted,
// waits until all answers have ended, and returns why. It does not close l. What
// is transferred meanwhile can be resumed.
func (s *Server) Serve(ctx context.Context, l Listener) error {
	ctx, leave, err := s.open.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	ctx, cancel := context.WithCancel(ctx)
	var serving sync.WaitGroup
	defer serving.Wait()
	defer cancel()
	for {
		link, err := l.Accept(ctx)
		switch {
		case s.open.isClosed():
			return ErrServerClosed
		case err != nil:
			return about(Path{}, fmt.Errorf("accept: %w", err))
		}
		serving.Go(func() {
			err := s.ServeLink(ctx, link)
			link.Close(farewell(err))
		})
	}
}

// farewell is what a peer is told of why it is served no more.
func farewell(err error) string {
	if errors.Is(err, context.Canceled) || errors.Is(err, ErrServerClosed) {
		return "the server ends"
	}
	return "served"
}

// Close ends Serve and ServeLink, which may be running in other goroutines, and
// returns when they have. The tree or offer is the caller's to close after that.
func (s *Server) Close() error {
	s.open.close()
	return nil
}

// An opening is the time in which a server serves. The zero opening is open.
type opening struct {
	mu      sync.Mutex
	closed  bool
	running sync.WaitGroup
	stops   map[*context.CancelCauseFunc]struct{}
}

// enter returns a context that ends with the opening too. leave has to be called.
func (o *opening) enter(ctx context.Context) (_ context.Context, leave func(), err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return nil, nil, ErrServerClosed
	}
	ctx, stop := context.WithCancelCause(ctx)
	if o.stops == nil {
		o.stops = map[*context.CancelCauseFunc]struct{}{}
	}
	o.stops[&stop] = struct{}{}
	o.running.Add(1)
	return ctx, func() {
		o.mu.Lock()
		delete(o.stops, &stop)
		o.mu.Unlock()
		stop(nil)
		o.running.Done()
	}, nil
}

func (o *opening) isClosed() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.closed
}

func (o *opening) close() {
	o.mu.Lock()
	o.closed = true
	for stop := range o.stops {
		(*stop)(ErrServerClosed)
	}
	o.mu.Unlock()
	o.running.Wait()
}
