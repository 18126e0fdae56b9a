package session

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/bargee/bargee/transport"
)

// The numbers of data streams.
const (
	maxStreams = 255

	// moreStreams is how many more streams than lanes there are: enough to keep
	// reading, hashing, sending and writing going side by side with one lane.
	moreStreams = 3
)

// streamsFor returns how many data streams a transfer has over so many lanes.
func streamsFor(fixed, lanes int) int {
	if fixed > 0 {
		return fixed
	}
	return min(max(lanes, 1)+moreStreams, maxStreams)
}

// A crew keeps up the data streams of a transfer at the end that asked for it.
// Their number follows the link's lanes, unless it is fixed: a stream opened
// goes to the lane that has the fewest. One whose lane is taken away ends after
// what it carries; one that dies is opened again.
type crew struct {
	link  transport.Link
	id    []byte // of the transfer
	half  half
	fixed int

	mu    sync.Mutex
	busy  map[int]bool // the numbers of the streams, from 1
	want  int
	most  int // streams that the server takes
	slots sync.WaitGroup
}

// run returns when all streams have ended.
func (c *crew) run(ctx context.Context) {
	defer c.slots.Wait()
	for {
		_, changed := c.link.Choice()
		c.resize(ctx, streamsFor(c.fixed, len(c.link.Lanes())))
		select {
		case <-changed:
		case <-c.half.isOver():
			return
		case <-c.link.Done():
			return
		case <-ctx.Done():
			return
		}
	}
}

func (c *crew) resize(ctx context.Context, want int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.want = min(want, c.most)
	for n := 1; len(c.busy) < c.want; n++ {
		if !c.busy[n] {
			c.busy[n] = true
			c.slots.Go(func() { c.carry(ctx, n) })
		}
	}
}

// spare gives up number n if there are more streams than are wanted.
func (c *crew) spare(n int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.busy) <= c.want {
		return false
	}
	delete(c.busy, n)
	return true
}

// refused gives up number n for good: the server takes no more streams.
func (c *crew) refused(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.busy, n)
	c.most = max(1, len(c.busy))
	c.want = min(c.want, c.most)
}

// carry keeps the stream n up until the transfer is over or has one too many.
func (c *crew) carry(ctx context.Context, n int) {
	const first, last = 100 * time.Millisecond, 5 * time.Second
	wait := first
	for {
		moved, err := carryOnce(ctx, c.link, c.id, c.half, n)
		var a *transport.AbortError
		switch {
		case errors.As(err, &a) && a.Code == abortFailed:
			c.refused(n)
			return
		case moved && isClosed(c.half.isOver()) || c.spare(n):
			return
		case moved:
			wait = first
			continue
		case err == nil: // over, in a moment; or the other side takes the lane away
			wait = first
		}
		select {
		case <-time.After(wait):
			wait = min(2*wait, last)
		case <-c.half.isOver():
			return
		case <-c.link.Done():
			return
		case <-ctx.Done():
			return
		}
	}
}
