package session

import (
	"context"
	"io"
	"sync/atomic"
	"time"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/transport"
)

// This file holds data streams to their limits. It is the sender that holds
// back, by its own limits and by what the receiver tells it; a receiver whose
// sender does not listen reads slowly instead.

// An outlet writes to a data stream: no faster than it may, and counting what
// crosses it.
type outlet struct {
	st     transport.Stream
	limits throttles
	next   chan struct{} // held by the stream that is next to pass the limits
	done   <-chan struct{}
	ledger *ledger
}

func (s *sender) outlet(st transport.Stream) io.Writer {
	return &outlet{st, s.limits, s.next, s.done, s.ledger}
}

// pieceSize is how much is written at a time without a limit: every piece is a
// sign of life.
const pieceSize = 256 << 10

func (o *outlet) Write(b []byte) (n int, err error) {
	for len(b) > 0 && err == nil {
		var m int
		if m, err = o.pass(min(len(b), pieceSize)); err != nil {
			break
		}
		m, err = o.st.Write(b[:m])
		o.ledger.wired(m)
		n, b = n+m, b[m:]
	}
	return n, err
}

// pass waits until a piece of n bytes may be written, and returns its size. Of
// all streams one waits for what several transfers share: these get the same
// of it, however many streams they have.
func (o *outlet) pass(n int) (int, error) {
	if !o.limits.any() {
		return n, nil
	}
	select {
	case o.next <- struct{}{}:
	case <-o.done:
		return 0, io.ErrClosedPipe
	}
	defer func() { <-o.next }()
	return o.limits.pass(n, o.done)
}

// heed follows what the receiver says about its pace, and says so the first
// time. p may be nil.
func (s *sender) heed(p *wire.Pace, first bool) {
	if p == nil {
		return
	}
	s.told.set(int64(p.GetRate()))
	if first {
		s.out.send(&wire.ToReceiver{Say: &wire.ToReceiver_Pace{Pace: &wire.Pace{Rate: p.GetRate()}}})
	}
}

// An inlet reads from a data stream, and counts what crosses it.
type inlet struct {
	r  *receiver
	st transport.Stream
}

func (r *receiver) inlet(st transport.Stream) io.Reader { return &inlet{r, st} }

func (i *inlet) Read(b []byte) (n int, err error) {
	f := &i.r.flow
	brakes := !f.heeded.Load()
	if brakes {
		b = b[:f.brake.piece(len(b))]
	}
	n, err = i.st.Read(b)
	f.came.Add(int64(n))
	i.r.ledger.wired(n)
	if brakes && n > 0 {
		f.brake.wait(n, i.r.done)
	}
	return n, err
}

// A flow is how fast a receiver wants its data.
type flow struct {
	said   int64        // of pacing alone
	came   atomic.Int64 // bytes on data streams
	heeded atomic.Bool  // the sender holds back by itself
	brake  *throttle    // of reading, until then
	member *member
}

// inflow says what bounds what a receiver is sent. The zero inflow is none.
type inflow struct {
	paced bool      // the other side may know Pace and Ready.room
	own   *throttle // of the transfer; only its figure counts
	share *share    // of all that is received here
}

// rate returns how fast data is wanted, in bytes a second; 0 is as fast as can be.
func (r *receiver) rate() int64 {
	rate := r.inflow.own.get()
	if r.flow.member == nil {
		return rate
	}
	if part := r.inflow.share.part(r.flow.member, r.flow.came.Load(), time.Now()); rate == 0 || part > 0 && part < rate {
		rate = part
	}
	return rate
}

// joinFlow begins to count r among those that share a limit. leave ends that.
func (r *receiver) joinFlow() (leave func()) {
	if r.inflow.share == nil {
		r.flow.said = r.rate()
		r.flow.brake.set(r.flow.said)
		return func() {}
	}
	r.flow.member = r.inflow.share.join(time.Now())
	r.flow.said = r.rate()
	r.flow.brake.set(r.flow.said)
	return func() { r.inflow.share.leave(r.flow.member) }
}

// paceStep is how often it is looked whether the sender has to be told of
// another pace.
const paceStep = 250 * time.Millisecond

// pacing tells the sender when the pace changes, until the transfer is over.
func (r *receiver) pacing(ctx context.Context) {
	tick := time.NewTicker(paceStep)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-r.done:
			return
		case <-ctx.Done():
			return
		}
		rate := r.rate()
		if !differs(rate, r.flow.said) {
			continue
		}
		r.flow.said = rate
		r.flow.brake.set(rate)
		if r.flow.heeded.Load() {
			r.out.send(&wire.ToSender{Say: &wire.ToSender_Pace{Pace: &wire.Pace{Rate: uint64(rate)}}})
		}
	}
}

// differs tells whether it is worth a message that a rate is another one.
func differs(a, b int64) bool {
	return (a == 0) != (b == 0) || max(a, b)-min(a, b) > max(a, b)/100
}

// heeds handles the sender's word that it listens.
func (r *receiver) heeds(p *wire.Pace) error {
	if !r.inflow.paced || r.flow.heeded.Swap(true) {
		return newError(Protocol, Path{}, "a pace that was not due")
	}
	if now := r.flow.brake.get(); now != int64(p.GetRate()) { // it has changed meanwhile
		r.out.send(&wire.ToSender{Say: &wire.ToSender_Pace{Pace: &wire.Pace{Rate: uint64(now)}}})
	}
	return nil
}
