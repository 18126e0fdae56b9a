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
// bounded by the entries that may be unanswered at a time.
type outbox struct {
	mu     sync.Mutex
	queue  []proto.Message
	closed bool
	wake   chan struct{}
}

func newOutbox() *outbox { return &outbox{wake: make(chan struct{}, 1)} }

// send queues m. After close it does nothing.
func (o *outbox) send(m proto.Message) {
	o.mu.Lock()
	if !o.closed {
		o.queue = append(o.queue, m)
	}
	o.mu.Unlock()
	o.signal()
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
		o.queue = nil
		o.mu.Unlock()
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
