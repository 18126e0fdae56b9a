package session

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"testing/synctest"

	"github.com/bargee/bargee/transport"
)

// A quay is a Listener that hands out links of a test.
type quay chan transport.Link

func (q quay) Accept(ctx context.Context) (transport.Link, error) {
	select {
	case l, ok := <-q:
		if !ok {
			return nil, transport.ErrClosed
		}
		return l, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Serve ends when its context does, when Close is called from elsewhere, or when
// no more links come; then the links are closed, and what was open leaves nothing.
func TestServeEnds(t *testing.T) {
	for name, c := range map[string]struct {
		end  func(s *Server, q quay, cancel func())
		want error
	}{
		"Close":        {func(s *Server, _ quay, _ func()) { s.Close() }, ErrServerClosed},
		"the context":  {func(_ *Server, _ quay, cancel func()) { cancel() }, context.Canceled},
		"the listener": {func(_ *Server, q quay, _ func()) { close(q) }, transport.ErrClosed},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dir := t.TempDir()
				write(t, filepath.Join(dir, "file"), "content")
				s := NewServer(ServerConfig{Tree: openDir(t, dir)})
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				q, over := make(quay), make(chan error, 1)
				go func() { over <- s.Serve(ctx, q) }()
				near, far := transport.Pipe()
				q <- far
				r := NewRemote(near)
				if e, err := r.Stat(t.Context(), Path{"file"}); err != nil || e.Size != 7 {
					t.Errorf("%v, %v", e, err)
				}
				create(t, r, Path{"draft"}, CreateOptions{})
				c.end(s, q, cancel)
				if err := <-over; !errors.Is(err, c.want) {
					t.Errorf("Serve: %v, want %v", err, c.want)
				}
				<-near.Done()
				if n := names(t, dir); len(n) != 1 {
					t.Errorf("there are %q", n)
				}
				if err := s.Close(); err != nil {
					t.Errorf("Close once more: %v", err)
				}
				if err := s.Serve(t.Context(), q); !errors.Is(err, ErrServerClosed) || !errors.Is(err, Interrupted) {
					t.Errorf("Serve after Close: %v", err)
				}
				if err := s.ServeLink(t.Context(), near); !errors.Is(err, ErrServerClosed) {
					t.Errorf("ServeLink after Close: %v", err)
				}
			})
		})
	}
}
