package session

import (
	"context"
	"sync"

	"google.golang.org/protobuf/proto"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/transport"
)

// An outbox writes messages to a stream from one goroutine, in the order of
// send, many to a write. It never blocks the sender: what piles up in it is
// bounded by the entries that may be unanswered at a time, or by await.
type outbox struct {
	mu     sync.Mutex
	queue  []proto.Message
	bytes  int // of what is in the queue, as it travels
	closed bool
	wake   chan struct{}
	taken  chan struct{} // run has taken what was queued
}

func newOutbox() *outbox {
	return &outbox{wake: make(chan struct{}, 1), taken: make(chan struct{}, 1)}
}

// send queues m. After close it does nothing.
func (o *outbox) send(m proto.Message) {
	o.mu.Lock()
	if !o.closed {
		o.queue = append(o.queue, m)
		o.bytes += proto.Size(m)
	}
	o.mu.Unlock()
	o.signal()
}

// sendLast queues m and closes. Only the first one's message is sent.
func (o *outbox) sendLast(m proto.Message) {
	o.mu.Lock()
	if !o.closed {
		o.queue = append(o.queue, m)
	}
	o.closed = true
	o.mu.Unlock()
	o.signal()
}

// maxWaiting is how many bytes may wait to be written before what makes more
// of them has to wait, too.
const maxWaiting = 8 << 20

// await waits until no more than most messages wait to be written, and no more
// than maxWaiting bytes, or ctx ends.
func (o *outbox) await(ctx context.Context, most int) {
	for {
		o.mu.Lock()
		n, bytes := len(o.queue), o.bytes
		o.mu.Unlock()
		if n <= most && bytes <= maxWaiting {
			return
		}
		select {
		case <-o.taken:
		case <-ctx.Done():
			return
		}
	}
}

func (o *outbox) isClosed() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.closed
}

// close lets run write what is queued, and end.
func (o *outbox) close() {
	o.mu.Lock()
	o.closed = true
	o.mu.Unlock()
	o.signal()
}

func (o *outbox) signal() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// flushAt is how many bytes are gathered before they are written.
const flushAt = 64 << 10

// run writes until close, and then ends our direction of st.
func (o *outbox) run(ctx context.Context, st transport.Stream) error {
	var buf []byte
	for {
		o.mu.Lock()
		queue, closed := o.queue, o.closed
		o.queue, o.bytes = nil, 0
		o.mu.Unlock()
		select {
		case o.taken <- struct{}{}:
		default:
		}
		var err error
		for _, m := range queue {
			if buf, err = wire.Append(buf, m); err != nil {
				return err
			}
			if len(buf) >= flushAt {
				if _, err := st.Write(buf); err != nil {
					return err
				}
				buf = buf[:0]
			}
		}
		if len(buf) > 0 {
			if _, err := st.Write(buf); err != nil {
				return err
			}
			buf = buf[:0]
		}
		if closed {
			return st.Close()
		}
		select {
		case <-o.wake:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
