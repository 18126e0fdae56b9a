package transport

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
)

const (
	pipeBuffer  = 256 << 10 // of each direction of a stream
	pipeBacklog = 512       // streams that wait to be accepted
)

// Pipe returns the two ends of a link in memory, for tests and for peers that
// live in one process. a counts as the side that dialled. It has one lane and
// behaves as a link over a network does, only faster.
func Pipe() (a, b Link) {
	core := &pipeCore{streams: map[*pipeStream]struct{}{}}
	x, y := newPipeLink(core, "a"), newPipeLink(core, "b")
	x.far, y.far = y, x
	y.peer.Grant = Grant{Key: y.peer.Key, Tree: "/", Origin: "pipe"}
	return x, y
}

// pipeCore is what both ends share.
type pipeCore struct {
	mu      sync.Mutex
	streams map[*pipeStream]struct{} // one of the two ends of each
	dead    bool
}

type pipeLink struct {
	core     *pipeCore
	far      *pipeLink
	peer     Peer
	incoming chan *pipeStream
	done     chan struct{}
	sent     atomic.Uint64
	received atomic.Uint64

	err error // set before done is closed
}

func newPipeLink(core *pipeCore, name string) *pipeLink {
	other := map[string]string{"a": "b", "b": "a"}[name]
	return &pipeLink{
		core: core,
		peer: Peer{
			Key:     sha256.Sum256([]byte("bargee pipe " + other)),
			Address: "memory:" + other,
			Agent:   "bargee",
			Version: maxVersion,
			Words:   wordsOf(channel{}), // nobody is ever in between
		},
		incoming: make(chan *pipeStream, pipeBacklog),
		done:     make(chan struct{}),
	}
}

func (l *pipeLink) OpenStream(ctx context.Context, _ Class) (Stream, error) {
	s, far := newPipeStreams(l)
	l.core.mu.Lock()
	if l.core.dead {
		l.core.mu.Unlock()
		return nil, l.Err()
	}
	l.core.streams[s] = struct{}{}
	l.core.mu.Unlock()
	select {
	case l.far.incoming <- far:
		return s, nil
	case <-l.done:
		return nil, l.err
	case <-ctx.Done():
		l.core.forget(s)
		return nil, fmt.Errorf("open a stream to %s: %w", l.peer.Address, context.Cause(ctx))
	}
}

func (l *pipeLink) AcceptStream(ctx context.Context) (Stream, error) {
	select {
	case <-l.done: // what still waits is dead too
		return nil, l.err
	default:
	}
	select {
	case s := <-l.incoming:
		return s, nil
	case <-l.done:
		return nil, l.err
	case <-ctx.Done():
		return nil, fmt.Errorf("accept a stream of %s: %w", l.peer.Address, context.Cause(ctx))
	}
}

func (l *pipeLink) Peer() Peer { return l.peer }

func (l *pipeLink) Lanes() []LaneStats {
	if l.Err() != nil {
		return nil
	}
	return []LaneStats{{ID: 1, Path: PathMemory, Sent: l.sent.Load(), Received: l.received.Load()}}
}

func (l *pipeLink) Choice() (LaneChoice, <-chan struct{}) {
	return LaneChoice{Lanes: 1, Why: "in memory"}, nil
}

func (l *pipeLink) Close(reason string) error {
	if len(reason) > maxReason {
		reason = strings.ToValidUTF8(reason[:maxReason], "")
	}
	l.core.mu.Lock()
	defer l.core.mu.Unlock()
	if l.core.dead {
		return nil
	}
	l.core.dead = true
	l.err = fail(ErrClosed, "the link to %s was closed here: %s", l.peer.Address, reason)
	l.far.err = fail(ErrClosed, "%s closed the link: %s", l.far.peer.Address, printable(reason))
	close(l.done)
	close(l.far.done)
	for s := range l.core.streams {
		s.out.fail(l.err, l.far.err)
		s.in.fail(l.err, l.far.err)
	}
	l.core.streams = nil
	return nil
}

func (l *pipeLink) Done() <-chan struct{} { return l.done }

func (l *pipeLink) Err() error {
	select {
	case <-l.done:
		return l.err
	default:
		return nil
	}
}

func (c *pipeCore) forget(s *pipeStream) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.streams, s)
}
