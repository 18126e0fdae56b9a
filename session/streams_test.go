package session

import (
	"context"
	"io"
	"path/filepath"
	"sync"
	"testing"

	"github.com/bargee/bargee/transport"
)

// countingReach counts the streams of its links that are not over at the end
// that opened them.
type countingReach struct {
	pipeReach
	mu   sync.Mutex
	open map[*countedStream]bool
}

func (r *countingReach) Dial(ctx context.Context, target, secret string) (transport.Link, error) {
	l, err := r.pipeReach.Dial(ctx, target, secret)
	return &countingLink{l, r}, err
}

type countingLink struct {
	transport.Link
	reach *countingReach
}

func (l *countingLink) OpenStream(ctx context.Context, c transport.Class) (transport.Stream, error) {
	st, err := l.Link.OpenStream(ctx, c)
	if err != nil {
		return nil, err
	}
	s := &countedStream{Stream: st, reach: l.reach}
	l.reach.mu.Lock()
	l.reach.open[s] = true
	l.reach.mu.Unlock()
	return s, nil
}

type countedStream struct {
	transport.Stream
	reach       *countingReach
	read, wrote bool
}

func (s *countedStream) over(read, wrote bool) {
	s.reach.mu.Lock()
	defer s.reach.mu.Unlock()
	s.read, s.wrote = s.read || read, s.wrote || wrote
	if s.read && s.wrote {
		delete(s.reach.open, s)
	}
}

func (s *countedStream) Read(p []byte) (int, error) {
	n, err := s.Stream.Read(p)
	s.over(err == io.EOF, false)
	return n, err
}

func (s *countedStream) Close() error {
	defer s.over(false, true)
	return s.Stream.Close()
}

func (s *countedStream) Abort(code transport.AbortCode) {
	defer s.over(true, true)
	s.Stream.Abort(code)
}

// Every stream of a transfer is over when the transfer is: one that stays half
// open counts against the peer's limit for as long as the link lives.
func TestStreamsEnd(t *testing.T) {
	for way, job := range jobs {
		t.Run(way, func(t *testing.T) {
			b := &bed{tb: t, here: t.TempDir(), there: t.TempDir()}
			r := &countingReach{pipeReach{t, NewServer(ServerConfig{Tree: openDir(t, b.there)})}, sync.Mutex{}, map[*countedStream]bool{}}
			b.engine = NewEngine(EngineConfig{Reach: r})
			t.Cleanup(func() { b.engine.Close() })
			var err error
			b.peer, err = b.engine.Connect(t.Context(), "peer", "")
			must(t, err)
			for _, size := range []int{0, 1000, 3 * mib} {
				j, from, _ := job(b, "file")
				fill(t, from, size, byte(size))
				j.Options.OnConflict = Overwrite
				b.run(j)
				b.run(j) // unchanged
				j.Sources = []Path{{filepath.Join(j.Sources[0].Parent().Raw(), "nowhere")}}
				b.run(j)
			}
			r.mu.Lock()
			defer r.mu.Unlock()
			for s := range r.open {
				t.Errorf("a stream is open: read to its end %t, closed %t", s.read, s.wrote)
			}
		})
	}
}
